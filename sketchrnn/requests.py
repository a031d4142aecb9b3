"""One struct for each operation of a model: what a command, a script and a page have in common.

A command makes a request of its options, `Request.run` carries it out, and `Request.to_dict` is
what the page keeps of it. `redraw` reads it back: `from_dict(recipe).run(model)`. A page may come
from anybody, so `from_dict` checks names, types and bounds. Parameters, their defaults, their
bounds and their help stand here alone; the command line makes its options of them.

>>> request = Generate(n=2, sampling=Sampling(temperature=0.5, seed=7))
>>> request.to_dict()
{'command': 'generate', 'n': 2, 'sampling': {'temperature': 0.5, 'seed': 7}}
>>> from_dict(request.to_dict()) == request
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sketchrnn.drawing import BadFileError, BadSettingError, Drawing
from sketchrnn.recipe_inputs import (
    MAX_DRAWINGS,
    AnyInput,
    DataInput,
    DrawingsInput,
    InputResolver,
    Number,
)
from sketchrnn.render.recipe import RECIPE_VERSION

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN
    from sketchrnn.data import DataFile
    from sketchrnn.data.examples import Example
    from sketchrnn.render.gallery import Gallery
    from sketchrnn.render.plotter import PlotterSheet
    from sketchrnn.training.samples import SampleMetrics

MAX_STEPS = 10_000
MAX_TOTAL_STEPS = 1_000_000_000
"""The most steps that a request of a page may let a model draw, over all its drawings."""

Page = list[Any]
"""Drawings, or rows of them."""


def _help(text: str, *flags: str, **bounds: Any) -> Meta:
    """Describe a field: its help, the flags of its option where they are not its name, bounds."""
    return Meta(description=text, extra={"flags": flags} if flags else {}, **bounds)


def _count(text: str, most: int = MAX_DRAWINGS, least: int = 1) -> Any:
    """Return the type of a number of drawings, which is asked for by -n."""
    return Annotated[int, _help(text, "-n", "number", ge=least, le=most)]


Course = Number | Annotated[list[Number], Meta(min_length=2, max_length=3)]
Temperature = Course | dict[Literal["pi", "pen", "sigma"], Course]
"""A number; FIRST, LAST and perhaps STEPS; or one of either for each of pi, pen and sigma."""

Seed = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Steps = Annotated[int, _help("The most steps of a drawing.", ge=1, le=MAX_STEPS)]
CategoryNames = (
    Annotated[str, Meta(max_length=1000)]
    | Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=MAX_DRAWINGS)]
)
SplitName = Literal["train", "valid", "test", "all"]
Frames = Annotated[int, _help("How many drawings.", ge=1, le=10_000)]
Method = Annotated[
    Literal["slerp", "lerp"],
    _help("Interpolate along a sphere (slerp) or in a straight line (lerp)."),
]


class Sampling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a model draws.

    Attributes:
        temperature: tau; None: the operation's own default.
        temperature_rule: What it acts on.
        seed: Of everything random; None: a fresh one.
    """

    temperature: Temperature | None = None
    temperature_rule: Literal["paper", "magenta", "js"] = "paper"
    seed: Seed | None = None

    def settings(self) -> dict[str, Any]:
        """Return keyword arguments of the methods of `SketchRNN`."""
        given = {"temperature_rule": self.temperature_rule, "seed": self.seed}
        return given if self.temperature is None else {"temperature": self.temperature, **given}


