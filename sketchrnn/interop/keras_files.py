"""A model as a `.keras` file, out and in, and as a SavedModel to be served.

A `.keras` file is a zip archive. Here it is opened without Keras and looked through first: one that
holds a Lambda layer, a pickle, or any class but ours is refused, and nothing in it runs.
"""

from __future__ import annotations

import json
import lzma
import tempfile
import zipfile
import zlib
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sketchrnn.api import SketchRNN
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError, MissingDependencyError
from sketchrnn.drawing.files import check_folder, check_output, whole_file, whole_folder
from sketchrnn.model import backend, folder, hdf5_file

_CLASS = "sketchrnn>SketchVAE"
_NOTES = "sketchrnn.json"
_BESIDE = "assets.extra"  # where TensorFlow leaves room for what it does not read
_SERVED = (
    f"{_BESIDE}/{_NOTES}",
    "saved_model.pb",
    "fingerprint.pb",
    "variables/variables.*",
)  # the files of a SavedModel of ours; a folder that holds others is not replaced
_CONFIG = "config.json"
_MEMBERS = {"metadata.json", _CONFIG, folder.WEIGHTS_FILE, _NOTES}
_LARGEST_CONFIG = 1 << 20
_UNREADABLE = (  # what zipfile and json raise; a RuntimeError is for an encrypted file
    zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError
)  # fmt: skip
_LARGEST_WEIGHTS = 1 << 31


