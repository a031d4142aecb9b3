"""The recurrent cells as nodes of an ONNX graph; they compute what `sampling.numpy_cells` does.

Shapes: B drawings, H units, U units and E embedding of a HyperLSTM's smaller LSTM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sketchrnn.model.config import ModelConfig, layer_names
from sketchrnn.sampling.numpy_cells import NORM_EPSILON, with_forget_bias

Array = NDArray[np.float32]
Name = str
State = tuple[Name, Name]
"""Of hidden and cell."""


class Nodes:
    """Nodes of a graph that is being written, and the numbers that they read.

    Args:
        outer: The nodes around those of a loop; numbers are kept there.
    """

    def __init__(self, outer: Nodes | None = None) -> None:
        """Begin with none."""
        self.nodes: list[Any] = []
        self.numbers: list[Any] = [] if outer is None else outer.numbers
        self._count: list[int] = [0] if outer is None else outer._count
        self._known: dict[str, Name] = {} if outer is None else outer._known

    def fresh(self) -> Name:
        """Return a name that no other value has."""
        self._count[0] += 1
        return f"v{self._count[0]}"

    def number(self, array: Any, name: str | None = None) -> Name:
        """Keep an array; one with a name is kept once."""
        if name is not None and name in self._known:
            return self._known[name]
        from onnx import numpy_helper

        own = name or self.fresh()
        self.numbers.append(numpy_helper.from_array(np.ascontiguousarray(array), own))
        if name is not None:
            self._known[name] = own
        return own

    def add(self, kind: str, *inputs: Name, outputs: Sequence[Name] = (), **settings: Any) -> Name:
        """Add a node; return its output, the first if there are several."""
        from onnx import helper

        names = list(outputs) or [self.fresh()]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **settings))
        return names[0]

    def split(self, value: Name, parts: int) -> list[Name]:
        """Cut (B, parts K) numbers into equal parts."""
        names = [self.fresh() for _ in range(parts)]
        self.add("Split", value, outputs=names, axis=1)
        return names

    def columns(self, value: Name, first: int, last: int) -> Name:
        """Return some columns of (B, K) numbers."""
        ends = (self.number(np.array([n], np.int64)) for n in (first, last, 1))
        return self.add("Slice", value, *ends)

    def product(self, value: Name, array: Array, name: str) -> Name:
        """Return a product with weights."""
        return self.add("MatMul", value, self.number(array, name))

    def beside(self, *values: Name) -> Name:
        """Put (B, K) numbers side by side."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=1)

    def sum(self, *values: Name | None) -> Name:
        """Return the sum of what is there."""
        there = [value for value in values if value is not None]
        total = there[0]
        for value in there[1:]:
            total = self.add("Add", total, value)
        return total