class Request(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="command",
):
    """An operation with all its settings; see the module."""

    needs_model: ClassVar[bool] = True
    """Whether a model carries it out."""

    def run(self, model: Any, inputs: InputResolver | None = None) -> Page:
        """Carry it out.

        Args:
            model: A `SketchRNN`; None where the request needs none.
            inputs: Finds the drawings that the request names.

        Returns:
            Drawings, or rows of them.

        Raises:
            BadSettingError: If a setting does not suit the model.
            BadDrawingError: If a drawing cannot be used.
            BadFileError: If an input cannot be found.
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON types, which `from_dict` reads; defaults are omitted."""
        return cast(dict[str, Any], msgspec.to_builtins(self))

    def num_drawn(self) -> int:
        """Return how many drawings the model draws for it, besides those it draws and drops."""
        return 0

    def attempts(self) -> int:
        """Return how often a drawing is drawn, at the most, until one is kept."""
        return 1

    def passes(self) -> int:
        """Return how often the model reads each drawing that is given."""
        return 1

    def max_total_steps(self, longest: int) -> int:
        """Return the most steps that the model goes for it, in what it draws and what it reads.

        Args:
            longest: The most steps of a drawing: the network's N_max.
        """
        fields = [getattr(self, name) for name in self.__struct_fields__]
        given = [
            part for field in fields for part in (field if isinstance(field, list) else [field])
        ]
        read = sum(s.max_steps(longest) for s in given if isinstance(s, DrawingsInput))
        drawn = self.num_drawn() * self.attempts() * (getattr(self, "max_steps", None) or longest)
        return int(drawn + read * self.passes())


class _Sampled(Request, frozen=True, kw_only=True):
    """A request that draws with random numbers."""

    sampling: Sampling = Sampling()


class Choice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept of what a model draws; see `SketchRNN.generate`."""

    best_of: (
        Annotated[int, _help("Keep the likeliest of so many for each drawing.", ge=1, le=100)]
        | None
    ) = None
    blank: bool = True
    min_strokes: Annotated[int, _help("Keep no drawing with fewer strokes.", ge=0)] | None = None
    max_strokes: Annotated[int, _help("Keep no drawing with more strokes.", ge=0)] | None = None
    min_points: Annotated[int, _help("Keep no drawing with fewer points.", ge=0)] | None = None
    max_points: Annotated[int, _help("Keep no drawing with more points.", ge=0)] | None = None
    min_size: Annotated[Number, _help("The shortest longer side, in data units.")] | None = None
    max_size: Annotated[Number, _help("The longest longer side, in data units.")] | None = None
    novel_to: DataInput | None = None
    novelty: (
        Annotated[
            Number,
            _help("A drawing nearer than this is a copy, as a share of its size; otherwise 0.01."),
        ]
        | None
    ) = None
    diverse: Annotated[bool, _help("Choose drawings that differ from each other.")] = False

    def settings(self, inputs: InputResolver | None) -> dict[str, Any]:
        """Return keyword arguments of `SketchRNN.generate`: what is not as by default."""
        given = {f: getattr(self, f) for f in self.__struct_fields__ if f != "novel_to"}
        chosen = {k: v for k, v in given.items() if v is not None and not (k == "blank" and v)}
        if not chosen["diverse"]:
            del chosen["diverse"]
        if self.novel_to is not None:
            chosen["novel_to"] = _resolver(inputs).data(self.novel_to)
        return chosen


class Generate(_Sampled, frozen=True, tag="generate"):
    """Draw something new.

    Attributes:
        numbers: Of the drawings, which are kept, in this order; None: all.
        sheet: How `plot` lays them out; None: they are no plotter sheet.
    """

    n: Annotated[int, _help("How many drawings.", "-n", "number", ge=1, le=MAX_DRAWINGS)] = 1
    category: CategoryNames | None = None
    max_steps: Steps | None = None
    choice: Choice | None = None
    numbers: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(max_length=MAX_DRAWINGS)] | None = (
        None
    )
    sheet: Sheet | None = None

    def run(
        self, model: SketchRNN, inputs: InputResolver | None = None, report: Any = None
    ) -> Page:
        """Let the model draw; see `Request.run`. `report` is called with what was left out."""
        drawings = model.generate(
            self.n,
            category=self.category,
            max_steps=self.max_steps,
            **self.sampling.settings(),
            **({} if self.choice is None else self.choice.settings(inputs)),
            **({} if report is None else {"report": report}),
        )
        if self.numbers is None:
            return drawings
        if any(number >= len(drawings) for number in self.numbers):
            raise BadSettingError("the recipe numbers drawings that there are not")
        return [drawings[number] for number in self.numbers]

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.n

    def attempts(self) -> int:
        """See `Request.attempts`."""
        choice = self.choice or Choice()
        return (choice.best_of or 1) * (4 if choice.diverse else 1)


class Sheet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How `render.plotter.plot` lays drawings out; it says what each value means."""

    paper: str | UnsetType = UNSET
    landscape: bool | UnsetType = UNSET
    margin: str | UnsetType = UNSET
    columns: int | UnsetType = UNSET
    size: str | UnsetType = UNSET
    gap: str | UnsetType = UNSET
    fit: str | UnsetType = UNSET
    pen: str | UnsetType = UNSET
    pens: list[str] | UnsetType = UNSET
    pen_by: str | UnsetType = UNSET
    smooth: str | UnsetType = UNSET
    join: str | UnsetType = UNSET
    order: str | UnsetType = UNSET
    turn_round: bool | UnsetType = UNSET
    title: str | UnsetType = UNSET

    def settings(self) -> dict[str, Any]:
        """Return keyword arguments of `plot`."""
        return cast(dict[str, Any], msgspec.to_builtins(self))


