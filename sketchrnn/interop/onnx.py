"""Models as ONNX, for runtimes in many languages: the encoder, the decoder's start, and its step.

A folder holds `step.onnx`, for a decoder that is told z or a category `start.onnx`, for a VAE
`encoder.onnx`, and `model.json`, which says what the graphs do not: units, sizes, categories, and
all that config.json of a model folder says.
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sketchrnn.api import SketchRNN
from sketchrnn.drawing import MissingDependencyError
from sketchrnn.drawing.files import check_folder, whole_folder
from sketchrnn.interop.onnx_graph import Name, Nodes, Stack
from sketchrnn.model import folder
from sketchrnn.sampling.mixture import CORRELATION_BOUND, LOG_SIGMA_BOUND

if TYPE_CHECKING:
    from onnx import ModelProto

FORMAT = "sketchrnn-onnx"
NOTES = "model.json"
CONTENTS = (NOTES, "step.onnx", "start.onnx", "encoder.onnx")
"""The files of such a folder; one that holds others is not replaced."""
_OPSET = 17  # the first with layer normalisation; onnxruntime has read it since 1.12
_IR_VERSION = 8
_STROKE5 = 5
_PARAMETERS = ("pi_logits", "mu_x", "mu_y", "sigma_x", "sigma_y", "rho")


def save(model: SketchRNN, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a folder of ONNX graphs.

    Args:
        model: Any model.
        path: The folder.
        overwrite: Whether a folder that `save` wrote is replaced; one that holds more is not.

    Returns:
        The path.

    Raises:
        OutputExistsError: If the folder exists.
        MissingDependencyError: If `onnx` is not installed.
    """
    target = check_folder(path, overwrite=overwrite, contents=CONTENTS)
    made = graphs(model)
    config = model.config
    notes: dict[str, Any] = {
        **folder.notes(config, model.preparation.to_dict(), model.provenance),
        "format": FORMAT,
        "scale_factor": config.scale_factor,
        "max_seq_len": config.max_seq_len,
        "num_mixtures": config.num_mixtures,
        "state_size": _decoder(model).state_size,
        "z_size": config.latent_size,
        "categories": list(config.categories),
    }
    with whole_folder(target, overwrite=overwrite, contents=CONTENTS) as beside:
        for name, graph in made.items():
            (beside / f"{name}.onnx").write_bytes(graph.SerializeToString())
        text = json.dumps(notes, indent=2, ensure_ascii=False) + "\n"
        (beside / NOTES).write_text(text, "utf-8")
    return target


def read(path: Path) -> folder.ModelFolder:
    """Return what a folder says of its model; reads no graph, and needs no package.

    Raises:
        BadFileError: If it is none that `save` wrote.
    """
    return folder.read_notes(path / NOTES, path, FORMAT)


def graphs(model: SketchRNN) -> dict[str, ModelProto]:
    """Return the graphs of a model: "step", and "start" and "encoder" where there are such.

    - step: row (B, 5), hidden and cell (B, state_size), then z (B, z_size) and category (B,) int64
      where the model is told them -> pi_logits, mu_x, mu_y, sigma_x, sigma_y, rho (B, M),
      pen_logits (B, 3), next_hidden, next_cell. All in model units.
    - start: z, category -> hidden, cell. Without it a drawing starts from zeros.
    - encoder: steps (B, T, 5) without the start token, lengths (B,) int64, category -> z_mean,
      z_log_var (B, z_size).

    Raises:
        MissingDependencyError: If `onnx` is not installed.
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "writing ONNX needs onnx", hint="pip install 'sketchrnn[onnx]'"
        ) from error
    made = {"step": _step(model)}
    if model.config.condition_size:
        made["start"] = _start(model)
    if model.config.conditional:
        made["encoder"] = _encoder(model)
    return made


def _decoder(model: SketchRNN) -> Stack:
    config = model.config
    return Stack(config.decoder_cell, model.weights, "decoder/lstm", config.decoder_layers, config)


def _told(model: SketchRNN, nodes: Nodes, *, latent: bool = True) -> tuple[Name | None, list[Any]]:
    """Return what a network is told, z and the category's vector side by side; and the inputs."""
    parts, inputs = [], []
    if latent and model.config.conditional:
        inputs.append(_value("z", ["B", model.config.z_size]))
        parts.append("z")
    if model.config.categories:
        inputs.append(_value("category", ["B"], whole=True))
        table = nodes.number(model.weights["categories/embedding"], "categories/embedding")
        parts.append(nodes.add("Gather", table, "category", axis=0))
    return (nodes.beside(*parts) if parts else None), inputs