class Stack:
    """Cells on top of one another.

    Args:
        kind: One of `model.config.CELLS`.
        weights: Arrays by name, as `model.folder.weight_shapes` says.
        stem: Of the cells' names, such as "decoder/lstm".
        layers: How many.
        config: The network's shape.
    """

    def __init__(
        self, kind: str, weights: Mapping[str, Array], stem: str, layers: int, config: ModelConfig
    ) -> None:
        """Find the sizes."""
        self._kind, self._weights, self._config = kind, weights, config
        self._rooms = layer_names(stem, layers)
        self.units = len(weights[f"{stem}/recurrent_kernel"])
        self.size = self.units + (config.hyper_units if kind == "hyper" else 0)
        self.state_size = self.size * layers
        self.hidden_first = kind != "lstm"

    def unpack(self, nodes: Nodes, packed: Name) -> State:
        """Take (B, 2 state_size) numbers apart."""
        hiddens, cells = [], []
        for layer in range(len(self._rooms)):
            first = 2 * layer * self.size
            halves = [
                nodes.columns(packed, first + k * self.size, first + (k + 1) * self.size)
                for k in range(2)
            ]
            hidden, cell = halves if self.hidden_first else halves[::-1]
            hiddens.append(hidden)
            cells.append(cell)
        return nodes.beside(*hiddens), nodes.beside(*cells)

    def shown(self, nodes: Nodes, hidden: Name) -> Name:
        """Return what others see, (B, H) of the uppermost cell."""
        first = self.state_size - self.size
        return nodes.columns(hidden, first, first + self.units)

    def constant(self, nodes: Nodes, told: Name | None) -> dict[str, Name]:
        """Return what z and the category add at every step to the sums of the lowest cell."""
        room = self._rooms[0]
        kernels = [name for name in ("latent_kernel", "hyper_latent_kernel") if told is not None]
        return {
            name: nodes.product(told, self._weights[f"{room}/{name}"], f"{room}/{name}")
            for name in kernels
            if told is not None and f"{room}/{name}" in self._weights
        }

    def step(self, nodes: Nodes, row: Name, state: State, constant: dict[str, Name]) -> State:
        """Go one step."""
        hiddens, cells = [], []
        for layer, room in enumerate(self._rooms):
            first, last = layer * self.size, (layer + 1) * self.size
            hidden, cell = state
            if len(self._rooms) > 1:
                hidden, cell = (nodes.columns(part, first, last) for part in state)
            own = getattr(self, f"_{self._kind}")
            hidden, cell = own(nodes, room, row, hidden, cell, {} if layer else constant)
            hiddens.append(hidden)
            cells.append(cell)
            row = hidden if self.size == self.units else nodes.columns(hidden, 0, self.units)
        return nodes.beside(*hiddens), nodes.beside(*cells)

    def _sums(self, nodes: Nodes, room: str, row: Name, hidden: Name, told: Name | None) -> Name:
        weights = self._weights
        return nodes.sum(
            nodes.product(hidden, weights[f"{room}/recurrent_kernel"], f"{room}/recurrent_kernel"),
            nodes.product(row, weights[f"{room}/input_kernel"], f"{room}/input_kernel"),
            told,
        )

    def _lstm(
        self,
        nodes: Nodes,
        room: str,
        row: Name,
        hidden: Name,
        cell: Name,
        constant: dict[str, Name],
    ) -> State:
        bias = with_forget_bias(self._weights[f"{room}/bias"], self._config.forget_bias)
        sums = self._sums(nodes, room, row, hidden, constant.get("latent_kernel"))
        gates = nodes.split(nodes.add("Add", sums, nodes.number(bias, f"{room}/bias")), 4)
        cell = _next_cell(nodes, gates, cell)
        return _shown(nodes, gates[3], cell), cell

    def _layer_norm(
        self,
        nodes: Nodes,
        room: str,
        row: Name,
        hidden: Name,
        cell: Name,
        constant: dict[str, Name],
    ) -> State:
        sums = self._sums(nodes, room, row, hidden, constant.get("latent_kernel"))
        return self._norm(nodes, f"{room}/", sums, cell)

    def _norm(self, nodes: Nodes, prefix: str, sums: Name, cell: Name) -> State:
        """Turn sums into gates, and those into the next state, with layer normalisation."""
        weights = self._weights
        gammas = np.split(weights[f"{prefix}gamma"], 4)
        betas = np.split(with_forget_bias(weights[f"{prefix}beta"], self._config.forget_bias), 4)

        def normal(value: Name, name: str, gamma: Array, beta: Array) -> Name:
            scale = nodes.number(gamma, f"{prefix}{name}_gamma")
            shift = nodes.number(beta, f"{prefix}{name}_beta")
            return nodes.add(
                "LayerNormalization", value, scale, shift, axis=-1, epsilon=float(NORM_EPSILON)
            )

        gates = [
            normal(part, gate, gamma, beta)
            for part, gate, gamma, beta in zip(
                nodes.split(sums, 4), "igfo", gammas, betas, strict=True
            )
        ]
        cell = _next_cell(nodes, gates, cell)
        of_cell = weights[f"{prefix}cell_gamma"], weights[f"{prefix}cell_beta"]
        return _shown(nodes, gates[3], normal(cell, "cell", *of_cell)), cell

    def _hyper(
        self,
        nodes: Nodes,
        room: str,
        row: Name,
        hidden: Name,
        cell: Name,
        constant: dict[str, Name],
    ) -> State:
        units, size = self.units, self.size
        named = {
            name.removeprefix(f"{room}/"): array
            for name, array in self._weights.items()
            if name.startswith(f"{room}/")
        }

        def product(value: Name, name: str) -> Name:
            return nodes.product(value, named[name], f"{room}/{name}")

        own_hidden, own_cell = (nodes.columns(part, 0, units) for part in (hidden, cell))
        inner_hidden, inner_cell = (nodes.columns(part, units, size) for part in (hidden, cell))
        sums = nodes.sum(
            product(own_hidden, "hyper_hidden_kernel"),
            product(inner_hidden, "hyper_recurrent_kernel"),
            product(row, "hyper_input_kernel"),
            constant.get("hyper_latent_kernel"),
        )
        inner_hidden, inner_cell = self._norm(nodes, f"{room}/hyper_", sums, inner_cell)
        embedding = nodes.add(
            "Add",
            product(inner_hidden, "scale_embedding_kernel"),
            nodes.number(named["scale_embedding_bias"], f"{room}/scale_embedding_bias"),
        )
        scales = self._modulate(nodes, embedding, named["scale_kernel"], f"{room}/scale_kernel")
        embedding = product(inner_hidden, "shift_embedding_kernel")
        shifts = self._modulate(nodes, embedding, named["shift_kernel"], f"{room}/shift_kernel")
        of_input = nodes.sum(product(row, "input_kernel"), constant.get("latent_kernel"))
        of_state = product(own_hidden, "recurrent_kernel")
        sums = nodes.sum(
            nodes.add("Mul", nodes.columns(scales, 0, 4 * units), of_input),
            nodes.add("Mul", nodes.columns(scales, 4 * units, 8 * units), of_state),
            shifts,
            nodes.number(named["bias"], f"{room}/bias"),
        )
        own_hidden, own_cell = self._norm(nodes, f"{room}/", sums, own_cell)
        return nodes.beside(own_hidden, inner_hidden), nodes.beside(own_cell, inner_cell)

    def _modulate(self, nodes: Nodes, embedding: Name, kernel: Array, name: str) -> Name:
        """Return (B, K H), each of K embeddings (B, K E) times its matrix of (K, E, H)."""
        count, length, units = kernel.shape
        apart = nodes.number(np.array([0, count, length], np.int64))
        value = nodes.add("Reshape", embedding, apart)  # (B, K, E)
        value = nodes.add("Transpose", value, perm=[1, 0, 2])
        value = nodes.product(value, kernel, name)  # (K, B, H)
        value = nodes.add("Transpose", value, perm=[1, 0, 2])
        return nodes.add("Reshape", value, nodes.number(np.array([0, count * units], np.int64)))


def _next_cell(nodes: Nodes, gates: Sequence[Name], cell: Name) -> Name:
    """Return sigmoid(f) c + sigmoid(i) tanh(g)."""
    i, g, f, _ = gates
    kept = nodes.add("Mul", nodes.add("Sigmoid", f), cell)
    return nodes.add("Add", kept, nodes.add("Mul", nodes.add("Sigmoid", i), nodes.add("Tanh", g)))


def _shown(nodes: Nodes, gate: Name, value: Name) -> Name:
    """Return sigmoid(o) tanh(value)."""
    return nodes.add("Mul", nodes.add("Sigmoid", gate), nodes.add("Tanh", value))
