"""Training by one process and by two, what they tell each other, and a model of many GPUs.

    python benchmarks/scaling.py --save
    python benchmarks/scaling.py --model

Measured over loopback on this machine, on JAX: `sketchrnn train` with one process on one core, with
one on two cores, and with two on a core each, by turns; the same batches of 64 made-up drawings of
60 steps, a decoder of 256 units and an encoder of 128. Seconds are those that a run counts itself,
without compilation. What a step adds up over devices is counted in the program that XLA makes for
two devices.

--model prints a table for up to 256 GPUs, computed from the assumptions above it, none of which was
measured here; each can be changed by an option.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from machine import keep_results, matrix_peak

BATCH = 64
STEPS = 60
SETTINGS = {
    "decoder_size": 256,
    "encoder_size": 128,
    "batch_size": BATCH,
    "num_buckets": 1,
    "sample_every": 0,
}
BYTES = {"f32": 4, "bf16": 2, "f16": 2, "s32": 4, "u32": 4, "pred": 1}


def make_data(path: Path) -> None:
    """Write 640 random walks, all equally long."""
    from sketchrnn.data import DataFileWriter, Preparation
    from sketchrnn.drawing import Drawing

    rng = np.random.default_rng(0)
    with DataFileWriter(path, Preparation(fit="keep")) as writer:
        for split, count in (("train", 640), ("valid", BATCH)):
            for _ in range(count):
                writer.append(split, Drawing([rng.normal(size=(STEPS, 2)).cumsum(axis=0) * 9]))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as some:
        return int(some.getsockname()[1])


def train(data: Path, out: Path, steps: int, cores: list[set[int]], flags: str = "") -> float:
    """Train with a process for each set of cores; return the seconds of a step."""
    settings = {**SETTINGS, "steps": steps, "evaluate_every": steps}
    command = [sys.executable, "-m", "sketchrnn", "--backend", "jax", "train", str(data)]
    command += ["-o", str(out), *(f"--set={key}={value}" for key, value in settings.items())]
    port, processes = free_port(), []
    for number, own in enumerate(cores):
        place = ["--distributed", "--coordinator", f"127.0.0.1:{port}"]
        place += ["--processes", str(len(cores)), "--process-id", str(number)]
        processes.append(
            subprocess.Popen(
                [*command, *(place if len(cores) > 1 else [])],
                env={**os.environ, "XLA_FLAGS": flags, "XDG_CACHE_HOME": str(data.parent)},
                preexec_fn=lambda own=own: os.sched_setaffinity(0, own),
                stderr=subprocess.DEVNULL,
            )
        )
    statuses = [process.wait() for process in processes]
    if any(statuses):
        raise SystemExit(f"a training of {len(cores)} processes failed; call {' '.join(command)}")
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    seconds = next(line["seconds"] for line in lines if line["split"] == "train")
    return seconds / (steps - 1)  # the first compiles and is not counted


def added_up(folder: Path) -> tuple[int, int]:
    """Return the all-reduces of a step and their bytes, from XLA's text of its programs.

    That with the most is the step; arrays of one all-reduce stand in a tuple.
    """
    found = [(0, 0)]
    for path in folder.glob("*after_optimizations.txt"):
        count = total = 0
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            told = re.search(r"= (.*?) all-reduce(?:-start)?\(", line)
            if told is None:
                continue
            count += 1
            for kind, shape in re.findall(r"(\w+)\[([\d,]*)\]", told[1]):
                total += BYTES.get(kind, 4) * math.prod(int(n) for n in shape.split(",") if n)
        found.append((total, count))
    total, count = max(found)
    return count, total


def measure(runs: int, steps: int) -> None:
    """Print what was measured."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("two processes are to be measured, which takes two processors")
    ways = {
        "1 process, 1 core": [{cores[0]}],
        "1 process, 2 cores": [set(cores)],
        "2 processes, a core each": [{cores[0]}, {cores[1]}],
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "walks.h5"
        make_data(data)
        peaks = [matrix_peak()]
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for run in range(runs):
            for place in range(len(ways)):
                way = list(ways)[(run + place) % len(ways)]
                out = folder / f"run-{run}-{place}"
                seconds[way].append(train(data, out, steps, ways[way]))
        peaks.append(matrix_peak())
        print(f"{'':<26}{'ms a step':>10}{'least':>8}{'drawings/s':>12}")
        alone = statistics.median(seconds["1 process, 1 core"])
        for way, times in seconds.items():
            median = statistics.median(times)
            print(
                f"{way:<26}{median * 1e3:>10.0f}{min(times) * 1e3:>8.0f}{BATCH / median:>12.0f}"
                f"   {alone / median:.2f} x"
            )
        print(f"matrix peak {max(peaks) / 1e9:.0f} GFLOP/s")
        flags = "--xla_force_host_platform_device_count=2 --xla_dump_hlo_as_text "
        flags += f"--xla_dump_to={folder / 'programs'}"
        train(data, folder / "two", 2, [set(cores)], flags)
        count, total = added_up(folder / "programs")
        config = json.loads((folder / "two" / "config.json").read_text())["config"]
        weights = parameters(config)
        print(
            f"a step adds up {total:,} bytes over devices in {count} all-reduces; "
            f"the {weights:,} weights' gradients are {4 * weights:,}"
        )


def parameters(config: dict[str, object]) -> int:
    """Return the number of weights of a network."""
    from sketchrnn.model.config import ModelConfig
    from sketchrnn.model.folder import weight_shapes

    return sum(math.prod(shape) for shape in weight_shapes(ModelConfig.from_dict(config)).values())


def model(assumed: argparse.Namespace) -> None:
    """Print what many GPUs would bring, if the assumptions hold."""
    flops = 3 * 2 * assumed.length * assumed.products
    size = 4 * assumed.weights
    print(f"assumed, of the network: {assumed.weights:,} weights, so {size / 1e6:.1f} MB of")
    print(f"gradients; {flops / 1e9:.2f} GFLOP a drawing of {assumed.length} steps")
    print(f"of a GPU: {assumed.tflops:g} TFLOP/s in these products, and no step of the recurrence")
    print(f"under {assumed.latency:g} us, three a time step")
    print(f"of the network between: all-reduce in a ring, {assumed.bandwidth:g} GB/s and")
    print(f"{assumed.hop:g} us a hop among hosts of 8 GPUs, {assumed.inside:g} GB/s within one;")
    print("nothing of it overlaps the step")
    print(f"of learning: steps to a given loss = S (1 + {assumed.critical:,} / batch)")
    print("(McCandlish and others, 2018), the rate being set anew for each batch")
    print()
    print(f"{'GPUs':>5}{'batch':>8}{'ms a step':>11}{'of it told':>11}{'drawings/s':>12}", end="")
    print(f"{'of ideal':>10}{'quicker to a loss':>19}")
    first: tuple[float, float] | None = None
    for gpus in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        batch = assumed.batch * gpus if not assumed.total else max(assumed.total, gpus)
        each = batch / gpus
        compute = each * flops / (assumed.tflops * 1e12)
        compute = max(compute, 3 * assumed.length * assumed.latency / 1e6)
        hosts, within = -(-gpus // 8), min(gpus, 8)
        told = 2 * (within - 1) / within * size / (assumed.inside * 1e9)
        told += 2 * (hosts - 1) / hosts * size / (assumed.bandwidth * 1e9)
        told += 2 * (hosts - 1) * assumed.hop / 1e6
        seconds = compute + told
        rate, needed = batch / seconds, 1 + assumed.critical / batch
        if first is None:
            first = rate, needed * seconds
        print(
            f"{gpus:>5}{batch:>8,.0f}{seconds * 1e3:>11.2f}{told / seconds:>11.0%}{rate:>12,.0f}"
            f"{rate / first[0] / gpus:>10.0%}{first[1] / (needed * seconds):>19.1f}"
        )


def main() -> None:
    """Measure, or compute."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--model", action="store_true", help="compute, measure nothing")
    told = parser.add_argument_group("assumptions of --model; the paper's size")
    told.add_argument("--weights", type=int, default=2_186_107)
    # multiplications and additions of a time step: decoder 517 x 2048, its output, two encoders
    told.add_argument("--products", type=int, default=517 * 2048 + 512 * 123 + 2 * 261 * 1024)
    told.add_argument("--length", type=int, default=60, help="time steps of a drawing")
    told.add_argument("--batch", type=int, default=100, help="drawings of a GPU")
    told.add_argument("--total", type=int, default=0, help="drawings of all GPUs together instead")
    told.add_argument("--tflops", type=float, default=20.0)
    told.add_argument("--latency", type=float, default=15.0, help="microseconds")
    told.add_argument("--bandwidth", type=float, default=25.0, help="GB/s between hosts")
    told.add_argument("--inside", type=float, default=200.0, help="GB/s within a host")
    told.add_argument("--hop", type=float, default=10.0, help="microseconds")
    told.add_argument("--critical", type=int, default=1000, help="the critical batch, drawings")
    options = parser.parse_args()
    if options.model:
        model(options)
    else:
        measure(options.runs, options.steps)


if __name__ == "__main__":
    keep_results()
    main()
