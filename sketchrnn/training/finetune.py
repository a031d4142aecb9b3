"""Going on from somebody's model with drawings of one's own.

The network's shape and weights are the parent's, and so are the units in which it sees drawings:
its scale factor is kept, not computed anew, so that a weight means what it meant. Where the two
were fitted to squares of different sides, it is multiplied by their ratio, so that a drawing that
fills its square is as large for the network as before.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.categories import category_indices, listed
from sketchrnn.data.data_file import DataFile
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, BadSettingError
from sketchrnn.model import folder
from sketchrnn.model.config import ModelConfig
from sketchrnn.training import presets
from sketchrnn.training.config import TrainConfig

FINETUNE_DEFAULTS: dict[str, Any] = {
    "steps": 2000,
    "batch_size": 50,
    "learning_rate": 3e-4,
    "eta_min": 1.0,
    "evaluate_every": 100,
    "sample_every": 500,
}
"""The training without a preset: shorter and gentler than one from nothing, and with the whole
weight of the KL term from the start, since z is in use already."""
_INHERITED = ("w_kl", "kl_min", "random_scale", "point_drop")
"""Settings of the parent's own training that are taken over then."""
_FAR = 2.0
"""Drawings that are so many times as large, or as small, are worth a word."""


@dataclasses.dataclass(frozen=True)
class PretrainedModel:
    """A model to go on from.

    Attributes:
        name: As it was called: the name of a shipped model, or of a folder.
        config: The network.
        weights: Arrays by name.
        preparation: How its drawings became data units.
        provenance: Where its weights come from.
    """

    name: str
    config: ModelConfig
    weights: dict[str, NDArray[np.float32]]
    preparation: Preparation
    provenance: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """A digest of the weights."""
        digest = hashlib.sha256()
        for name in sorted(self.weights):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(self.weights[name]).data)
        return digest.hexdigest()


def read(model: str) -> PretrainedModel:
    """Read a model folder, or a shipped model by its name.

    Raises:
        BadFileError: If there is none, or it is damaged.
    """
    found = folder.read(model)
    try:
        preparation = Preparation.from_dict(found.preparation)
    except (BadSettingError, TypeError) as error:
        raise BadFileError(str(error), path=found.path / folder.CONFIG_FILE) from error
    weights = folder.read_weights(found)
    return PretrainedModel(found.path.name, found.config, weights, preparation, found.provenance)


def settings(
    parent: PretrainedModel, data: DataFile, preset: str | None, changes: Mapping[str, Any]
) -> tuple[ModelConfig, TrainConfig, list[str]]:
    """Return the two configurations of a run that goes on from a model, and what to tell of it.

    Args:
        parent: The model.
        data: The drawings to learn.
        preset: Whose training settings to use, not its network; None for `GOING_ON`.
        changes: Settings by name that were asked for.

    Raises:
        BadSettingError: If one of them would make another network, or cannot be used.
        BadFileError: If drawings lack a category that the model wants to be told.
    """
    config = parent.config
    longest = max(int(split.lengths.max(initial=1)) for split in data.splits.values())
    categories = config.categories
    if config.category_size:
        categories = _extended(config.categories, data)
    ours, training = presets.settings(
        None,
        changes,
        begun=_begun(parent, preset),
        max_seq_len=max(config.max_seq_len, longest),
        scale_factor=config.scale_factor * data.preparation.extent / parent.preparation.extent,
        categories=categories,
    )
    for field in dataclasses.fields(ModelConfig):
        mine, its = getattr(ours, field.name), getattr(config, field.name)
        if mine != its and field.name not in presets.DERIVED and not _may_differ(field.name):
            hint = f"leave {field.name} away, or train without --init-from"
            if field.name == "conditional":
                hint = "a decoder alone has no encoder, and cannot get or lose one; " + hint
            raise BadSettingError(
                f"{field.name} is {mine}, and the model {parent.name} has {its}", hint=hint
            )
    return ours, training, _notes(parent, ours, data)


