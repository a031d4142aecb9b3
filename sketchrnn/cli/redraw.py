"""`sketchrnn redraw`: make a page again from what it says of itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli import options

if TYPE_CHECKING:
    from sketchrnn.drawing import Drawing
    from sketchrnn.sketch_rnn import SketchRNN

MOST_DRAWINGS = 20_000
"""That a recipe may ask for: it may come from anybody."""

MOST_POINTS = 1_000_000

MOST_BEST_OF = 100

_KEPT = (
    "model", "model_step", "weights", "licence", "attribution", "sketchrnn", "numpy", "command",
    "input", "a", "b", "n", "numbers", "frames", "method", "temperature", "temperature_rule",
    "category", "max_steps", "choice", "seed", "given", "position", "number", "picked", "movement",
    "page", "sheet",
)  # fmt: skip


@click.command()
@click.argument("page")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A page .svg, .png, .pdf, .html, a movie; otherwise beside PAGE, with -again in its name.",
)
@click.option("--model", metavar="MODEL", help="Draw with this model, not with the recipe's.")
@click.option("--force", is_flag=True, help="Replace what exists.")
def redraw(page: str, output: str | None, model: str | None, force: bool) -> None:
    """Make a page again from the recipe that it carries.

    PAGE is an SVG, PNG, PDF, HTML or GIF file that generate, reconstruct or interpolate wrote, a
    plotter sheet of a model's drawings, or a script's gallery of generated drawings. A model that
    does not come with sketchrnn is named with --model. With the same model and versions the same
    bytes come out, which is told.

    \b
    Examples:
      sketchrnn redraw page.svg
      sketchrnn redraw page.png -o page.pdf
      sketchrnn redraw page.html --model run -o by-another.svg
    """
    from sketchrnn.drawing import BadFileError
    from sketchrnn.render.movement import make_movement
    from sketchrnn.render.recipe import read_recipe
    from sketchrnn.sketch_rnn import load

    recipe, suffix = read_recipe(page)
    file = Path(page)
    if output is None:
        output = str(file.with_name(f"{file.stem}-again{file.suffix or suffix}"))
    options.check_output(output, force)
    command = recipe.get("command")
    if not isinstance(command, str) or command not in REPLAYS:
        said = f"by the command {command!r}" if isinstance(command, str) else "by a script"
        raise BadFileError(
            f"was made {said}, which is not made again from a recipe",
            path=page,
            hint=f"there are {', '.join(REPLAYS)}",
        )
    asked = _Asked(recipe, page)
    loaded = load(_find_model(asked, model))
    now = options.origin_of(loaded)
    _compare(now, recipe)
    drawings = _pick(REPLAYS[command](loaded, asked), asked)
    again = {key: recipe[key] for key in _KEPT if key in recipe}
    ordered = {key: again[key] for key in recipe if key in again}
    other = now["weights"] != recipe.get("weights")  # so licence and all that are others, too
    ordered |= {key: value for key, value in now.items() if other or key in ordered}
    if command == "plot":
        written = _write_sheet(drawings, ordered, asked, output, force)
    else:
        moving = "movement" in recipe
        ordered.pop("movement", None)  # is noted anew
        movement = vars(make_movement(asked.mapping("movement"))) if moving else None
        made = options.make_page(drawings, ordered, asked.layout(), movement)
        written = options.write_bytes(made, output, force)
    if output == "-":
        return
    same = written == file.read_bytes()
    told = f"the same as {page}, byte for byte" if same else f"{page} made again"
    click.echo(f"{output}  ({told})", err=True)


class _Asked:
    """What a recipe asks for, each value checked when it is taken."""

    def __init__(self, recipe: Mapping[str, Any], path: str) -> None:
        self.recipe = recipe
        self.path = path

    def refuse(self, key: str, problem: str) -> Exception:
        from sketchrnn.drawing import BadFileError

        return BadFileError(problem, path=self.path, where=f"recipe, {key!r}")

    def whole(self, key: str, most: int, default: int | None = None) -> int | None:
        """Return a whole number from 0 to `most`, or the default where there is none."""
        value = self.recipe.get(key)
        if value is None:
            return default
        if type(value) is not int or not 0 <= value <= most:
            raise self.refuse(key, f"must be a whole number from 0 to {most}")
        return value

    def number(self, key: str) -> float:
        value: Any = self.recipe.get(key)
        try:
            if type(value) in (int, float) and math.isfinite(value):
                return float(value)
        except OverflowError:  # a whole number beyond all floats
            pass
        raise self.refuse(key, "must be a number")

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.recipe.get(key)
        if value is None:
            return default
        if not isinstance(value, str) or len(value) > 1000:
            raise self.refuse(key, "must be a short text")
        return value

    def category(self) -> str | list[str] | None:
        """Return what is to be drawn: a name, several, or whatever the model knows."""
        value = self.recipe.get("category")
        if not isinstance(value, list):
            return self.text("category")
        if len(value) > MOST_DRAWINGS or not all(isinstance(name, str) for name in value):
            raise self.refuse("category", "must be a list of names")
        return value

    def wholes(self, key: str) -> list[int] | None:
        value = self.recipe.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > MOST_DRAWINGS:
            raise self.refuse(key, "must be a list of whole numbers")
        if any(type(item) is not int or item < 0 for item in value):
            raise self.refuse(key, "must be a list of whole numbers")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.recipe.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.refuse(key, "must be a table")
        return dict(value or {})

    def layout(self) -> dict[str, Any]:
        """Return how the page is laid out: of the right types; `gallery` checks the values."""
        layout = self.mapping("page")
        types = {"title": str, "captions": list, "row_labels": list}
        for key, kind in types.items():
            if not isinstance(layout.get(key), (kind, type(None))):
                raise self.refuse("page", f"has a {key} that is none")
        if "drawings" in layout or "recipe" in layout:
            raise self.refuse("page", "is no layout")
        return layout

    def sampling(self) -> dict[str, Any]:
        """Return what all commands have."""
        seed = self.whole("seed", (1 << 63) - 1)
        if seed is None:
            raise self.refuse("seed", "is missing")
        return {
            "temperature": self.temperature(),
            "temperature_rule": self.text("temperature_rule", "paper"),
            "seed": seed,
        }

    def temperature(self) -> Any:
        """Return a number, or what else `sampling.tempering` takes; it checks the values."""
        value = self.recipe.get("temperature")
        parts = list(value.values()) if isinstance(value, dict) else [value]
        for part in parts:
            numbers = part if isinstance(part, list) else [part]
            if any(type(number) not in (int, float) for number in numbers):
                raise self.refuse("temperature", "must be a number")
        return self.number("temperature") if type(value) in (int, float) else value

    def choice(self) -> dict[str, Any]:
        """Return what was kept of what was drawn; `generate` checks the values."""
        from sketchrnn.sketch_rnn.choosing import Choice

        choice = self.mapping("choice")
        if "novel_to" in choice:
            raise self.refuse("choice", "needs a data file, which a page does not carry")
        for name, value in choice.items():
            if name not in Choice.__annotations__ or type(value) not in (int, float, bool):
                raise self.refuse("choice", "is none")
        if type(choice.get("best_of", 1)) is not int or choice.get("best_of", 1) > MOST_BEST_OF:
            raise self.refuse("choice", f"has a best_of above {MOST_BEST_OF}")
        return choice

    def given(self) -> list[Drawing]:
        """Return the drawings that a model was given, in data units."""
        from sketchrnn.drawing import BadDrawingError, Drawing

        listed = self.recipe.get("given")
        if not isinstance(listed, list) or not listed:
            raise self.refuse("given", "does not hold the drawings that the page was made from")
        try:
            parts = [(drawing["strokes"], drawing["category"]) for drawing in listed]
            count = sum(len(stroke) // 2 for strokes, _ in parts for stroke in strokes)
            if len(listed) > MOST_DRAWINGS or count > MOST_POINTS:
                raise self.refuse("given", "holds too much")
            return [
                Drawing(
                    [list(zip(s[::2], s[1::2], strict=True)) for s in strokes],
                    None if category is None else str(category),
                )
                for strokes, category in parts
            ]
        except (BadDrawingError, KeyError, TypeError, ValueError) as error:
            raise self.refuse("given", "does not hold drawings") from error


def _generate(model: SketchRNN, asked: _Asked) -> list[Any]:
    count = asked.whole("n", MOST_DRAWINGS, 1)
    drawings = model.generate(
        count or 0,
        category=asked.category(),
        max_steps=asked.whole("max_steps", 100_000),
        **asked.sampling(),
        **asked.choice(),
    )
    numbers = asked.wholes("numbers")
    if numbers is None:
        return drawings
    if any(number >= len(drawings) for number in numbers):
        raise asked.refuse("numbers", "names drawings that there are not")
    return [drawings[number] for number in numbers]


def _reconstruct(model: SketchRNN, asked: _Asked) -> list[Any]:
    given = asked.given()
    again = model.reconstruct(given, **asked.sampling(), prepare=False, category=asked.category())
    if asked.recipe.get("position") is not None:
        return again
    columns = asked.mapping("page").get("columns", 8)
    return options.above_each_other(given, again, columns if type(columns) is int else 8)


def _interpolate(model: SketchRNN, asked: _Asked) -> list[Any]:
    ends = asked.given()
    if len(ends) != 2:
        raise asked.refuse("given", f"holds {len(ends)} drawings, and there are two ends")
    return model.interpolate(
        ends[0],
        ends[1],
        frames=asked.whole("frames", MOST_DRAWINGS, 10) or 0,
        method=asked.text("method", "slerp") or "",
        **asked.sampling(),
        prepare=False,
        category=_for_two(model, asked.category()),
    )


def _for_two(model: SketchRNN, category: str | list[str] | None) -> list[str] | None:
    from sketchrnn.sampling.categories import share_out

    return None if category is None else share_out(category, 2, model.categories)


REPLAYS: dict[str, Callable[[SketchRNN, _Asked], list[Any]]] = {
    "generate": _generate,
    "reconstruct": _reconstruct,
    "interpolate": _interpolate,
    "plot": _generate,
}
"""Command -> what draws its drawings, or rows of them, again."""


_SHEET: dict[str, type] = {
    **dict.fromkeys(("paper", "margin", "size", "gap", "fit", "pen", "pen_by", "smooth"), str),
    **dict.fromkeys(("join", "order", "title"), str),
    **dict.fromkeys(("landscape", "turn_round"), bool),
    "columns": int,
    "pens": list,
}
"""What a recipe may say of a plotter sheet; `plot` checks the values."""


def _write_sheet(
    drawings: list[Any], recipe: Mapping[str, Any], asked: _Asked, output: str, force: bool
) -> bytes:
    """Lay drawings out for a plotter again; return what was written."""
    from sketchrnn.render.plotter import plot

    settings = asked.mapping("sheet")
    for key, value in settings.items():
        if type(value) is not _SHEET.get(key):
            raise asked.refuse("sheet", f"has a {key[:40]} that is none")
    sheet = plot(drawings, **settings, recipe=recipe)
    if output == "-":
        click.echo(sheet.to_svg(), nl=False)
    else:
        sheet.save(output, overwrite=force)
    return sheet.to_svg().encode()


def _find_model(asked: _Asked, chosen: str | None) -> str | Path:
    """Return the model to draw with: a page from anybody must not make us open any folder."""
    from sketchrnn.drawing import BadFileError
    from sketchrnn.model.folder import shipped_models

    if chosen is not None:
        return chosen
    name = asked.text("model")
    shipped = shipped_models()
    if name in shipped:
        return shipped[name]
    raise BadFileError(
        f"was drawn by the model {name!r}, which does not come with sketchrnn"
        if name
        else "does not say which model drew it",
        path=asked.path,
        hint="name its folder with --model",
    )


def _compare(now: Mapping[str, Any], recipe: Mapping[str, Any]) -> None:
    """Tell what is not as it was."""
    for key, said in (
        ("weights", "the model's weights are others ({was}, now {now}): other drawings come"),
        ("sketchrnn", "the page was made by sketchrnn {was}, this is {now}"),
        ("numpy", "the page was made with NumPy {was}, this is {now}: last digits may differ"),
    ):
        was = recipe.get(key)
        if was is not None and was != now[key]:
            line = said.format(was=str(was)[:40], now=now[key])
            click.echo(f"sketchrnn: {' '.join(line.split())}", err=True)


def _pick(drawings: list[Any], asked: _Asked) -> list[Any]:
    """Return what a page shows of all: one of a folder's files, or a sheet of favourites."""
    position, picked = asked.whole("position", MOST_DRAWINGS), asked.wholes("picked")
    if position is not None:
        picked = [position]
    elif picked is not None:
        flat = [d for row in drawings for d in (row if isinstance(row, list) else [row])]
        drawings = flat
    if picked is None:
        return drawings
    if any(index >= len(drawings) for index in picked):
        raise asked.refuse("picked", "names drawings that there are not")
    return [drawings[index] for index in picked]
