"""Runs the cells of an experiment, and writes the table of its page.

    python experiments/run.py experiments/kanji                   every cell that has no result yet
    python experiments/run.py experiments/kanji --cell plain      one of them
    python experiments/run.py experiments/kanji --table           the table alone, from results.json

An experiment is a folder with `cells.json` (what is trained on what, measured at which steps),
`results.json` (what came out; written here), a page of 24 drawings from the prior of each cell
(written here) and `README.md`, whose table stands between two marks and is written here too. Data
files and runs go to `out/experiments`, or where --out says; a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SKETCHRNN_SHARED", ROOT.parent / "shared")) / "data"
BEGIN, END = "<!-- table: python experiments/run.py {} --table -->", "<!-- end of table -->"
SAMPLES, TEMPERATURE, SEED = 400, 0.3, 1


def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cell", help="one cell of the table")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "experiments")
    parser.add_argument("--table", action="store_true", help="write the table, train nothing")
    arguments = parser.parse_args()
    plan = json.loads((arguments.folder / "cells.json").read_text(encoding="utf-8"))
    names = [cell["name"] for cell in plan["cells"]]
    if arguments.cell is not None and arguments.cell not in names:
        parser.error(f"no cell {arguments.cell!r}; there are {', '.join(names)}")
    if not arguments.table:
        for cell in plan["cells"]:
            if arguments.cell in (None, cell["name"]):
                run_cell(plan, cell, arguments.folder, arguments.out / arguments.folder.name)
    page = arguments.folder / "README.md"
    page.write_text(
        with_table(page.read_text(encoding="utf-8"), arguments.folder), encoding="utf-8"
    )


def run_cell(plan: dict[str, Any], cell: dict[str, Any], folder: Path, out: Path) -> None:
    """Train a cell to each of its steps in turn, and measure it there."""
    data = data_file(plan["data"][cell["data"]], out / f"{cell['data']}.h5")
    run = out / slug(cell["name"])
    for steps in cell["steps"]:
        if str(steps) in results_of(folder).get(cell["name"], {}):
            continue
        goes_on = ["--resume"] if (run / "run.json").exists() else []
        begins = [] if goes_on else ["--preset", cell["preset"], *settings(cell)]
        backend = ["--backend", cell["backend"]] if "backend" in cell else []
        sketchrnn(*backend, "train", data, "-o", run, "--steps", steps, *begins, *goes_on)
        figures = json.loads(sketchrnn("evaluate", run, data, "--json", capture=True))
        figures.update(measured(run))
        results = results_of(folder)
        results.setdefault(cell["name"], {})[str(steps)] = figures
        text = json.dumps(results, indent=1, sort_keys=True) + "\n"
        (folder / "results.json").write_text(text, encoding="utf-8")
        page = folder / f"{slug(cell['name'])}.svg"
        how = plan.get("pictures", ["--temperature", str(TEMPERATURE)])
        sketchrnn(
            "generate", run, "-n", 24, "--columns", 8, "--seed", SEED, *how, "--force", "-o", page
        )


def slug(name: str) -> str:
    """Return the name of a cell as that of a file."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower())


def data_file(plan: dict[str, Any], path: Path) -> Path:
    """Make a data file, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        inputs = [name.replace("{shared}", str(SHARED)) for name in plan["inputs"]]
        sketchrnn("data", "convert", *inputs, "-o", path, *plan.get("options", []))
    return path


def settings(cell: dict[str, Any]) -> list[str]:
    """Return the settings of a cell as the command line takes them."""
    return [
        word for key, value in cell.get("set", {}).items() for word in ("--set", f"{key}={value}")
    ]


def sketchrnn(*words: object, capture: bool = False) -> str:
    """Run the command; its lines are shown, or returned."""
    command = [sys.executable, "-m", "sketchrnn", *map(str, words)]
    print("$ sketchrnn", *words, flush=True)
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE if capture else None, text=True
    )
    return done.stdout or ""


def measured(run: Path) -> dict[str, Any]:
    """Return what the run's own record says, and what it draws from the prior."""
    import sketchrnn as sr

    model = sr.load(run)
    names = model.categories
    of_each = [names[k * len(names) // SAMPLES] for k in range(SAMPLES)] if names else None
    drawings = model.generate(SAMPLES, temperature=TEMPERATURE, category=of_each, seed=SEED)
    return {
        "model_step": model.provenance["step"],
        "training_seconds": model.provenance["training_seconds"],
        "backend": model.provenance["backend"],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "blank": sum(not drawing.strokes for drawing in drawings) / SAMPLES,
        "at_most_one_stroke": sum(len(d.strokes) <= 1 for d in drawings) / SAMPLES,
    }


def results_of(folder: Path) -> dict[str, Any]:
    """Return what is measured so far."""
    path = folder / "results.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def table(folder: Path) -> str:
    """Return the results as a table of Markdown; what was not trained says so."""
    plan = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    results = {**plan.get("reference", {}), **results_of(folder)}
    columns = plan["columns"]
    lines = [
        "| " + " | ".join(["model", "step", *(column["title"] for column in columns)]) + " |",
        "|---" * (2 + len(columns)) + "|",
    ]
    rows = [(name, plan["reference"][name]) for name in plan.get("reference", {})]
    rows += [(cell["name"], {str(k): None for k in cell["steps"]}) for cell in plan["cells"]]
    for name, steps in rows:
        for step in steps:
            figures = results.get(name, {}).get(step)
            cells = ["not trained" if figures is None else show(figures, c) for c in columns]
            lines.append("| " + " | ".join([name, f"{int(step):,}", *cells]) + " |")
    return "\n".join(lines)


def show(figures: dict[str, Any], column: dict[str, Any]) -> str:
    """Return one figure as text."""
    value = figures.get(column["figure"])
    if column["figure"] == "bound":  # on what a drawing costs in nats: L_R and the KL, unweighed
        value = figures["magenta_eval"] * figures["n_max"] + figures.get("kl_per_drawing", 0.0)
    return "–" if value is None else format(value, column["format"])


def with_table(page: str, folder: Path) -> str:
    """Return a page with its table replaced by the results'."""
    begin = BEGIN.format(f"experiments/{folder.resolve().name}")
    before, _, rest = page.partition(begin)
    if END not in rest:
        raise SystemExit(f"{folder / 'README.md'} lacks the marks {begin} and {END}")
    return f"{before}{begin}\n\n{table(folder)}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    main()
