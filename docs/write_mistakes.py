"""Write docs/mistakes.md: what new users got wrong, and what they were and are answered.

`make docs` runs this, and a test holds the page against it. Every command is run in a folder of
its own, with the files that `prepare` writes there.
"""

# ruff: noqa: E501 -- answers stand as they were

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from sketchrnn.cli.main import main as front_door
from sketchrnn.data.data_writer import DataFileWriter
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import Drawing
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig

TARGET = Path(__file__).with_name("mistakes.md")
_SEED = re.compile(r"  \(seed \d+\)")

OPENING = """\
# Mistakes

Commands that people typed who used `sketchrnn` for the first time, what they were answered when
they did, and what they are answered now. An answer is one line that says what to do. What was
meant beyond doubt is done.

Made by `python docs/write_mistakes.py`, which runs each command; a test compares.
"""


@dataclass(frozen=True)
class Mistake:
    """A command that somebody typed, and the last line of what it answered at the time."""

    what: str
    command: str
    before: str


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "A capital in a model's name",
        "generate Kanji -n 2 -o out.svg",
        "Kanji: no such model folder; shipped models: car, kanji, things; or train one",
    ),
    Mistake(
        "A plural",
        "generate cars -n 2 -o out.svg",
        "cars: no such model folder; shipped models: car, kanji, things; or train one",
    ),
    Mistake(
        "Model and drawing exchanged",
        "reconstruct begun.svg kanji -o out.svg",
        "begun.svg: no such model folder; shipped models: car, kanji, things; or train one",
    ),
    Mistake(
        "The same of two drawings",
        "interpolate begun.svg kanji begun.svg -o out.svg",
        "begun.svg: no such model folder; shipped models: car, kanji, things; or train one",
    ),
    Mistake(
        "A list with a space",
        "plot begun.svg --pens black, red -o sheet.svg",
        "Got unexpected extra argument (red)",
    ),
    Mistake(
        "Characters by themselves",
        "interpolate kanji 林 銀 --frames 2 -o out.svg",
        "林: no such file or folder; name `kanjivg`, a file of SVG, InkML, JSON lines, sketch-rnn's npz, Quick, Draw!, Omniglot or Make Me a Hanzi, a PNG or JPEG of line art, or a folder of such files",
    ),
    Mistake(
        "A category asked of a model without any",
        "generate kanji -n 2 -C cat -o out.svg",
        "this model knows no categories; omit category",
    ),
    Mistake(
        "A temperature of no use",
        "generate kanji -n 2 -t 4 -o out.svg",
        "out.svg",
    ),
    Mistake(
        "A temperature below nothing",
        "generate kanji -n 2 -t -1 -o out.svg",
        "temperature is -1.0, and must be a number from 0 to 1,000,000; 0.2 to 1 is usual",
    ),
    Mistake(
        "Files named by characters",
        "font letters -o hand.otf",
        "hand.otf",
    ),
    Mistake(
        "No output",
        "generate kanji -n 2",
        "Missing option '-o' / '--output'.",
    ),
    Mistake(
        "No output of a run",
        "train pets.h5",
        "Missing option '-o' / '--output'.",
    ),
    Mistake(
        "Epochs",
        "train pets.h5 -o run --epochs 3",
        "No such option '--epochs'. (Did you mean one of: '--process-id', '--processes', '--steps'?)",
    ),
    Mistake(
        "The backend after the command",
        "generate pets -n 2 -o out.svg --backend jax",
        "No such option '--backend'.",
    ),
    Mistake(
        "No category where the model knows several", "reconstruct pets begun.svg -o out.svg", ""
    ),
    Mistake(
        "A file of drawings to learn from",
        "train sun.ndjson -o run",
        "sun.ndjson: is not a data file, or is damaged; make one with `sketchrnn data convert`",
    ),
    Mistake(
        "A model to learn from",
        "train kanji -o run",
        "kanji: no such data file; make one with `sketchrnn data convert`",
    ),
    Mistake(
        "A file of drawings to be measured on",
        "evaluate kanji sun.ndjson",
        "sun.ndjson: is not a data file, or is damaged; make one with `sketchrnn data convert`",
    ),
    Mistake(
        "Other data",
        "evaluate pets numbers.h5",
        "numbers.h5: test, drawing 0: its category 'one' is unknown to the model; known: 'cat', 'dog'",
    ),
    Mistake(
        "An export by its suffix",
        "model export kanji -o k.onnx",
        "k.onnx: models are not written as '.onnx'; say what it is for, with --to",
    ),
    Mistake(
        "An export without a suffix",
        "model export kanji -o k",
        "k: has no suffix that tells; say what it is for, with --to",
    ),
    Mistake(
        "A format of photographs",
        "generate kanji -n 2 -o pages/ --format jpg",
        "Invalid value for '--format': 'jpg' is not one of 'svg', 'png', 'pdf', 'html'.",
    ),
    Mistake(
        "The same as a suffix",
        "generate kanji -n 2 -o out.jpg",
        "out.jpg: pictures are not written as '.jpg'; use one of .svg, .png, .pdf, .html, .gif, .mp4, .webm",
    ),
    Mistake(
        "A category in capitals",
        "generate pets -n 2 -C Cat -o out.svg",
        "unknown category 'Cat'; did you mean 'cat'?",
    ),
    Mistake(
        "The beginning of a category",
        "generate pets -n 2 -C do -o out.svg",
        "unknown category 'do'; did you mean 'dog'?",
    ),
    Mistake(
        "A slip in a category",
        "generate pets -n 2 -C dgo -o out.svg",
        "unknown category 'dgo'; did you mean 'dog'?",
    ),
    Mistake(
        "A folder that shadows a shipped model",
        "generate car -n 2 -o out.svg",
        "out.svg",
    ),
    Mistake(
        "The number without its option",
        "generate kanji 2 -o out.svg",
        "Got unexpected extra argument (2)",
    ),
    Mistake(
        "A file that is not there",
        "render beugn.svg -o out.svg",
        "beugn.svg: no such file or folder; name `kanjivg`, a file of SVG, InkML, JSON lines, sketch-rnn's npz, Quick, Draw!, Omniglot or Make Me a Hanzi, a PNG or JPEG of line art, or a folder of such files",
    ),
    Mistake(
        "An option of another command",
        "generate kanji --number 2 -o out.svg",
        "No such option '--number'.",
    ),
    Mistake(
        "A sheet that is no SVG",
        "plot begun.svg -o sheet.pdf",
        "sheet.pdf: plotter sheets are written as .svg; vpype makes HPGL or G-code of it; `sketchrnn render` makes pictures",
    ),
    Mistake(
        "A paper that there is not",
        "plot begun.svg --paper B9 -o sheet.svg",
        "no paper is called 'B9'; use one of A2, A3, A4, A5, A6, Letter, Legal, Tabloid, or width and height as 200x300mm",
    ),
)


