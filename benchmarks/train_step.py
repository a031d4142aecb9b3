"""A training step: this network against others of its size, and what its time depends on.

    python benchmarks/train_step.py --steps 100 250
    python benchmarks/train_step.py --cells
    python benchmarks/train_step.py --data kanji.h5
    python benchmarks/train_step.py --grow

Each network learns in a process of its own (`rivals.py` says which there are), and they step by
turns, each time another one first, so that a machine that slows down slows all of them. Printed
are the median of a step (forward, backward, Adam), what share that is of the machine's matrix
peak, measured before and after, how many times as fast as the network under "speed" it is, and the
most memory that the process took. The paper's size and batches of 100, unless told otherwise.

With --data real batches of a data file, each in its bucket, against the same drawings padded to the
longest as `keras.layers.LSTM` takes them. With --cells the kinds of cell; a HyperLSTM has a
layer-norm encoder, as the paper's. With --grow steps, batch and width one after the other.
`--torch PYTHON` names an interpreter that has torch, where this one has none.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rivals
from machine import keep_results, matrix_peak
from rivals import Stepped

BATCH = 100
HERE = Path(__file__).resolve().parent
TUNABLE = "glibc.malloc.hugetlb=1"
"""As `sketchrnn train` sets it: large pages, a fifth of the time of a step otherwise."""

Batches = list[dict[str, np.ndarray]]


class Contestant(NamedTuple):
    """A network of `rivals.NETWORKS`, with the backend that Keras has, and where it runs."""

    name: str
    backend: str = ""
    python: str = sys.executable

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.name}, {self.backend}" if self.backend else self.name


class Process:
    """A contestant that waits to be told to step."""

    def __init__(self, contestant: Contestant, path: Path, sizes: tuple[int, int]) -> None:
        """Start it; it compiles, and says when it has."""
        environment = {"GLIBC_TUNABLES": TUNABLE, **os.environ}
        if contestant.backend:
            environment["KERAS_BACKEND"] = contestant.backend
        words = [contestant.python, str(HERE / "rivals.py"), contestant.name, str(path)]
        self._process = subprocess.Popen(
            [*words, *map(str, sizes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._contestant = contestant
        if self._line() != "ready":
            raise SystemExit(f"{contestant.label} did not begin")

    def step(self) -> Stepped:
        """Let it step."""
        assert self._process.stdin is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        return Stepped(**json.loads(self._line()))

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{self._contestant.label} ended, with status {self._process.wait()}")
        return line


def compare(
    contestants: Sequence[tuple[Contestant, Batches]],
    sizes: tuple[int, int],
    runs: int,
    turn: int = 1,
) -> tuple[dict[str, list[Stepped]], float]:
    """Let networks step by turns, each on its own batches.

    Whoever is first in a round begins it: the first after something else has run finds no large
    pages free and can take half as long again.

    Args:
        contestants: With their batches, equally many.
        sizes: Units of decoder and encoder.
        runs: How often each goes through its batches.
        turn: Steps of a turn. Of several the first is not counted: it finds the processor's and
            the kernel's memory as another network has left them, as no step of a training does.

    Returns:
        What each said of its steps, by label, and the matrix peak of the machine, operations a
        second.
    """
    said: dict[str, list[Stepped]] = {contestant.label: [] for contestant, _ in contestants}
    peaks = [matrix_peak()]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        processes = {}
        for number, (contestant, batches) in enumerate(contestants):
            path = Path(folder, f"{number}.npz")
            rivals.store(path, batches)
            processes[contestant.label] = Process(contestant, path, sizes)
            stack.callback(processes[contestant.label].end)
        labels = list(processes)
        for number in range(runs * len(contestants[0][1]) // turn):
            for place in range(len(labels)):
                label = labels[(number + place) % len(labels)]
                steps = [processes[label].step() for _ in range(turn)]
                said[label] += steps[1:] if turn > 1 else steps
    return said, max(*peaks, matrix_peak())


def made_batch(steps: int, size: int = BATCH) -> dict[str, np.ndarray]:
    """Return a batch of drawings that all have T - 1 steps."""
    rng = np.random.default_rng(0)
    stroke5 = np.zeros((size, steps + 1, 5), np.float32)
    stroke5[..., :2] = rng.normal(size=(size, steps + 1, 2))
    stroke5[..., 2] = 1
    stroke5[:, -1] = (0, 0, 0, 0, 1)
    return {
        "stroke5": stroke5,
        "lengths": np.full(size, steps - 1, np.int32),
        "eps": rng.normal(size=(size, rivals.Z_SIZE)).astype(np.float32),
    }


def real_batches(path: str, count: int) -> tuple[Batches, Batches, str]:
    """Return real batches, the same drawings padded to the longest, and what they are."""
    from sketchrnn.data import open_data
    from sketchrnn.data.batches import Batches as Shuffled

    with open_data(path) as data:
        split = data["train"]
        factor = data.scale_factor
        shuffled = Shuffled(
            split, scale_factor=factor, batch_size=BATCH, z_size=rivals.Z_SIZE, seed=0
        )
        bucketed = [
            {name: shuffled[k][name] for name in ("stroke5", "lengths", "eps")}
            for k in range(count)
        ]
        longest = int(shuffled.boundaries[-1])
        about = (
            f"{Path(path).name}: {len(split):,} drawings of {split.lengths.mean():.0f} steps, "
            f"padded to {', '.join(str(b) for b in shuffled.boundaries)}: {shuffled.waste:.0%} of "
            f"the steps are padding; padded to the longest, "
            f"{1 - split.lengths.mean() / longest:.0%}"
        )
    return bucketed, [padded(batch, longest + 2) for batch in bucketed], about


def padded(batch: dict[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    """Pad a batch with end rows."""
    stroke5 = batch["stroke5"]
    end = np.zeros((len(stroke5), rows - stroke5.shape[1], 5), np.float32)
    end[..., 4] = 1
    return {**batch, "stroke5": np.concatenate([stroke5, end], axis=1)}


def matrix_products(sizes: tuple[int, int], steps: int, batch: int) -> float:
    """Return the floating point operations of all matrix products of a step."""
    decoder_size, encoder_size = sizes
    encoder = 2 * (5 + encoder_size) * 4 * encoder_size
    decoder = (5 + decoder_size) * 4 * decoder_size
    decoder += decoder_size * (3 + 6 * rivals.MIXTURES)
    return 3 * 2 * batch * steps * (encoder + decoder)  # backward is twice forward


def show(said: dict[str, list[Stepped]], against: str, operations: float | None, peak: float):
    """Print a line for each network: medians over the steps."""
    seconds = {label: [step.seconds for step in steps] for label, steps in said.items()}
    print(f"  {'network':<24}{'ms a step':>10}{'least':>8}{'most':>8}{'of peak':>9}", end="")
    print(f"{'speed':>8}{'memory':>10}{'loss':>8}")
    for label, steps in said.items():
        median = statistics.median(seconds[label])
        share = f"{operations / median / peak:.0%}" if operations else ""
        ratios = (b / a for a, b in zip(seconds[label], seconds[against], strict=True))
        print(
            f"  {label:<24}{median * 1e3:>10.0f}{min(seconds[label]) * 1e3:>8.0f}"
            f"{max(seconds[label]) * 1e3:>8.0f}{share:>9}{statistics.median(ratios):>8.2f}"
            f"{steps[-1].memory:>7.0f} MB{steps[0].loss:>8.3f}",
            flush=True,
        )
    print(f"  speed: of {against}, turn by turn; matrix peak {peak / 1e9:.0f} GFLOP/s")


def installed(torch_python: str) -> list[Contestant]:
    """Return the networks that can run here, ours and others."""
    found = []
    for backend in ("tensorflow", "jax"):
        if importlib.util.find_spec(backend):
            found += [Contestant("sketchrnn", backend), Contestant("keras LSTM", backend)]
    if importlib.util.find_spec("tensorflow"):
        found.append(Contestant("TF1 graph"))
    if torch_python or importlib.util.find_spec("torch"):
        found.append(Contestant("torch LSTM", python=torch_python or sys.executable))
    return found


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[100], help="lengths T")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cells", action="store_true", help="the kinds of cell, not stock Keras")
    parser.add_argument("--data", help="a data file: real batches, in buckets")
    parser.add_argument("--batches", type=int, default=18, help="how many real batches")
    parser.add_argument("--turn", type=int, default=6, help="real batches a turn")
    parser.add_argument("--grow", action="store_true", help="by steps, batch and width")
    parser.add_argument("--decoder-size", type=int, default=512, help="the encoder has half of it")
    parser.add_argument("--torch", default="", metavar="PYTHON", help="an interpreter with torch")
    options = parser.parse_args()
    sizes = (options.decoder_size, options.decoder_size // 2)
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if options.data:
        bucketed, whole, about = real_batches(options.data, options.batches)
        print(about)
        ours, stock = Contestant("sketchrnn", backend), Contestant("keras LSTM", backend)
        # whole epochs compare, not single batches: what a network took for all of them
        said, peak = compare([(ours, bucketed), (stock, whole)], sizes, 1, options.turn)
        show(said, stock.label, None, peak)
        seconds = {label: sum(step.seconds for step in steps) for label, steps in said.items()}
        for label, total in seconds.items():
            print(f"  {label}: {BATCH * len(said[label]) / total:.0f} drawings/s")
        print(f"  {seconds[stock.label] / seconds[ours.label]:.2f} times as many")
        return
    if options.grow:
        for steps, size, width in GROWTH:
            batch = [made_batch(steps, size)]
            said, peak = compare(
                [(Contestant("sketchrnn", backend), batch)], (width, width // 2), options.runs
            )
            (told,) = said.values()
            median = statistics.median(step.seconds for step in told)
            share = matrix_products((width, width // 2), steps, size) / median / peak
            print(
                f"  T {steps:>4}  batch {size:>4}  width {width:>5}: {median * 1e3:>6.0f} ms, "
                f"{size / median:>6.0f} drawings/s, {share:.0%} of peak, "
                f"{told[-1].memory:.0f} MB",
                flush=True,
            )
        return
    for steps in options.steps:
        print(f"T = {steps}, batch {BATCH}, width {sizes[0]}")
        operations = matrix_products(sizes, steps, BATCH)
        if options.cells:
            names = ("sketchrnn", "dropout 0.1", "layer norm", "HyperLSTM", "bfloat16")
            contestants = [Contestant(name, backend) for name in names]
        else:
            contestants = installed(options.torch)
        against = contestants[0] if options.cells else Contestant("keras LSTM", backend)
        batch = [made_batch(steps)]
        said, peak = compare([(c, batch) for c in contestants], sizes, options.runs)
        show(said, against.label, operations if not options.cells else None, peak)


GROWTH = (
    *((steps, 100, 512) for steps in (25, 50, 100, 200)),
    *((50, size, 512) for size in (10, 25, 50, 200)),
    *((50, 100, width) for width in (64, 128, 256, 1024)),
)
"""Steps T, batch and width: one after the other, the others as they are."""


if __name__ == "__main__":
    keep_results()
    main()
