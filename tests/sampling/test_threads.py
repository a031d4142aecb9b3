"""Small products are one thread's, large ones everybody's."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest

from sketchrnn.sampling import threads
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_cells import next_cell, sigmoid
from sketchrnn.sampling.numpy_loop import NumpyDecoder
from sketchrnn.sampling.sampler import sample_steps


@pytest.fixture
def alone(monkeypatch):
    """Whether one thread multiplies at the moment, as a list of one."""
    now = [False]

    @contextlib.contextmanager
    def one_thread():
        assert not now[0]
        now[0] = True
        yield
        now[0] = False

    monkeypatch.setattr(threads, "one_thread", one_thread)
    return now


def test_one_thread_draws_when_few_drawings_are_left(free_config, make_weights, alone, monkeypatch):
    decoder = NumpyDecoder(free_config, make_weights(free_config))
    seen = []
    step = decoder.step

    def watched(row, *state):
        seen.append((len(row), alone[0]))
        return step(row, *state)

    monkeypatch.setattr(decoder, "step", watched)
    monkeypatch.setattr(threads, "FEW", 5)
    noise = np.stack([sampling_noise(3, k, 24) for k in range(20)])
    noise[4:, 9, 1] = 1 - 2**-24  # most end at their tenth step
    sample_steps(decoder, None, noise, temperature_rule(1.0))
    alive = [count for count, _ in seen]
    assert alive[0] == 20
    assert 5 >= alive[-1] > 0
    assert all(few == (count <= 5) for count, few in seen)
    assert not alone[0]


def test_products_are_limited_and_let_go_again():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def allowed():
        pools = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]

    before = allowed()
    with threads.for_rows(threads.FEW):
        assert set(allowed()) <= {1}
    assert allowed() == before
    with threads.for_rows(threads.FEW + 1):
        assert allowed() == before


def test_without_threadpoolctl_nothing_is_limited(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    threads._controller.cache_clear()
    try:
        with threads.one_thread():
            pass
    finally:
        threads._controller.cache_clear()


def test_the_gates_are_sigmoids_to_the_last_bit():
    generator = np.random.default_rng(1)
    gates = (4 * generator.standard_normal((7, 36))).astype(np.float32)
    cell = generator.standard_normal((7, 9)).astype(np.float32)
    i, g, f, o = np.split(gates.copy(), 4, axis=1)
    found, opened = next_cell(gates, cell)
    np.testing.assert_array_equal(found, sigmoid(f) * cell + sigmoid(i) * np.tanh(g))
    np.testing.assert_array_equal(opened, sigmoid(o))