def weights_for(parent: PretrainedModel, config: ModelConfig) -> dict[str, NDArray[np.float32]]:
    """Return the weights to begin with; a new category begins as the mean of those known."""
    weights = dict(parent.weights)
    new = len(config.categories) - len(parent.config.categories)
    if new:
        table = weights["categories/embedding"]
        rows = np.repeat(table.mean(axis=0, keepdims=True), new, axis=0)
        weights["categories/embedding"] = np.concatenate([table, rows])
    return weights


def lineage(parent: PretrainedModel) -> dict[str, Any]:
    """Return what a model should say of the one that it goes on from."""
    return {
        "name": parent.name,
        "step": parent.provenance.get("step"),
        "weights_sha256": parent.fingerprint,
        "data": parent.provenance.get("data") or {},
        **({"parent": parent.provenance["parent"]} if "parent" in parent.provenance else {}),
    }


def with_lineage(provenance: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """Return provenance with a parent in it, and the terms of both data sets as its own."""
    data, before = dict(provenance["data"]), parent["data"]
    for key, joint in (("licence", " and "), ("attribution", "; ")):
        lines = [line for line in (data.get(key), before.get(key)) if line]
        terms = [term for line in lines for term in str(line).split(joint)]
        data[key] = joint.join(dict.fromkeys(terms)) or None
    return {**provenance, "data": data, "parent": dict(parent)}


def _begun(parent: PretrainedModel, preset: str | None) -> dict[str, Any]:
    """Return the settings before those that were asked for."""
    network = {
        name: value
        for name, value in parent.config.to_dict().items()
        if name not in presets.DERIVED
    }
    names = {field.name for field in dataclasses.fields(TrainConfig)}
    if preset is not None:
        training = {k: v for k, v in presets.of_name(preset).items() if k in names}
    else:
        before = parent.provenance.get("settings") or {}
        training = {**FINETUNE_DEFAULTS, **{k: before[k] for k in _INHERITED if k in before}}
    return {**network, **training}


def _may_differ(name: str) -> bool:
    """Tell whether a setting of the network leaves the meaning of its weights alone."""
    return name.endswith("dropout_rate")


def _extended(known: tuple[str, ...], data: DataFile) -> tuple[str, ...]:
    """Return the model's categories and behind them the data's new ones."""
    train = data["train"]
    new = [name for name in data.categories if name not in known]
    names = (*known, *new)
    category_indices(train, names)
    learned = {data.categories[index] for index in np.unique(train.categories[:])}
    missing = [name for name in new if name not in learned]
    if missing:
        raise BadFileError(
            f"has no training drawings of {listed(missing)}, which the model does not know",
            path=data.path,
            hint="convert more drawings, or leave that category out",
        )
    return names


def _notes(parent: PretrainedModel, config: ModelConfig, data: DataFile) -> list[str]:
    """Return lines about how the drawings and the model were brought together."""
    theirs, ours = parent.preparation, data.preparation
    scale = config.scale_factor
    notes = [
        f"going on from {parent.name}; its scale factor {scale:.4g} is kept (of these drawings "
        f"alone it would be {data.scale_factor:.4g})"
    ]
    if ours.extent != theirs.extent:
        notes[0] = (
            f"going on from {parent.name}; its scale factor {parent.config.scale_factor:.4g} "
            f"becomes {scale:.4g}, because the drawings' extent is {ours.extent:g} and was "
            f"{theirs.extent:g}"
        )
    ratio = data.scale_factor / scale
    if not 1 / _FAR <= ratio <= _FAR:
        notes.append(
            f"the steps of these drawings are {ratio:.2g} times as long as those that "
            f"{parent.name} learned from: see that both were fitted alike"
        )
    for name in ("fit", "epsilon"):
        mine, its = getattr(ours, name), getattr(theirs, name)
        if mine != its:
            shown = [f"{v:g}" if isinstance(v, float) else v for v in (mine, its)]
            notes.append(f"these drawings were prepared with {name} {shown[0]}, its own {shown[1]}")
    if config.max_seq_len > parent.config.max_seq_len:
        notes.append(
            f"the longest of these drawings has {config.max_seq_len} steps, where {parent.name} "
            f"had {parent.config.max_seq_len}"
        )
    new = config.categories[len(parent.config.categories) :]
    if new:
        notes.append(f"new categories: {listed(new)}")
    return notes
