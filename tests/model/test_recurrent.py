"""The LSTM op against NumPy and against the backend's own autodiff."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from sketchrnn.model.recurrent import LSTM, Dropout, LSTMState, lstm_sequence

T, B, D, H = 7, 5, 3, 4
LENGTHS = np.array([7, 1, 4, 6, 2], np.int32)
KEYS = np.array([3, -9, 2**31 - 1, 12345, 0], np.int32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def murmur(key: int, counter: int) -> int:
    """The hash of `recurrent._hash`, in Python's own integers."""
    bits = key ^ (counter * 0x9E3779B1)
    for _ in range(2):
        bits &= 0xFFFFFFFF
        bits ^= bits >> 16
        bits = bits * 0x7FEB352D & 0xFFFFFFFF
        bits ^= bits >> 15
        bits = bits * 0x846CA68B & 0xFFFFFFFF
        bits ^= bits >> 16
    return bits


def oracle(inputs, constant, hidden, cell, w_x, w_h, lengths=None, masks=None):
    """An LSTM in float64, one drawing and one step at a time."""
    outputs = np.zeros((T, B, H))
    last_hidden, last_cell = hidden.astype(float), cell.astype(float)
    for b in range(B):
        h, c = hidden[b].astype(float), cell[b].astype(float)
        for t in range(T):
            if lengths is None or t < lengths[b]:
                gates = inputs[t, b] @ w_x + h @ w_h + constant[b]
                i, g, f, o = gates[:H], gates[H : 2 * H], gates[2 * H : 3 * H], gates[3 * H :]
                candidate = np.tanh(g) * (1 if masks is None else masks[t, b])
                c = sigmoid(f) * c + sigmoid(i) * candidate
                h = sigmoid(o) * np.tanh(c)
            outputs[t, b] = h
        last_hidden[b], last_cell[b] = h, c
    return outputs, last_hidden, last_cell


@pytest.fixture
def values():
    rng = np.random.default_rng(1)

    def normal(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return [
        normal(T, B, D),
        normal(B, 4 * H),
        normal(B, H),
        normal(B, H),
        normal(D, 4 * H),
        normal(H, 4 * H),
    ]


def run(values, lengths=None, dropout=None):
    inputs, constant, hidden, cell, w_x, w_h = (ops.convert_to_tensor(v) for v in values)
    state = LSTMState(hidden, cell)
    outputs, last = lstm_sequence(
        inputs, constant, state, w_x, w_h, lengths=lengths, dropout=dropout
    )
    return outputs, last.hidden, last.cell


def masks_of(dropout):
    return np.stack([np.asarray(dropout.mask(ops.convert_to_tensor(t), H)) for t in range(T)])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("rate", [None, 0.4])
def test_sequence_equals_oracle(values, lengths, rate):
    dropout = None if rate is None else Dropout(ops.convert_to_tensor(KEYS), rate)
    masks = None if dropout is None else masks_of(dropout)
    got = run(values, None if lengths is None else ops.convert_to_tensor(lengths), dropout)
    expected = oracle(*values, lengths=lengths, masks=masks)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, atol=2e-6)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("rate", [None, 0.4])
def test_custom_gradient_equals_autodiff(values, gradients, lengths, rate):
    rng = np.random.default_rng(2)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((T, B, H), (B, H), (B, H))]
    dropout = None if rate is None else Dropout(ops.convert_to_tensor(KEYS), rate)

    def loss(*tensors):
        outputs = run(tensors, None if lengths is None else ops.convert_to_tensor(lengths), dropout)
        return sum(ops.sum(w * out) for w, out in zip(weights, outputs, strict=True))

    def plain(inputs, constant, hidden, cell, w_x, w_h):
        total = 0.0
        for t in range(T):
            gates = ops.matmul(inputs[t], w_x) + ops.matmul(hidden, w_h) + constant
            i, g, f, o = ops.split(gates, 4, axis=1)
            candidate = ops.tanh(g)
            if dropout is not None:
                candidate = candidate * dropout.mask(ops.convert_to_tensor(t), H)
            new_cell = ops.sigmoid(f) * cell + ops.sigmoid(i) * candidate
            new_hidden = ops.sigmoid(o) * ops.tanh(new_cell)
            alive = np.ones((B, 1), bool) if lengths is None else (t < lengths)[:, None]
            cell = ops.where(alive, new_cell, cell)
            hidden = ops.where(alive, new_hidden, hidden)
            total = total + ops.sum(weights[0][t] * hidden)
        return total + ops.sum(weights[1] * hidden) + ops.sum(weights[2] * cell)

    for ours, theirs in zip(gradients(loss, values), gradients(plain, values), strict=True):
        assert np.abs(theirs).max() > 1e-3
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())


def test_dropout_mask_is_the_documented_hash():
    rate = 0.3
    dropout = Dropout(ops.convert_to_tensor(KEYS), rate)
    for t, mask in enumerate(masks_of(dropout)):
        for b, key in enumerate(KEYS):
            for unit in range(H):
                uniform = murmur(int(key) & 0xFFFFFFFF, t * H + unit) >> 8
                kept = uniform >= round(rate * 2**24)
                assert mask[b, unit] == pytest.approx(kept / (1 - rate))


def test_dropout_drops_its_share_and_repeats_for_its_key_alone():
    keys = np.arange(64, dtype=np.int32) * 7919
    mask = np.asarray(Dropout(ops.convert_to_tensor(keys), 0.1).mask(5, 512))
    assert set(np.unique(mask.round(5))) == {0.0, np.float32(1 / 0.9).round(5)}
    assert (mask == 0).mean() == pytest.approx(0.1, abs=0.005)  # sigma is 0.0017
    again = np.asarray(Dropout(ops.convert_to_tensor(keys[10:12]), 0.1).mask(5, 512))
    assert np.array_equal(again, mask[10:12])
    other_step = np.asarray(Dropout(ops.convert_to_tensor(keys), 0.1).mask(6, 512))
    both = ((mask == 0) & (other_step == 0)).mean()
    assert both == pytest.approx(0.01, abs=0.003)


def test_step_equals_sequence():
    keras.utils.set_random_seed(3)
    layer = LSTM(H, D, 2, forget_bias=1.0, dropout_rate=0.5, name="lstm")
    rng = np.random.default_rng(3)
    layer.bias.assign(rng.normal(size=4 * H))
    inputs = rng.normal(size=(T, B, D)).astype(np.float32)
    latent = ops.convert_to_tensor(rng.normal(size=(B, 2)).astype(np.float32))
    outputs, last = layer(ops.convert_to_tensor(inputs), latent=latent)
    state = layer.zero_state(B)
    for t in range(T):
        state = layer.step(inputs[t], layer.constant(B, latent), state)
        np.testing.assert_allclose(np.asarray(outputs)[t], np.asarray(state.hidden), atol=1e-6)
    np.testing.assert_allclose(np.asarray(last.cell), np.asarray(state.cell), atol=1e-6)


def test_first_weights():
    keras.utils.set_random_seed(4)
    layer = LSTM(16, 5, 8, forget_bias=1.0, dropout_rate=0.0, name="lstm")
    kernel = np.asarray(layer.recurrent_kernel)
    for gate in np.split(kernel, 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    assert not np.allclose(kernel[:, :16], kernel[:, 16:32])
    limit = np.sqrt(6 / (13 + 64))  # the fans of the whole kernel, z's rows included
    for part in (layer.input_kernel, layer.latent_kernel):
        assert 0.8 * limit < np.abs(np.asarray(part)).max() <= limit
    assert not np.asarray(layer.bias).any()