class Complete(_Sampled, frozen=True, tag="complete"):
    """Finish a drawing in several ways."""

    partial: DrawingsInput
    n: _count("How many endings.", 10_000) = 9  # type: ignore[valid-type]
    open: Annotated[bool, _help("Go on from the middle of the last stroke.")] = False
    canvas: (
        Annotated[
            Number,
            _help(
                "The side of the canvas that a whole drawing fills, in PARTIAL's units. Otherwise "
                "what PARTIAL says of it, or else the size at which the model finds it likeliest."
            ),
        ]
        | None
    ) = None
    scale: (
        Annotated[
            Number,
            _help("How many data units of the model one unit of PARTIAL is; in place of --canvas."),
        ]
        | None
    ) = None
    like: DrawingsInput | None = None
    z: Annotated[
        Literal["fitting", "prior", "own"],
        _help(
            "What the drawing may become: what PARTIAL makes probable (fitting), "
            "anything (prior), or "
            "what PARTIAL is by itself (own)."
        ),
    ] = "fitting"
    category: CategoryNames | None = None
    max_steps: (
        Annotated[int, _help("The most steps of a whole drawing.", ge=1, le=MAX_STEPS)] | None
    ) = None

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Finish the drawing; see `Request.run`."""
        found = _resolver(inputs)
        return model.complete(
            found.only(self.partial),
            self.n,
            open=self.open,
            canvas=self.canvas,
            scale=self.scale,
            z=self.z,
            like=None if self.like is None else found.drawings(self.like),
            category=self.category,
            max_steps=self.max_steps,
            **self.sampling.settings(),
        )

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return int(self.n)

    def attempts(self) -> int:
        """See `Request.attempts`: an ending that does not end is drawn again three times."""
        return 4

    def passes(self) -> int:
        """See `Request.passes`: the beginning is rated under many codes z, at many sizes."""
        return 1024


class Reconstruct(_Sampled, frozen=True, tag="reconstruct"):
    """Draw drawings again.

    Attributes:
        columns: Of a page, in whose rows each drawing stands above its reconstruction.
        pairs: Whether there are such rows; False: the reconstructions alone.
    """

    drawings: DrawingsInput
    category: CategoryNames | None = None
    columns: Annotated[int, Meta(ge=1, le=MAX_DRAWINGS)] = 8
    pairs: bool = True

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Reconstruct the drawings; see `Request.run`."""
        from sketchrnn.render.layout import interleave_rows

        came = _resolver(inputs).drawings(self.drawings)
        given = [model.preparation.apply(drawing) for drawing in came]
        again = model.reconstruct(
            given, prepare=False, category=self.category, **self.sampling.settings()
        )
        if not self.pairs:
            return again
        shown = [drawing.with_metadata(box=None) for drawing in given]  # all at one scale
        return interleave_rows(shown, again, self.columns)

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.drawings.count


