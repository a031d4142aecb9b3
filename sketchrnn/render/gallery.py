"""Many drawings on one page: a grid, with title, captions and labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sketchrnn.drawing import BadSettingError, Drawing
from sketchrnn.render.color import mix
from sketchrnn.render.movie import MOVIES, Progress
from sketchrnn.render.page import Frame, Label, Movement, Page
from sketchrnn.render.paper import parse_paper
from sketchrnn.render.pdf import pages_to_pdf
from sketchrnn.render.placement import Cell, place
from sketchrnn.render.raster import Note, page_to_png
from sketchrnn.render.recipe import RECIPE_VERSION
from sketchrnn.render.save import Target, check_target, encode_page, write_target
from sketchrnn.render.sheets import cell_side, cut
from sketchrnn.render.style import Style, check_number
from sketchrnn.render.svg import page_to_svg
from sketchrnn.render.text_metrics import BOLD, clean, shorten, text_width, wrap
from sketchrnn.render.timeline import make_movement

CELL = 96
"""The side of a cell in px where the caller names none."""

RASTER_SCALE = 2.0
"""Pixels of a PNG for each px: captions are small, and screens are fine."""

SHOWN_POINTS = 200_000
"""The most points that a notebook is given as a picture: some 2 MB."""

_GENERATED = (
    "command",
    "model",
    "weights",
    "licence",
    "attribution",
    "sketchrnn",
    "numpy",
    "n",
    "temperature",
    "temperature_rule",
    "category",
    "max_steps",
    "seed",
)
"""What drawings that are generated together have in common."""

_SAMPLING = ("temperature", "temperature_rule", "seed")
_REQUEST = ("command", "n", "category", "max_steps")
"""What draws them again."""

_TITLE_SIZE = 16.0
_LABEL_SIZE = 11.0
_WIDEST_LABEL = 160.0
_NARROWEST_TITLE = 320.0  # a title may widen a small page to this before it is broken
_LEADING = 1.35  # from baseline to baseline, in font sizes
_CAP_HEIGHT = 0.72  # of the font size; half of it centres a line on a point
_MUTED = 0.58  # share of the ink in captions and labels
_FAINT = 0.14  # share of the ink in hairlines


@dataclass(frozen=True)
class Gallery:
    """Drawings on a page, not yet written. Made by `gallery`.

    Attributes:
        page: Where everything stands.
        scale: Pixels of a PNG for each px.
        movie_scale: Pixels of a movie for each px.
        sheets: The same on paper, cut between rows; none where no paper was named. They are what
            is written, but for HTML and movies, which have no paper.
    """

    page: Page
    scale: float = RASTER_SCALE
    movie_scale: float = 1.0
    sheets: tuple[Page, ...] = ()

    def to_svg(self) -> str:
        """Return the page as an SVG document."""
        return page_to_svg(self._sheet(".svg"))

    def to_png(self, note: Note | None = None) -> bytes:
        """Return the page as a PNG file.

        Args:
            note: Told when Pillow paints because libcairo is missing.

        Raises:
            BadSettingError: If the page is too large to be painted.
            MissingDependencyError: If neither libcairo nor Pillow is there.
        """
        return page_to_png(self._sheet(".png"), self.scale, note)

    def _sheet(self, suffix: str) -> Page:
        """Return what a file of a single page shows."""
        if len(self.sheets) > 1:
            raise BadSettingError(
                f"{len(self.sheets)} sheets of paper do not go into one {suffix}",
                hint="write .pdf, or take more columns or fewer drawings",
            )
        return self.sheets[0] if self.sheets else self.page

    def animate(
        self, seconds: float | None = None, hold: float = 2.0, flip: bool = False
    ) -> Gallery:
        """Return the page as one that draws itself: as SVG, and how it moves as a movie.

        Args:
            seconds: From the first stroke to the last; None: as long as a pen takes.
            hold: Seconds that a movie rests on the finished page before it begins again.
            flip: Whether drawings take turns in one place, as the frames of an interpolation,
                rather than each being drawn in its cell, all at once.

        Raises:
            BadSettingError: If a value cannot be used.
        """
        movement = make_movement({"seconds": seconds, "hold": hold, "flip": flip})
        recipe = self.page.recipe
        if recipe is not None:
            usual = dataclasses.asdict(Movement())
            asked = dataclasses.asdict(movement).items()
            recipe = {**recipe, "movement": {k: v for k, v in asked if v != usual[k]}}
        page, *sheets = (
            dataclasses.replace(page, movement=movement, recipe=recipe)
            for page in (self.page, *self.sheets)
        )
        return dataclasses.replace(self, page=page, sheets=tuple(sheets))

    def encode(
        self, suffix: str, note: Note | None = None, progress: Progress | None = None
    ) -> bytes:
        """Return the page as the bytes of a file of that suffix; see `save`."""
        if suffix == ".pdf" and self.sheets:
            return pages_to_pdf(self.sheets)
        scale = self.movie_scale if suffix in MOVIES else self.scale
        page = self._sheet(suffix) if suffix in (".svg", ".png") else self.page
        return encode_page(page, suffix, scale, note, progress)

    def save(
        self,
        path: Target,
        format: str | None = None,
        overwrite: bool = False,
        note: Note | None = None,
        progress: Progress | None = None,
    ) -> Path | None:
        """Write the page as .svg, .png, .pdf, .html, .gif, .mp4 or .webm.

        Args:
            path: The file to write, or a file object.
            format: Such as "svg"; None: the suffix of `path` says it. A file object needs it.
            overwrite: Whether a file that exists may be replaced.
            note: Told when Pillow paints a PNG because libcairo is missing.
            progress: Told how many frames of a movie are done, and of how many.

        Returns:
            The path; None for a file object.

        Raises:
            BadSettingError: If the format is unknown, or the page too large to be painted.
            OutputExistsError: If the file exists.
            MissingDependencyError: If the format needs something that is not installed.
        """
        suffix = check_target(path, format)
        return write_target(path, lambda: self.encode(suffix, note, progress), overwrite)

    def _repr_svg_(self) -> str | None:
        """Show as a picture in a notebook, unless it would make the notebook huge."""
        points = sum(len(stroke) for p in self.page.pictures for stroke in p.strokes)
        if points > SHOWN_POINTS:
            return None
        return page_to_svg(self.page) if len(self.sheets) > 1 else self.to_svg()


def gallery(
    drawings: Iterable[Drawing | None] | Iterable[Iterable[Drawing | None]],
    columns: int = 8,
    *,
    title: str | None = None,
    captions: Iterable[Any] | None = None,
    row_labels: Iterable[Any] | None = None,
    gap: float = 8.0,
    page_margin: float = 24.0,
    grid: bool = False,
    paper: str | tuple[float, float] | None = None,
    landscape: bool = False,
    recipe: Mapping[str, Any] | None = None,
    **style: Any,
) -> Gallery:
    """Lay drawings out on a page.

    Args:
        drawings: In reading order; or a list of rows, each a list of drawings. None leaves a cell
            empty. No drawings make a page with nothing but its title.
        columns: How many drawings stand side by side; not used where rows are given.
        title: Stands at the head of the page, and names the document.
        captions: One a drawing, in reading order, under its cell; None or "" for no caption.
        row_labels: One a row, to the left of it.
        gap: Between cells, in px.
        page_margin: Around everything, in px.
        grid: Draw a hairline around each cell.
        paper: "A4" and the like, "200x300mm", or (width, height) in mm: cells are as large as fills
            its width, unless `size` says otherwise, and a PDF gets as many sheets as it takes.
        landscape: Whether the paper lies on its longer side.
        recipe: How the drawings came about (model, seed, temperature, versions): JSON types. None:
            what drawings that a model generated say of themselves. With how the page is laid out
            it is written into the SVG's <metadata>, a PNG's text "recipe", a PDF's keywords, an
            HTML page; `sketchrnn redraw` makes the page again from it.
        **style: As `Style` takes; `size` is that of a cell, 96 px square where not given.

    Returns:
        The page, to be saved or shown.

    Raises:
        BadSettingError: If a style is unknown or cannot be used, or if there are not as many
            captions as drawings, or row labels as rows.

    >>> gallery([Drawing([[(0, 0), (9, 9)]])] * 3, columns=2).page.width
    248.0
    """
    layout = _noted(style, columns, title, captions, row_labels, gap, page_margin, grid)
    captions, row_labels = layout.get("captions"), layout.get("row_labels")
    if paper is not None:
        layout |= {"paper": paper} | ({"landscape": True} if landscape else {})
        if isinstance(paper, list):  # as a recipe has a pair
            paper = tuple(paper)
    elif landscape:
        raise BadSettingError("landscape is for paper", hint="name one, such as paper='A4'")
    sheet = None if paper is None else parse_paper(paper, landscape)
    look = Style.of(style, size=(CELL, CELL))
    gap = check_number("gap", gap, lowest=0)
    page_margin = check_number("page_margin", page_margin, lowest=0)
    rows, kept = _rows(drawings, columns)
    if recipe is None and not kept:
        recipe = recipe_of([drawing for row in rows for drawing in row if drawing is not None])
    if recipe is not None and "request" in recipe:  # so that it can be made again
        recipe = {key: value for key, value in recipe.items() if key != "page"}
        recipe |= {"page": layout} if layout else {}
    if sheet is not None and "size" not in style:
        widest = max((len(row) for row in rows), default=1) if kept else columns
        wanted = [text_width(clean(str(text)), _LABEL_SIZE) for text in row_labels or () if text]
        beside = math.ceil(min(_WIDEST_LABEL, max(wanted))) + 12 if wanted else 0
        side = cell_side(sheet, max(1, widest), gap, page_margin, beside)
        look = dataclasses.replace(look, size=(side, side))
    width, height = look.size
    count = sum(len(row) for row in rows)
    texts = _texts(captions, count, "captions", "drawing")
    labels = _texts(row_labels, len(rows), "row_labels", "row")
    ink = look.ink
    muted = mix(ink, look.background or "#ffffff", _MUTED)
    faint = mix(ink, look.background or "#ffffff", _FAINT)
    caption_size = min(13.0, max(8.0, round(width / 9.6 * 2) / 2))
    caption_room = round(1.5 * caption_size) if any(texts) else 0

    most = max((len(row) for row in rows), default=0)
    grid_width = most * width + max(0, most - 1) * gap
    label_width = min(
        _WIDEST_LABEL, max((text_width(text, _LABEL_SIZE) for text in labels), default=0.0)
    )
    left = page_margin + (math.ceil(label_width) + 12 if label_width else 0)
    content = left - page_margin + grid_width
    heading = clean(title) if title else ""
    title_width = math.ceil(text_width(heading, BOLD * _TITLE_SIZE))
    content = max(content, min(title_width, _NARROWEST_TITLE))

    marks: list[Label] = []
    y = page_margin
    for line in wrap(heading, BOLD * _TITLE_SIZE, content):
        baseline = y + _CAP_HEIGHT * _TITLE_SIZE
        marks.append(Label(line, page_margin, baseline, _TITLE_SIZE, ink, bold=True))
        y += round(_LEADING * _TITLE_SIZE)
    if heading and rows:
        y += round(0.6 * _TITLE_SIZE)

    cells: list[Cell] = []
    shown: list[Drawing] = []
    notes: list[dict[str, Any]] = []
    caption = iter(texts or [""] * count)
    for i, row in enumerate(rows):
        if i:
            y += gap
        if labels and labels[i]:
            text = shorten(labels[i], _LABEL_SIZE, _WIDEST_LABEL)
            middle = y + height / 2 + _CAP_HEIGHT * _LABEL_SIZE / 2
            marks.append(
                Label(text, page_margin, middle, _LABEL_SIZE, muted, whole=_cut(labels[i], text))
            )
        for j, drawing in enumerate(row):
            cell = Cell(left + j * (width + gap), y, width, height)
            words = next(caption)
            if words:
                text = shorten(words, caption_size, width)
                baseline = y + height + round(1.15 * caption_size, 1)
                center = cell.x + width / 2
                marks.append(
                    Label(
                        text,
                        center,
                        baseline,
                        caption_size,
                        muted,
                        anchor="middle",
                        whole=_cut(words, text),
                    )
                )
            if drawing is not None:
                cells.append(cell)
                shown.append(drawing)
                number = drawing.metadata.get("number")
                notes.append(
                    {
                        "cell": tuple(cell),
                        "caption": words or None,
                        "place": (i, j),
                        "number": number if isinstance(number, int) else None,
                    }
                )
        y += height + caption_room
    frames = tuple(Frame(*cell, faint) for cell in cells) if grid else ()
    page = Page(
        width=float(2 * page_margin + content) or 1.0,
        height=float(y + page_margin) or 1.0,
        ink=ink,
        stroke_width=look.pen,
        precision=look.precision,
        background=look.background,
        pictures=tuple(
            dataclasses.replace(picture, **note)
            for picture, note in zip(place(shown, cells, look), notes, strict=True)
        ),
        labels=tuple(marks),
        frames=frames,
        title=heading or None,
        recipe=recipe,
        columns=most if kept or any(labels) else 0,
        row_labels=tuple(labels),
        smooth=look.smooth,
    )
    sheets = () if sheet is None else cut(page, sheet, page_margin)
    return Gallery(page, look.scale or RASTER_SCALE, look.scale or 1.0, sheets)


def recipe_of(drawings: Sequence[Drawing]) -> dict[str, Any] | None:
    """Return how to generate drawings again, or else what a model's drawings say in common.

    Args:
        drawings: Those of `SketchRNN.generate`, or some of them: they can be drawn again. Of a
            model's other drawings: who drew them, in which manner, and whom to name.

    Returns:
        None if one of them is of another model, or of none.
    """
    if not drawings or not all(d.metadata.get("weights") for d in drawings):
        return None
    if any(d.metadata.get("command") != "generate" for d in drawings):
        return _common(drawings)
    first = {key: drawings[0].metadata.get(key) for key in _GENERATED}
    if any({key: d.metadata.get(key) for key in _GENERATED} != first for d in drawings):
        return _common(drawings)
    numbers: list[Any] = [drawing.metadata.get("number") for drawing in drawings]
    if not all(isinstance(number, int) for number in numbers):
        return _common(drawings)
    sampling = {key: first[key] for key in _SAMPLING if first[key] is not None}
    request = {key: first[key] for key in _REQUEST if first[key] is not None}
    if numbers != list(range(first["n"] or 0)):
        request["numbers"] = numbers
    origin = {key: first[key] for key in _GENERATED if key not in (*_REQUEST, *_SAMPLING)}
    return {"recipe": RECIPE_VERSION, **origin, "request": {**request, "sampling": sampling}}


def _common(drawings: Sequence[Drawing]) -> dict[str, Any] | None:
    """Return what drawings of one model have in common, which does not draw them again."""
    first = drawings[0].metadata
    same = {
        key: first[key]
        for key in _GENERATED
        if key not in _REQUEST
        and first.get(key) is not None
        and all(drawing.metadata.get(key) == first[key] for drawing in drawings)
    }
    return same if "weights" in same else None


def _noted(
    style: Mapping[str, Any],
    columns: int,
    title: str | None,
    captions: Iterable[Any] | None,
    row_labels: Iterable[Any] | None,
    gap: float,
    page_margin: float,
    grid: bool,
) -> dict[str, Any]:
    """Return what of a layout is not as by default; what is no list yet becomes one."""

    def listed(texts: Iterable[Any] | None) -> Any:
        if texts is None or isinstance(texts, str):
            return texts
        return [None if text is None else str(text) for text in texts]

    given = {
        "columns": (columns, 8),
        "title": (title, None),
        "captions": (listed(captions), None),
        "row_labels": (listed(row_labels), None),
        "gap": (gap, 8.0),
        "page_margin": (page_margin, 24.0),
        "grid": (grid, False),
    }
    return {key: value for key, (value, usual) in given.items() if value != usual} | dict(style)


def _rows(
    drawings: Iterable[Drawing | None] | Iterable[Iterable[Drawing | None]], columns: int
) -> tuple[list[list[Drawing | None]], bool]:
    """Return rows, and whether they were given as rows."""
    whole = isinstance(columns, int) and not isinstance(columns, bool)
    if not (whole and columns >= 1):
        raise BadSettingError(f"columns is {columns!r}, and must be a whole number above 0")
    items: list[Any] = [drawings] if isinstance(drawings, Drawing) else list(drawings)
    nested = [item for item in items if not (item is None or isinstance(item, Drawing))]
    if not nested:
        rows = [items[start : start + columns] for start in range(0, len(items), columns)]
        return rows, False
    try:
        rows = [[] if item is None else list(item) for item in items]
    except TypeError:
        raise BadSettingError(
            "drawings and rows of drawings are mixed", hint="give either drawings or rows of them"
        ) from None
    for cell in (cell for row in rows for cell in row):
        if not (cell is None or isinstance(cell, Drawing)):
            raise BadSettingError(f"expected drawings, got {type(cell).__name__}")
    return rows, True


def _texts(texts: Iterable[Any] | None, count: int, name: str, what: str) -> list[str]:
    if texts is None:
        return []
    if isinstance(texts, str):
        raise BadSettingError(f"{name} is one text", hint=f"give a list with one for each {what}")
    cleaned = ["" if text is None else clean(str(text)) for text in texts]
    if len(cleaned) != count:
        number = f"{count} {what}" if count == 1 else f"{count} {what}s"
        raise BadSettingError(f"there are {len(cleaned)} {name} for {number}")
    return cleaned


def _cut(whole: str, shown: str) -> str | None:
    return whole if whole != shown else None
