"""A run from its folder's point of view: made, replaced, or gone on with."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sketchrnn.data.categories import check_learned
from sketchrnn.data.data_file import DataFile
from sketchrnn.drawing import (
    BadFileError,
    BadSettingError,
    Drawing,
    OutputExistsError,
    SketchRNNError,
)
from sketchrnn.drawing.files import check_folder, whole_file
from sketchrnn.model import backend
from sketchrnn.model.config import ADDED_LATER, ModelConfig
from sketchrnn.model.folder import CONFIG_FILE, WEIGHTS_FILE
from sketchrnn.render import gallery
from sketchrnn.training import checkpoint, distributed, finetune, memory, presets
from sketchrnn.training.config import TrainConfig
from sketchrnn.training.progress import Outcome, Watcher
from sketchrnn.training.run_folder import (
    LOCK_FILE,
    METRICS_FILE,
    RUN_FILE,
    SAMPLES_FOLDER,
    TENSORBOARD_FOLDER,
    locked,
)

if TYPE_CHECKING:
    from sketchrnn.training.train import Trainer

FORMAT_VERSION = 1
_MAY_CHANGE = (
    *("steps", "minutes", "evaluate_every", "sample_every", "patience"),
    *("batch_size", "num_buckets"),  # for who runs out of memory; the batches are others then
)
"""What a run may be told anew when it goes on."""

REPORT_FILE = "report.html"

_CONTENTS = (
    RUN_FILE,
    CONFIG_FILE,
    WEIGHTS_FILE,
    METRICS_FILE,
    REPORT_FILE,
    LOCK_FILE,
    f"{checkpoint.FOLDER}/*.h5",
    f"{SAMPLES_FOLDER}/step-*.png",
    f"{TENSORBOARD_FOLDER}/events.*",
    ".model-*/*",
    ".run-*",
    f"{checkpoint.FOLDER}/.step-*",
    f"{SAMPLES_FOLDER}/.step-*",
)
"""The files of a run; a folder that holds others is not replaced."""

_LEFTOVERS = (".model-*", ".run-*", f"{checkpoint.FOLDER}/.step-*", f"{SAMPLES_FOLDER}/.step-*")
"""What is half-written when a process is killed."""
_SAMPLE_COLUMNS = 8


def train_run(
    data: DataFile,
    out: Path,
    *,
    preset: str | None,
    changes: Mapping[str, Any],
    resume: bool,
    overwrite: bool,
    init_from: str | None = None,
    watcher: Watcher | None = None,
) -> Outcome:
    """Train in a folder; see `sketchrnn.train`.

    Of several processes (`distributed.initialize`) all call it, and process 0 writes.

    Raises:
        BadSettingError: If a setting is unknown, cannot be used, or may not change in a run.
        BadFileError: If the data has no training drawings, or there is nothing to resume.
        OutputExistsError: If `out` exists and neither `resume` nor `overwrite` is asked for.
    """
    watcher = watcher or (lambda progress: None)
    writes = distributed.process_index() == 0
    with contextlib.ExitStack() as holding:
        plan: Plan | None = None
        problem: SketchRNNError | None = None
        try:
            plan = _plan_for(data, out, preset, changes, resume, overwrite, init_from)
            if writes:
                holding.enter_context(locked(out))
        except SketchRNNError as error:
            if distributed.process_count() == 1:
                raise
            problem = error
        backend.load_backend()
        distributed.check_agreement(_facts(plan, data, resume), problem)
        assert plan is not None
        if not resume and writes:
            _empty(out)
            plan.write(out)
        with distributed.watch_for_loss():
            return _trainer(plan, data, out, resume, watcher).run()


def _empty(out: Path) -> None:
    """Remove an earlier run, but for the lock that this one holds."""
    for path in out.iterdir() if out.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK_FILE:
            path.unlink()


def _plan_for(
    data: DataFile,
    out: Path,
    preset: str | None,
    changes: Mapping[str, Any],
    resume: bool,
    overwrite: bool,
    init_from: str | None,
) -> Plan:
    """Return what the run is to do, having checked all that can be without a framework."""
    if resume and overwrite:
        raise BadSettingError("a run cannot be both resumed and replaced", path=out)
    if resume and init_from is not None:
        raise BadSettingError(
            "a run goes on from its own checkpoints", path=out, hint="omit --init-from"
        )
    plan = _resumed(out, preset, changes) if resume else _planned(data, preset, changes, init_from)
    if not resume:
        _check_room(out, overwrite, plan.init_from)
    shards, count = data["train"].num_shards, distributed.process_count()
    if data.path.is_dir() and shards < count:
        raise BadSettingError(
            f"has {shards} shards with training drawings, and there are {count} processes",
            path=data.path,
            hint="start fewer, or build the folder again with a smaller --piece-size",
        )
    return dataclasses.replace(plan, data=_place_of(data, out))  # which may have moved


def _trainer(plan: Plan, data: DataFile, out: Path, resume: bool, watcher: Watcher) -> Trainer:
    """Return the trainer, with the weights that it begins or goes on with."""
    from sketchrnn.training.train import Trainer  # which loads the framework

    writes = distributed.process_index() == 0
    provenance = _provenance(data, plan.preset)
    if plan.lineage is not None:
        provenance = finetune.with_lineage(provenance, plan.lineage)
    try:
        trainer = Trainer(
            data,
            out,
            plan.config,
            plan.training,
            provenance=provenance,
            watcher=watcher,
            save_page=_save_page,
            make_folder=lambda: plan.write(out),
            notes=plan.notes,
        )
    except Exception as error:
        if not resume and writes:  # nothing was learned that the folder could hold
            shutil.rmtree(out, ignore_errors=True)
        if memory.is_exhausted(error):
            raise memory.too_large(plan.config) from error
        raise
    if resume and writes:
        _clear(out)
    # a run that was killed before it wrote the first has none
    if resume and distributed.broadcast_json(bool(checkpoint.found(out / checkpoint.FOLDER))):
        trainer.resume()
    elif plan.init_from is not None:
        model = finetune.read(plan.init_from)
        if plan.lineage is None or model.fingerprint != plan.lineage["weights_sha256"]:
            raise BadFileError("has changed since the run began", path=plan.init_from)
        trainer.begin_with(finetune.weights_for(model, plan.config))
    if resume and writes:
        plan.write(out)
    return trainer


def _facts(plan: Plan | None, data: DataFile, resume: bool) -> dict[str, dict[str, Any]]:
    """Return what all processes of a run must agree about; nothing if this one cannot begin."""
    if plan is None or distributed.process_count() == 1:
        return {}
    settings = {**plan.config.to_dict(), **plan.training.to_dict()}
    settings["categories"] = distributed.digest_of(settings["categories"])
    return {
        "versions": distributed.versions(),
        "data": {
            "fingerprint": data.fingerprint,
            "drawings": {name: len(split) for name, split in data.splits.items()},
        },
        "settings": settings,
        "beginning": {
            "resume": resume,
            "init_from": plan.lineage and plan.lineage["weights_sha256"],
        },
    }


@dataclasses.dataclass(frozen=True)
class Plan:
    """What run.json says, and what is to be told.

    Attributes:
        config: The network.
        training: The training.
        preset: The name that was asked for.
        init_from: The model that the run goes on from.
        lineage: What it says of that model.
        notes: Lines for whoever watches.
        data: Where the data are, and their fingerprint. It stays in run.json: a model that travels
            does not tell where somebody keeps things.
    """

    config: ModelConfig
    training: TrainConfig
    preset: str | None
    init_from: str | None = None
    lineage: dict[str, Any] | None = None
    notes: Sequence[str] = ()
    data: Mapping[str, str] | None = None

    def write(self, out: Path) -> None:
        """Write run.json, making the folder if there is none."""
        values = {
            "format_version": FORMAT_VERSION,
            "preset": self.preset,
            "config": self.config.to_dict(),
            "training": self.training.to_dict(),
            "init_from": self.init_from,
            "parent": self.lineage,
            "data": self.data,
        }
        with whole_file(out / RUN_FILE, overwrite=True) as beside:
            beside.write_text(json.dumps(values, indent=2) + "\n", "utf-8")


def _planned(
    data: DataFile, preset: str | None, changes: Mapping[str, Any], init_from: str | None
) -> Plan:
    """Return the plan of a new run, having checked that the data serve for it."""
    train = data["train"]
    if init_from is not None:
        model = finetune.read(init_from)
        config, training, notes = finetune.settings(model, data, preset, changes)
        # a folder is found again from anywhere
        place = str(Path(init_from).absolute()) if Path(init_from).is_dir() else init_from
        return Plan(config, training, preset, place, finetune.lineage(model), notes)
    longest = max(int(split.lengths.max(initial=1)) for split in data.splits.values())
    config, training = presets.settings(
        preset,
        changes,
        max_seq_len=longest,
        scale_factor=data.scale_factor,
        categories=data.categories,
    )
    if config.categories:
        check_learned(train, config.categories)
    return Plan(config, training, preset)


def checker(
    data: DataFile, preset: str | None, init_from: str | None
) -> Callable[[Mapping[str, Any]], None]:
    """Return what refuses settings that no new run on these data could use, before any work.

    Args:
        data: The drawings.
        preset: What the run begins from.
        init_from: A model that it begins with.

    Raises:
        BadFileError: If the data has no training drawings, or the model cannot be read.
    """
    longest = max(int(split.lengths.max(initial=1)) for split in data.splits.values())
    train, model = data["train"], finetune.read(init_from) if init_from is not None else None

    def check(changes: Mapping[str, Any]) -> None:
        if model is not None:
            finetune.settings(model, data, preset, changes)
            return
        config, _ = presets.settings(
            preset,
            changes,
            max_seq_len=longest,
            scale_factor=data.scale_factor,
            categories=data.categories,
        )
        if config.categories:
            check_learned(train, config.categories)

    return check


def _place_of(data: DataFile, out: Path) -> dict[str, str]:
    """Return where the data are, as seen from the run's folder, so that both may move together."""
    path = data.path.resolve()
    try:
        told = os.path.relpath(path, out.resolve())
    except ValueError:  # on another drive
        told = str(path)
    return {"path": Path(told).as_posix(), "fingerprint": data.fingerprint}


