"""Generators as strangers export them, small enough to compute beside ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float32]

DIM, CLASSES, HEIGHT, WIDTH = 6, 4, 4, 5  # never square: a turned picture must show

_TYPES = {
    "float16": TensorProto.FLOAT16,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
}


@dataclass(frozen=True)
class Stranger:
    """One way to export a generator; ``bytes`` is the file and ``paints`` what it must come to."""

    z_rank: Literal[2, 4] = 2
    layout: Literal["nchw", "nhwc"] = "nchw"
    flat: bool = False
    channels: int = 3
    range: Literal["-1,1", "0,1", "0,255"] = "-1,1"
    whole: bool = False  # uint8
    label: Literal["", "shares", "shares 4", "number", "number 2"] = ""
    number: str = "int64"
    kind: str = "float32"
    batch: int | str = "n"
    opset: int = 18
    gain: float = 1.2  # how far it goes to the ends of its range
    names: tuple[str, str, str] = ("input", "class", "output")
    dim: int | str = DIM  # as declared
    height: int = HEIGHT
    width: int = WIDTH
    classes: int = CLASSES

    @property
    def weights(self) -> dict[str, Array]:
        chance = np.random.RandomState(7)
        pixels = self.height * self.width * self.channels
        return {
            "dense": (chance.standard_normal((DIM, pixels)) * self.gain).astype(np.float32),
            "by class": (chance.standard_normal((self.classes, pixels)) * self.gain).astype(
                np.float32
            ),
        }

    def paints(self, z: Array, label: Array | None = None) -> Array:
        """(n, height, width, channels) in [-1, 1]."""
        weights = self.weights
        pre = z @ weights["dense"]
        if label is not None:
            pre = pre + label @ weights["by class"]
        painted: Array = np.tanh(pre).reshape(-1, self.height, self.width, self.channels)
        return painted

    @property
    def bytes(self) -> bytes:
        return bytes(self.model().SerializeToString())

    def model(self) -> onnx.ModelProto:
        z, label, out = self.names
        weights: dict[str, NDArray[Any]] = dict(self.weights)
        nodes, flow = [], _Flow()
        given = [value(z, self.kind, self.batch, self.dim, *[1] * (self.z_rank - 2))]
        inner = flow(z, "Flatten", axis=1) if self.z_rank == 4 else z
        inner = flow(inner, "Cast", to=TensorProto.FLOAT)
        inner = flow(inner, "MatMul", "dense")
        if self.label.startswith("shares"):
            ones = [1, 1] if self.label.endswith("4") else []
            given.append(value(label, self.kind, self.batch, self.classes, *ones))
            shares = flow(flow(label, "Flatten", axis=1), "Cast", to=TensorProto.FLOAT)
            inner = flow(inner, "Add", flow(shares, "MatMul", "by class"))
        elif self.label:
            side = [1] if self.label.endswith("2") else []
            given.append(value(label, self.number, self.batch, *side))
            row = flow(label, "Cast", to=TensorProto.INT64)
            weights["row"] = np.array([-1], np.int64)
            chosen = flow("by class", "Gather", flow(row, "Reshape", "row"), axis=0)
            inner = flow(inner, "Add", chosen)
        inner = flow(inner, "Tanh")
        first = self.batch if isinstance(self.batch, int) else -1
        weights["square"] = np.array([first, self.height, self.width, self.channels], np.int64)
        inner = flow(inner, "Reshape", "square")
        if self.layout == "nchw":
            inner = flow(inner, "Transpose", perm=[0, 3, 1, 2])
        if self.range != "-1,1":
            weights["one"] = np.array(1, np.float32)
            weights["half"] = np.array(0.5 if self.range == "0,1" else 127.5, np.float32)
            inner = flow(flow(inner, "Add", "one"), "Mul", "half")
        if self.flat:
            inner = flow(inner, "Flatten", axis=1)
        kind = TensorProto.UINT8 if self.whole else _TYPES[self.kind]
        if self.whole:
            inner = flow(inner, "Round")
        nodes = [*flow.nodes, helper.make_node("Cast", [inner], [out], to=kind)]
        used = {name for node in nodes for name in node.input}
        rank = 2 if self.flat else 4
        gives = helper.make_tensor_value_info(out, kind, [self.batch, *[None] * (rank - 1)])
        return model(
            nodes, {k: v for k, v in weights.items() if k in used}, given, [gives], self.opset
        )


class _Flow:
    """Operators one after the other."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []

    def __call__(self, given: str, operator: str, *more: str, **how: Any) -> str:
        out = f"/{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [given, *more], [out], **how))
        return out


def value(name: str, kind: str, *sides: int | str | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, _TYPES[kind], sides)


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Mapping[str, NDArray[Any]],
    given: Sequence[onnx.ValueInfoProto],
    gives: Sequence[onnx.ValueInfoProto],
    opset: int = 18,
) -> onnx.ModelProto:
    held = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(list(nodes), "stranger", list(given), list(gives), held)
    number = helper.make_opsetid("", opset)
    return helper.make_model(graph, opset_imports=[number], ir_version=4 if opset < 15 else 9)


def slow() -> onnx.ModelProto:
    """Nothing but standard operators, a minute of them."""
    steps = [helper.make_node("MatMul", [f"t{i}", "w"], [f"t{i + 1}"]) for i in range(3000)]
    first = helper.make_node("MatMul", ["z", "up"], ["t0"])
    last = helper.make_node("MatMul", ["t3000", "down"], ["y"])
    ones = np.ones((4, 1024), np.float32)
    weights = {"w": np.eye(1024, dtype=np.float32), "up": ones, "down": ones.T.copy()}
    given, gives = value("z", "float32", "n", 4), value("y", "float32", "n", 4)
    return model([first, *steps, last], weights, [given], [gives])
