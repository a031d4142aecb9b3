"""A training step of one network, in a process of its own, whenever it is told to.

    python benchmarks/rivals.py sketchrnn BATCHES.npz 512 256

`train_step.py` starts one such process for each network that it compares and lets them step by
turns. The networks are of the same sizes, all with the mixture of 20 and Adam: this package's; one
whose LSTMs are `keras.layers.LSTM`; one of `torch.nn.LSTM`; and one written as for TensorFlow 1, a
graph with `tf.while_loop`, gates by `tf.split`, and z beside every input. Each is compiled, or not,
as it is fastest on a CPU. What a process can do without is not imported: that of torch needs torch
and NumPy alone.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

Z_SIZE = 128
MIXTURES = 20
N_MAX = 250.0
RATE = 0.001

Step = Callable[[Mapping[str, np.ndarray]], float]
"""Learns from a batch (`stroke5`, `lengths`, `eps`) and returns the loss."""


def this_package(decoder_size: int, encoder_size: int, **settings: Any) -> Step:
    """Make the network of this package, compiled by XLA."""
    from sketchrnn.model.vae import SketchVAE

    precision = settings.pop("precision", "float32")
    config = paper_config(decoder_size, encoder_size, **settings)
    return stepping(SketchVAE(config, precision=precision), jit_compile=True)


def paper_config(decoder_size: int, encoder_size: int, **settings: Any) -> Any:
    """Return the paper's configuration at some size."""
    from sketchrnn.model.config import ModelConfig

    settings = {"recurrent_dropout_rate": 0.0, **settings}
    return ModelConfig(decoder_size=decoder_size, encoder_size=encoder_size, **settings)


def stepping(network: Any, jit_compile: bool) -> Step:
    """Return the step of a Keras network."""
    import keras

    network.compile(keras.optimizers.Adam(RATE, clipvalue=1.0), jit_compile=jit_compile)

    def step(batch: Mapping[str, np.ndarray]) -> float:
        size = len(batch["lengths"])
        keys = np.arange(size, dtype=np.int32)
        whole = {**batch, "w_kl": np.full(size, 0.5, np.float32), "dropout_keys": keys}
        return float(network.train_on_batch(whole, return_dict=True)["loss"])

    return step


def stock_keras(decoder_size: int, encoder_size: int) -> Step:
    """Make the same network with Keras's own LSTM layers, z repeated into every step."""
    import keras
    from keras import ops

    from sketchrnn.model.vae import SketchVAE

    class Stock(SketchVAE):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            for replaced in (*self.encoder.cells[0], *self.encoder.cells[1], *self.decoder.cells):
                replaced.trainable = False
            size = config.decoder_size
            self.stock_encoder = keras.layers.Bidirectional(keras.layers.LSTM(config.encoder_size))
            self.stock_encoder.build((None, None, 5))
            self.stock_decoder = keras.layers.LSTM(size, return_sequences=True)
            self.stock_decoder.build((None, None, 5 + config.z_size))

        def call(self, batch: Any, training: bool | None = None) -> Any:
            stroke5 = batch["stroke5"]
            last = self.stock_encoder(stroke5[:, 1:])
            z_mean, z_log_var = self.encoder.z_mean(last), self.encoder.z_log_var(last)
            z = z_mean + ops.exp(z_log_var / 2) * batch["eps"]
            state = self.decoder.initial_state(ops.shape(z)[0], z)
            rows = stroke5[:, :-1]
            repeated = ops.repeat(ops.expand_dims(z, 1), rows.shape[1], axis=1)
            hiddens = self.stock_decoder(
                ops.concatenate([rows, repeated], axis=2), initial_state=[state.hidden, state.cell]
            )
            outputs = self.decoder.output_layer(ops.transpose(hiddens, (1, 0, 2)))
            return {"outputs": outputs, "z_mean": z_mean, "z_log_var": z_log_var, "z": z}

    # XLA slows the stock layer down under TensorFlow on a CPU; JAX without it would not compile
    jit_compile = keras.backend.backend() == "jax"
    return stepping(Stock(paper_config(decoder_size, encoder_size)), jit_compile=jit_compile)


