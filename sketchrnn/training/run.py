"""A run from its folder's point of view: made, replaced, or gone on with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sketchrnn.data.categories import check_learned
from sketchrnn.data.store import DataFile
from sketchrnn.drawing import BadFileError, BadSettingError, Drawing, OutputExistsError
from sketchrnn.drawing.files import whole_file
from sketchrnn.model.config import ADDED_LATER, ModelConfig
from sketchrnn.render import gallery
from sketchrnn.training import presets
from sketchrnn.training.train import Outcome, Trainer, Watcher

RUN_FILE = "run.json"
FORMAT_VERSION = 1
_MAY_CHANGE = ("steps", "minutes", "evaluate_every", "sample_every")
"""What a run may be told anew when it goes on."""
_SAMPLE_COLUMNS = 8


def train_run(
    data: DataFile,
    out: Path,
    *,
    preset: str | None,
    changes: Mapping[str, Any],
    resume: bool,
    overwrite: bool,
    watcher: Watcher | None = None,
) -> Outcome:
    """Train in a folder; see `sketchrnn.train`.

    Raises:
        BadSettingError: If a setting is unknown, cannot be used, or may not change in a run.
        BadFileError: If the data has no training drawings, or there is nothing to resume.
        OutputExistsError: If `out` exists and neither `resume` nor `overwrite` is asked for.
    """
    if resume and overwrite:
        raise BadSettingError("a run cannot be both resumed and replaced", path=out)
    if resume:
        config, train_config = _resumed(out, preset, changes)
    else:
        longest = max(int(split.lengths.max(initial=1)) for split in data.splits.values())
        config, train_config = presets.settings(
            preset,
            changes,
            max_seq_len=longest,
            scale_factor=data.scale_factor,
            categories=data.categories,
        )
        train = data["train"]  # before anything is replaced
        if config.categories:
            check_learned(train, config.categories)
        _make_room(out, overwrite)
        out.mkdir(parents=True, exist_ok=True)
        _write_run(out, config, train_config, preset)
    trainer = Trainer(
        data,
        out,
        config,
        train_config,
        provenance=_provenance(data, preset),
        watcher=watcher,
        save_page=_save_page,
    )
    if resume:
        trainer.resume()
        _write_run(out, config, train_config, preset)
    return trainer.run()


def _resumed(
    out: Path, preset: str | None, changes: Mapping[str, Any]
) -> tuple[ModelConfig, presets.TrainConfig]:
    path = out / RUN_FILE
    if not path.is_file():
        raise BadFileError("holds no run to go on with", path=out, hint="leave --resume away")
    try:
        values = json.loads(path.read_text("utf-8"))
        # runs that were begun before there was such a thing lack its keys
        config = ModelConfig.from_dict({**ADDED_LATER, **values["config"]})
        old = presets.TrainConfig.from_dict(values["training"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadFileError(f"is damaged ({error})", path=path, hint="start anew") from error
    if preset is not None and preset != values.get("preset"):
        raise BadSettingError(
            f"the run was begun with preset {values.get('preset')!r}",
            path=out,
            hint="leave --preset away",
        )
    merged_config, merged = presets.settings(
        None,
        {**_own(config), **old.to_dict(), **changes},
        max_seq_len=config.max_seq_len,
        scale_factor=config.scale_factor,
        categories=config.categories,
    )
    before = {**config.to_dict(), **old.to_dict()}
    for key, value in {**merged_config.to_dict(), **merged.to_dict()}.items():
        if value != before[key] and key not in _MAY_CHANGE:
            raise BadSettingError(
                f"{key} cannot change in the middle of a run (it is {before[key]})",
                path=out,
                hint=f"only {', '.join(_MAY_CHANGE)} can; or start anew in another folder",
            )
    return config, merged


def _own(config: ModelConfig) -> dict[str, Any]:
    """Return a configuration without what comes from the data."""
    values = config.to_dict()
    return {key: values[key] for key in values if key not in presets.DERIVED}


def _make_room(out: Path, overwrite: bool) -> None:
    """Refuse what exists, or remove an earlier run if that is asked for; nothing else is removed.

    Raises:
        OutputExistsError: If `out` exists, and is no empty folder, and may not be replaced.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if overwrite and (out / RUN_FILE).is_file():
        shutil.rmtree(out)
        return
    if overwrite:
        raise OutputExistsError("exists and is no run", path=out, hint="choose another folder")
    raise OutputExistsError(
        "exists already",
        path=out,
        hint="go on with it by --resume, replace it by --force, or choose another folder",
    )


def _write_run(
    out: Path, config: ModelConfig, train_config: presets.TrainConfig, preset: str | None
) -> None:
    values = {
        "format_version": FORMAT_VERSION,
        "preset": preset,
        "config": config.to_dict(),
        "training": train_config.to_dict(),
    }
    with whole_file(out / RUN_FILE, overwrite=True) as beside:
        beside.write_text(json.dumps(values, indent=2) + "\n", "utf-8")


def _provenance(data: DataFile, preset: str | None) -> dict[str, Any]:
    """Return what a model should say of the drawings that it learned from."""
    info = data.info
    return {
        "data": {
            "fingerprint": data.fingerprint,
            "sources": info.get("sources"),
            "licence": info.get("licence"),
            "attribution": info.get("attribution"),
            "drawings": {name: len(split) for name, split in data.splits.items()},
        },
        "preset": preset or "magenta",
    }


def _save_page(drawings: list[Drawing], path: Path, title: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    gallery(drawings, columns=_SAMPLE_COLUMNS, title=title).save(path, overwrite=True)
