"""Every reader under a coverage-guided fuzzer: inputs that reach new code are kept and changed on.

    pip install 'sketchrnn[fuzz]'
    python tests/fuzz/readers.py --seconds 60                  # each kind of file for a minute
    python tests/fuzz/readers.py a.svg a.png --seconds 600

Begins with the files of `tests/sources/test_fuzz.py`, and asks the same of a reader: drawings, or
an error of one line. Also counted as found: ten seconds for one file, a gigabyte of memory. What is
found is kept in `out/fuzz/KIND/`, and so is the corpus, with which the next run begins.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOW = 10  # seconds for one file
MEMORY = 1024  # MB
LONGEST = 4096  # bytes of a file

sys.path[:0] = [str(ROOT), str(ROOT / "tests/sources")]


def fuzz(kind: str, arguments: list[str]) -> None:
    """Feed the reader of one kind of file until libFuzzer has enough; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["sketchrnn"]):
        import test_fuzz

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, kind)

        def read(data: bytes) -> None:
            test_fuzz.read_anyway(path, data)

        atheris.Setup([sys.argv[0], *arguments], read)
        atheris.Fuzz()


def run(kind: str, seconds: int, out: Path) -> bool:
    """Fuzz one kind in a process of its own, print what came out, and return if nothing did."""
    import test_fuzz

    corpus, found = out / kind / "corpus", out / kind / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    (corpus / "seed").write_bytes(test_fuzz.FILES[kind]())
    known = set(found.iterdir())
    limits = [f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}"]
    command = [
        *(sys.executable, __file__, "--one", kind, str(corpus), *limits),
        *(f"-max_len={LONGEST}", f"-artifact_prefix={found}/", "-print_final_stats=1"),
    ]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", process.stderr)
    reached = re.findall(r"cov: (\d+)", process.stderr)
    new = sorted(set(found.iterdir()) - known)
    print(
        f"{kind:<14} {int(executions[1]) if executions else 0:>9,} executions, "
        f"{reached[-1] if reached else 0:>5} branches, "
        + (f"found {', '.join(path.name for path in new)}" if new else "nothing found"),
        flush=True,
    )
    if new or process.returncode:
        print(process.stderr[-3000:], file=sys.stderr)
    return not new and not process.returncode


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return
    import test_fuzz

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(test_fuzz.FILES))
    parser.add_argument("--seconds", type=int, default=60, help="for each kind")
    parser.add_argument("--out", type=Path, default=ROOT / "out/fuzz")
    options = parser.parse_args()
    results = [run(kind, options.seconds, options.out) for kind in options.kinds or test_fuzz.FILES]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