def _resumed(out: Path, preset: str | None, changes: Mapping[str, Any]) -> Plan:
    path = out / RUN_FILE
    if not path.is_file():
        raise BadFileError("holds no run to go on with", path=out, hint="omit --resume")
    try:
        values = json.loads(path.read_text("utf-8"))
        # runs that were begun before there was such a thing lack its keys
        config = ModelConfig.from_dict({**ADDED_LATER, **values["config"]})
        old = TrainConfig.from_dict(values["training"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadFileError(f"is damaged ({error})", path=path, hint="start anew") from error
    if preset is not None and preset != values.get("preset"):
        raise BadSettingError(
            f"the run was begun with preset {values.get('preset')!r}",
            path=out,
            hint="omit --preset",
        )
    merged_config, merged = presets.settings(
        None,
        changes,
        max_seq_len=config.max_seq_len,
        scale_factor=config.scale_factor,
        categories=config.categories,
        begun={**_own(config), **old.to_dict()},
    )
    before = {**config.to_dict(), **old.to_dict()}
    for key, value in {**merged_config.to_dict(), **merged.to_dict()}.items():
        if value != before[key] and key not in _MAY_CHANGE:
            raise BadSettingError(
                f"{key} cannot change in the middle of a run (it is {before[key]})",
                path=out,
                hint=f"only {', '.join(_MAY_CHANGE)} can; or start anew in another folder",
            )
    return Plan(config, merged, values.get("preset"), values.get("init_from"), values.get("parent"))


def _clear(out: Path) -> None:
    """Remove what a process that was killed had written in part."""
    for pattern in _LEFTOVERS:
        for path in out.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _own(config: ModelConfig) -> dict[str, Any]:
    """Return a configuration without what comes from the data."""
    values = config.to_dict()
    return {key: values[key] for key in values if key not in presets.DERIVED}


def _check_room(out: Path, overwrite: bool, init_from: str | None) -> None:
    """Refuse what exists, unless it is an earlier run that may be replaced.

    Raises:
        OutputExistsError: If `out` exists, and is no empty folder, and may not be replaced.
        BadSettingError: If the run would replace the model that it goes on from.
    """
    if not out.exists() or (out.is_dir() and {p.name for p in out.iterdir()} <= {LOCK_FILE}):
        return
    if overwrite and init_from is not None and Path(init_from).resolve() == out.resolve():
        raise BadSettingError(
            "cannot be replaced by a run that goes on from it",
            path=out,
            hint="choose another folder",
        )
    if overwrite:
        check_folder(out, overwrite=True, contents=_CONTENTS)
        return
    raise OutputExistsError(
        "exists already",
        path=out,
        hint="go on with it by --resume, replace it by --force, or choose another folder",
    )


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
