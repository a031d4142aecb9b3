"""`sketchrnn model`: what a model folder says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sketchrnn.model.config import ModelConfig


@click.group()
def model() -> None:
    """Look into a model folder."""


@model.command()
@click.argument("name", metavar="MODEL")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
def info(name: str, as_json: bool) -> None:
    """Tell what a model is and where it comes from; loads no framework.

    \b
    Example:
      sketchrnn model info kanji
    """
    from sketchrnn.model import folder

    found = folder.read(name)
    weights = folder.read_weights(found)
    parameters = sum(array.size for array in weights.values())
    if as_json:
        values = {
            "path": str(found.path),
            "parameters": parameters,
            "config": found.config.to_dict(),
            "preparation": found.preparation,
            "provenance": found.provenance,
        }
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
        return
    config, provenance = found.config, found.provenance
    data = provenance.get("data") or {}
    kind = f"VAE, z {config.z_size}" if config.conditional else "decoder only"
    rows: list[tuple[str, Any]] = [
        ("folder", found.path),
        ("kind", kind),
        ("encoder", _stack(config, "encoder") + " a direction"),
        (
            "decoder",
            f"{_stack(config, 'decoder')}, {config.num_mixtures} mixtures",
        ),
        ("categories", _categories(config)),
        ("parameters", f"{parameters:,}"),
        ("longest drawing", f"{config.max_seq_len} steps"),
        ("scale factor", f"{config.scale_factor:.4f} data units"),
        ("trained", f"{provenance.get('step', '?')} steps"),
        ("data", ", ".join(_source(source) for source in data.get("sources") or []) or "?"),
        ("licence", data.get("licence") or provenance.get("licence") or "?"),
        ("attribution", data.get("attribution") or "?"),
    ]
    if not config.conditional:
        rows = [row for row in rows if row[0] != "encoder"]
    if not config.categories:
        rows = [row for row in rows if row[0] != "categories"]
    for label, value in rows:
        click.echo(f"{label:<16}{value}")


def _stack(config: ModelConfig, part: str) -> str:
    """Return the number and kind of the cells of encoder or decoder, with their sizes."""
    kind, units = getattr(config, f"{part}_cell"), getattr(config, f"{part}_size")
    layers = getattr(config, f"{part}_layers")
    inner = f" ({config.hyper_units} beside, embedding {config.hyper_embedding})"
    many = f"{layers} layers of " if layers > 1 else ""
    return f"{many}{kind} {units}{inner if kind == 'hyper' else ''}"


def _categories(config: ModelConfig) -> str:
    """Return the number of categories with the first of them."""
    from sketchrnn.data.categories import listed

    return (
        f"{len(config.categories)}, vectors of {config.category_size}: {listed(config.categories)}"
    )


def _source(source: Any) -> str:
    """Return a source's name with its version, if it has one."""
    if not isinstance(source, dict):
        return str(source)
    return " ".join(str(source[key]) for key in ("name", "version") if source.get(key))
