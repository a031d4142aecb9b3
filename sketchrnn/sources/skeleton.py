"""Lines one pixel wide as a graph: nodes where they end or meet, and paths of pixels between."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Pixel = tuple[int, int]

_AROUND = [(-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]  # sides first


@dataclass(eq=False)
class Edge:
    """A path of pixels between two nodes, or a ring without any.

    Args:
        points: (n, 2) x, y, n >= 1, the nodes' places not included.
        nodes: The number of the node at the start and at the end; None where the path ends
            freely, or for a ring.
        ring: Whether the end meets the start.
    """

    points: Points
    nodes: tuple[int | None, int | None]
    ring: bool = False

    @property
    def length(self) -> float:
        """The length along the points."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


@dataclass
class Graph:
    """All edges, and the place (x, y) of each node where edges meet."""

    edges: list[Edge] = field(default_factory=list)
    places: dict[int, Points] = field(default_factory=dict)


def build_graph(skeleton: NDArray[np.bool_]) -> Graph:
    """Turn a thinned picture into a graph.

    Args:
        skeleton: (height, width) true along lines one pixel wide.

    Returns:
        The graph. A pixel with more than two neighbours belongs to a node, and those that touch
        one another are one node; all others belong to exactly one edge.
    """
    rows, columns = np.nonzero(skeleton)
    pixels = set(zip(rows.tolist(), columns.tolist(), strict=True))
    neighbours = {pixel: _neighbours(pixel, pixels) for pixel in sorted(pixels)}
    node_of = _find_nodes(neighbours)
    graph = Graph()
    members: dict[int, list[Pixel]] = {}
    for pixel, node in node_of.items():
        members.setdefault(node, []).append(pixel)
    for node, its in members.items():
        graph.places[node] = np.array(its, dtype=np.float64).mean(axis=0)[::-1]
    done: set[Pixel] = set()
    # from the ends first, so that what is left afterwards are rings
    plain = [pixel for pixel in neighbours if pixel not in node_of]
    inner = {pixel: [n for n in neighbours[pixel] if n not in node_of] for pixel in plain}
    for pixel in sorted(plain, key=lambda pixel: len(inner[pixel]) == 2):
        if pixel in done:
            continue
        ring = len(inner[pixel]) == 2
        path = _follow(pixel, inner, done)
        ends = (None, None) if ring else _end_nodes(path, neighbours, node_of)
        points = np.array(path, dtype=np.float64)[:, ::-1]
        graph.edges.append(Edge(points, ends, ring))
    return graph


def _neighbours(pixel: Pixel, pixels: set[Pixel]) -> list[Pixel]:
    """Return the neighbours of a pixel; a diagonal one only where no side leads there."""
    row, column = pixel
    found = []
    for down, right in _AROUND:
        other = (row + down, column + right)
        if other not in pixels:
            continue
        if down and right and ((row + down, column) in pixels or (row, column + right) in pixels):
            continue
        found.append(other)
    return found


def _find_nodes(neighbours: dict[Pixel, list[Pixel]]) -> dict[Pixel, int]:
    """Number the groups of pixels at which lines meet."""
    meeting = {pixel for pixel, others in neighbours.items() if len(others) > 2}
    node_of: dict[Pixel, int] = {}
    for number, first in enumerate(sorted(meeting)):
        if first in node_of:
            continue
        stack = [first]
        while stack:
            pixel = stack.pop()
            if pixel in node_of:
                continue
            node_of[pixel] = number
            stack += [other for other in neighbours[pixel] if other in meeting]
    return node_of


def _follow(start: Pixel, inner: dict[Pixel, list[Pixel]], done: set[Pixel]) -> list[Pixel]:
    """Return the pixels from one end of a path to the other, or around a ring."""
    path = [start]
    done.add(start)
    here = start
    while True:
        onwards = [pixel for pixel in inner[here] if pixel not in done]
        if not onwards:
            return path
        here = onwards[0]
        done.add(here)
        path.append(here)


def _end_nodes(
    path: list[Pixel], neighbours: dict[Pixel, list[Pixel]], node_of: dict[Pixel, int]
) -> tuple[int | None, int | None]:
    first = [node_of[pixel] for pixel in neighbours[path[0]] if pixel in node_of]
    last = [node_of[pixel] for pixel in neighbours[path[-1]] if pixel in node_of]
    if len(path) == 1:
        return (first[0] if first else None, first[1] if len(first) > 1 else None)
    return (first[0] if first else None, last[0] if last else None)
