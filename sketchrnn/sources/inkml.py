"""InkML, the W3C's format of digital ink: what pens and tablets write.

Each `<trace>` is a stroke. A file is one drawing; but where several `<traceGroup>`s with traces
stand at the top level, each of them is a drawing of its own, and so are the traces outside them,
together. Views, brushes and mappings are not read, nor are traces within `<definitions>`.

Source: https://www.w3.org/TR/InkML/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadDrawingError, BadFileError, Drawing
from sketchrnn.sources.content import MAX_POINTS, MAX_XML_BYTES, NUMBER, OpenFile, read_whole, walk
from sketchrnn.sources.source import Item, Skip, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = 2.0
_TRUTH = "annotation truth"
_MAX_NOTES = 20  # of a drawing; they are copied to every drawing of a file
_MAX_NOTE = 500  # characters
_REFERENCES = ("contextRef", "traceFormatRef")
_ABSOLUTE, _FIRST, _SECOND = "!", "'", '"'
_VALUE = re.compile(rf"\s*+([!'\"])?+\s*+(?:({NUMBER})|(-?#[0-9A-Fa-f]++)|([TF*?]))")
_MAX_HEX = 16  # digits; a coordinate of a tablet has four


@dataclass(frozen=True)
class Channel:
    """One of the numbers that make a point.

    Args:
        name: X, Y, F for force, T for time, and others.
        type: "decimal", "integer", "double" or "boolean".
        reversed: Whether it grows the other way: X to the left, Y upwards.
    """

    name: str
    type: str = "decimal"
    reversed: bool = False


@dataclass(frozen=True)
class TraceFormat:
    """The regular channels of a point, in the order they are written in."""

    channels: tuple[Channel, ...]

    @cached_property
    def x(self) -> int | None:
        """The place of X."""
        return self._place("X")

    @cached_property
    def y(self) -> int | None:
        """The place of Y."""
        return self._place("Y")

    def _place(self, name: str) -> int | None:
        return next((i for i, channel in enumerate(self.channels) if channel.name == name), None)


DEFAULT_FORMAT = TraceFormat((Channel("X"), Channel("Y")))
"""What holds where a file states none: X to the right and Y downwards."""


def open_inkml(name: str, open_file: OpenFile, symbols: bool = False) -> Source:
    """Open an InkML file.

    Args:
        name: The file's name, for reports.
        open_file: Opens it for reading bytes.
        symbols: Give each labelled group of traces as a drawing of its own.
    """
    label = Path(name).name

    def read(skip: Skip) -> Iterator[Item]:
        try:
            drawings = read_inkml(read_whole(name, open_file, MAX_XML_BYTES), name, symbols)
        except BadFileError as error:
            skip(label, error)
            return
        for index, drawing in enumerate(drawings):
            yield Item(drawing, label if len(drawings) == 1 else f"{label}[{index}]")

    return Source(name, "longer_side", EPSILON, read)


def read_inkml(data: bytes, name: str, symbols: bool = False) -> list[Drawing]:
    """Make drawings of the content of an InkML file.

    Args:
        data: The file's content.
        name: Its name, for errors and for the metadata.
        symbols: Give each group of traces that has a label and names its traces, as in CROHME, as
            a drawing of its own.

    Returns:
        At least one drawing, in the units of the file, y down. Category: the annotation "truth".
        Metadata: source, and the annotations by their type, the first few.

    Raises:
        BadFileError: If it is not InkML, declares entities, has no traces, or one of them cannot
            be read.
    """
    reader = _Reader(name)
    walk(data, name, reader.start, reader.end, reader.text, kind="InkML")
    if symbols:
        reader.groups = reader.symbols()
        reader.loose = _Group()
    groups = [group for group in reader.groups if group.strokes]
    loose = reader.loose
    if not groups and not loose.strokes:
        what = "has no labelled symbols" if symbols else "has no traces"
        raise BadFileError(what, path=name, hint="choose another file")
    if (
        len(groups) == 1 and not symbols
    ):  # one group, and perhaps traces around it, in the order of the file
        groups = []
        loose = reader.everything
    found = [group for group in (loose, *groups) if group.strokes]
    try:
        return [
            Drawing(
                [np.concatenate(stroke) for stroke in group.strokes],
                group.notes.get(_TRUTH, reader.loose.notes.get(_TRUTH)),
                {"source": Path(name).name, **reader.loose.notes, **group.notes},
            )
            for group in found
        ]
    except BadDrawingError as error:
        raise BadFileError(error.problem, path=name, where=error.where) from None


@dataclass
class _Group:
    """What becomes a drawing."""

    strokes: list[list[Any]] = field(default_factory=list)  # each of the points of its traces
    notes: dict[str, str] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)  # the ids of traces that it names

    def note(self, kind: str, text: str) -> None:
        """Keep an annotation, the first of its kind, and not more than a drawing can carry."""
        if len(self.notes) < _MAX_NOTES:
            self.notes.setdefault(f"annotation {kind[:100]}", text.strip()[:_MAX_NOTE])


class _Reader:
    """Collects traces and what explains them while the elements of a file go by."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.loose = _Group()
        self.groups: list[_Group] = []
        self.everything = _Group()
        self._open: list[str] = []
        self._formats: list[TraceFormat] = [DEFAULT_FORMAT]  # of the elements that are open
        self._named: dict[str, TraceFormat] = {}  # of contexts and trace formats, by id
        self._channels: list[Channel] | None = None  # of the trace format that is open
        self._format_id = ""
        self._intermittent = False
        self._context_id: str | None = None
        self._attributes: dict[str, str] = {}  # of the trace or annotation that is open
        self._text: list[str] | None = None
        self._strokes_by_id: dict[str, list[Any]] = {}
        self._group_stack: list[_Group] = []  # of the trace groups that are open
        self._labelled: list[_Group] = []
        self._count = 0
        self._traces = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(":")[2]
        if not self._open and local != "ink":
            raise self._bad(f"is XML, but not InkML (its root is <{tag[:40]}>)")
        inherited = self._formats[-1]
        for key in _REFERENCES:
            inherited = self._referenced(attributes.get(key, ""), inherited)
        if local == "traceGroup":
            if self._depth_of_groups() == 0:
                self.groups.append(_Group())
            self._group_stack.append(_Group())
        elif local == "traceView" and self._group_stack:
            self._group_stack[-1].views.append(attributes.get("traceDataRef", "").lstrip("#"))
        elif local == "traceFormat":
            self._channels, self._intermittent = [], False
            self._format_id = attributes.get("xml:id") or attributes.get("id") or ""
        elif local == "context":
            self._context_id = attributes.get("xml:id") or attributes.get("id")
            self._keep(self._context_id, inherited)
        elif local == "channel" and self._channels is not None and not self._intermittent:
            self._channels.append(
                Channel(
                    attributes.get("name", ""),
                    attributes.get("type", "decimal"),
                    attributes.get("orientation", "+ve") == "-ve",
                )
            )
        elif local == "intermittentChannels":
            self._intermittent = True
        elif local in ("trace", "annotation"):
            self._attributes, self._text = attributes, []
        self._open.append(local)
        self._formats.append(inherited)

    def text(self, piece: str) -> None:
        if self._text is not None:
            self._text.append(piece)

    def end(self, tag: str) -> None:
        local = self._open.pop()
        own = self._formats.pop()
        if local == "traceFormat" and self._channels is not None:
            self._end_format()
        elif local == "traceGroup":
            group = self._group_stack.pop()
            if group.views and _TRUTH in group.notes:
                self._labelled.append(group)
        elif local == "context":
            self._context_id = None
            if "definitions" not in self._open:
                self._formats[-1] = own  # a context in the stream holds for what follows
        elif local == "intermittentChannels":
            self._intermittent = False
        elif local in ("trace", "annotation") and self._text is not None:
            text, self._text = "".join(self._text), None
            if "definitions" in self._open:
                return
            if local == "trace":
                self._end_trace(text, own)
            elif len(self._open) == 1 or (self._open[-1] == "traceGroup" and self.groups):
                group = self.loose if len(self._open) == 1 else self.groups[-1]
                group.note(self._attributes.get("type", "note"), text)
            if self._group_stack and local == "annotation":
                self._group_stack[-1].note(self._attributes.get("type", "note"), text)

    def _end_format(self) -> None:
        format_ = TraceFormat(tuple(self._channels or ()))
        self._channels = None
        if not format_.channels:  # as the standard says: an empty one is the default
            format_ = DEFAULT_FORMAT
        if format_.x is None or format_.y is None:
            raise self._bad("a traceFormat has no channels X and Y", hint="add them")
        self._keep(self._format_id, format_)
        self._keep(self._context_id, format_)
        if self._open[-1:] != ["definitions"]:
            # its context takes it; one in the stream holds for what follows
            self._formats[-1] = format_

    def _end_trace(self, text: str, format_: TraceFormat) -> None:
        self._traces += 1
        named = self._attributes.get("xml:id") or self._attributes.get("id")
        where = f"trace {named or self._traces}"[:60]
        if self._attributes.get("type") == "penUp":
            return
        try:
            points = decode_trace(text, format_, MAX_POINTS - self._count)
        except BadDrawingError as error:
            raise self._bad(error.problem, where, "mend or remove the trace") from None
        self._count += len(points)
        if not len(points):
            return
        before = self._strokes_by_id.get(self._attributes.get("priorRef", "").removeprefix("#"))
        if self._attributes.get("continuation") in ("middle", "end") and before is not None:
            before.append(points)
            if named:
                self._strokes_by_id[named] = before
            return
        stroke = [points]
        if named:
            self._strokes_by_id[named] = stroke
        self.everything.strokes.append(stroke)
        group = self.groups[-1] if self._depth_of_groups() else self.loose
        group.strokes.append(stroke)

    def symbols(self) -> list[_Group]:
        """Return the groups that have a label and name their traces, each with these traces."""
        left = len(self.everything.strokes)  # a symbol's strokes are its own: no trace is shared
        for group in self._labelled:
            views = [view for view in group.views if view in self._strokes_by_id]
            group.strokes = [self._strokes_by_id[view] for view in views]
            left -= len(views)
            if left < 0:
                raise self._bad("names traces in more than one symbol", hint="mend its groups")
        return self._labelled

    def _depth_of_groups(self) -> int:
        return self._open.count("traceGroup")

    def _referenced(self, reference: str, otherwise: TraceFormat) -> TraceFormat:
        if not reference:
            return otherwise
        if not reference.startswith("#"):
            raise self._bad(
                f"refers to another file ({reference[:40]!r}), which is not read",
                hint="put the definition into this file",
            )
        return self._named.get(reference[1:], otherwise)

    def _keep(self, name: str | None, format_: TraceFormat) -> None:
        if name:
            self._named[name] = format_

    def _bad(
        self, problem: str, where: str | None = None, hint: str = "choose an InkML file"
    ) -> BadFileError:
        return BadFileError(problem, path=self.name, where=where, hint=hint)


