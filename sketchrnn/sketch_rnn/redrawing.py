"""Making a page again from the recipe that it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchrnn.data import open_data
from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.model.folder import shipped_models
from sketchrnn.render.gallery import Gallery
from sketchrnn.render.layout import interleave_rows, make_page
from sketchrnn.render.plotter import PlotterSheet, plot
from sketchrnn.render.recipe import read_recipe
from sketchrnn.render.timeline import make_movement
from sketchrnn.sampling.categories import share_out
from sketchrnn.sketch_rnn.asked import Asked
from sketchrnn.sketch_rnn.face import SketchRNN, load
from sketchrnn.sketch_rnn.inputs import MOST_DRAWINGS, Finder
from sketchrnn.sketch_rnn.origin import origin_of, versions
from sketchrnn.sketch_rnn.showing import choose_examples, choose_some

if TYPE_CHECKING:
    from sketchrnn.training.samples import SampleMetrics

Note = Callable[[str], None]

MOST_STEPS = 10_000

_KEPT = (
    "model", "model_step", "weights", "licence", "attribution", "sketchrnn", "numpy", "command",
    "input", "inputs", "a", "b", "away", "towards", "like", "data", "fingerprint", "n", "numbers",
    "frames", "rows", "columns", "method", "split", "stride", "strength", "open", "canvas", "scale",
    "z", "samples", "before_after", "temperature", "temperature_rule", "category", "max_steps",
    "choice", "seed", "given", "sources", "position", "number", "picked", "movement", "page",
    "sheet",
)  # fmt: skip


def redraw(
    page: str | PathLike[str],
    model: SketchRNN | str | PathLike[str] | None = None,
    data: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    note: Note | None = None,
) -> Gallery | PlotterSheet:
    """Make a page again from the recipe that it carries.

    The page may come from anybody: its recipe is checked, no model is opened that it names unless
    it comes with the package, and no file is read that does not lie beside the page or below the
    current folder.

    Args:
        page: An SVG, PNG, PDF, HTML or GIF file that a command of sketchrnn wrote, or `gallery`
            with what a model generated.
        model: What draws, in place of the recipe's model; it is needed where that does not come
            with the package.
        data: A data file or drawings that the page was made from, or several, where they are not
            where the recipe says.
        note: Is told what is not as it was: another version, other weights.

    Returns:
        The page, to be saved or shown; a plotter sheet if it was one.

    Raises:
        BadFileError: If there is no recipe, or it cannot be followed; if what the page was made
            from is gone or has changed.
    """
    recipe, _ = read_recipe(page)
    given = [data] if isinstance(data, (str, PathLike)) else list(data)
    finder = Finder(page, given)
    asked = Asked(recipe, page, finder)
    command = recipe.get("command")
    if not isinstance(command, str) or command not in (*REPLAYS, SHOW):
        said = f"by the command {command!r}" if isinstance(command, str) else "by a script"
        raise BadFileError(
            f"was made {said}, which is not made again from a recipe",
            path=page,
            hint=f"there are {', '.join(sorted((*REPLAYS, SHOW)))}",
        )
    if command == SHOW:
        now = versions()
        drawings = _show(asked)
    else:
        loaded = model if isinstance(model, SketchRNN) else load(_find_model(asked, model))
        now = origin_of(loaded)
        drawings = REPLAYS[command](loaded, asked)
    finder.check_used()
    _compare(now, recipe, note)
    drawings = _pick(drawings, asked)
    ordered = {key: value for key, value in recipe.items() if key in _KEPT}
    other = "weights" in now and now["weights"] != recipe.get("weights")  # so its licence, too
    ordered |= {key: value for key, value in now.items() if other or key in ordered}
    if command == "plot":
        return _lay_out_sheet(drawings, ordered, asked)
    moving = "movement" in recipe
    ordered.pop("movement", None)  # is noted anew
    movement = vars(make_movement(asked.mapping("movement"))) if moving else None
    return make_page(drawings, ordered, asked.layout(), movement)


def _generate(model: SketchRNN, asked: Asked) -> list[Any]:
    count = asked.whole("n", MOST_DRAWINGS, 1)
    drawings = model.generate(
        count or 0,
        category=asked.category(),
        max_steps=asked.whole("max_steps", MOST_STEPS),
        **asked.sampling(),
        **asked.choice(),
    )
    numbers = asked.wholes("numbers")
    if numbers is None:
        return drawings
    if any(number >= len(drawings) for number in numbers):
        raise asked.refuse("numbers", "names drawings that there are not")
    return [drawings[number] for number in numbers]


def _complete(model: SketchRNN, asked: Asked) -> list[Any]:
    partial, *like = asked.sources(1, 2)
    return model.complete(
        _only(asked, partial),
        asked.whole("n", MOST_DRAWINGS, 9) or 0,
        open=asked.flag("open"),
        canvas=asked.number_or_none("canvas"),
        scale=asked.number_or_none("scale"),
        z=asked.text("z", "fitting") or "",
        like=asked.drawings(like[0]) if like else None,
        category=asked.category(),
        max_steps=asked.whole("max_steps", MOST_STEPS),
        **asked.sampling(),
    )


def _reconstruct(model: SketchRNN, asked: Asked) -> list[Any]:
    given = _prepared(model, asked)
    again = model.reconstruct(given, **asked.sampling(), prepare=False, category=asked.category())
    if asked.recipe.get("position") is not None:
        return again
    columns = asked.mapping("page").get("columns", 8)
    shown = [drawing.with_metadata(box=None) for drawing in given]
    return interleave_rows(shown, again, columns if type(columns) is int else 8)


def _interpolate(model: SketchRNN, asked: Asked) -> list[Any]:
    ends = _ends(asked, 2)
    return model.interpolate(
        ends[0],
        ends[1],
        frames=asked.whole("frames", MOST_DRAWINGS, 10) or 0,
        method=asked.text("method", "slerp") or "",
        **asked.sampling(),
        prepare=False,
        category=_for_each(model, asked, 2),
    )


def _loop(model: SketchRNN, asked: Asked) -> list[Any]:
    ends = asked.given()
    return model.loop(
        ends,
        frames=asked.whole("frames", MOST_DRAWINGS, 24) or 0,
        method=asked.text("method", "slerp") or "",
        **asked.sampling(),
        prepare=False,
        category=_for_each(model, asked, len(ends)),
    )


def _grid(model: SketchRNN, asked: Asked) -> list[Any]:
    corners = _ends(asked, 4)
    rows, columns = (asked.whole(key, MOST_DRAWINGS, 5) or 0 for key in ("rows", "columns"))
    if rows * columns > MOST_DRAWINGS:
        raise asked.refuse("rows", f"and columns ask for more than {MOST_DRAWINGS} drawings")
    return model.grid(
        corners,
        rows,
        columns,
        method=asked.text("method", "slerp") or "",
        **asked.sampling(),
        prepare=False,
        category=_for_each(model, asked, 4),
    )


def _shift(model: SketchRNN, asked: Asked) -> list[Any]:
    moved, away, towards = (asked.drawings(source) for source in asked.sources(3))
    strengths = asked.numbers("strength")
    if len(strengths) * len(moved) > MOST_DRAWINGS:
        raise asked.refuse("strength", f"asks for more than {MOST_DRAWINGS} drawings")
    rows = [
        model.shift(moved, away, towards, one, category=asked.category(), **asked.sampling())
        for one in strengths
    ]
    return rows if len(rows) > 1 else rows[0]


def _average(model: SketchRNN, asked: Asked) -> list[Any]:
    drawings = [drawing for source in asked.sources() for drawing in asked.drawings(source)]
    count = asked.whole("n", MOST_DRAWINGS, 4) or 0
    return model.average(drawings, count, category=asked.category(), **asked.sampling())


def _walk(model: SketchRNN, asked: Asked) -> list[Any]:
    start = None
    if asked.recipe.get("sources") is not None:
        start = _only(asked, *asked.sources(1))
    return model.walk(
        start,
        asked.whole("frames", MOST_DRAWINGS, 16) or 0,
        asked.number("stride"),
        category=asked.text("category"),
        **asked.sampling(),
    )


def _neighbours(model: SketchRNN, asked: Asked) -> list[Any]:
    own, pool = asked.sources(2)
    drawing = _only(asked, own)
    count = asked.whole("n", MOST_DRAWINGS, 8) or 0
    split = asked.text("split", "all") or ""
    found = model.neighbours(drawing, asked.data(pool), count, split)
    return show_neighbours(model, drawing, found)


def show_neighbours(model: SketchRNN, own: Drawing, found: Sequence[Drawing]) -> list[Drawing]:
    """Return a drawing and its neighbours in data units, so that all have one scale."""
    return [model.preparation.apply(one).with_metadata(box=None) for one in (own, *found)]


def _atlas(model: SketchRNN, asked: Asked) -> list[Any]:
    return model.atlas(
        asked.data(*asked.sources(1)),
        asked.whole("n", MOST_DRAWINGS, 1000) or 0,
        asked.text("split", "all") or "",
        asked.whole("columns", MOST_DRAWINGS),
        asked.text("method", "pca") or "",
        asked.sampling_seed(),
    )


def _pairs(model: SketchRNN, asked: Asked) -> list[Any]:
    data = asked.data(*asked.sources(1))
    if not isinstance(data, str):
        raise asked.refuse("sources", "names no data file")
    sampling = asked.sampling()
    sampling["temperature"] = asked.number("temperature")
    judged = model.judge_samples(
        data,
        asked.text("split", "test") or "",
        asked.whole("samples", MOST_DRAWINGS, 1) or 0,
        **sampling,
    )
    return show_pairs(judged)


PAIR_COLUMNS = 8


def show_pairs(judged: SampleMetrics) -> list[Any]:
    """Return rows: samples most like a training drawing, each above that drawing, at one size."""
    made, known = (
        [each.with_metadata(box=None, extent=None) for each in some]
        for some in (
            [pair.sample for pair in judged.pairs],
            [pair.training for pair in judged.pairs],
        )
    )
    return interleave_rows(made, known, PAIR_COLUMNS)


REPLAYS: dict[str, Callable[[SketchRNN, Asked], list[Any]]] = {
    "generate": _generate,
    "complete": _complete,
    "reconstruct": _reconstruct,
    "interpolate": _interpolate,
    "loop": _loop,
    "grid": _grid,
    "shift": _shift,
    "average": _average,
    "walk": _walk,
    "neighbours": _neighbours,
    "atlas": _atlas,
    "evaluate --pairs": _pairs,
    "plot": _generate,
}
"""Command -> what draws its drawings, or rows of them, again."""

SHOW = "data show"
"""The command that needs no model."""


def _show(asked: Asked) -> list[Any]:
    data = asked.data(*asked.sources(1))
    if not isinstance(data, str):
        raise asked.refuse("sources", "names no data file")
    count = asked.whole("n", MOST_DRAWINGS, 64) or 0
    category = asked.text("category")
    with open_data(data) as opened:
        if asked.flag("before_after"):
            examples = choose_examples(opened, count, category)
            return [one for example in examples for one in (example.before, example.after)]
        split = asked.text("split", "train") or ""
        return choose_some(opened, split, count, asked.sampling_seed(), category)


def _only(asked: Asked, source: Any) -> Drawing:
    drawings = asked.drawings(source)
    if len(drawings) != 1:
        raise asked.refuse("sources", f"holds {len(drawings)} drawings, and one is needed")
    return drawings[0]


def _ends(asked: Asked, count: int) -> list[Drawing]:
    ends = asked.given()
    if len(ends) != count:
        raise asked.refuse("given", f"holds {len(ends)} drawings, and {count} are needed")
    return ends


def _prepared(model: SketchRNN, asked: Asked) -> list[Drawing]:
    """Return what was to be drawn again, in data units."""
    if asked.recipe.get("given") is not None or asked.recipe.get("sources") is None:
        return asked.given()
    return [model.preparation.apply(one) for one in asked.drawings(*asked.sources(1))]


def _for_each(model: SketchRNN, asked: Asked, count: int) -> list[str] | None:
    category = asked.category()
    return None if category is None else share_out(category, count, model.categories)


_SHEET: dict[str, type] = {
    **dict.fromkeys(("paper", "margin", "size", "gap", "fit", "pen", "pen_by", "smooth"), str),
    **dict.fromkeys(("join", "order", "title"), str),
    **dict.fromkeys(("landscape", "turn_round"), bool),
    "columns": int,
    "pens": list,
}
"""What a recipe may say of a plotter sheet; `plot` checks the values."""


def _lay_out_sheet(drawings: list[Any], recipe: Mapping[str, Any], asked: Asked) -> PlotterSheet:
    settings = asked.mapping("sheet")
    for key, value in settings.items():
        if type(value) is not _SHEET.get(key):
            raise asked.refuse("sheet", f"has a {key[:40]} that is none")
    return plot(drawings, **settings, recipe=recipe)


def _find_model(asked: Asked, chosen: str | PathLike[str] | None) -> str | Path:
    """Return the model to draw with: a page from anybody must not make us open any folder."""
    if chosen is not None:
        return Path(chosen) if isinstance(chosen, PathLike) else chosen
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


def _compare(now: Mapping[str, Any], recipe: Mapping[str, Any], note: Note | None) -> None:
    """Tell what is not as it was."""
    for key, said in (
        ("weights", "the model's weights are others ({was}, now {now}): other drawings come"),
        ("sketchrnn", "the page was made by sketchrnn {was}, this is {now}"),
        ("numpy", "the page was made with NumPy {was}, this is {now}: last digits may differ"),
    ):
        was = recipe.get(key)
        if note is not None and key in now and was is not None and was != now[key]:
            line = said.format(was=str(was)[:40], now=now[key])
            note(" ".join(line.split()))


def _pick(drawings: list[Any], asked: Asked) -> list[Any]:
    """Return what a page shows of all: one of a folder's files, or a sheet of favourites."""
    position, picked = asked.whole("position", MOST_DRAWINGS), asked.wholes("picked")
    if position is not None:
        picked = [position]
    if picked is None:
        return drawings
    flat: list[Any] = []
    for each in drawings:
        flat += [each] if isinstance(each, Drawing) else [one for one in each if one is not None]
    if any(index >= len(flat) for index in picked):
        raise asked.refuse("picked", "names drawings that there are not")
    return [flat[index] for index in picked]
