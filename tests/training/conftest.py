"""A small data file, and a network of a few numbers that learns in no time."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from sketchrnn.data import DataFileWriter, Preparation, open_data
from sketchrnn.drawing import Drawing


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Seventeen drawings to learn, four to validate."""
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    rng = np.random.default_rng(0)
    info = {"licence": "CC0", "attribution": "nobody", "sources": ["made up"]}
    with DataFileWriter(path, Preparation(fit="longer_side"), info=info) as writer:
        for split, count in (("train", 17), ("valid", 4)):
            for _ in range(count):
                points = rng.integers(0, 256, (int(rng.integers(3, 9)), 2))
                writer.append(split, Drawing([points, points[:1]]))
    return open_data(path)


class FakeTrainStep:
    """Stands for `TrainStep`: every number of the batch, the rate and the past goes into its state.

    Attributes:
        poison: Batch -> what happens when it is learned: "nan", "weights", or an exception.
        losses: If not None, what the steps' losses are, by the count of steps that were made.
        objectives: Nats per drawing of the validations, in order; the last one stays.
        fitting: The largest batch that there is memory for.
    """

    parameters = 3
    devices = 1

    begun = None

    def __init__(self) -> None:
        self.arrays = {
            "weights/w": np.array([0.1, -0.2, 0.3], np.float32),
            "optimizer/0000": np.zeros(3, np.float32),
            "optimizer/steps": np.array(0),
        }
        self.poison = {}
        self.losses = None
        self.objectives = []
        self.fitting = 1000
        self.seen = []  # the first number of each batch's dropout keys
        self.rates = []
        self.evaluated = 0

    @property
    def steps(self):
        return int(self.arrays["optimizer/steps"])

    def step(self, batch, rate):
        key = int(batch["dropout_keys"][0])
        self.seen.append(key)
        self.rates.append(rate)
        if len(batch["lengths"]) > self.fitting:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate")
        harm = self.poison.get(key)
        if isinstance(harm, Exception):
            raise harm
        w, m = self.arrays["weights/w"], self.arrays["optimizer/0000"]
        push = np.float32(batch["stroke5"].mean() + key / 2**31 + batch["w_kl"].mean())
        m = np.float32(0.9) * m + push * np.cos(w)
        w = w - np.float32(rate) * m
        if harm == "weights":
            w = w * np.float32("nan")
        self.arrays = {
            "weights/w": w,
            "optimizer/0000": m,
            "optimizer/steps": np.array(self.steps + 1),
        }
        loss = float("nan") if harm == "nan" else float(push)
        if self.losses is not None:
            loss = self.losses(len(self.seen))
        return {"loss": loss, "loss_offset": loss, "loss_pen": 0.0, "loss_kl": 0.0}

    def evaluate(self, split):
        value = float(np.abs(self.arrays["weights/w"]).sum())
        if self.objectives:
            value = self.objectives[min(self.evaluated, len(self.objectives) - 1)]
        self.evaluated += 1
        return {"nats_per_drawing": value, "nats_per_point": value, "kl_floored": 0.2}

    def weights(self):
        return self.begun or {"w": self.arrays["weights/w"]}

    def begin_with(self, weights):
        self.begun = weights
        self.arrays["weights/w"] = weights["decoder/output/bias"][:3].copy()

    def state(self):
        return {name: array.copy() for name, array in self.arrays.items()}

    def restore(self, arrays):
        self.arrays = {name: np.array(array) for name, array in arrays.items()}

    def averaged(self):
        return contextlib.nullcontext()

    def fits(self, batch, state):
        return len(batch["lengths"]) <= self.fitting


@pytest.fixture
def learner(monkeypatch):
    """The fake in the place of the network: every run of the test makes a new one."""
    made = []
    settings = {}

    def make(config, train_config, batch_size):
        fake = FakeTrainStep()
        fake.config = config
        for name, value in settings.items():
            setattr(fake, name, value)
        made.append(fake)
        return fake

    monkeypatch.setattr("sketchrnn.training.train.TrainStep", make)
    monkeypatch.setattr("sketchrnn.training.run._save_page", lambda *_: None)

    class Handle:
        """Gives all fakes to come their behaviour, and shows the last one made."""

        def set(self, **changes):
            settings.update(changes)

        @property
        def last(self):
            return made[-1]

    return Handle()


def files(folder: Path) -> set[str]:
    """The names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
