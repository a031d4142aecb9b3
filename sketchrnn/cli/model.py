"""`sketchrnn model`: what a model says of itself, and other people's files in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sketchrnn.cli.options import load_model

if TYPE_CHECKING:
    from sketchrnn.api import SketchRNN
    from sketchrnn.model.config import ModelConfig

_EXPORTED = {".json": "js", ".safetensors": "safetensors", ".keras": "keras"}


@click.group()
def model() -> None:
    """Look into a model; read other people's files, and write them."""


@model.command()
@click.argument("name", metavar="MODEL")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def info(name: str, as_json: bool) -> None:
    """Tell what a model is and where it comes from; loads no framework.

    MODEL is a model folder, the name of a shipped model, USER/NAME of the Hugging Face hub, or a
    file or folder that `import` reads or `export` writes.

    \b
    Example:
      sketchrnn model info kanji
    """
    from sketchrnn.interop import model_files

    found = model_files.describe(name)
    if as_json:
        values = {
            "path": str(found.path),
            "format": found.kind,
            "parameters": found.parameters,
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
        ("path", found.path),
        ("format", found.kind),
        ("kind", kind),
        ("encoder", _stack(config, "encoder") + " a direction"),
        (
            "decoder",
            f"{_stack(config, 'decoder')}, {config.num_mixtures} mixtures",
        ),
        ("categories", _categories(config)),
        ("parameters", f"{found.parameters:,}"),
        ("longest drawing", f"{config.max_seq_len} steps"),
        ("scale factor", f"{config.scale_factor:.4f} data units" if found.scaled else "?"),
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
        # it may be anybody's file, and a terminal does what control characters say
        shown = "".join(char if char.isprintable() else "\ufffd" for char in str(value))
        click.echo(f"{label:<16}{shown}")


@model.command("import")
@click.argument("file", metavar="FILE")
@click.option("-o", "--out", required=True, metavar="FOLDER", help="The model folder to write.")
@click.option(
    "--scale-factor",
    type=float,
    help="How many data units a model unit is, for a checkpoint, which does not say.",
)
@click.option("--force", is_flag=True, help="Replace the model in FOLDER.")
def import_model(file: str, out: str, scale_factor: float | None, force: bool) -> None:
    """Make a model folder of somebody else's file.

    FILE is the JSON of sketch-rnn-js or @magenta/sketch, a decoder alone or a VAE; or a checkpoint
    of Magenta's, the folder with its vector-*.index; or safetensors or .keras that `export` wrote;
    or USER/NAME of the Hugging Face hub.

    \b
    Example:
      sketchrnn model import bicycle.gen.json -o bicycle
      sketchrnn model import models/sheep_lstm --scale-factor 18.8 -o sheep
    """
    from sketchrnn.drawing.files import check_output
    from sketchrnn.interop import model_files

    check_output(out, overwrite=force)
    loaded = model_files.load(file, scale_factor)
    loaded.save(out, overwrite=force)
    click.echo(f"{out}: {loaded!r}", err=True)


@model.command()
@click.argument("name", metavar="MODEL")
@click.option("-o", "--out", required=True, help="The file or folder to write.")
@click.option(
    "--to",
    "kind",
    type=click.Choice(["js", "onnx", "safetensors", "keras", "savedmodel"]),
    help="The kind of file; otherwise the suffix of OUT says it.",
)
@click.option("--clip", is_flag=True, help="js: make weights beyond 10 fit into the format.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="js: write what a VAE draws for one z from the prior as a decoder alone.",
)
@click.option("--force", is_flag=True, help="Replace OUT.")
def export(
    name: str, out: str, kind: str | None, clip: bool, seed: int | None, force: bool
) -> None:
    """Write a model for another program.

    \b
    js    a file for sketch-rnn-js and, of a decoder alone, for @magenta/sketch; what rounding to
          its 16 bits does to the loss is told
    onnx  a folder with encoder, start and step of the decoder as ONNX, and model.json
    safetensors
          a file with the weights, and in its notes what config.json says
    keras a .keras file
    savedmodel
          a folder for TensorFlow Serving, with endpoints encode, start and step

    \b
    Example:
      sketchrnn model export bicycle -o bicycle.gen.json
      sketchrnn model export kanji --to onnx -o kanji-onnx
    """
    from sketchrnn.drawing import BadSettingError

    suffix = Path(out).suffix
    kind = kind or _EXPORTED.get(suffix)
    if kind is None:
        raise BadSettingError(
            f"models are not written as {suffix!r}" if suffix else "has no suffix that tells",
            path=out,
            hint=f"ONNX is a folder of three files: --to onnx -o {out[: -len(suffix)]}"
            if suffix == ".onnx"
            else "say what it is for: --to js, onnx, safetensors, keras or savedmodel",
        )
    if kind != "js" and (clip or seed is not None):
        raise BadSettingError(f"--clip and --seed are for js, and this is {kind}")
    loaded = load_model(name)
    lines = _write(kind, loaded, out, clip, seed, force)
    for line in (*lines, out):
        click.echo(line, err=True)


def _write(
    kind: str, loaded: SketchRNN, out: str, clip: bool, seed: int | None, force: bool
) -> list[str]:
    """Write a model for another program, and return what there is to say of it."""
    if kind == "onnx":
        from sketchrnn.interop import onnx

        onnx.save(loaded, out, overwrite=force)
        return []
    if kind in ("keras", "savedmodel"):
        from sketchrnn.interop import keras_files

        write = keras_files.save if kind == "keras" else keras_files.save_for_serving
        write(loaded, out, overwrite=force)
        return []
    if kind == "safetensors":
        from sketchrnn.interop import model_files

        model_files.save_safetensors(loaded, out, overwrite=force)
        return []
    from sketchrnn.interop import magenta_js

    z = None
    if seed is not None:
        import numpy as np

        size = loaded.config.z_size
        z = np.random.default_rng(seed).standard_normal(size, dtype=np.float32)
    effect = magenta_js.save(loaded, out, clip=clip, overwrite=force, z=z)
    if loaded.config.conditional and z is None:
        return [str(effect), "a VAE runs in sketch-rnn-js; @magenta/sketch needs a decoder alone"]
    return [str(effect)]


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