class _Way(_Sampled, frozen=True, kw_only=True):
    """A way between drawings in the latent space."""

    ends: DrawingsInput
    category: CategoryNames | None = None
    method: Method = "slerp"

    def _settings(self, model: SketchRNN, count: int) -> dict[str, Any]:
        from sketchrnn.sampling.categories import share_out

        category = self.category
        return {
            "method": self.method,
            "prepare": False,
            "category": category and share_out(category, count, model.categories),
            **self.sampling.settings(),
        }

    def _find_ends(self, model: SketchRNN, inputs: InputResolver | None) -> list[Drawing]:
        return [model.preparation.apply(one) for one in _resolver(inputs).drawings(self.ends)]


class Interpolate(_Way, frozen=True, tag="interpolate"):
    """Draw the way from one drawing to another."""

    frames: Frames = 10

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw the way; see `Request.run`."""
        ends = self._find_ends(model, inputs)
        if len(ends) != 2:
            raise BadSettingError(f"a way has two ends, and {len(ends)} drawings are given")
        return model.interpolate(ends[0], ends[1], self.frames, **self._settings(model, 2))

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.frames


class Loop(_Way, frozen=True, tag="loop"):
    """Draw a way through drawings that comes back to the first."""

    frames: Frames = 24

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw the way; see `Request.run`."""
        ends = self._find_ends(model, inputs)
        return model.loop(ends, self.frames, **self._settings(model, len(ends)))

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.frames


class Grid(_Way, frozen=True, tag="grid"):
    """Draw what lies between four drawings."""

    rows: Annotated[int, Meta(ge=2, le=MAX_DRAWINGS)] = 5
    columns: Annotated[int, Meta(ge=2, le=MAX_DRAWINGS)] = 5

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw the grid; see `Request.run`."""
        if self.rows * self.columns > MAX_DRAWINGS:
            raise BadSettingError(
                f"{self.rows} rows of {self.columns} are more than {MAX_DRAWINGS:,} drawings"
            )
        corners = self._find_ends(model, inputs)
        return model.grid(corners, self.rows, self.columns, **self._settings(model, len(corners)))

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.rows * self.columns


class Shift(_Sampled, frozen=True, tag="shift"):
    """Draw drawings moved by the difference of two sets."""

    drawings: DrawingsInput
    away: DrawingsInput
    towards: DrawingsInput
    strength: Annotated[list[Number], Meta(min_length=1, max_length=1000)] = msgspec.field(
        default_factory=lambda: [1.0]
    )
    category: CategoryNames | None = None

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw them; a row for each strength if there are several; see `Request.run`."""
        found = _resolver(inputs)
        moved, away, towards = map(found.drawings, (self.drawings, self.away, self.towards))
        if len(self.strength) * len(moved) > MAX_DRAWINGS:
            raise BadSettingError(f"these are more than {MAX_DRAWINGS:,} drawings")
        rows = [
            model.shift(
                moved, away, towards, one, category=self.category, **self.sampling.settings()
            )
            for one in self.strength
        ]
        return rows if len(rows) > 1 else rows[0]

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.drawings.count * len(self.strength)

    def passes(self) -> int:
        """See `Request.passes`."""
        return len(self.strength)


