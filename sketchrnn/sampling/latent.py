"""Ways through the latent space, and arithmetic in it.

Vectors are (z_size,) and sets of them (n, z_size). Everything returns float32. The vectors of
categories, which a model may know beside z, go the same ways, straight.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import BadSettingError, Drawing, as_list
from sketchrnn.sampling import categories
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.sampler import Conditions, Sampler, SamplingSettings

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

METHODS = ("slerp", "lerp")
_PARALLEL = 1e-4
_WALK_STREAM = 0x77A1C
"""Told apart by this, a walk shares no random numbers with what is drawn along it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Points:
    """Where drawings are: in the latent space, and between categories.

    Attributes:
        z: (n, z_size).
        embeddings: (n, category_size) vectors; None for a model that knows no categories.
    """

    z: Array
    embeddings: Array | None

    def along(self, way: Callable[[Array, str], Array], method: str = "lerp") -> Points:
        """Return the points of a way, which categories go straight.

        Args:
            way: From (n, …) vectors and a method to others.
            method: Of z: "slerp" or "lerp".
        """
        embeddings = None if self.embeddings is None else way(self.embeddings, "lerp")
        return Points(way(self.z, method), embeddings)

    def shifted(self, away: Points, towards: Points, strength: float) -> Points:
        """Return points moved by the difference of two sets' means; see `shift`.

        Args:
            away: The set that they are moved away from.
            towards: The set that they are moved towards.
            strength: 1 for the whole difference.
        """
        z = shift(self.z, away.z, towards.z, strength)
        if self.embeddings is None or away.embeddings is None or towards.embeddings is None:
            return Points(z, None)
        return Points(z, shift(self.embeddings, away.embeddings, towards.embeddings, strength))


def encode(
    sampler: Sampler,
    drawings: Drawing | Iterable[Drawing],
    prepare: bool = True,
    category: Wanted = None,
) -> Points:
    """Return where drawings are.

    Args:
        sampler: A model with an encoder.
        drawings: One or several.
        prepare: See `Sampler.encode`.
        category: See `Sampler.encode`.

    Raises:
        BadSettingError: See `Sampler.encode`.
        BadDrawingError: See `Sampler.encode`.
    """
    given = as_list(drawings)
    z = sampler.encode(given, prepare, category)
    names = categories.of_drawings(given, category, sampler.config.categories)
    return Points(z, None if names is None else sampler.embed_categories(names))


def draw(
    sampler: Sampler, points: Points, settings: SamplingSettings, together: bool = False
) -> list[Drawing]:
    """Draw what points stand for; each drawing says the category that is nearest.

    Args:
        sampler: What draws.
        points: n of them.
        settings: How they are sampled.
        together: Whether all have the same random numbers.

    Raises:
        BadSettingError: If a setting cannot be used.
    """
    names = None
    if points.embeddings is not None:
        known = sampler.config.categories
        table = sampler.embed_categories(known)
        apart = np.linalg.norm(points.embeddings[:, None] - table, axis=2)
        names = [known[place] for place in apart.argmin(axis=1)]
    numbers = [0] * len(points.z) if together else None
    conditions = Conditions(points.z, names, points.embeddings, numbers)
    return sampler.sample(len(points.z), settings, conditions)


def start_of_walk(
    sampler: Sampler,
    start: Drawing | ArrayLike | None,
    seed: int,
    prepare: bool = True,
    category: str | None = None,
) -> Points:
    """Return the point that a walk begins at.

    Args:
        sampler: The model.
        start: A drawing, or its z (z_size,); None: a random one.
        seed: Of that.
        prepare: See `Sampler.encode`.
        category: See `Sampler.encode`; without a drawing it must be named.

    Raises:
        BadSettingError: If the model takes no z, or an argument cannot be used.
        BadDrawingError: See `Sampler.encode`.
    """
    if isinstance(start, Drawing):
        return encode(sampler, start, prepare, category)
    if start is None and sampler.config.conditional:
        start = latent_noise(seed, 0, sampler.config.z_size)
    z = sampler.check_z(np.atleast_2d(np.asarray(0 if start is None else start)), "start", 1)
    names = categories.of_drawings([Drawing([])], category, sampler.config.categories)
    return Points(z, None if names is None else sampler.embed_categories(names))


