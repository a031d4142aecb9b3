"""What the tests of the network need on either backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pytest


@pytest.fixture
def gradients() -> Callable[..., list[np.ndarray]]:
    """A function (loss, values) -> gradients of loss(*values), by the backend's own autodiff."""

    def of_tensors(loss: Callable[..., Any], values: Sequence[np.ndarray]) -> list[np.ndarray]:
        if keras.backend.backend() == "jax":
            import jax

            return [np.asarray(g) for g in jax.grad(loss, argnums=range(len(values)))(*values)]
        import tensorflow as tf

        @tf.function(jit_compile=True)
        def compiled(*tensors: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(tensors)
                result = loss(*tensors)
            return tape.gradient(result, tensors)

        return [g.numpy() for g in compiled(*[tf.constant(v) for v in values])]

    return of_tensors


@pytest.fixture
def weight_gradients(
    gradients: Callable[..., list[np.ndarray]],
) -> Callable[..., list[np.ndarray]]:
    """A function (loss, variables) -> gradients of loss() with respect to Keras variables."""

    def of_variables(loss: Callable[[], Any], variables: Sequence[Any]) -> list[np.ndarray]:
        if keras.backend.backend() == "jax":

            def pure(*values: Any) -> Any:
                mapping = list(zip(variables, values, strict=True))
                with keras.StatelessScope(state_mapping=mapping):
                    return loss()

            return gradients(pure, [np.asarray(v) for v in variables])
        import tensorflow as tf

        @tf.function(jit_compile=True)
        def compiled() -> Any:
            with tf.GradientTape() as tape:
                result = loss()
            return tape.gradient(result, [v.value for v in variables])

        return [g.numpy() for g in compiled()]

    return of_variables
