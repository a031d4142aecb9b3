"""One self-contained page: engine, weights and instrument; it asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.drawing import BadSettingError
from sketchrnn.drawing.files import whole_file
from sketchrnn.studio_page.weights import BITS, pack_weights, rounded

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN

LARGEST_PAGE = 64 << 20
"""Bytes: beyond this a browser takes long to open a page, and a mail does not go out."""

_CHECKED = 16  # drawings that tell what rounding costs
_SEED = 0


@dataclass(frozen=True)
class Studio:
    """The page.

    Attributes:
        html: Its text.
        cost: Nats a point that rounding the weights costs, by the name of the model.
    """

    html: str
    cost: dict[str, float]

    def save(self, path: str | PathLike[str], overwrite: bool = False) -> Path:
        """Write the page.

        Args:
            path: A file .html.
            overwrite: Whether a file that exists may be replaced.

        Returns:
            The path.

        Raises:
            BadSettingError: If the suffix is another.
            OutputExistsError: If it exists.
        """
        target = Path(path)
        if target.suffix.lower() not in (".html", ".htm"):
            raise BadSettingError("the studio is an HTML page", path=path, hint="write .html")
        with whole_file(target, overwrite=overwrite) as beside:
            beside.write_text(self.html, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        return (
            '<iframe style="width:100%;height:720px;border:0" sandbox="allow-scripts '
            f'allow-downloads" srcdoc="{html.escape(self.html)}"></iframe>'
        )


def studio(
    models: SketchRNN | Sequence[SketchRNN], bits: int = 8, title: str = "sketchrnn studio"
) -> Studio:
    """Make a page on which one draws with models.

    Args:
        models: One, or several to choose from.
        bits: 8 or 16 bits for each weight of a matrix; 32: all of it.
        title: Of the page.

    Raises:
        BadSettingError: If there is no model, `bits` is another number, or the page would be too
            large.
    """
    given = list(models) if isinstance(models, Sequence) else [models]
    if not given:
        raise BadSettingError("there is no model", hint="name one")
    if bits not in BITS:
        raise BadSettingError(f"bits is {bits}", hint="choose 8, 16 or 32")
    names = _names(given)
    parts = [_describe(model, name, bits) for model, name in zip(given, names, strict=True)]
    text = _page(parts, title)
    if len(text) > LARGEST_PAGE:
        weights = max(sum(a.size for a in model.weights.values()) for model in given)
        raise BadSettingError(
            f"the page would have {len(text) >> 20} MB, {LARGEST_PAGE >> 20} at most: its largest "
            f"model has {weights:,} weights",
            hint="fewer models, or bits=8",
        )
    return Studio(text, {n: rounding_cost(m, bits) for n, m in zip(names, given, strict=True)})


def rounding_cost(model: SketchRNN, bits: int) -> float:
    """Return the nats a point that rounding costs, on drawings that the model makes up."""
    if bits == 32:
        return 0.0
    from sketchrnn.api import SketchRNN
    from sketchrnn.sampling.likelihood import nats_of_rows
    from sketchrnn.sampling.numpy_decoder import NumpyDecoder

    drawn = [d for d in model.generate(_CHECKED, 0.6, seed=_SEED) if d.strokes]
    rows = []
    for drawing in drawn:
        steps = drawing.to_stroke5(drawing.num_steps)
        steps[:, :2] /= model.config.scale_factor
        rows.append(steps)
    if not rows:
        return 0.0
    change = []
    for weights in (model.weights, rounded(model.weights, bits)):
        same = SketchRNN(model.config, weights, model.preparation)
        parts = []
        if same.config.conditional:
            categories = [str(d.category) for d in drawn] if same.categories else None
            parts.append(same.encode(drawn, prepare=False, category=categories))
        if same.categories:
            table = weights["categories/embedding"]
            parts.append(np.stack([table[same.categories.index(str(d.category))] for d in drawn]))
        condition = np.concatenate(parts, axis=1) if parts else None
        nats = nats_of_rows(NumpyDecoder(same.config, weights), condition, rows).totals()
        change.append(float(np.sum(nats)) / sum(len(one) for one in rows))
    return change[1] - change[0]


def _names(models: Sequence[SketchRNN]) -> list[str]:
    """Return names that differ."""
    names: list[str] = []
    for place, model in enumerate(models, 1):
        name = model.name or f"model {place}"
        names.append(name if name not in names else f"{name} {place}")
    return names


def _describe(model: SketchRNN, name: str, bits: int) -> dict[str, Any]:
    data = model.provenance.get("data") or {}
    return {
        "name": name,
        "config": model.config.to_dict(),
        "preparation": model.preparation.to_dict(),
        "temperature": model.temperature if isinstance(model.temperature, (int, float)) else 0.4,
        "licence": data.get("licence"),
        "attribution": data.get("attribution"),
        "weights": pack_weights(model.weights, bits),
    }


def _page(models: list[dict[str, Any]], title: str) -> str:
    files = resources.files("sketchrnn.studio_page")
    engine, worker, script, style, body = (
        files.joinpath(name).read_text("utf-8")
        for name in ("engine.js", "worker.js", "studio.js", "studio.css", "studio.html")
    )
    credits = "; ".join(
        dict.fromkeys(
            f"{m['name']}: {m['attribution']}, {m['licence'] or 'licence unknown'}"
            for m in models
            if m["attribution"]
        )
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; worker-src blob:; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )
    parts = {
        "TITLE": html.escape(title),
        "POLICY": policy,
        "STYLE": style,
        "CREDITS": html.escape(credits),
        "MODELS": _inert(json.dumps(models, ensure_ascii=False)),
        "WORKER": _inert(engine + "\n" + worker),
        "SCRIPT": script,
    }
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda found: parts[found[1]], body)


def _inert(text: str) -> str:
    """Return text that ends no script element, whatever it holds."""
    return text.replace("</", "<\\/").replace("<!--", "<\\!--")