def save(model: SketchRNN, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a `.keras` file, which Keras loads after `import sketchrnn.model.vae`.

    Args:
        model: Any model.
        path: The file, NAME.keras.
        overwrite: Whether a file that exists is replaced.

    Raises:
        OutputExistsError: If the file exists.
        MissingDependencyError: If Keras or its backend is not installed.
    """
    target = check_output(path, overwrite=overwrite)
    if target.suffix != ".keras":
        raise BadSettingError("must end in .keras", path=target)
    network = model.network
    notes = folder.notes(model.config, model.preparation.to_dict(), model.provenance)
    with whole_file(target, overwrite=overwrite) as beside:
        network.save(beside)
        with zipfile.ZipFile(beside, "a") as archive:
            archive.writestr(_NOTES, json.dumps(notes, ensure_ascii=False))
    return target


def load(path: str | PathLike[str]) -> SketchRNN:
    """Load a `.keras` file that `save` wrote.

    Raises:
        BadFileError: If it is none, or holds what could run.
        MissingDependencyError: If Keras or its backend is not installed.
    """
    place = Path(path)
    found = read(place)
    backend.load_backend()
    from keras import ops

    from sketchrnn.model.vae import SketchVAE

    with tempfile.TemporaryDirectory() as beside, zipfile.ZipFile(place) as archive:
        try:
            inside = archive.extract(folder.WEIGHTS_FILE, beside)
            hdf5_file.check_size(Path(inside), folder.weight_shapes(found.config), place)
            network = SketchVAE(found.config)
            network.load_weights(inside)
        except (*_UNREADABLE, KeyError) as error:
            raise BadFileError(
                "its weights are damaged, or not those of its network", path=place
            ) from error
    weights = {
        name: np.asarray(ops.convert_to_numpy(value))
        for name, value in network.named_weights().items()
    }
    for name, array in weights.items():
        if not np.isfinite(array).all():
            raise BadFileError("holds NaN or infinite numbers", path=place, where=name)
    try:
        preparation = Preparation.from_dict(found.preparation)
    except (BadSettingError, TypeError) as error:
        raise BadFileError(str(error), path=place) from error
    return SketchRNN(found.config, weights, preparation, found.provenance)


def read(path: Path) -> folder.ModelFolder:
    """Return what a file says of itself, without Keras; nothing in it is run.

    Raises:
        BadFileError: If it is none that `save` wrote, or holds what could run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if any(name.endswith(".pkl") for name in sizes):
                raise BadFileError(
                    "holds a pickle, which could run anything, and is not read",
                    path=path,
                    hint="convert it to safetensors where it comes from",
                )
            if _CONFIG not in sizes or folder.WEIGHTS_FILE not in sizes:
                raise BadFileError("is no .keras file", path=path)
            large = sizes[folder.WEIGHTS_FILE] > _LARGEST_WEIGHTS
            if large or max(sizes[_CONFIG], sizes.get(_NOTES, 0)) > _LARGEST_CONFIG:
                raise BadFileError("is too large", path=path)
            config = json.loads(archive.read(_CONFIG))
            notes = json.loads(archive.read(_NOTES)) if _NOTES in sizes else None
    except _UNREADABLE as error:
        raise BadFileError(
            "is no .keras file, or is truncated", path=path, hint="get it again"
        ) from error
    if "Lambda" in _class_names(config):
        raise BadFileError(
            "holds a Lambda layer, which could run anything, and is not read", path=path
        )
    name = config.get("registered_name") if isinstance(config, dict) else None
    if name != _CLASS or set(sizes) - _MEMBERS:
        raise BadFileError("is no model of sketchrnn, but of another program", path=path)
    return folder.check_notes(notes, path, path)


def _class_names(value: Any) -> set[str]:
    """Return the names of all classes that a configuration asks for."""
    names, waiting = set(), [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            names.add(str(part.get("class_name", "")))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return names


def save_for_serving(
    model: SketchRNN, path: str | PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a TensorFlow SavedModel, which TensorFlow Serving runs without this package.

    Its endpoints are those of `onnx.graphs`: `step`, and `start` and `encode` where there are such,
    but for the arguments: where the model is told z or a category, they follow the others.
    `step` returns outputs (B, 3 + 6M), the pen's logits first, hidden and cell.

    Args:
        model: Any model.
        path: The folder.
        overwrite: Whether a folder that exists is replaced, with all that is in it.

    Raises:
        OutputExistsError: If the folder exists.
        MissingDependencyError: If Keras does not compute with TensorFlow.
    """
    target = check_folder(path, overwrite=overwrite, contents=_SERVED)
    network = model.network
    import keras
    from keras import ops

    if keras.backend.backend() != "tensorflow":
        raise MissingDependencyError(
            f"a SavedModel is written by TensorFlow, and Keras computes with "
            f"{keras.backend.backend()}",
            hint="call it with `sketchrnn --backend tensorflow`",
        )
    config, decoder = model.config, network.decoder
    encoder, categories = network.encoder, network.categories
    state = keras.InputSpec(shape=(None, decoder.lstm.state_size), dtype="float32")
    told = []
    if config.conditional:
        told.append(keras.InputSpec(shape=(None, config.z_size), dtype="float32"))
    if config.categories:
        told.append(keras.InputSpec(shape=(None,), dtype="int32"))

    def condition(given: tuple[Any, ...]) -> Any:
        parts = list(given)
        if categories is not None:
            parts[-1] = categories(parts[-1])
        return ops.concatenate(parts, axis=1) if parts else None

    def step(row: Any, hidden: Any, cell: Any, *given: Any) -> dict[str, Any]:
        from sketchrnn.model.recurrent import LSTMState

        constant = decoder.lstm.constant(ops.shape(row)[0], condition(given))
        after = decoder.lstm.step(row, constant, LSTMState(hidden, cell))
        return {"outputs": decoder.predict(after), "hidden": after.hidden, "cell": after.cell}

    def start(*given: Any) -> dict[str, Any]:
        first = decoder.initial_state(ops.shape(given[0])[0], condition(given))
        return {"hidden": first.hidden, "cell": first.cell}

    def encode(steps: Any, lengths: Any, *category: Any) -> dict[str, Any]:
        assert encoder is not None
        embedding = None if categories is None else categories(category[0])
        z_mean, z_log_var = encoder(steps, lengths, embedding=embedding)
        return {"z_mean": z_mean, "z_log_var": z_log_var}

    notes = folder.notes(config, model.preparation.to_dict(), model.provenance)
    archive = keras.export.ExportArchive()
    archive.track(network)
    row = keras.InputSpec(shape=(None, 5), dtype="float32")
    archive.add_endpoint("step", step, input_signature=[row, state, state, *told])
    if told:
        archive.add_endpoint("start", start, input_signature=told)
    if config.conditional:
        steps = keras.InputSpec(shape=(None, None, 5), dtype="float32")
        lengths = keras.InputSpec(shape=(None,), dtype="int32")
        archive.add_endpoint("encode", encode, input_signature=[steps, lengths, *told[1:]])
    with whole_folder(target, overwrite=overwrite, contents=_SERVED) as beside:
        archive.write_out(str(beside), verbose=False)
        (beside / _BESIDE).mkdir()
        (beside / _BESIDE / _NOTES).write_text(json.dumps(notes, ensure_ascii=False), "utf-8")
    return target


def read_served(path: Path) -> folder.ModelFolder:
    """Return what a SavedModel says of its model, without TensorFlow.

    Raises:
        BadFileError: If it is none that `save_for_serving` wrote.
    """
    notes = path / _BESIDE / _NOTES
    if not notes.is_file():
        raise BadFileError("is a SavedModel that sketchrnn did not write", path=path)
    return folder.read_notes(notes, path)
