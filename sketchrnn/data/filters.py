"""Which drawings of a source are kept: by their notes, and by what there is to draw."""

from __future__ import annotations

import dataclasses

from sketchrnn.drawing import BadSettingError, Drawing


@dataclasses.dataclass(frozen=True)
class Filters:
    """What a drawing must be to be kept; a filter that is not given keeps everything.

    Args:
        recognized: Only what Quick, Draw!'s machine recognized.
        countries: Only from these countries, by their codes of two letters.
        components: Only characters with one of these components (KanjiVG's), or that are one.
        min_strokes: The fewest strokes.
        max_strokes: The most.
        min_points: The fewest points, as the drawing comes.
        max_points: The most.
        limit: The most drawings of a category; the first ones are kept.

    Raises:
        BadSettingError: If a number cannot be used.
    """

    recognized: bool = False
    countries: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    min_strokes: int | None = None
    max_strokes: int | None = None
    min_points: int | None = None
    max_points: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that would keep nothing."""
        object.__setattr__(self, "countries", tuple(c.upper() for c in self.countries))
        object.__setattr__(self, "components", tuple(self.components))
        for name in ("limit", "min_strokes", "max_strokes", "min_points", "max_points"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadSettingError(f"{name} is {value}, and must be 1 or more")
        for what in ("strokes", "points"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                raise BadSettingError(f"min_{what} is {least}, and max_{what} is less: {most}")

    def reason(self, drawing: Drawing) -> str | None:
        """Return why a drawing is left out; None if it is kept. The limit is not looked at."""
        notes = drawing.metadata
        if self.recognized and notes.get("recognized") is not True:
            return "was not recognized"
        if self.countries and str(notes.get("countrycode", "")).upper() not in self.countries:
            return "is from another country"
        if self.components and not (
            set(self.components) & {*notes.get("components", ()), notes.get("character")}
        ):
            return "has none of the components"
        for what, count in (("strokes", len(drawing.counts)), ("points", drawing.num_points)):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and count < least:
                return f"has fewer than {least} {what}"
            if most is not None and count > most:
                return f"has more than {most} {what}"
        return None
