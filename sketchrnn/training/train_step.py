"""The network while it learns: one step, its whole state, the average of its weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from sketchrnn.data.batches import Batch
from sketchrnn.data.data_file import Split
from sketchrnn.drawing import BadFileError
from sketchrnn.model import devices
from sketchrnn.model.config import ModelConfig
from sketchrnn.model.vae import SketchVAE
from sketchrnn.training import distributed, memory
from sketchrnn.training.config import TrainConfig
from sketchrnn.training.evaluate import Evaluator, evaluate

EVALUATED_AT_ONCE = 64
_RATE = "learning_rate"


class TrainStep:
    """A network and its optimizer.

    Its state is arrays by name, `weights/…` and `optimizer/…`; with it, and the same batches and
    rates, any run goes on bit for bit. The optimizer's moving average, where `ema_decay` asks for
    one, is part of it.

    Args:
        config: The network.
        train_config: The training.
        batch_size: How many drawings all processes learn from at once; None for the training's.
            Of several processes each gives `step` its share, and all call all methods.

    Attributes:
        devices: How many devices of each process work.
    """

    def __init__(
        self, config: ModelConfig, train_config: TrainConfig, batch_size: int | None = None
    ) -> None:
        """Make the network with weights that derive from the seed."""
        self.devices = distributed.devices_for(batch_size or train_config.batch_size)
        self._everywhere = devices.share_out(self.devices)
        with self._everywhere():
            self._make(config, train_config)
        self._averages = train_config.ema_decay > 0
        self._batch_size = train_config.batch_size
        self._evaluator = Evaluator(self.network)

    def _make(self, config: ModelConfig, train_config: TrainConfig) -> None:
        keras.utils.set_random_seed(train_config.seed)
        self.network = SketchVAE(
            config, kl_min=train_config.kl_min, precision=train_config.precision
        )
        decay = train_config.ema_decay
        self.network.compile(
            # The rate is a variable that each step sets, not a schedule, so that a divergence can
            # lower it.
            optimizer=keras.optimizers.Adam(
                float(train_config.learning_rate),
                epsilon=1e-8,
                clipvalue=train_config.grad_clip,
                use_ema=decay > 0,
                ema_momentum=decay,
            ),
            jit_compile=True,
        )
        self.network.optimizer.build(self.network.trainable_variables)

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return int(self.network.count_params())

    @property
    def steps(self) -> int:
        """Steps that the optimizer has made."""
        return int(self.network.optimizer.iterations)

    def step(self, batch: Batch, learning_rate: float) -> dict[str, float]:
        """Learn from a batch; return the losses by name, of the weights before it."""
        with self._everywhere():
            self.network.optimizer.learning_rate = learning_rate
            # one step a call rather than `fit`, whose input pipeline under TensorFlow takes the
            # first batch's length for every batch's
            logs = self.network.train_on_batch(batch, return_dict=True)
        return {name: float(value) for name, value in logs.items()}

    def evaluate(self, split: Split) -> dict[str, float]:
        """Return the figures of the weights of this moment; see `training.evaluate`."""
        # memory that suffices for a step suffices here
        size = min(EVALUATED_AT_ONCE, self._batch_size)
        return evaluate(self._evaluator, self.network, split, batch_size=size)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights by the names of a model folder."""
        return {name: _copy(v) for name, v in self.network.named_weights().items()}

    def begin_with(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take over the weights of another model of the same shape."""
        with self._everywhere():
            for name, variable in self.network.named_weights().items():
                variable.assign(weights[name])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return a copy of all that a step depends on."""
        return {name: _copy(variable) for name, variable in self._variables().items()}

    def check(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Refuse a state that is none of this network.

        Raises:
            BadFileError: If an array is missing or has another shape.
        """
        for name, variable in self._variables().items():
            if name not in arrays or arrays[name].shape != tuple(variable.shape):
                got = f"is {arrays[name].shape}" if name in arrays else "is missing"
                raise BadFileError(
                    f"{got}: the checkpoint belongs to another configuration",
                    where=name,
                    hint="resume with the run's own settings",
                )

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a state.

        Raises:
            BadFileError: If an array is missing or has another shape; nothing has changed then.
        """
        self.check(arrays)
        with self._everywhere():
            for name, variable in self._variables().items():
                variable.assign(arrays[name])

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Have the weights be their moving average inside the block, if there is one."""
        if not (self._averages and self.steps):
            yield
            return
        variables = self.network.trainable_variables
        own = [_copy(variable) for variable in variables]
        with self._everywhere():
            self.network.optimizer.finalize_variable_values(variables)
        try:
            yield
        finally:
            with self._everywhere():
                for variable, value in zip(variables, own, strict=True):
                    variable.assign(value)

    def fits(self, batch: Batch, state: Mapping[str, NDArray[Any]]) -> bool:
        """Tell whether a step with a batch finds memory enough, beginning with a state.

        The weights are not those of the run afterwards.
        """
        try:
            self.restore(state)
            self.step(batch, 0.0)
        except Exception as error:
            if memory.is_exhausted(error):
                return False
            raise
        return True

    def _variables(self) -> dict[str, Any]:
        """Return every variable by name; the rate is none, since each step sets it."""
        weights = {f"weights/{n}": v for n, v in self.network.named_weights().items()}
        optimizer = [v for v in self.network.optimizer.variables if v.name != _RATE]
        return {**weights, **{f"optimizer/{k:04d}": v for k, v in enumerate(optimizer)}}


def _copy(variable: Any) -> NDArray[Any]:
    """Return a variable's value in memory of its own: JAX uses that of the last step again."""
    return np.asarray(variable).copy()