class Average(_Sampled, frozen=True, tag="average"):
    """Draw what several drawings have in common."""

    drawings: list[DrawingsInput]
    n: _count("How many drawings.") = 4  # type: ignore[valid-type]
    category: CategoryNames | None = None

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw it; see `Request.run`."""
        found = _resolver(inputs)
        drawings = [drawing for source in self.drawings for drawing in found.drawings(source)]
        return model.average(drawings, self.n, category=self.category, **self.sampling.settings())

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return int(self.n)


class Walk(_Sampled, frozen=True, tag="walk"):
    """Draw a random walk."""

    start: DrawingsInput | None = None
    frames: Frames = 16
    stride: Annotated[
        float,
        _help(
            "How far each frame is from the one before: 0 is no change, 1 is unrelated.", ge=0, le=1
        ),
    ] = 0.3
    category: str | None = None

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Draw it; see `Request.run`."""
        start = None if self.start is None else _resolver(inputs).only(self.start)
        return model.walk(
            start, self.frames, self.stride, category=self.category, **self.sampling.settings()
        )

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.frames


class Neighbours(Request, frozen=True, tag="neighbours"):
    """Find the drawings that are most like one."""

    drawing: DrawingsInput
    data: AnyInput
    n: _count("How many drawings.") = 8  # type: ignore[valid-type]
    split: Annotated[SplitName, _help("The split of a data file that is taken.")] = "all"

    def run(
        self, model: SketchRNN, inputs: InputResolver | None = None, progress: Any = None
    ) -> Page:
        """Return the drawing and its neighbours in data units; see `Request.run`."""
        found = _resolver(inputs)
        own = found.only(self.drawing)
        near = model.neighbours(own, found.pool(self.data), self.n, self.split, progress=progress)
        return [model.preparation.apply(one).with_metadata(box=None) for one in (own, *near)]


class Atlas(Request, frozen=True, tag="atlas"):
    """Lay drawings out so that neighbours are alike."""

    data: AnyInput
    n: _count("The most drawings, chosen at random.") = 1000  # type: ignore[valid-type]
    split: Annotated[SplitName, _help("The split of a data file that is taken.")] = "all"
    columns: Annotated[int, Meta(ge=1, le=MAX_DRAWINGS)] | None = None
    method: Annotated[
        Literal["pca", "tsne"],
        _help(
            "How drawings are laid out at first: tsne keeps neighbours together "
            "better than pca, takes "
            "longer, and needs scikit-learn.",
            "--map",
            "method",
        ),
    ] = "pca"
    seed: Annotated[int, _help("Seed of the random choice.", ge=0, le=(1 << 63) - 1)] = 0

    def run(
        self, model: SketchRNN, inputs: InputResolver | None = None, progress: Any = None
    ) -> Page:
        """Return rows of drawings; see `Request.run`."""
        pool = _resolver(inputs).pool(self.data)
        return cast(
            Page,
            model.atlas(
                pool, self.n, self.split, self.columns, self.method, self.seed, progress=progress
            ),
        )


class Pairs(_Sampled, frozen=True, tag="evaluate --pairs"):
    """Draw what is most like a training drawing above that drawing."""

    COLUMNS: ClassVar[int] = 8

    data: DataInput
    split: Literal["train", "valid", "test"] = "test"
    samples: Annotated[int, Meta(ge=1, le=MAX_DRAWINGS)] = 200

    def run(self, model: SketchRNN, inputs: InputResolver | None = None) -> Page:
        """Let the model draw, and return rows; see `Request.run`."""
        if isinstance(self.sampling.temperature, (list, dict)):
            raise BadSettingError("the temperature of an evaluation is one number")
        data = _resolver(inputs).data(self.data)
        settings = self.sampling.settings()
        return self.rows(model.judge_samples(data, self.split, self.samples, **settings))

    @classmethod
    def rows(cls, metrics: SampleMetrics) -> Page:
        """Return rows: samples, and below each the training drawing nearest to it, at one size."""
        from sketchrnn.render.layout import interleave_rows

        samples = [pair.sample.with_metadata(box=None, extent=None) for pair in metrics.pairs]
        training = [pair.training.with_metadata(box=None, extent=None) for pair in metrics.pairs]
        return interleave_rows(samples, training, cls.COLUMNS)

    def num_drawn(self) -> int:
        """See `Request.num_drawn`."""
        return self.samples


