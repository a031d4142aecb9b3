"""What a command writes: a page, a movie, a folder of pictures; and the options of it."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn import requests
from sketchrnn.cli.options import counted, drawing, note
from sketchrnn.cli.progress import progress_bar

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN
    from sketchrnn.drawing import Drawing
    from sketchrnn.recipe_inputs import InputResolver
    from sketchrnn.render import Gallery

Command = Callable[..., Any]


def movement_options(command: Command) -> Command:
    """Add how a page moves to a command."""
    for option in (
        click.option(
            "--flip/--no-flip",
            default=None,
            help="In a movie, show drawings one after another in the same place.",
        ),
        click.option(
            "--seconds",
            type=float,
            help="How long the drawing takes; otherwise as long as a pen does.",
        ),
        click.option(
            "--animate", is_flag=True, help="Make an SVG that draws itself, stroke by stroke."
        ),
    ):
        command = option(command)
    return command


def page_options(command: Command) -> Command:
    """Add -o and what a page looks like to a command, which gets them as `page`, a `PageOutput`."""

    @functools.wraps(command)
    def checked(*arguments: Any, **given: Any) -> Any:
        _check_format(given["suffix"], given["output"])
        own = {name: given.pop(name) for name in _PAGE_NAMES}
        look = {name: given.pop(name) for name in _LOOK_NAMES if name in given}
        page = PageOutput(**own, look={k: v for k, v in look.items() if v not in (None, False)})
        return command(*arguments, page=page, **given)

    checked_command: Command = movement_options(checked)
    for option in (
        click.option("--force", is_flag=True, help="Replace a file that exists."),
        click.option(
            "--landscape",
            is_flag=True,
            help="Turn the paper so that its longer side is at the bottom.",
        ),
        click.option(
            "--paper",
            help="Fill sheets of A2 to A6, letter, legal, tabloid or 200x300mm; PDF takes several.",
        ),
        click.option("--title", help="A title at the head of the page."),
        click.option("--color-by-order", is_flag=True, help="Colour the strokes by their order."),
        click.option(
            "--smooth",
            type=float,
            help="Draw smooth curves that stay within so many px of the strokes.",
        ),
        click.option("--stroke-width", type=float, help="The width of the strokes, in px."),
        click.option(
            "--columns", type=click.IntRange(min=1), help="How many drawings stand side by side."
        ),
        click.option(
            "--format",
            "suffix",
            type=click.Choice(["svg", "png", "pdf", "html"]),
            help="The format of the files in a folder; otherwise svg.",
        ),
        click.option(
            "-o",
            "--output",
            required=True,
            metavar="OUT",
            help="A page .svg, .png, .pdf or .html; a movie .gif, .mp4 or .webm; a folder, with / "
            "at its end, for one file a drawing; - for SVG on standard output.",
        ),
    ):
        checked_command = option(checked_command)
    return checked_command


def _check_format(suffix: str | None, output: str) -> None:
    """Refuse --format where the output's suffix tells another."""
    from sketchrnn.drawing import BadSettingError

    if suffix is None or (output != "-" and is_folder(output)):
        return
    if output == "-" or Path(output).suffix.lower() != f".{suffix}":
        raise BadSettingError(
            f"--format {suffix} is for the files in a folder", hint="write -o folder/"
        )


_PAGE_NAMES = ("output", "force", "columns", "suffix", "animate", "seconds", "flip")


_LOOK_NAMES = (
    *("title", "smooth", "stroke_width", "color_by_order", "paper", "landscape", "ending_color"),
)


def check_output(output: str, force: bool) -> None:
    """Refuse an output that exists or cannot be written, before any work is done."""
    from sketchrnn.drawing import BadSettingError, files
    from sketchrnn.render.save import check_suffix

    if output == "-":
        return
    if not output:
        raise BadSettingError("the name of the output is empty", hint="write -o page.svg")
    if is_folder(output):
        folder = Path(output)
        if folder.is_dir() and any(folder.iterdir()) and not force:
            files.check_output(folder)
        files.check_output(folder / "0001.svg", overwrite=True)
        return
    check_suffix(output)
    files.check_output(output, overwrite=force)


def is_folder(output: str) -> bool:
    """Tell whether an output asks for one file a drawing."""
    return output.endswith("/") or Path(output).is_dir()


