"""Small products are one thread's, large ones everybody's."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sketchrnn.api import SketchRNN
from sketchrnn.model.folder import shipped_models
from sketchrnn.sampling import threads
from sketchrnn.sampling.mixture import sampling_noise, temperature_rule
from sketchrnn.sampling.numpy_cells import next_cell, sigmoid
from sketchrnn.sampling.numpy_decoder import NumpyDecoder
from sketchrnn.sampling.steps import sample_steps


@pytest.mark.parametrize("processors", [1, 3])
def test_the_number_of_processors_changes_no_bit(
    free_config, make_weights, monkeypatch, processors
):
    decoder = NumpyDecoder(free_config, make_weights(free_config))
    monkeypatch.setattr(decoder, "max_batch", 4)
    noise = np.stack([sampling_noise(3, k, 24) for k in range(18)])
    warm = temperature_rule(1.0)
    wanted = [
        rows
        for first in range(0, 18, 4)
        for rows in sample_steps(decoder, None, noise[first : first + 4], warm)
    ]
    monkeypatch.setattr(threads, "_processors", lambda: processors)
    told = []
    found = sample_steps(decoder, None, noise, warm, told.append)
    assert len(found) == 18
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    assert told == sorted(told)
    assert told[-1] == 18


def test_what_goes_wrong_in_a_thread_is_told():
    def work(part):
        if part == 3:
            raise ValueError("part 3")
        return part * 2

    assert threads.share_out(work, [1, 2]) == [2, 4]
    with pytest.raises(ValueError, match="part 3"):
        threads.share_out(work, [1, 2, 3, 4])


def test_products_are_one_threads_and_let_go_again():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def allowed():
        pools = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]

    threads._controller.cache_clear()  # others' libraries may have come since it was made
    before = allowed()
    for parts in ([0], [0, 1, 2]):
        assert all(set(found) <= {1} for found in threads.share_out(lambda _: allowed(), parts))
    assert allowed() == before


def test_who_is_last_to_leave_ends_the_limit():
    """Two that overlap, as requests of a server do: neither restores what the other has set."""
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def allowed():
        pools = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]

    threads._controller.cache_clear()
    before, seen = allowed(), []
    entered, left = threading.Event(), threading.Event()

    def overlap():
        with threads.one_thread():
            entered.set()
            left.wait(10)
            seen.extend(allowed())

    other = threading.Thread(target=overlap)
    with threads.one_thread():
        other.start()
        assert entered.wait(10)
    left.set()
    other.join()
    assert set(seen) == {1}
    assert allowed() == before


def test_requests_in_several_threads_draw_what_each_alone_does():
    model = SketchRNN.load(shipped_models()["kanji"])

    def draw(seed):
        return model.generate(4, seed=seed, max_steps=12)

    wanted = [draw(seed) for seed in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(draw, range(12))) == wanted


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
