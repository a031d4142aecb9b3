"""How fast each kind of file is read, on one core, and with how much memory.

    python benchmarks/read.py --only ndjson packed

Reads real data where they are: the folder `../shared`, or what SKETCHRNN_SHARED says, and the
package `kanjivg`. Kinds of files that are not there are written from drawings that are; without any
drawings a kind is left out. Each kind is read in a process of its own, again and again for a second
or more. Printed are drawings a second of processor time, the median of the passes, and the most
memory that the process took, which is some 60 MB before it reads anything.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from machine import keep_results

from sketchrnn.drawing import Drawing, MissingDependencyError
from sketchrnn.sources import open_source, read_all

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKETCHRNN_SHARED") or ROOT.parent / "shared") / "data"
SECONDS = 1.5
WARM_UP = 100
"""Drawings that are read before the clock starts: libraries are loaded with the first."""


def quickdraw(count: int) -> list[Drawing]:
    """Return simplified drawings of Quick, Draw!."""
    path = DATA / "quickdraw/simplified/car.ndjson"
    return list(islice(read_all(path), count)) if path.is_file() else []


def kanji(count: int) -> list[Drawing]:
    """Return characters of KanjiVG."""
    try:
        return list(islice(read_all("kanjivg"), count))
    except MissingDependencyError:
        return []


def there(name: str) -> Callable[[Path], Path | None]:
    """Take files that are there."""
    return lambda folder: DATA / name if (DATA / name).exists() else None


def together(pattern: str) -> Callable[[Path], Path | None]:
    """Join files of lines that are there."""

    def join(folder: Path) -> Path | None:
        paths = sorted(DATA.glob(pattern))
        (folder / "joined.ndjson").write_bytes(b"".join(path.read_bytes() for path in paths))
        return folder / "joined.ndjson" if paths else None

    return join


def one_file(
    name: str,
    drawings: Callable[[int], list[Drawing]],
    count: int,
    line: Callable[[Drawing], bytes],
) -> Callable[[Path], Path | None]:
    """Write drawings one after the other."""

    def write(folder: Path) -> Path | None:
        content = b"".join(map(line, drawings(count)))
        (folder / name).write_bytes(content)
        return folder / name if content else None

    return write


def many_files(
    suffix: str,
    drawings: Callable[[int], list[Drawing]],
    count: int,
    text: Callable[[Drawing], bytes],
) -> Callable[[Path], Path | None]:
    """Write a file a drawing."""

    def write(folder: Path) -> Path | None:
        found = drawings(count)
        for number, drawing in enumerate(found):
            (folder / f"{number}{suffix}").write_bytes(text(drawing))
        return folder if found else None

    return write


def record(drawing: Drawing) -> bytes:
    head = struct.pack("<Q2sbIH", 5, b"DE", 1, 1_500_000_000, len(drawing.strokes))
    return head + b"".join(
        struct.pack("<H", len(stroke)) + stroke.T.astype(np.uint8).tobytes()
        for stroke in drawing.strokes
    )


def hanzi(drawing: Drawing) -> bytes:
    scaled = drawing.transform(1024 / 109)
    medians = [np.rint(stroke * (1, -1) + (0, 900)).tolist() for stroke in scaled.strokes]
    value = {"character": drawing.metadata["character"], "strokes": [], "medians": medians}
    return json.dumps(value).encode() + b"\n"


def polylines(drawing: Drawing) -> bytes:
    return json.dumps({"strokes": [stroke.tolist() for stroke in drawing.strokes]}).encode() + b"\n"


def omniglot(drawing: Drawing) -> bytes:
    strokes = (
        "".join(f"{x:.1f},{-y:.1f},0\n" for x, y in stroke) + "BREAK\n"
        for stroke in drawing.strokes
    )
    return ("START\n" + "".join(strokes)).encode()


def inkml(drawing: Drawing) -> bytes:
    traces = (", ".join(f"{x:g} {y:g}" for x, y in stroke) for stroke in drawing.strokes)
    return f"<ink>{''.join(f'<trace>{trace}</trace>' for trace in traces)}</ink>".encode()


def svg(drawing: Drawing) -> bytes:
    from sketchrnn.render import drawing_to_svg

    return str(drawing_to_svg(drawing)).encode()


def png(drawing: Drawing) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return drawing.save(Path(folder, "a.png")).read_bytes()


KINDS: dict[str, tuple[str, Callable[[Path], Path | None]]] = {
    "ndjson": ("Quick, Draw! simplified", there("quickdraw/simplified/car.ndjson")),
    "raw": ("Quick, Draw! raw, simplified", together("quickdraw/raw/*.ndjson")),
    "packed": ("Quick, Draw! .bin", one_file("car.bin", quickdraw, 20_000, record)),
    "npz": ("sketch-rnn .npz", there("sketchrnn_npz/kanji.rdp100.npz")),
    "kanjivg": ("KanjiVG", lambda folder: Path("kanjivg") if kanji(1) else None),
    "hanzi": ("Make Me a Hanzi", one_file("graphics.txt", kanji, 2000, hanzi)),
    "polylines": ("JSON of polylines", one_file("a.jsonl", quickdraw, 10_000, polylines)),
    "omniglot": ("Omniglot", many_files(".txt", kanji, 1000, omniglot)),
    "inkml": ("InkML", many_files(".inkml", kanji, 1000, inkml)),
    "svg": ("SVG", many_files(".svg", kanji, 500, svg)),
    "png": ("PNG of line art", many_files(".png", kanji, 10, png)),
}


def passes(path: Path) -> Iterator[tuple[int, float]]:
    """Read an input again and again; yield how many drawings it has and the seconds it took."""
    for _ in islice(open_source(path).items(lambda *_: None), WARM_UP):
        pass
    begin = time.perf_counter()
    while True:
        start = time.process_time()
        source = open_source(path)
        count = 0
        for item in source.items(lambda *_: None):
            if source.simplify is not None:
                source.simplify(item.drawing)
            count += 1
        yield count, time.process_time() - start
        if time.perf_counter() - begin > SECONDS:
            return


def measure(path: Path) -> dict[str, float]:
    """Return what one process finds out about an input."""
    counts, seconds = zip(*passes(path), strict=True)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "drawings": counts[0],
        "rate": counts[0] / statistics.median(seconds),
        "peak": largest * unit / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    print(f"{'':<30} {'drawings':>8} {'a second':>9} {'peak MB':>8}")
    for kind in options.only:
        title, make = KINDS[kind]
        with tempfile.TemporaryDirectory() as folder:
            path = make(Path(folder))
            if path is None:
                print(f"{title:<30} left out: its data are not there")
                continue
            command = [sys.executable, __file__, "--measure", str(path)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(answer.stdout)
            print(
                f"{title:<30} {found['drawings']:>8,.0f} {found['rate']:>9,.0f} "
                f"{found['peak']:>8.0f}"
            )


if __name__ == "__main__":
    keep_results()
    main()
