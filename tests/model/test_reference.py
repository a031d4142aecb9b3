"""The reference model's figures: outputs, losses, KL and gradients, at 1e-4 of the largest value.

The files come from Magenta's `sketch_rnn` with random weights; see ../shared/README.md.
"""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from sketchrnn.interop import magenta_tf1
from sketchrnn.model import backend, losses

TOLERANCE = 1e-4


@pytest.fixture(
    scope="module",
    params=[
        *("vae_lstm_lstm", "uncond_lstm_lstm", "vae_layer_norm_layer_norm"),
        *("vae_layer_norm_hyper", "vae_lstm_hyper", "uncond_lstm_hyper"),
    ],
)
def reference(request, shared_data):
    path = shared_data / "reference_model" / f"{request.param}.npz"
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "names"} | {
            "cells": request.param.split("_", 1)[1]
        }


@pytest.fixture(scope="module")
def model(reference):
    names = [name for name in reference if name.startswith("weight/")]
    return magenta_tf1.model_from_variables(
        {name.removeprefix("weight/"): reference[name] for name in names}, max_seq_len=11
    )


def assert_close(got, expected, what=""):
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, what
    np.testing.assert_allclose(got, expected, atol=TOLERANCE * np.abs(expected).max(), err_msg=what)


def batch_of(reference):
    names = {"stroke5": "stroke5_with_start", "lengths": "lengths", "eps": "eps"}
    return {k: ops.convert_to_tensor(reference[v]) for k, v in names.items() if v in reference}


def packed(state, layer):
    """A state as the reference packs it."""
    order = (state.hidden, state.cell) if layer.hidden_first else (state.cell, state.hidden)
    return np.concatenate([np.asarray(part) for part in order], axis=1)


def test_outputs(model, reference):
    assert f"{model.config.encoder_cell}_{model.config.decoder_cell}" == reference["cells"]
    batch = batch_of(reference)
    decoder = model.network.decoder

    def run():  # in one piece: a backend that compiles single operations takes long
        results = model.network(batch)
        z = results.get("z")
        start = decoder.initial_state(5, z)
        return results, start, decoder(batch["stroke5"][:, :-1], z, state=start)[1]

    results, start, last = backend.compiled(run, model.network.weights)()
    if "eps" in batch:
        for name in ("z_mean", "z_log_var", "z"):
            assert_close(results[name], reference[f"out/{name}"], name)
    z = results.get("z")
    assert_close(packed(start, decoder.lstm), reference["out/initial_state"], "initial state")
    assert_close(packed(last, decoder.lstm), reference["out/final_state"], "final state")
    for b in range(5):
        params = model.mixture_params(
            reference["stroke5_with_start"][b, :-1], z=None if z is None else np.asarray(z)[b]
        )
        for name in ("pi", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho"):
            assert_close(params[name], reference[f"out/{name}"][b * 11 : b * 11 + 11], name)
    outputs = np.transpose(np.asarray(results["outputs"]), (1, 0, 2)).reshape(55, -1)
    assert_close(outputs[:, :3], reference["out/pen_logits"], "pen logits")


def test_losses(model, reference):
    figures = model.losses(
        reference["stroke5_with_start"], reference["lengths"], reference.get("eps")
    )
    assert figures["magenta_train"] == pytest.approx(float(reference["train/r_cost"]), rel=1e-5)
    assert figures["magenta_eval"] == pytest.approx(float(reference["eval/r_cost"]), rel=1e-5)
    if "kl_cost_raw" in reference:
        assert figures["kl_raw"] == pytest.approx(float(reference["kl_cost_raw"]), rel=1e-5)
        assert figures["kl_floored"] == pytest.approx(float(reference["kl_cost_floored"]), rel=1e-5)


def test_gradients(model, reference, weight_gradients):
    batch = batch_of(reference)
    targets = ops.transpose(batch["stroke5"][:, 1:], (1, 0, 2))
    network = model.network

    def cost():
        results = network(batch)
        steps = losses.step_losses(results["outputs"], targets, epsilon=losses.MAGENTA_EPSILON)
        total = ops.mean(losses.magenta_sums(steps, targets, training=True)) / 11
        if "z_mean" in results:
            kl = ops.mean(losses.kl_divergence(results["z_mean"], results["z_log_var"]))
            total = total + 0.5 * ops.maximum(kl, 0.2)
        return total

    named = network.named_weights()
    got = dict(zip(named, weight_gradients(cost, list(named.values())), strict=True))
    expected = magenta_tf1.model_from_variables(
        {name.removeprefix("grad/"): v for name, v in reference.items() if name.startswith("grad/")}
    ).weights
    assert set(got) == set(expected)
    for name, gradient in expected.items():
        assert_close(got[name], gradient, name)