def interpolate(a: ArrayLike, b: ArrayLike, frames: int, method: str = "slerp") -> Array:
    """Return points on the way from one latent vector to another, both ends among them.

    Args:
        a: (z_size,).
        b: (z_size,).
        frames: How many, 2 or more.
        method: "slerp" turns from one direction to the other and changes the length evenly;
            "lerp" goes straight.

    Returns:
        (frames, z_size) float32.

    Raises:
        BadSettingError: If there are fewer than 2 frames or the method is unknown.

    Source:
        Shoemake (1985) for slerp; in latent spaces White (2016).

    >>> interpolate([1.0, 0.0], [0.0, 1.0], 3)[1].round(3).tolist()
    [0.7070000171661377, 0.7070000171661377]
    """
    if frames < 2:
        raise BadSettingError(f"frames is {frames}, and must be 2 or more")
    first, last = (np.asarray(end, dtype=np.float64) for end in (a, b))
    path = np.stack([_between(first, last, t, method) for t in np.linspace(0.0, 1.0, frames)])
    return path.astype(np.float32)


def loop(vectors: ArrayLike, frames: int, method: str = "slerp") -> Array:
    """Return points on a closed way through vectors, at equal distances in time.

    Args:
        vectors: (k, z_size), k >= 2, in the order of the way, which leads from the last to the
            first.
        frames: How many, k or more. The first is the first vector, which does not come again at
            the end. Of a multiple of k every vector is met exactly.
        method: "slerp" or "lerp"; see `interpolate`.

    Returns:
        (frames, z_size) float32.

    Raises:
        BadSettingError: If there are fewer than two vectors, or fewer frames than vectors, or the
            method is unknown.

    >>> loop([[0.0], [4.0]], 4, "lerp").ravel().tolist()
    [0.0, 2.0, 4.0, 2.0]
    """
    stops = np.asarray(vectors, dtype=np.float64)
    if len(stops) < 2:
        raise BadSettingError(
            f"a loop needs 2 drawings or more, and there {'is' if len(stops) == 1 else 'are'} "
            f"{len(stops)}",
            hint="name another, or walk from this one",
        )
    if frames < len(stops):
        raise BadSettingError(
            f"frames is {frames}, and must be {len(stops)} or more, as many as there are drawings"
        )
    path = []
    for frame in range(frames):
        leg, rest = divmod(frame * len(stops), frames)
        end = stops[(leg + 1) % len(stops)]
        path.append(_between(stops[leg], end, rest / frames, method))
    return np.stack(path).astype(np.float32)