def _step(model: SketchRNN) -> ModelProto:
    nodes, stack, config = Nodes(), _decoder(model), model.config
    told, more = _told(model, nodes)
    constant = stack.constant(nodes, told)
    hidden, cell = stack.step(nodes, "row", ("hidden", "cell"), constant)
    outputs = _dense(model, nodes, stack.shown(nodes, hidden), "decoder/output")
    mixtures = config.num_mixtures
    nodes.add("Identity", nodes.columns(outputs, 0, 3), outputs=["pen_logits"])
    for k, name in enumerate(_PARAMETERS):
        part = nodes.columns(outputs, 3 + k * mixtures, 3 + (k + 1) * mixtures)
        if name.startswith("sigma"):
            part = nodes.add("Exp", _clipped(nodes, part, LOG_SIGMA_BOUND))
        if name == "rho":
            part = nodes.add("Tanh", _clipped(nodes, part, CORRELATION_BOUND))
        nodes.add("Identity", part, outputs=[name])
    nodes.add("Identity", hidden, outputs=["next_hidden"])
    nodes.add("Identity", cell, outputs=["next_cell"])
    state = [_value(name, ["B", stack.state_size]) for name in ("hidden", "cell")]
    return _graph(
        "step",
        nodes,
        [_value("row", ["B", _STROKE5]), *state, *more],
        [
            *(_value(name, ["B", mixtures]) for name in _PARAMETERS),
            _value("pen_logits", ["B", 3]),
            *(_value(f"next_{name}", ["B", stack.state_size]) for name in ("hidden", "cell")),
        ],
    )


def _start(model: SketchRNN) -> ModelProto:
    nodes, stack = Nodes(), _decoder(model)
    told, inputs = _told(model, nodes)
    assert told is not None
    packed = nodes.add("Tanh", _dense(model, nodes, told, "decoder/initial_state"))
    for value, name in zip(stack.unpack(nodes, packed), ("hidden", "cell"), strict=True):
        nodes.add("Identity", value, outputs=[name])
    outputs = [_value(name, ["B", stack.state_size]) for name in ("hidden", "cell")]
    return _graph("start", nodes, inputs, outputs)


def _encoder(model: SketchRNN) -> ModelProto:
    nodes, config = Nodes(), model.config
    told, more = _told(model, nodes, latent=False)
    forward = nodes.add("Transpose", "steps", perm=[1, 0, 2])  # (T, B, 5)
    backward = nodes.add("ReverseSequence", forward, "lengths", time_axis=0, batch_axis=1)
    ends = []
    for direction, rows in (("forward", forward), ("backward", backward)):
        stack = Stack(
            config.encoder_cell,
            model.weights,
            f"encoder/{direction}",
            config.encoder_layers,
            config,
        )
        hidden = _last_hidden(nodes, stack, rows, told)
        ends.append(stack.shown(nodes, hidden))
    last = nodes.beside(*ends)
    for name in ("z_mean", "z_log_var"):
        nodes.add("Identity", _dense(model, nodes, last, f"encoder/{name}"), outputs=[name])
    return _graph(
        "encoder",
        nodes,
        [_value("steps", ["B", "T", _STROKE5]), _value("lengths", ["B"], whole=True), *more],
        [_value(name, ["B", config.z_size]) for name in ("z_mean", "z_log_var")],
    )


def _last_hidden(nodes: Nodes, stack: Stack, rows: Name, told: Name | None) -> Name:
    """Run over (T, B, 5) rows, each drawing as far as its length; return the last hidden."""
    from onnx import helper

    constant = stack.constant(nodes, told)
    shape = nodes.add("Shape", rows)
    zero, one = (nodes.number(np.array(n, np.int64)) for n in (0, 1))
    steps = nodes.add("Gather", shape, zero)
    places = nodes.add("Range", zero, steps, one)
    batch = nodes.add("Slice", shape, *(nodes.number(np.array([n], np.int64)) for n in (1, 2)))
    size = nodes.number(np.array([stack.state_size], np.int64))
    zeros = nodes.add("ConstantOfShape", nodes.add("Concat", batch, size, axis=0))
    body = Nodes(nodes)
    names = [body.fresh() for _ in range(4)]
    hidden, cell, place, row = names
    new = stack.step(body, row, (hidden, cell), constant)
    alive = body.add("Less", place, "lengths")
    alive = body.add("Unsqueeze", alive, body.number(np.array([1], np.int64)))  # (B, 1)
    kept = [
        body.add("Where", alive, after, before)
        for after, before in zip(new, (hidden, cell), strict=True)
    ]
    state: list[int | str] = ["B", stack.state_size]
    graph = helper.make_graph(
        body.nodes,
        "step",
        [
            _value(hidden, state),
            _value(cell, state),
            _value(place, [], whole=True),
            _value(row, ["B", _STROKE5]),
        ],
        [_value(name, state) for name in kept],
    )
    outputs = [nodes.fresh(), nodes.fresh()]
    nodes.add("Scan", zeros, zeros, places, rows, outputs=outputs, num_scan_inputs=2, body=graph)
    return outputs[0]


def _dense(model: SketchRNN, nodes: Nodes, value: Name, room: str) -> Name:
    weights = model.weights
    product = nodes.product(value, weights[f"{room}/kernel"], f"{room}/kernel")
    return nodes.add("Add", product, nodes.number(weights[f"{room}/bias"], f"{room}/bias"))


def _clipped(nodes: Nodes, value: Name, bound: float) -> Name:
    ends = (nodes.number(np.array(end, np.float32)) for end in (-bound, bound))
    return nodes.add("Clip", value, *ends)


def _value(name: Name, shape: list[int | str], *, whole: bool = False) -> Any:
    from onnx import TensorProto, helper

    kind = TensorProto.INT64 if whole else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, shape)


def _graph(name: str, nodes: Nodes, inputs: list[Any], outputs: list[Any]) -> ModelProto:
    from onnx import checker, helper

    graph = helper.make_graph(nodes.nodes, name, inputs, outputs, initializer=nodes.numbers)
    model = helper.make_model(
        graph,
        producer_name="sketchrnn",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    checker.check_model(model)
    return model
