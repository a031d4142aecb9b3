"""A training step of the paper's size: this network against one built of `keras.layers.LSTM`.

    python benchmarks/train_step.py --steps 100 --runs 7
    python benchmarks/train_step.py --cells --decoder-size 128 --steps 50

Prints, for each length T, the median of interleaved steps (forward, backward, Adam), the speed in
units of stock Keras's, and, of a plain LSTM, the share of the machine's measured matrix peak. With
--cells: the kinds of cell (the same in encoder and decoder, but a HyperLSTM with a layer-norm
encoder, as the paper has it) and an LSTM with products in bfloat16, in units of the LSTM's speed.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops
from machine import keep_results

from sketchrnn.model.config import ModelConfig
from sketchrnn.model.vae import SketchVAE

BATCH = 100


class Stock(SketchVAE):
    """The same network with Keras's own LSTM layers, z repeated into every step."""

    def __init__(self, config: ModelConfig) -> None:
        """Make the stock layers beside those that they replace."""
        super().__init__(config)
        for replaced in (*self.encoder.cells[0], *self.encoder.cells[1], *self.decoder.cells):
            replaced.trainable = False
        size = config.decoder_size
        self.stock_encoder = keras.layers.Bidirectional(keras.layers.LSTM(config.encoder_size))
        self.stock_encoder.build((None, None, 5))
        self.stock_decoder = keras.layers.LSTM(size, return_sequences=True)
        self.stock_decoder.build((None, None, 5 + config.z_size))

    def call(self, batch, training=None):
        """Predict as `SketchVAE.call` does."""
        stroke5 = batch["stroke5"]
        last = self.stock_encoder(stroke5[:, 1:])
        z_mean, z_log_var = self.encoder.z_mean(last), self.encoder.z_log_var(last)
        z = z_mean + ops.exp(z_log_var / 2) * batch["eps"]
        state = self.decoder.initial_state(BATCH, z)
        rows = stroke5[:, :-1]
        repeated = ops.repeat(ops.expand_dims(z, 1), rows.shape[1], axis=1)
        hiddens = self.stock_decoder(
            ops.concatenate([rows, repeated], axis=2), initial_state=[state.hidden, state.cell]
        )
        outputs = self.decoder.output_layer(ops.transpose(hiddens, (1, 0, 2)))
        return {"outputs": outputs, "z_mean": z_mean, "z_log_var": z_log_var, "z": z}


def cells(config: ModelConfig) -> dict[str, SketchVAE]:
    """Return a network of each kind of cell, and one that multiplies in bfloat16."""
    kinds = [("lstm", "lstm"), ("layer_norm", "layer_norm"), ("layer_norm", "hyper")]
    networks = {
        " ".join(dict.fromkeys(kind)): SketchVAE(
            dataclasses.replace(config, encoder_cell=kind[0], decoder_cell=kind[1])
        )
        for kind in kinds
    }
    return {**networks, "lstm, bfloat16": SketchVAE(config, precision="mixed_bfloat16")}


def make_batch(steps: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    stroke5 = np.zeros((BATCH, steps + 1, 5), np.float32)
    stroke5[..., :2] = rng.normal(size=(BATCH, steps + 1, 2))
    stroke5[..., 2] = 1
    stroke5[:, -1] = (0, 0, 0, 0, 1)
    return {
        "stroke5": stroke5,
        "lengths": np.full(BATCH, steps - 1, np.int32),
        "eps": rng.normal(size=(BATCH, 128)).astype(np.float32),
        "w_kl": np.full(BATCH, 0.5, np.float32),
    }


def matrix_products(config: ModelConfig, steps: int) -> float:
    """Return the floating point operations of all matrix products of a step."""
    e, d = config.encoder_size, config.decoder_size
    encoder = 2 * (5 + e) * 4 * e
    decoder = (5 + d) * 4 * d + d * config.output_size
    return 3 * 2 * BATCH * steps * (encoder + decoder)  # backward is twice forward


def matrix_peak() -> float:
    """Return the rate of the best of some large products, operations a second."""
    a = np.random.default_rng(0).random((2048, 2048), dtype=np.float32)
    return max(2 * 2048**3 / timed(lambda: a @ a) for _ in range(8))


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[100], help="lengths T")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cells", action="store_true", help="the kinds of cell, not stock Keras")
    parser.add_argument("--decoder-size", type=int, default=512, help="the encoder has half of it")
    options = parser.parse_args()
    size = options.decoder_size
    config = ModelConfig(decoder_size=size, encoder_size=size // 2, recurrent_dropout_rate=0.0)
    networks = cells(config) if options.cells else {"sketchrnn": SketchVAE(config)}
    if not options.cells:
        networks["keras.layers.LSTM"] = Stock(config)
    for name, network in networks.items():
        # XLA slows the stock layer down on the CPU: each as it is fastest
        stock = name == "keras.layers.LSTM"
        network.compile(keras.optimizers.Adam(clipvalue=1.0), jit_compile=not stock)
    peak = matrix_peak()
    print(f"backend {keras.backend.backend()}, batch {BATCH}, matrix peak {peak / 1e9:.0f} GFLOP/s")
    print(f"{'T':>5}  {'network':<18} {'ms a step':>10} {'of peak':>8} {'ratio':>6}")
    for steps in options.steps:
        batch = make_batch(steps)
        seconds: dict[str, list[float]] = {name: [] for name in networks}
        for run in range(options.runs + 2):
            for name, network in networks.items():
                taken = timed(lambda n=network, b=batch: n.train_on_batch(b, return_dict=True))
                if run >= 2:  # the first two compile and warm up
                    seconds[name].append(taken)
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        for name, median in medians.items():
            share = matrix_products(config, steps) / median / peak
            of_peak = "" if "layer_norm" in name else f"{share:.0%}"
            ratio = medians["lstm" if options.cells else "keras.layers.LSTM"] / median
            print(f"{steps:>5}  {name:<18} {median * 1e3:>10.0f} {of_peak:>8} {ratio:>6.2f}")


if __name__ == "__main__":
    keep_results()
    main()
