"""Run docs/tutorial.ipynb from top to bottom and keep what it shows.

python docs/run_tutorial.py

It does what Jupyter would: the cells are plain Python and end in what they show, so neither a
kernel nor the packages that bring one are needed. Pictures are kept as small PNG, which every
reader of notebooks shows.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cairosvg
import click
from PIL import Image

NOTEBOOK = Path(__file__).resolve().with_name("tutorial.ipynb")
WIDEST = 800  # px of a picture, as wide as a page of text is
COLORS = 16
FRAMEWORKS = ("keras", "tensorflow", "jax")


def run_cells(notebook: dict[str, Any]) -> dict[str, Any]:
    """Run the cells of code in their order, and return the notebook with what they show."""
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            count = sum("outputs" in done for done in cells) + 1
            outputs = _run("".join(cell["source"]), f"cell {count}", names, count)
            cell = {**cell, "execution_count": count, "outputs": outputs}
        cells.append(cell)
    return {**notebook, "cells": cells}


def _run(source: str, place: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run a cell; return its outputs: what it prints, then what its last line is worth."""
    *body, last = ast.parse(source, place).body
    if not isinstance(last, ast.Expr):
        body, last = [*body, last], None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), place, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), place, "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(text)})
    if value is not None:
        outputs.append(
            {
                "data": _shown(value),
                "execution_count": count,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return outputs


def _shown(value: Any) -> dict[str, Any]:
    """Return what a notebook shows of a value: a picture where there is one, or its text."""
    draw = getattr(value, "_repr_svg_", None)
    if draw is None:
        return {"text/plain": _lines(repr(value))}
    png = cairosvg.svg2png(draw().encode(), background_color="white")
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    if picture.width > WIDEST:
        size = (WIDEST, round(picture.height * WIDEST / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.quantize(COLORS).save(file, "PNG", optimize=True)
    kind = type(value).__name__
    return {
        "image/png": base64.b64encode(file.getvalue()).decode() + "\n",
        "text/plain": [f"<{kind}>"],
    }


def _lines(text: str) -> list[str]:
    return text.rstrip("\n").splitlines(keepends=True)


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("-o", "--output", type=Path, default=NOTEBOOK, help="Otherwise the notebook itself.")
@click.option("--without-framework", is_flag=True, help="As if none were installed.")
def main(output: Path, without_framework: bool) -> None:
    """Run it in a folder of its own and write it."""
    if without_framework:
        sys.modules.update(dict.fromkeys(FRAMEWORKS))
    target = output.absolute()
    began = time.perf_counter(), time.process_time()
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as room:
        tempfile.tempdir = room  # where the cells write, too
        os.chdir(room)
        done = run_cells(notebook)
        os.chdir(target.parent)
    target.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n", "utf-8")
    took = time.perf_counter() - began[0], time.process_time() - began[1]
    click.echo(f"{target.name}: {took[0]:.0f} s, {took[1]:.0f} s of computing")


if __name__ == "__main__":
    main()
