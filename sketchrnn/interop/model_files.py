"""Which kind of model a file holds, and what it says of itself; loads no framework."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.drawing.files import whole_file
from sketchrnn.interop import keras_files, magenta_js, magenta_js_file, magenta_tf1, onnx
from sketchrnn.model import folder, hub, safetensors_file
from sketchrnn.model.config import ModelConfig

_BEGINNING = 64
_SERVED = "saved_model.pb"
_CHECKPOINT = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"(dp0", b"(lp0")


@dataclasses.dataclass(frozen=True)
class Description:
    """What a model says of itself.

    Attributes:
        path: The file or folder.
        kind: In a few words, such as "sketch-rnn-js".
        config: The network's shape.
        parameters: How many numbers it has.
        preparation: How drawings become data units, where it is told.
        provenance: Where the weights come from, where it is told.
        scaled: Whether it tells its scale factor; `config` has 1 where it does not.
    """

    path: Path
    kind: str
    config: ModelConfig
    parameters: int
    preparation: dict[str, Any]
    provenance: dict[str, Any]
    scaled: bool = True


def describe(path: str | PathLike[str]) -> Description:
    """Tell what a model is.

    Args:
        path: A model folder, the name of a shipped one, USER/NAME of the Hugging Face hub, a file
            of somebody else's, or what we export.

    Raises:
        BadFileError: If there is none, or it is damaged or of a kind that is not read.
    """
    return _KINDS[identify(path)][0](Path(path))


def load(path: str | PathLike[str], scale_factor: float | None = None) -> SketchRNN:
    """Load a model of any kind that is read.

    Args:
        path: See `describe`.
        scale_factor: Data units in a model unit, for a kind that does not tell.

    Raises:
        BadFileError: If there is none, or it is damaged or of a kind that is not read.
        BadSettingError: If the scale factor is needed and missing, or given and not needed.
    """
    return _KINDS[identify(path)][1](Path(path), scale_factor)


def identify(path: str | PathLike[str]) -> str:
    """Return the kind of a model, a key of `_KINDS`, by what it holds.

    Raises:
        BadFileError: If it is of no kind that is read.
    """
    place = Path(path)
    if place.is_dir() and not (place / folder.CONFIG_FILE).is_file():
        for pattern, kind in (
            ("*.index", "magenta_tf1"),
            (onnx.NOTES, "onnx"),
            (_SERVED, "served"),
        ):
            if any(place.glob(pattern)):
                return kind
    if place.with_name(place.name + ".index").is_file() or _CHECKPOINT.search(place.name):
        return "magenta_tf1"
    # a path into a folder that is here is a mistyped path
    if hub.is_name(path) and not place.parent.is_dir():
        return "hub"
    if place.is_dir() or not place.is_file():
        return "folder"
    with open(place, "rb") as file:
        beginning = file.read(_BEGINNING)
    if beginning.startswith(_PICKLES):
        raise BadFileError(
            "is a pickle, which could run anything, and is not read",
            path=place,
            hint="convert it to safetensors where it comes from",
        )
    if beginning.startswith(b"PK"):
        return "keras"
    if beginning[8:10] == b'{"' and int.from_bytes(beginning[:8], "little") < 1 << 24:
        return "safetensors"
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
        return "magenta_js"
    if place.suffix == ".onnx" or place.name in (folder.CONFIG_FILE, folder.WEIGHTS_FILE, _SERVED):
        raise BadFileError(
            "is a part of a model",
            path=place,
            hint=f"name the folder that it is in, {place.parent}",
        )
    raise BadFileError(
        "is no model of a kind that is read",
        path=place,
        hint="there are: a model folder, JSON of sketch-rnn-js, a checkpoint of Magenta's, "
        "safetensors and .keras files, ONNX folders and SavedModels of ours",
    )


def _describe_folder(path: Path) -> Description:
    found = folder.read(path)
    parameters = sum(array.size for array in folder.read_weights(found).values())
    return Description(
        found.path,
        "model folder",
        found.config,
        parameters,
        found.preparation,
        found.provenance,
    )


def _describe_js(path: Path) -> Description:
    file = magenta_js_file.read(path)
    state = ", with a first state of its own" if magenta_js_file.FIRST_STATE in file.info else ""
    return Description(
        path,
        f"sketch-rnn-js{state}",
        file.config,
        sum(array.size for array in file.arrays().values()),
        file.preparation.to_dict(),
        file.provenance,
    )


def _describe_tf1(path: Path) -> Description:
    prefix = magenta_tf1.find(path)
    known = magenta_tf1.read_config(prefix.parent).get("scale_factor") is not None
    model = magenta_tf1.load(path, None if known else 1.0)
    return Description(
        path,
        "checkpoint of Magenta's, TensorFlow 1",
        model.config,
        sum(array.size for array in model.weights.values()),
        model.preparation.to_dict(),
        model.provenance,
        scaled=known,
    )


def _read_safetensors(path: Path) -> folder.ModelFolder:
    notes = safetensors_file.read_notes(path)
    if notes is None:
        raise BadFileError(
            "does not say what network its weights belong to",
            path=path,
            hint="put config.json of its model folder beside it, and name the folder",
        )
    return folder.check_notes(notes, path, path)


def _describe_safetensors(path: Path) -> Description:
    return _describe_notes(path, "safetensors", _read_safetensors(path))


def _describe_notes(path: Path, kind: str, found: folder.ModelFolder) -> Description:
    shapes = folder.weight_shapes(found.config)
    parameters = sum(math.prod(shape) for shape in shapes.values())
    return Description(path, kind, found.config, parameters, found.preparation, found.provenance)


def _describe_keras(path: Path) -> Description:
    return _describe_notes(path, "Keras", keras_files.read(path))


def _describe_onnx(path: Path) -> Description:
    return _describe_notes(path, "ONNX", onnx.read(path))


def _describe_served(path: Path) -> Description:
    return _describe_notes(path, "SavedModel", keras_files.read_served(path))


def _describe_hub(path: Path) -> Description:
    found = folder.read(hub.find(path.as_posix(), weights=False))
    return _describe_notes(path, "model folder on the Hugging Face hub", found)


def _load_hub(path: Path, scale_factor: float | None) -> SketchRNN:
    _refuse_scale(path, scale_factor)
    return SketchRNN.from_pretrained(path.as_posix())


def _load_exported(path: Path, scale_factor: float | None) -> SketchRNN:
    raise BadFileError(
        "is made for other programs, and is not read back",
        path=path,
        hint="take the model folder that it was made of",
    )


def _load_keras(path: Path, scale_factor: float | None) -> SketchRNN:
    _refuse_scale(path, scale_factor)
    return keras_files.load(path)


def _load_safetensors(path: Path, scale_factor: float | None) -> SketchRNN:
    _refuse_scale(path, scale_factor)
    found = _read_safetensors(path)
    weights = safetensors_file.read(path, folder.weight_shapes(found.config))
    try:
        preparation = Preparation.from_dict(found.preparation)
    except (BadSettingError, TypeError) as error:
        raise BadFileError(str(error), path=path) from error
    return SketchRNN(found.config, weights, preparation, found.provenance)


def save_safetensors(
    model: SketchRNN, path: str | PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a whole model as one safetensors file.

    Args:
        model: Any model.
        path: The file.
        overwrite: Whether a file that exists is replaced.

    Raises:
        OutputExistsError: If the file exists.
        MissingDependencyError: If `safetensors` is not installed.
    """
    notes = folder.notes(model.config, model.preparation.to_dict(), model.provenance)
    with whole_file(path, overwrite=overwrite) as beside:
        safetensors_file.write(beside, model.weights, notes)
    return Path(path)


def _refuse_scale(path: Path, scale_factor: float | None) -> None:
    """Refuse a scale factor where the file tells its own."""
    if scale_factor is not None:
        raise BadFileError("tells its own scale factor", path=path, hint="leave --scale-factor out")


def _load_folder(path: Path, scale_factor: float | None) -> SketchRNN:
    _refuse_scale(path, scale_factor)
    return SketchRNN.load(path)


def _load_js(path: Path, scale_factor: float | None) -> SketchRNN:
    _refuse_scale(path, scale_factor)
    return magenta_js.load(path)


_KINDS: dict[
    str, tuple[Callable[[Path], Description], Callable[[Path, float | None], SketchRNN]]
] = {
    "folder": (_describe_folder, _load_folder),
    "magenta_js": (_describe_js, _load_js),
    "keras": (_describe_keras, _load_keras),
    "safetensors": (_describe_safetensors, _load_safetensors),
    "magenta_tf1": (_describe_tf1, magenta_tf1.load),
    "onnx": (_describe_onnx, _load_exported),
    "served": (_describe_served, _load_exported),
    "hub": (_describe_hub, _load_hub),
}
