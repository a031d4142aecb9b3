"""How fast a model draws: the loop in NumPy and the one that the backend compiles.

    KERAS_BACKEND=jax python benchmarks/sampling.py --batches 1 64 1024 --runs 3 --save
    python benchmarks/sampling.py --plain

Drawings of exactly T steps, by a decoder with z whose weights nobody has trained, so that all stay
in the batch to the end. The lines grow with the batch, then with T, then with the width. Printed
are milliseconds for a whole batch, medians of interleaved runs, in processor time (all threads
together) and by the clock, and the share by the clock of what the machine's matrix peak allows. The
compiled loop has been compiled before; what that and the import take stands below, with the number
of drawings from which it pays: `COMPILED_FROM` of `sampling/sampler.py`. `--plain` measures NumPy
alone, without a framework.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from machine import keep_results, matrix_peak, speed

from sketchrnn.model.config import ModelConfig
from sketchrnn.model.folder import weight_shapes
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.steps import sample_steps

AS_PEOPLE_DRAW = temperature_rule(0.4)
END = 2
"""The place of the logit of the end, which is made so low that no drawing ends."""


class Subject:
    """Both decoders of one width."""

    def __init__(self, units: int, plain: bool) -> None:
        """Make weights; compile nothing yet."""
        self.config = ModelConfig(decoder_size=units, encoder_size=8, max_seq_len=1000)
        rng = np.random.default_rng(0)
        weights = {
            name: (0.05 * rng.standard_normal(shape)).astype(np.float32)
            for name, shape in weight_shapes(self.config).items()
        }
        weights["decoder/output/bias"][END] = -30.0
        self.decoders: dict[str, Any] = {"NumPy": NumpyDecoder(self.config, weights)}
        if not plain:
            from sketchrnn.model.vae import SketchVAE
            from sketchrnn.sampling.compiled_decoder import CompiledDecoder

            network = SketchVAE(self.config)
            for name, variable in network.named_weights().items():
                variable.assign(weights[name])
            self.decoders["compiled"] = CompiledDecoder(network)

    def ways(self, batch: int, steps: int) -> dict[str, Callable[[], object]]:
        """Return what draws a batch, by name."""
        rng = np.random.default_rng(1)
        z = rng.standard_normal((batch, self.config.z_size)).astype(np.float32)
        noise = np.stack([sampling_noise(0, number, steps) for number in range(batch)])

        def draw(decoder: Any) -> object:
            drawn = sample_steps(decoder, z, noise, AS_PEOPLE_DRAW)
            assert all(len(rows) == steps for rows in drawn)
            return drawn

        return {
            name: (lambda decoder=decoder: draw(decoder)) for name, decoder in self.decoders.items()
        }

    def products(self, batch: int, steps: int) -> float:
        """Return the floating point operations of all matrix products."""
        units = self.config.decoder_size
        return 2.0 * batch * steps * ((5 + units) * 4 * units + units * self.config.output_size)


def measured(ways: dict[str, Callable[[], object]], runs: int) -> dict[str, tuple[float, float]]:
    """Return the medians of (processor time, clock) in seconds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, work in ways.items():
            cpu, clock = time.process_time(), time.perf_counter()
            work()
            if turn:  # the first compiles
                taken = (time.process_time() - cpu, time.perf_counter() - clock)
                found[name].append(taken)
    return {
        name: (statistics.median(c for c, _ in s), statistics.median(w for _, w in s))
        for name, s in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--steps", type=int, nargs="*", default=[50, 200])
    parser.add_argument("--units", type=int, nargs="*", default=[256, 1024])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="NumPy alone, without a framework")
    options = parser.parse_args()
    before = time.process_time()
    if not options.plain:
        import keras

        import sketchrnn.sampling.compiled_decoder  # noqa: F401

        print(f"backend {keras.backend.backend()}")
    importing = time.process_time() - before
    print(speed())
    peak = matrix_peak()
    usual = Subject(512, options.plain)
    ways = usual.ways(1, 100)
    print(f"{'units':>5} {'T':>4} {'batch':>5}", end="")
    print("".join(f"{name:>12} {'clock':>7}" for name in ways) + "   ms" + " " * 5 + "of peak")
    rows = [(usual, batch, 100) for batch in options.batches]
    rows += [(usual, 16, steps) for steps in options.steps]
    rows += [(Subject(units, options.plain), 16, 100) for units in options.units]
    found: dict[str, tuple[float, float]] = {}
    for subject, batch, steps in rows:
        medians = measured(subject.ways(batch, steps), options.runs)
        if subject is usual and steps == 100:
            found = medians
        shown = "".join(f"{1e3 * c:>12,.0f} {1e3 * w:>7,.0f}" for c, w in medians.values())
        least = subject.products(batch, steps) / peak
        shares = ", ".join(f"{least / w:.0%}" for _, w in medians.values())
        print(f"{subject.config.decoder_size:>5} {steps:>4} {batch:>5}{shown}        {shares}")
    if options.plain:
        return
    # what a process that draws once has to do first: import, and compile for each size of a batch
    fresh = Subject(512, False)
    batch = options.batches[-1]
    work = fresh.ways(batch, 100)["compiled"]
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    compiling = max(0.0, cpu - found["compiled"][0])
    print(
        f"importing {importing:.1f} s, compiling for a batch of {batch} {compiling:.1f} s of "
        "processor time; as drawings end, also for the powers of two below"
    )
    saved = (found["NumPy"][0] - found["compiled"][0]) / batch
    pays = (
        f"pays from {(importing + compiling) / saved:,.0f} drawings" if saved > 0 else "never pays"
    )
    print(f"saves {1e3 * saved:.2f} ms of processor time a drawing: {pays}")


if __name__ == "__main__":
    keep_results()
    main()