class Show(Request, frozen=True, tag="data show"):
    """Choose drawings of a data file."""

    needs_model: ClassVar[bool] = False

    data: DataInput
    n: Annotated[int, _help("How many drawings.", "-n", "count", ge=1, le=MAX_DRAWINGS)] = 64
    split: Annotated[SplitName, _help("The split to choose from.")] = "train"
    seed: Annotated[int, _help("Seed of the random choice.", ge=0, le=(1 << 63) - 1)] = 0
    category: Annotated[str, _help("Choose from one category.")] | None = None
    before_after: Annotated[
        bool,
        _help(
            "Draw examples as they came beside what the data file keeps of them, every point "
            "marked."
        ),
    ] = False

    def run(self, model: Any = None, inputs: InputResolver | None = None) -> Page:
        """Return the drawings, or examples before and after by turns; see `Request.run`."""
        from sketchrnn.data import open_data

        with open_data(_resolver(inputs).data(self.data)) as file:
            if self.before_after:
                return [one for e in self.choose_examples(file) for one in (e.before, e.after)]
            return self.choose(file)

    def choose(self, file: DataFile) -> list[Drawing]:
        """Choose at most `n` drawings at random; they come in the order of the file.

        Raises:
            BadFileError: If there is no such split.
            BadSettingError: If there is no such category.
        """
        import numpy as np

        self._check_category(file)
        pool: Any = file if self.split == "all" else file[self.split]
        indices = np.arange(len(pool))
        if self.category is not None:
            parts = list(file.splits.values()) if self.split == "all" else [pool]
            wanted = file.categories.index(self.category)
            numbers = np.concatenate([part.categories for part in parts])
            indices = np.flatnonzero(numbers == wanted)
        chosen = np.random.default_rng(self.seed).permutation(indices)[: self.n]
        return [pool[int(index)] for index in sorted(chosen)]

    def choose_examples(self, file: DataFile) -> list[Example]:
        """Return the first examples of drawings before and after the conversion.

        Raises:
            BadFileError: If the file holds none.
            BadSettingError: If there is no such category.
        """
        self._check_category(file)
        own = self.category
        examples = [e for e in file.examples if own is None or e.after.category == own]
        if not examples:
            what = "of that category " if own is not None else ""
            raise BadFileError(
                f"holds no examples {what}from before the conversion",
                path=file.path,
                hint="convert the drawings again" if own is None else "omit --category",
            )
        return examples[: self.n]

    def _check_category(self, file: DataFile) -> None:
        if self.category is not None and self.category not in file.categories:
            raise BadSettingError(
                f"has no category {self.category!r}",
                path=Path(file.path),
                hint=f"choose one of {', '.join(file.categories[:10]) or 'none'}",
            )


AnyRequest = (
    Generate | Complete | Reconstruct | Interpolate | Loop | Grid | Shift | Average | Walk
    | Neighbours | Atlas | Pairs | Show
)  # fmt: skip