def grid(corners: ArrayLike, rows: int, columns: int, method: str = "slerp") -> Array:
    """Return a grid between four corners.

    Args:
        corners: (4, z_size): top left, top right, bottom left, bottom right.
        rows: 2 or more.
        columns: 2 or more.
        method: "slerp" or "lerp"; see `interpolate`.

    Returns:
        (rows, columns, z_size) float32; the corners are exact.

    Raises:
        BadSettingError: If there are not four corners, too few rows or columns, or the method is
            unknown.

    >>> grid([[0.0], [2.0], [4.0], [6.0]], 3, 3, "lerp")[..., 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    ends = np.asarray(corners, dtype=np.float64)
    if len(ends) != 4:
        raise BadSettingError(f"a grid has four corners, and there are {len(ends)} drawings")
    if min(rows, columns) < 2:
        raise BadSettingError(f"a grid of {rows} x {columns} is too small: 2 x 2 is the least")
    left = interpolate(ends[0], ends[2], rows, method)
    right = interpolate(ends[1], ends[3], rows, method)
    return np.stack(
        [interpolate(a, b, columns, method) for a, b in zip(left, right, strict=True)]
    )  # (rows, columns, z_size)


def analogy(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Array:
    """Return a - b + c: what stands to c as a stands to b.

    >>> analogy([3.0, 1.0], [1.0, 1.0], [0.0, 5.0]).tolist()
    [2.0, 5.0]
    """
    first, second, third = (np.asarray(vector, dtype=np.float64) for vector in (a, b, c))
    return (first - second + third).astype(np.float32)


def shift(vectors: ArrayLike, away: ArrayLike, towards: ArrayLike, strength: float = 1.0) -> Array:
    """Move vectors by the difference of two sets' means.

    Args:
        vectors: (n, z_size).
        away: (k, z_size), the set that they are moved away from.
        towards: (m, z_size), the set that they are moved towards.
        strength: 1 for the whole difference; negative for the other way.

    Returns:
        (n, z_size) float32.

    Raises:
        BadSettingError: If a set is empty, or the strength is not finite.

    >>> shift([[0.0]], [[1.0], [3.0]], [[5.0]], 0.5).tolist()
    [[1.5]]
    """
    if not np.isfinite(strength):
        raise BadSettingError(f"strength is {strength}, and must be a finite number")
    difference = average(towards).astype(np.float64) - average(away)
    return (np.asarray(vectors, dtype=np.float64) + strength * difference).astype(np.float32)


def average(vectors: ArrayLike) -> Array:
    """Return the mean of (n, z_size) vectors.

    Raises:
        BadSettingError: If there are none.

    >>> average([[0.0, 2.0], [2.0, 4.0]]).tolist()
    [1.0, 3.0]
    """
    listed = np.asarray(vectors, dtype=np.float64)
    if len(listed) == 0:
        raise BadSettingError("there is no drawing to take the mean of")
    return np.asarray(listed.mean(axis=0), dtype=np.float32)


def walk(start: ArrayLike, frames: int, stride: float = 0.3, seed: int = 0) -> Array:
    """Return a random walk that stays where drawings are.

    Each step goes from z to sqrt(1 - stride^2) z + stride noise: what is normal stays so, and the
    walk does not drift off into regions that the model has never seen.

    Args:
        start: (z_size,).
        frames: How many vectors, the start among them.
        stride: From 0, which stands still, to 1, where every frame is drawn anew.
        seed: Of the walk.

    Returns:
        (frames, z_size) float32.

    Raises:
        BadSettingError: If there are no frames, or the stride is not from 0 to 1.
    """
    if frames < 1:
        raise BadSettingError(f"frames is {frames}, and must be 1 or more")
    if not 0 <= stride <= 1:
        raise BadSettingError(f"stride is {stride}, and must be from 0 to 1")
    at = np.asarray(start, dtype=np.float64)
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, _WALK_STREAM], "u8")))
    path = [at]
    for _ in range(frames - 1):
        at = np.sqrt(1 - stride**2) * at + stride * generator.standard_normal(len(at))
        path.append(at)
    return np.stack(path).astype(np.float32)


def _between(first: Floats, last: Floats, t: float, method: str) -> Floats:
    """Return the point at a share t of the way."""
    if method not in METHODS:
        raise BadSettingError(f"unknown method {method!r}", hint=f"use {' or '.join(METHODS)}")
    if t in (0.0, 1.0):
        return last if t else first
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    if method == "slerp" and min(lengths) > 0:
        one, two = first / lengths[0], last / lengths[1]
        angle = np.arccos(np.clip(one @ two, -1.0, 1.0))
        if _PARALLEL < angle < np.pi - _PARALLEL:  # else there is no one way to turn
            turned = (np.sin((1 - t) * angle) * one + np.sin(t * angle) * two) / np.sin(angle)
            return np.asarray(turned * ((1 - t) * lengths[0] + t * lengths[1]))
    return (1 - t) * first + t * last
