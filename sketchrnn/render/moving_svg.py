"""An SVG that draws itself: the times of its strokes, as CSS.

Without CSS animations, or where the reader wants no movement, the whole drawing is there: what is
hidden is hidden by the animation alone. Where drawings take turns, the last one is.
"""

from __future__ import annotations

import itertools
from typing import Any

from sketchrnn.render.timeline import Timeline

_STYLE = """
@media (prefers-reduced-motion: no-preference) {
.pen { animation: pen linear backwards }
.dot { animation: dot linear backwards }
.turn { animation: turn step-end }
.last { animation: last step-end }
}
@keyframes pen {
from { opacity: 0; stroke-dasharray: 1 1; stroke-dashoffset: 1 }
0.1% { opacity: 1 }
to { opacity: 1; stroke-dasharray: 1 1; stroke-dashoffset: 0 }
}
@keyframes dot { from { opacity: 0 } }
@keyframes turn { from, to { visibility: visible } }
@keyframes last { from, to { visibility: hidden } }
"""


class Times:
    """Gives the elements of a document their times.

    Args:
        document: Of svgwrite; gets the style that its parts share.
        timeline: Of the page.
    """

    def __init__(self, document: Any, timeline: Timeline) -> None:
        """Put the style into the document."""
        document.defs.add(document.style(_STYLE))
        self._timeline = timeline
        shots = sorted(timeline.shots, key=lambda shot: (shot.picture, shot.start))
        self._shots = {
            number: iter(list(run))
            for number, run in itertools.groupby(shots, key=lambda shot: shot.picture)
        }

    def draw(self, path: Any, picture: int, dot: bool) -> None:
        """Let the next stroke of a drawing be drawn at its time."""
        shot = next(self._shots[picture])
        path.attribs["class"] = "dot" if dot else "pen"
        if not dot:
            path.attribs["pathLength"] = "1"
        path.attribs["style"] = _times(shot.start, shot.end - shot.start)

    def show(self, group: Any, picture: int) -> None:
        """Let a drawing make room for the next, where they take turns."""
        movement, begins = self._timeline.page.movement, self._timeline.begins
        if movement is None or not movement.flip or len(begins) < 2:
            return
        if picture + 1 < len(begins):
            group.attribs["visibility"] = "hidden"
            group.attribs["class"] = "drawing turn"
            group.attribs["style"] = _times(begins[picture], begins[picture + 1] - begins[picture])
        else:
            group.attribs["class"] = "drawing last"
            group.attribs["style"] = _times(0.0, begins[picture])


def _times(delay: float, duration: float) -> str:
    return f"animation-delay:{delay:.3f}s;animation-duration:{max(duration, 0.001):.3f}s"