def from_dict(values: object) -> Request:
    """Return the request that `Request.to_dict` wrote, checked: it may come from anybody.

    Raises:
        BadSettingError: If the command or a key is unknown, or a value has another type or is out
            of its bounds.
    """
    try:
        return msgspec.convert(values, AnyRequest)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        problem = " ".join(str(error).replace("`", "").replace("$", "request").split())
        raise BadSettingError(f"request: {problem}") from error


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of all requests."""
    return msgspec.json.schema(AnyRequest)


def page_recipe(
    request: Request, model: SketchRNN | None, name: str | None = None
) -> dict[str, Any]:
    """Return what a page keeps: the request, who draws, whom to name, and the versions.

    Args:
        request: What the page shows.
        model: What drew it; None where no model did.
        name: How the model was named, if its folder has no name.
    """
    recipe: dict[str, Any] = {"recipe": RECIPE_VERSION}
    if model is not None:
        data = model.provenance.get("data") or {}
        recipe |= {
            "model": model.name or (name and Path(name).name),
            "model_step": model.provenance.get("step"),
            "weights": model.fingerprint,
            "licence": data.get("licence"),
            "attribution": data.get("attribution"),
        }
    return {**recipe, **_versions(), "request": request.to_dict()}


def _versions() -> dict[str, Any]:
    """Return the versions that decide about the last digit."""
    import numpy as np

    from sketchrnn import __version__

    return {"sketchrnn": __version__, "numpy": np.__version__}


def _resolver(inputs: InputResolver | None) -> InputResolver:
    return InputResolver() if inputs is None else inputs


# A page again


class _Recipe(Struct, frozen=True, kw_only=True):
    """What `redraw` takes out of a page; other keys do not come into the new one."""

    recipe: int
    request: Any
    model: str | None = None
    model_step: int | None = None
    licence: str | None = None
    attribution: str | None = None
    data: str | None = None
    fingerprint: str | None = None
    number: int | None = None
    weights: str | None = None
    sketchrnn: str | None = None
    numpy: str | None = None
    picked: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(max_length=MAX_DRAWINGS)] | None = None
    position: Annotated[int, Meta(ge=0, le=MAX_DRAWINGS)] | None = None
    page: dict[str, Any] = msgspec.field(default_factory=dict)
    movement: dict[str, Any] | None = None


Note = Callable[[str], None]


def redraw(
    page: str | PathLike[str],
    model: SketchRNN | str | PathLike[str] | None = None,
    data: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    note: Note | None = None,
    allow: Callable[[int, int], None] | None = None,
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
        note: Called with a line for what is not as it was: another version, other weights.
        allow: Called before anything is drawn with the most steps that the recipe asks for and the
            model's number of weights; it may raise an error to refuse.

    Returns:
        The page, to be saved or shown; a plotter sheet if it was one.

    Raises:
        BadFileError: If there is no recipe, or it cannot be followed; if what the page was made
            from is gone or has changed.
    """
    from sketchrnn.render.recipe import read_recipe

    whole, _ = read_recipe(page)
    recipe, request = _read(whole, page)
    given = [data] if isinstance(data, (str, PathLike)) else list(data)
    inputs = InputResolver(page, given)
    loaded: SketchRNN | None = None
    if request.needs_model:
        from sketchrnn.api import SketchRNN, load

        loaded = model if isinstance(model, SketchRNN) else load(_find_model(recipe, page, model))
        steps = request.max_total_steps(loaded.config.max_seq_len)
        if steps > MAX_TOTAL_STEPS:
            raise BadFileError(
                f"asks for up to {steps:,} steps of the pen", path=page, where="recipe"
            )
        if allow is not None:
            allow(steps, sum(array.size for array in loaded.weights.values()))
    try:
        drawings = request.run(loaded, inputs)
        inputs.check_used()
        now = page_recipe(request, loaded)
        _compare(now, recipe, note)
        drawings = _pick(drawings, recipe)
        known = set(_Recipe.__struct_fields__) - {"page", "movement"}  # which are noted anew
        kept = {key: value for key, value in whole.items() if key in known}
        other = "weights" in now and now["weights"] != recipe.weights  # so its licence, too
        new = {key: value for key, value in now.items() if key != "request"}
        kept |= {key: value for key, value in new.items() if other or key in kept}
        return _lay_out(drawings, kept, recipe, request)
    except BadSettingError as error:
        raise BadFileError(error.problem, path=page, where="recipe", hint=error.hint) from error


