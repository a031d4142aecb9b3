"""The part of SketchRNN that travels in the latent space and does arithmetic in it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sketchrnn.data.batches import latent_noise
from sketchrnn.drawing import Drawing, Drawings, as_list
from sketchrnn.sampling import categories, latent
from sketchrnn.sampling.categories import Wanted
from sketchrnn.sampling.temperature import TemperatureSpec
from sketchrnn.sketch_rnn.held import Held

Array = NDArray[np.float32]


class LatentSpace:
    """Ways and arithmetic, by z.

    A model that is told categories has a vector for each; it goes the same ways as z, straight, and
    a drawing says the category whose vector is nearest.
    """

    def interpolate(
        self: Held,
        a: Drawing,
        b: Drawing,
        frames: int = 8,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw the way from one drawing to another.

        Args:
            a: Where it begins.
            b: Where it ends.
            frames: How many drawings, both ends among them.
            method: "slerp" or "lerp"; see `sampling.latent`.
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`. Between two categories their vectors are mixed evenly, and a
                drawing says the nearer one.

        Returns:
            `frames` Drawings in data units; the first and last are reconstructions of a and b.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, [a, b], prepare, category)
        path = latent.interpolate(z[0], z[1], frames, method)
        way = None if told is None else latent.interpolate(told[0], told[1], frames, "lerp")
        return _drawn(self, path, way, temperature, temperature_rule, seed, together=True)

    def loop(
        self: Held,
        drawings: Iterable[Drawing],
        frames: int = 24,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw a way through drawings that comes back to the first.

        Args:
            drawings: Two or more, in the order of the way.
            frames: How many to draw, as many as drawings or more; the first is not drawn again at
                the end, so that a film of them goes round.
            method: "slerp" or "lerp".
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            `frames` Drawings in data units.

        Raises:
            BadSettingError: If there are fewer than two drawings, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, list(drawings), prepare, category)
        path = latent.loop(z, frames, method)
        way = None if told is None else latent.loop(told, frames, "lerp")
        return _drawn(self, path, way, temperature, temperature_rule, seed, together=True)

    def grid(
        self: Held,
        corners: Iterable[Drawing],
        rows: int = 5,
        columns: int = 5,
        method: str = "slerp",
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[list[Drawing]]:
        """Draw what lies between four drawings.

        Args:
            corners: Top left, top right, bottom left, bottom right.
            rows: 2 or more.
            columns: 2 or more.
            method: "slerp" or "lerp".
            temperature: tau. All drawings share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            Rows of Drawings in data units, as `gallery` takes them.

        Raises:
            BadSettingError: If there are not four corners, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, list(corners), prepare, category)
        path = latent.grid(z, rows, columns, method).reshape(rows * columns, -1)
        way = None
        if told is not None:
            way = latent.grid(told, rows, columns, "lerp").reshape(rows * columns, -1)
        flat = _drawn(self, path, way, temperature, temperature_rule, seed, together=True)
        return Drawings(flat[first : first + columns] for first in range(0, len(flat), columns))

    def shift(
        self: Held,
        drawings: Drawing | Iterable[Drawing],
        away: Drawing | Iterable[Drawing],
        towards: Drawing | Iterable[Drawing],
        strength: float = 1.0,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw drawings again, moved by the difference of two sets' means.

        Args:
            drawings: What is moved.
            away: One or several that they are moved away from, such as plain ones.
            towards: One or several that they are moved towards, such as bold ones.
            strength: 1 for the whole difference, 0 for none; negative for the other way.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`. With the same seed, drawings of several strengths can be compared.
            prepare: See `encode`.
            category: A name for all; None: what each drawing says.

        Returns:
            As many Drawings as are moved, in data units.

        Raises:
            BadSettingError: If a set is empty, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, drawings, prepare, category)
        z_away, told_away = _encoded(self, away, prepare, category)
        z_towards, told_towards = _encoded(self, towards, prepare, category)
        path = latent.shift(z, z_away, z_towards, strength)
        if told is not None and told_away is not None and told_towards is not None:
            told = latent.shift(told, told_away, told_towards, strength)
        return _drawn(self, path, told, temperature, temperature_rule, seed)

    def analogy(
        self: Held,
        a: Drawing,
        b: Drawing,
        c: Drawing,
        n: int = 1,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw a - b + c: what stands to c as a stands to b.

        Args:
            a: A drawing.
            b: What it is without something.
            c: What should have that instead.
            n: How many drawings of it.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            n Drawings in data units.

        Raises:
            BadSettingError: If the model has no encoder, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, [a, b, c], prepare, category)
        path = np.repeat(latent.analogy(*z)[None], n, axis=0)
        way = None if told is None else np.repeat(latent.analogy(*told)[None], n, axis=0)
        return _drawn(self, path, way, temperature, temperature_rule, seed)

    def average(
        self: Held,
        drawings: Iterable[Drawing],
        n: int = 1,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: Wanted = None,
    ) -> list[Drawing]:
        """Draw what several drawings have in common: the mean of their z.

        Args:
            drawings: One or more.
            n: How many drawings of it.
            temperature: tau.
            temperature_rule: "paper", "magenta" or "js".
            seed: See `generate`.
            prepare: See `encode`.
            category: See `encode`.

        Returns:
            n Drawings in data units.

        Raises:
            BadSettingError: If there is no drawing, or an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        z, told = _encoded(self, drawings, prepare, category)
        path = np.repeat(latent.average(z)[None], n, axis=0)
        way = None if told is None else np.repeat(latent.average(told)[None], n, axis=0)
        return _drawn(self, path, way, temperature, temperature_rule, seed)

    def walk(
        self: Held,
        start: Drawing | ArrayLike | None = None,
        frames: int = 16,
        stride: float = 0.3,
        temperature: TemperatureSpec = 0.1,
        temperature_rule: str = "paper",
        seed: int | None = None,
        prepare: bool = True,
        category: str | None = None,
    ) -> list[Drawing]:
        """Draw a random walk, which never leaves the region where drawings are.

        Args:
            start: A drawing, or its z (z_size,); None: a random one.
            frames: How many drawings, the start among them.
            stride: How far a step goes: from 0, which stands still, to 1, all of the way.
            temperature: tau. All frames share their random numbers.
            temperature_rule: "paper", "magenta" or "js".
            seed: Of the walk and of the drawings; see `generate`.
            prepare: See `encode`.
            category: See `encode`; without a drawing it must be named.

        Returns:
            `frames` Drawings in data units.

        Raises:
            BadSettingError: If an argument cannot be used.
            BadDrawingError: See `encode`.
        """
        number = self._check_seed(seed)
        if isinstance(start, Drawing):
            z, told = _encoded(self, start, prepare, category)
        else:
            if start is None and self.config.conditional:
                start = latent_noise(number, 0, self.config.z_size)
            z = self._check_z(np.atleast_2d(np.asarray(0 if start is None else start)), "start", 1)
            named = categories.of_drawings([Drawing([])], category, self.categories)
            told = None if named is None else self._embedded(named)
        path = latent.walk(z[0], frames, stride, number)
        way = None if told is None else np.repeat(told, frames, axis=0)
        return _drawn(self, path, way, temperature, temperature_rule, number, together=True)


def _encoded(
    model: Held, drawings: Drawing | Iterable[Drawing], prepare: bool, category: Wanted
) -> tuple[Array, Array | None]:
    """Return z and, of a model that is told categories, their vectors; (n, …) each."""
    listed = as_list(drawings)
    z = model.encode(listed, prepare, category)
    named = categories.of_drawings(listed, category, model.categories)
    return z, None if named is None else model._embedded(named)


def _drawn(
    model: Held,
    z: Array,
    told: Array | None,
    temperature: TemperatureSpec,
    rule: str,
    seed: int | None,
    *,
    together: bool = False,
) -> list[Drawing]:
    """Draw what vectors stand for; `together`: all with the same random numbers."""
    named = None
    if told is not None:
        table = model._embedded(model.categories)
        nearest = np.linalg.norm(told[:, None] - table, axis=2).argmin(axis=1)
        named = [model.categories[place] for place in nearest]
    return model._draw(
        len(z),
        z,
        temperature,
        rule,
        None,
        seed,
        numbers=[0] * len(z) if together else None,
        categories=named,
        embeddings=told,
    )