def decode_trace(
    text: str, format_: TraceFormat, max_points: int = 1_000_000
) -> NDArray[np.float64]:
    """Turn the text of a trace into points.

    Args:
        text: Points divided by commas, each of numbers: of the regular channels, then perhaps of
            intermittent ones. A number after ' is a first difference, after " a second one, and
            so are those of the channel after it until another mark; ! makes them absolute again.
            * repeats the value before, ? stands for one that is not known.
        format_: The channels.
        max_points: Where to stop.

    Returns:
        (n, 2) points x, y, y down; n is 0 where the text holds nothing.

    Raises:
        BadDrawingError: If a point has too few numbers, a value is malformed, the first one is a
            difference, or there are too many points.
    """
    if text.count(",") >= max_points:
        raise BadDrawingError("the traces have more than a million points")
    wanted = len(format_.channels)
    states = [_State() for _ in format_.channels]
    assert format_.x is not None and format_.y is not None  # the reader saw to it
    points = []
    parts = text.split(",")
    if not parts[-1].strip():
        parts.pop()
    for number, part in enumerate(parts):
        position = 0
        for state in states:
            match = _VALUE.match(part, position)
            if match is None:
                rest = part[position:].strip()
                raise BadDrawingError(
                    f"point {number} has {rest[:20]!r} for a number"
                    if rest
                    else f"point {number} has fewer than {wanted} numbers"
                )
            position = match.end()
            state.take(match, number)
        points.append((states[format_.x].value, states[format_.y].value))
    result = np.array(points, dtype=np.float64).reshape(-1, 2)
    signs = [-1.0 if format_.channels[i].reversed else 1.0 for i in (format_.x, format_.y)]
    return result * signs