def plain_torch(decoder_size: int, encoder_size: int) -> Step:
    """Make the same network of `torch.nn.LSTM`."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.LSTM(5, encoder_size, bidirectional=True)
            self.mean = nn.Linear(2 * encoder_size, Z_SIZE)
            self.log_var = nn.Linear(2 * encoder_size, Z_SIZE)
            self.first = nn.Linear(Z_SIZE, 2 * decoder_size)
            self.decoder = nn.LSTM(5 + Z_SIZE, decoder_size)
            self.output = nn.Linear(decoder_size, 3 + 6 * MIXTURES)

        def forward(self, rows: torch.Tensor, eps: torch.Tensor) -> tuple[torch.Tensor, ...]:
            _, (hidden, _) = self.encoder(rows[1:])
            last = torch.cat([hidden[0], hidden[1]], 1)
            mean, log_var = self.mean(last), self.log_var(last)
            z = mean + torch.exp(log_var / 2) * eps
            hidden, cell = torch.tanh(self.first(z)).chunk(2, 1)
            inputs = torch.cat([rows[:-1], z.expand(len(rows) - 1, -1, -1)], 2)
            hiddens, _ = self.decoder(inputs, (hidden[None].contiguous(), cell[None].contiguous()))
            return self.output(hiddens), mean, log_var

    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), RATE)

    def step(batch: Mapping[str, np.ndarray]) -> float:
        rows = torch.from_numpy(batch["stroke5"]).transpose(0, 1).contiguous()
        lengths = torch.from_numpy(batch["lengths"])
        optimizer.zero_grad()
        outputs, mean, log_var = network(rows, torch.from_numpy(batch["eps"]))
        targets = rows[1:]
        pi, mu_x, mu_y, log_x, log_y, r = outputs[..., 3:].split(MIXTURES, 2)
        rho = torch.tanh(r) * 0.9999
        x = (targets[..., :1] - mu_x) * torch.exp(-log_x)
        y = (targets[..., 1:2] - mu_y) * torch.exp(-log_y)
        rest = 1 - rho * rho
        normal = -(x * x + y * y - 2 * rho * x * y) / (2 * rest) - log_x - log_y
        normal = normal - math.log(2 * math.pi) - 0.5 * torch.log(rest)
        density = torch.logsumexp(torch.log_softmax(pi, 2) + normal, 2)
        pen = (targets[..., 2:] * torch.log_softmax(outputs[..., :3], 2)).sum(2)
        place = torch.arange(len(targets))[:, None]
        sums = torch.where(place < lengths, density, 0).sum()
        sums = sums + torch.where(place <= lengths, pen, 0).sum()
        kl = -0.5 * torch.mean(1 + log_var - mean * mean - torch.exp(log_var))
        loss = -sums / (len(lengths) * N_MAX) + 0.5 * torch.clamp(kl, min=0.2)
        loss.backward()
        nn.utils.clip_grad_value_(network.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    return step


def tf1_graph(decoder_size: int, encoder_size: int) -> Step:
    """Make the same network as one wrote it for TensorFlow 1: a graph, run by a session."""
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.disable_v2_behavior()

    def linear(inputs: Any, size: int, name: str) -> Any:
        kernel = tf.get_variable(f"{name}_kernel", (inputs.shape[-1], size))
        return tf.matmul(inputs, kernel) + tf.get_variable(f"{name}_bias", (size,))

    def lstm(inputs: Any, state: Any, units: int, lengths: Any, name: str) -> Any:
        """Run over (T, B, D); with lengths, outputs and state stand still behind them."""
        kernel = tf.get_variable(f"{name}_kernel", (inputs.shape[-1] + units, 4 * units))
        bias = tf.get_variable(f"{name}_bias", (4 * units,))
        steps = tf.shape(inputs)[0]
        rows = tf.TensorArray(tf.float32, steps).unstack(inputs)

        def body(step: Any, hidden: Any, cell: Any, outputs: Any) -> Any:
            gates = tf.matmul(tf.concat([rows.read(step), hidden], 1), kernel) + bias
            i, g, f, o = tf.split(gates, 4, 1)
            new_cell = cell * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(g)
            new_hidden = tf.tanh(new_cell) * tf.sigmoid(o)
            if lengths is not None:
                alive = step < lengths
                new_cell = tf.where(alive, new_cell, cell)
                new_hidden = tf.where(alive, new_hidden, hidden)
            return step + 1, new_hidden, new_cell, outputs.write(step, new_hidden)

        start = (0, *state, tf.TensorArray(tf.float32, steps))
        _, hidden, _, outputs = tf.while_loop(lambda step, *_: step < steps, body, start)
        return outputs.stack(), hidden

    stroke5 = tf.placeholder(tf.float32, (None, None, 5))
    lengths = tf.placeholder(tf.int32, (None,))
    eps = tf.placeholder(tf.float32, (None, Z_SIZE))
    rows = tf.transpose(stroke5, (1, 0, 2))
    nothing = tf.zeros((tf.shape(eps)[0], encoder_size))
    read, begin = rows[1:], (nothing, nothing)
    _, ahead = lstm(read, begin, encoder_size, lengths, "ahead")
    turned = tf.reverse_sequence(read, lengths, seq_axis=0, batch_axis=1)
    _, back = lstm(turned, begin, encoder_size, lengths, "back")
    last = tf.concat([ahead, back], 1)
    mean, log_var = linear(last, Z_SIZE, "mean"), linear(last, Z_SIZE, "log_var")
    z = mean + tf.exp(log_var / 2) * eps
    first = tf.split(tf.tanh(linear(z, 2 * decoder_size, "first")), 2, 1)
    beside = tf.tile(z[None], (tf.shape(rows)[0] - 1, 1, 1))
    hiddens, _ = lstm(tf.concat([rows[:-1], beside], 2), first, decoder_size, None, "decoder")
    outputs = linear(tf.reshape(hiddens, (-1, decoder_size)), 3 + 6 * MIXTURES, "output")
    targets = tf.reshape(rows[1:], (-1, 5))
    pi, mu_x, mu_y, log_x, log_y, r = tf.split(outputs[:, 3:], 6, 1)
    sigma_x, sigma_y, rho = tf.exp(log_x), tf.exp(log_y), tf.tanh(r)
    x, y = (targets[:, :1] - mu_x) / sigma_x, (targets[:, 1:2] - mu_y) / sigma_y
    rest = 1 - rho * rho
    density = tf.exp(-(x * x + y * y - 2 * rho * x * y) / (2 * rest))
    density = density / (2 * math.pi * sigma_x * sigma_y * tf.sqrt(rest))
    offset = -tf.log(tf.reduce_sum(tf.nn.softmax(pi) * density, 1) + 1e-6) * (1 - targets[:, 4])
    pen = tf.nn.softmax_cross_entropy_with_logits(targets[:, 2:], outputs[:, :3])
    scored = tf.cast(tf.shape(eps)[0], tf.float32) * N_MAX
    kl = -0.5 * tf.reduce_mean(1 + log_var - mean * mean - tf.exp(log_var))
    loss = tf.reduce_sum(offset + pen) / scored + 0.5 * tf.maximum(kl, 0.2)
    optimizer = tf.train.AdamOptimizer(RATE)
    clipped = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in optimizer.compute_gradients(loss)]
    learn = optimizer.apply_gradients(clipped)
    session = tf.Session()
    session.run(tf.global_variables_initializer())

    def step(batch: Mapping[str, np.ndarray]) -> float:
        fed = {stroke5: batch["stroke5"], lengths: batch["lengths"], eps: batch["eps"]}
        return float(session.run((loss, learn), fed)[0])

    return step


NETWORKS: dict[str, Callable[[int, int], Step]] = {
    "sketchrnn": this_package,
    "dropout 0.1": lambda d, e: this_package(d, e, recurrent_dropout_rate=0.1),
    "layer norm": lambda d, e: this_package(
        d, e, encoder_cell="layer_norm", decoder_cell="layer_norm"
    ),
    "HyperLSTM": lambda d, e: this_package(d, e, encoder_cell="layer_norm", decoder_cell="hyper"),
    "bfloat16": lambda d, e: this_package(d, e, precision="mixed_bfloat16"),
    "keras LSTM": stock_keras,
    "torch LSTM": plain_torch,
    "TF1 graph": tf1_graph,
}
"""By name: makes a network of a decoder's and an encoder's size."""


@dataclasses.dataclass
class Stepped:
    """What a process says of a step: seconds, the loss, and its peak memory so far in MB."""

    seconds: float
    loss: float
    memory: float


def load(path: Path) -> list[dict[str, np.ndarray]]:
    """Read batches from a file that `store` wrote."""
    with np.load(path, allow_pickle=False) as file:
        count = max(int(key.partition("/")[0]) for key in file) + 1
        names = ("stroke5", "lengths", "eps")
        return [{name: file[f"{k}/{name}"] for name in names} for k in range(count)]


def store(path: Path, batches: list[dict[str, np.ndarray]]) -> None:
    """Write batches where a process will read them."""
    arrays = {f"{k}/{name}": a for k, batch in enumerate(batches) for name, a in batch.items()}
    np.savez(path, **arrays)


def main() -> None:
    """Compile, say so, and step through the batches, one step for each line that comes in."""
    name, path, decoder_size, encoder_size = sys.argv[1:]
    batches = load(Path(path))
    step = NETWORKS[name](int(decoder_size), int(encoder_size))
    for batch in {b["stroke5"].shape: b for b in batches}.values():
        step(batch)  # compiles
        step(batch)
    unit = 1e6 if sys.platform == "darwin" else 1e3
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        begin = time.perf_counter()
        loss = step(batches[number % len(batches)])
        seconds = time.perf_counter() - begin
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        print(json.dumps(dataclasses.asdict(Stepped(seconds, loss, memory))), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