def prepare() -> None:
    """Write the files that the commands meet into the current folder."""
    strokes = [[(40, 100), (130, 96)], [(84, 40), (86, 250)], [(84, 110), (60, 170), (30, 200)]]
    begun = Drawing(strokes)
    begun.save("begun.svg")
    Path("letters").mkdir()
    for letter in "ABC":
        begun.save(f"letters/{letter}.svg")
    Path("sun.ndjson").write_text('{"word": "sun", "drawing": [[[0, 9, 5], [0, 9, 2]]]}\n')
    Path("car").mkdir()
    Path("car", "notes.txt").write_text("a folder of notes\n")
    _write_data("pets.h5", ("cat", "dog"))
    _write_data("numbers.h5", ("one", "two"))
    _write_model("pets", ("cat", "dog"))


def _write_data(path: str, categories: tuple[str, ...]) -> None:
    generator = np.random.default_rng(7)
    with DataFileWriter(path, Preparation(fit="longer_side", epsilon=0.0)) as writer:
        for split, count in (("train", 12), ("valid", 4), ("test", 4)):
            for number in range(count):
                points = np.round(generator.uniform(0, 200, (5, 2)))
                writer.append(split, Drawing([points], categories[number % 2]))


def _write_model(path: str, categories: tuple[str, ...]) -> None:
    config = ModelConfig(
        encoder_size=12, decoder_size=24, z_size=6, num_mixtures=4, max_seq_len=24,
        scale_factor=40.0, categories=categories, category_size=4,
    )  # fmt: skip
    generator = np.random.default_rng(7)
    weights = {
        name: (0.4 * generator.standard_normal(shape)).astype(np.float32)
        for name, shape in folder.weight_shapes(config).items()
    }
    preparation = Preparation(fit="longer_side", epsilon=0.0).to_dict()
    folder.write(path, config, weights, preparation=preparation, provenance={})


def answer(command: str) -> str:
    """Run a command in this process, and return what it said, without what differs each time."""
    said = io.StringIO()
    backend = os.environ.get("KERAS_BACKEND")
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            front_door(shlex.split(command))
        except SystemExit:
            pass
        finally:
            os.environ.pop("KERAS_BACKEND", None)
            if backend is not None:
                os.environ["KERAS_BACKEND"] = backend
    lines = [line for line in said.getvalue().splitlines() if not line.startswith("Usage: ")]
    return _SEED.sub("", "\n".join(line.removeprefix("sketchrnn: ") for line in lines))


@contextlib.contextmanager
def in_a_folder_of_its_own() -> Iterator[None]:
    """Let a command meet the files of `prepare` and nothing else."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            prepare()
            yield
        finally:
            os.chdir(before)


def page() -> str:
    """Return the whole page."""
    lines = [OPENING]
    for mistake in MISTAKES:
        with in_a_folder_of_its_own():
            now = answer(mistake.command)
        lines.append(entry(mistake, now))
    return "\n".join(lines)


def entry(mistake: Mistake, now: str) -> str:
    """Return what the page says of a mistake that is now answered so."""
    return (
        f"## {mistake.what}\n\n```text\n$ sketchrnn {mistake.command}\n```\n\n"
        f"Before:\n\n```text\n{mistake.before}\n```\n\nNow:\n\n```text\n{now}\n```\n"
    )


def main() -> int:
    """Write the page; say whether that changed it."""
    text = page()
    changed = not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text
    TARGET.write_text(text, encoding="utf-8")
    click.echo(f"{TARGET.name} {'is new' if changed else 'was up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