class _State:
    """The value of one channel, and how the next is told from it."""

    def __init__(self) -> None:
        self.value = 0.0
        self._speed = 0.0
        self._mark = _ABSOLUTE
        self._known = False

    def take(self, match: re.Match[str], number: int) -> None:
        mark, decimal, hexadecimal, letter = match.groups()
        self._mark = mark or self._mark
        if letter in ("*", "?"):
            # of a coordinate that is not known, the last is the best guess
            if letter == "*" and not self._known:
                raise BadDrawingError(f"point {number} repeats a value before the first")
            return
        if letter:
            value = float(letter == "T")
        elif hexadecimal:
            if len(hexadecimal) > _MAX_HEX:
                raise BadDrawingError(f"point {number} has a number of too many digits")
            value = float(int(hexadecimal.replace("#", ""), 16))
        else:
            value = float(decimal)
        if self._mark != _ABSOLUTE and not self._known:
            raise BadDrawingError(f"point {number} has a difference before any value")
        before = self.value
        if self._mark == _SECOND:
            self._speed += value
            self.value += self._speed
        elif self._mark == _FIRST:
            self._speed = value
            self.value += value
        else:
            self.value = value
            self._speed = value - before if self._known else 0.0
        self._known = True
        if not math.isfinite(self.value):
            raise BadDrawingError(f"point {number} has a number that is infinite")
