"""Models of sketch-rnn-js and @magenta/sketch, in and out; `magenta_js_file` has the file's layout.

Gates stand in the order i, g, f, o, as ours do; a forget bias of 1 is added at run time; the first
state is (c, h).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sketchrnn.api import SketchRNN
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing
from sketchrnn.drawing.files import check_output, whole_file
from sketchrnn.interop import magenta_js_file
from sketchrnn.interop.magenta_js_file import DECODER, FIRST_STATE, LIMIT, OUR_KEY, VERSION, Arrays
from sketchrnn.interop.quantization import MADE_UP, Effect, measure
from sketchrnn.model.config import ModelConfig

MIXTURES = 20
"""Both programs read 20 components, whatever the file says."""
_STROKE5 = 5
_INPUT = "decoder/lstm/input_kernel"
_LATENT = "decoder/lstm/latent_kernel"
_BIAS = "decoder/lstm/bias"


def load(path: str | PathLike[str]) -> SketchRNN:
    """Load a model of sketch-rnn-js, a decoder alone or a VAE.

    Args:
        path: A file such as `bicycle.gen.json` or `bicycle.vae.json`.

    Returns:
        The model. Its data units are those of the published data (extent 255, epsilon 2), unless
        the file, which `save` wrote, says other ones.

    Raises:
        BadFileError: If the file is missing, truncated, or no such model; or a decoder alone that
            begins from a state of its own, which a model here does not hold.
    """
    file = magenta_js_file.read(path)
    if FIRST_STATE in file.info:
        raise BadFileError(
            "begins from a state of its own, what a VAE draws for one z",
            path=file.path,
            where=FIRST_STATE,
            hint="import the VAE, or take the key out, which changes what is drawn",
        )
    return _model(file)


def _model(file: magenta_js_file.ModelFile) -> SketchRNN:
    """Return the model of a file; a first state of its own is left out."""
    arrays = file.arrays()
    if file.conditional:
        kernel = arrays[_INPUT]
        arrays[_INPUT], arrays[_LATENT] = kernel[:_STROKE5], kernel[_STROKE5:]
    return SketchRNN(file.config, arrays, file.preparation, file.provenance)


def save(
    model: SketchRNN,
    path: str | PathLike[str],
    *,
    clip: bool = False,
    overwrite: bool = False,
    z: ArrayLike | None = None,
    drawings: Sequence[Drawing] | None = None,
) -> Effect:
    """Write a model for sketch-rnn-js and, if it is a decoder alone, for @magenta/sketch.

    Args:
        model: The model: one LSTM each, 20 mixtures, one category.
        path: The file.
        clip: Whether weights beyond 10 become 10; otherwise they are refused.
        overwrite: Whether a file that exists is replaced.
        z: (z_size,) a latent vector. What a VAE draws for it is written as a decoder alone, which
            @magenta/sketch runs: what z adds to the gates goes into their bias, and the state that
            it begins from stands in the file's info, as `initial_state`, (c, h).
        drawings: What the effect of rounding is measured on, in data units; None: drawings that
            the model makes up.

    Returns:
        What rounding to int16 does to the weights, and to the loss.

    Raises:
        BadSettingError: If the format cannot hold such a model.
        OutputExistsError: If the file exists.
    """
    target = check_output(path, overwrite=overwrite)
    _check_exportable(model.config)
    info: dict[str, Any] = {
        "name": model.name or "sketchrnn",
        "mode": 0 if model.config.conditional and z is None else 2,
        "version": VERSION,
        "max_seq_len": model.config.max_seq_len,
        "scale_factor": model.config.scale_factor,
        OUR_KEY: {
            "preparation": model.preparation.to_dict(),
            "provenance": _kept_provenance(model.provenance),
        },
    }
    original = model if z is None else _told(model, z, info)
    arrays = _as_theirs(original)
    rounded, clipped = {}, 0
    for name, array in arrays.items():
        beyond = int((np.abs(array) > LIMIT).sum())
        if beyond and not clip:
            raise BadSettingError(
                f"weight {name!r} reaches {np.abs(array).max():.2f}, and the format holds "
                f"{LIMIT:g} at most",
                hint="clip it with --clip, which changes the model",
            )
        clipped += beyond
        rounded[name] = magenta_js_file.quantize(array)
    with whole_file(target, overwrite=overwrite) as beside:
        magenta_js_file.write(beside, info, original.config.conditional, rounded)
        again = _model(magenta_js_file.read(beside))
        if z is None:
            return measure(original, again, drawings, clipped=clipped)
        made_up = drawings is None
        if drawings is None:  # by the VAE, as a model here begins from zeros
            vectors = np.tile(np.asarray(z, np.float32), (MADE_UP, 1))
            drawings = model.generate(MADE_UP, temperature=1.0, z=vectors, seed=0)
        start = info[FIRST_STATE]
        effect = measure(original, again, drawings, clipped=clipped, start=start)
        return dataclasses.replace(effect, made_up=made_up)


def _told(model: SketchRNN, z: ArrayLike, info: dict[str, Any]) -> SketchRNN:
    """Return what a VAE draws for one z as a decoder alone; put its first state into `info`."""
    if not model.config.conditional:
        raise BadSettingError("this model takes no z: it is a decoder alone")
    vector = np.asarray(z, dtype=np.float32)
    if vector.shape != (model.config.z_size,) or not np.isfinite(vector).all():
        raise BadSettingError(f"z must be {model.config.z_size} finite numbers")
    weights = model.weights
    state = np.tanh(
        vector @ weights["decoder/initial_state/kernel"] + weights["decoder/initial_state/bias"]
    )
    cell, hidden = (part.astype(float).tolist() for part in np.split(state, 2))
    info[FIRST_STATE] = {"c": cell, "h": hidden}
    arrays = {name: weights[name] for name in DECODER}
    arrays[_BIAS] = arrays[_BIAS] + vector @ weights[_LATENT]
    config = dataclasses.replace(model.config, conditional=False)
    return SketchRNN(config, arrays, model.preparation, model.provenance)


def _as_theirs(model: SketchRNN) -> Arrays:
    """Return the arrays as the format lays them out; it adds a forget bias of 1 by itself."""
    config, arrays = model.config, model.weights
    if config.conditional:
        arrays[_INPUT] = np.concatenate([arrays[_INPUT], arrays.pop(_LATENT)])
    for name, array in arrays.items():
        if name.endswith("/bias") and name.replace("/bias", "/recurrent_kernel") in arrays:
            units = len(array) // 4
            arrays[name] = array.copy()
            arrays[name][2 * units : 3 * units] += np.float32(config.forget_bias - 1)
        if not np.isfinite(array).all():
            raise BadSettingError(f"weight {name!r} holds NaN or infinite numbers")
    return arrays


def _check_exportable(config: ModelConfig) -> None:
    """Refuse what neither program can run."""
    parts = ("encoder", "decoder") if config.conditional else ("decoder",)
    problems = [
        f"{part}_cell is {getattr(config, f'{part}_cell')!r}, and sketch-rnn-js knows LSTMs alone"
        for part in parts
        if getattr(config, f"{part}_cell") != "lstm"
    ]
    problems += [
        f"{part}_layers is {getattr(config, f'{part}_layers')}, and sketch-rnn-js knows one"
        for part in parts
        if getattr(config, f"{part}_layers") > 1
    ]
    if config.categories:
        problems.append("the model is told a category, and sketch-rnn-js tells none")
    if config.num_mixtures != MIXTURES:
        problems.append(
            f"num_mixtures is {config.num_mixtures}, and sketch-rnn-js reads {MIXTURES}, whatever "
            "a file says"
        )
    if problems:
        raise BadSettingError(problems[0], hint="export to ONNX, which holds every model")


def _kept_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model's terms and a reader need; not the whole history of a training."""
    data = provenance.get("data")
    kept = {key: provenance[key] for key in ("preset", "step", "licence") if key in provenance}
    if isinstance(data, Mapping):
        names = ("licence", "attribution", "sources", "fingerprint")
        kept["data"] = {key: data[key] for key in names if key in data}
    return kept