def _read(whole: Mapping[str, Any], page: str | PathLike[str]) -> tuple[_Recipe, Request]:
    """Check a recipe.

    Raises:
        BadFileError: If it is of another version, made by a script, or wrong.
    """
    if whole.get("recipe") != RECIPE_VERSION:
        script = "weights" in whole and not {"recipe", "request", "command"} & set(whole)
        raise BadFileError(
            "was made by a script, which is not made again from a recipe"
            if script
            else "has a recipe of another version of sketchrnn, which is not read",
            path=page,
            where="recipe",
            hint="make the page again by its command",
        )
    try:
        recipe = msgspec.convert(dict(whole), _Recipe)
        request = from_dict(recipe.request)
    except BadSettingError as error:
        raise BadFileError(error.problem, path=page, where="recipe") from error
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        problem = str(error).replace("`", "").replace("$.", "")
        raise BadFileError(problem, path=page, where="recipe") from error
    return recipe, request


def _find_model(
    recipe: _Recipe, page: str | PathLike[str], chosen: str | PathLike[str] | None
) -> str | Path:
    """Return the model to draw with: a page from anybody must not make us open any folder."""
    from sketchrnn.model.folder import shipped_models

    if chosen is not None:
        return Path(chosen) if isinstance(chosen, PathLike) else chosen
    shipped = shipped_models()
    name = recipe.model
    if name in shipped:
        return shipped[name]
    raise BadFileError(
        f"was drawn by the model {name[:80]!r}, which does not come with sketchrnn"
        if name
        else "does not say which model drew it",
        path=page,
        hint="name its folder with --model",
    )


def _compare(now: Mapping[str, Any], recipe: _Recipe, note: Note | None) -> None:
    """Say what is not as it was."""
    if note is None:
        return
    for was, key, line in (
        (recipe.weights, "weights", "the model's weights are others ({was}, now {now}): other "
                                    "drawings come"),
        (recipe.sketchrnn, "sketchrnn", "the page was made by sketchrnn {was}, this is {now}"),
        (recipe.numpy, "numpy", "the page was made with NumPy {was}, this is {now}: last digits "
                                "may differ"),
    ):  # fmt: skip
        if was is not None and key in now and was != now[key]:
            note(" ".join(line.format(was=was[:40], now=now[key]).split()))


def _pick(drawings: Page, recipe: _Recipe) -> Page:
    """Return what a page shows of all: one of a folder's files, or a sheet of favourites."""
    picked = recipe.picked if recipe.position is None else [recipe.position]
    if picked is None:
        return drawings
    flat = list(flatten(drawings))
    if any(index >= len(flat) for index in picked):
        raise BadSettingError("picks drawings that there are not")
    return [flat[index] for index in picked]


def flatten(drawings: Sequence[Any]) -> Iterator[Drawing]:
    """Yield the drawings of a list, or of rows with gaps."""
    for item in drawings:
        yield from [item] if isinstance(item, Drawing) else (one for one in item if one is not None)


def _lay_out(
    drawings: Page, kept: dict[str, Any], recipe: _Recipe, request: Request
) -> Gallery | PlotterSheet:
    from sketchrnn.render.layout import make_page
    from sketchrnn.render.timeline import make_movement

    if isinstance(request, Generate) and request.sheet is not None:
        from sketchrnn.render.plotter import plot

        return plot(drawings, **request.sheet.settings(), recipe=kept)
    movement = None if recipe.movement is None else vars(make_movement(recipe.movement))
    return make_page(drawings, kept, _checked_layout(recipe.page), movement)


def _checked_layout(layout: dict[str, Any]) -> dict[str, Any]:
    """Return how the page is laid out: of the right types; `gallery` checks the values."""
    for key, kind in {"title": str, "captions": list, "row_labels": list}.items():
        if not isinstance(layout.get(key), (kind, type(None))):
            raise BadSettingError(f"the page has a {key} that is none")
    if "drawings" in layout or "recipe" in layout:
        raise BadSettingError("the page is no layout")
    return layout