@dataclasses.dataclass
class PageOutput:
    """Where drawings are written, and what the page looks like.

    Attributes:
        output: As the option -o says: a page, a movie, a folder, or - for standard output.
        force: Whether a file that exists is replaced.
        columns: Drawings side by side; None: as many as make a pleasant page.
        suffix: As the option --format says.
        animate: Whether an SVG draws itself.
        seconds: See `Gallery.animate`.
        flip: See `Gallery.animate`.
        look: As `render.gallery` takes, but for what is as by default.
    """

    output: str
    force: bool = False
    columns: int | None = None
    suffix: str | None = None
    animate: bool = False
    seconds: float | None = None
    flip: bool | None = None
    look: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether one file a drawing is written."""
        return self.output != "-" and is_folder(self.output)

    def check(self) -> None:
        """Refuse an output that exists or cannot be written; see `check_output`."""
        check_output(self.output, self.force)

    def write(
        self,
        drawings: Sequence[Drawing] | Sequence[Sequence[Drawing | None]],
        recipe: Mapping[str, Any],
        seed: int | None = None,
        columns: int | None = None,
        **look: Any,
    ) -> None:
        """Write drawings as a page, as one file each, or to standard output.

        Args:
            drawings: A list, or a list of rows.
            recipe: How to make the drawings again; kept in the metadata of what is written.
            seed: Told beside the output.
            columns: Drawings side by side where the user does not say.
            **look: As `render.gallery` takes, besides the options.
        """
        from sketchrnn.render.layout import make_page

        told = "" if seed is None else f"(seed {seed})"
        flat = list(requests.flatten(drawings))
        style = {**self.look, **look}
        if self.is_folder:
            alone = ("stroke_width", "smooth", "color_by_order", "ending_color")
            style = {key: style[key] for key in alone if key in style}
            ending = f".{self.suffix or 'svg'}"
            folder = Path(self.output)
            _write_folder(flat, folder, ending, self.force, recipe, style, self._movement(ending))
            click.echo(f"{counted(len(flat), 'drawing')} in {folder}  {told}".rstrip(), err=True)
            return
        columns = self.columns or columns
        if columns is None:
            columns = 8 if len(flat) > 9 else max(1, min(len(flat), 3 if len(flat) == 9 else 5))
        suffix = ".svg" if self.output == "-" else Path(self.output).suffix.lower()
        layout = {"columns": columns, **style}
        made = make_page(drawings, recipe, layout, self._movement(suffix))
        write_bytes(made, self.output, self.force)
        place = "standard output" if self.output == "-" else self.output
        click.echo(f"{place}  {told}".rstrip(), err=True)

    def _movement(self, suffix: str) -> dict[str, Any] | None:
        return asked_movement(suffix, self.animate, self.seconds, self.flip)


def draw_page(
    request: requests.Request,
    model: SketchRNN,
    name: str,
    page: PageOutput,
    inputs: InputResolver | None = None,
    *,
    columns: int | None = None,
    **look: Any,
) -> None:
    """Carry a request out and write its page.

    Args:
        request: What is wanted.
        model: What draws.
        name: As the user named it.
        page: Where to.
        inputs: What read the request's drawings.
        columns: Drawings side by side where the user does not say.
        **look: As `render.gallery` takes, besides the options.
    """
    with drawing(model):
        drawings = request.run(model, inputs)
    write_request(request, drawings, model, name, page, columns=columns, **look)


def write_request(
    request: requests.Request,
    drawings: Sequence[Any],
    model: SketchRNN,
    name: str,
    page: PageOutput,
    **look: Any,
) -> None:
    """Write the page of a request that was carried out; see `draw_page`."""
    sampling = getattr(request, "sampling", None)
    seed = getattr(request, "seed", None) if sampling is None else sampling.seed
    page.write(drawings, requests.page_recipe(request, model, name), seed, **look)


def asked_movement(
    suffix: str, animate: bool, seconds: float | None, flip: bool | None
) -> dict[str, Any] | None:
    """Return how a page is to move; None: it stands still, or moves as movies do by default.

    Raises:
        BadSettingError: If a kind of page that stands still is to move.
    """
    from sketchrnn.drawing import BadSettingError
    from sketchrnn.render.movie import MOVIES
    from sketchrnn.render.timeline import make_movement

    moves = suffix in MOVIES or animate
    if not moves and (seconds is not None or flip):
        raise BadSettingError(
            "--seconds and --flip are for what moves",
            hint="write .gif, .mp4 or .webm, or .svg with --animate",
        )
    if animate and suffix not in (".svg", *MOVIES):
        raise BadSettingError(f"{suffix} is not animated by --animate", hint="write .svg or .gif")
    asked = {"seconds": seconds, "flip": flip or None}
    given = {key: value for key, value in asked.items() if value is not None}
    make_movement(given)
    return given if moves and (animate or given) else None


def write_bytes(page: Gallery, output: str, force: bool) -> bytes:
    """Write a page to a file, or as SVG to standard output, and return what was written."""
    from sketchrnn.drawing.files import whole_file
    from sketchrnn.render.movie import MOVIES
    from sketchrnn.render.save import check_suffix

    suffix = ".svg" if output == "-" else check_suffix(output)
    bar = progress_bar("frames") if suffix in MOVIES else contextlib.nullcontext((None, None))
    with bar as (progress, _):
        content = page.encode(suffix, note, progress)
    if output == "-":
        click.echo(content, nl=False)
    else:
        with whole_file(output, overwrite=force) as beside:
            beside.write_bytes(content)
    return content


def _write_folder(
    drawings: Sequence[Drawing],
    folder: Path,
    suffix: str,
    force: bool,
    recipe: Mapping[str, Any],
    style: Mapping[str, Any],
    movement: Mapping[str, Any] | None,
) -> None:
    """Write one file a drawing; a folder that is new appears whole."""
    from sketchrnn.render.folder import save_pages
    from sketchrnn.render.layout import make_pages

    pages = make_pages(drawings, recipe, style, movement)
    digits = max(4, len(str(len(drawings))))  # so that they sort
    named = ((f"{count:0{digits}}", page) for count, page in enumerate(pages, 1))
    with progress_bar("pictures") as (progress, say):
        save_pages(
            named,
            folder,
            suffix,
            force,
            note=lambda line: say(f"sketchrnn: {line}"),
            progress=progress,
            total=len(drawings),
        )
