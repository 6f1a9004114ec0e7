"""A stranger's graph, written anew as the contract has it. Runs in the child process alone.

The only module of the app that imports onnx.
"""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from explorer.core.errors import KnownError
from explorer.models.foreign import FLOATS, Feed, Inputs, Picture, Tensor
from explorer.models.graphs import FORMAT_KEY, ID_KEY, OPSET
from explorer.models.sessions import first_line

_IR_VERSION = 9  # which goes with opset 18, and any reader of it knows


def parse(content: bytes, *, name: str) -> onnx.ModelProto:
    """Read a model that ``check_graph`` let pass, and let onnx check it too.

    Raises:
        KnownError: it is no valid model.
    """
    try:
        model = onnx.load_from_string(content)
        # Older ones list their weights among the inputs, and must; newer need not.
        model.ir_version = max(4, model.ir_version)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's and the checker's errors share no base
        raise KnownError(f"{name} is no valid ONNX model: {first_line(error)}") from error
    for node in model.graph.node:
        node.domain = ""  # "ai.onnx" is its other name
    used = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    version = used[-1].version if used else 0
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", version))
    held = {each.name for each in model.graph.initializer}
    real = [each for each in model.graph.input if each.name not in held]  # else they are defaults
    del model.graph.input[:]
    model.graph.input.extend(real)
    return model


def opset(model: onnx.ModelProto) -> int:
    return int(model.opset_import[0].version)


def is_training(model: onnx.ModelProto) -> bool:
    """Whether a batch normalisation in it would take its statistics from the batch."""
    return any(
        node.op_type == "BatchNormalization" and each.name == "training_mode" and each.i == 1
        for node in model.graph.node
        for each in node.attribute
    )


def inputs(model: onnx.ModelProto) -> list[Tensor]:
    return [_tensor(each) for each in model.graph.input]


def outputs(model: onnx.ModelProto) -> list[Tensor]:
    return [_tensor(each) for each in model.graph.output]


def converted(model: onnx.ModelProto) -> Iterable[onnx.ModelProto]:
    """The model in the contract's opset, the likelier way first; whoever asks must compare.

    Operators that newer sets only gave more types are the same under the old number.
    """
    if opset(model) == OPSET:
        yield model
        return
    with suppress(Exception):  # its errors share no base; the other way may do
        yield version_converter.convert_version(model, OPSET)
    renumbered = _copy(model)
    renumbered.opset_import[0].version = OPSET
    renumbered.ir_version = min(renumbered.ir_version, _IR_VERSION)
    yield renumbered


def any_number(model: onnx.ModelProto, image: str, batch: int) -> Iterable[onnx.ModelProto]:
    """The model for any number of pictures and nothing else; whoever asks must try.

    The likelier way comes first.

    An exporter that was given one batch wrote its size into every reshape, sometimes in a file
    that claims to take any. There 0 means as many as came in.
    """
    free = _copy(model)
    del free.graph.value_info[:]
    for value in free.graph.input:
        value.type.tensor_type.shape.dim[0].ClearField("dim_value")
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    (picture,) = (value for value in model.graph.output if value.name == image)
    del free.graph.output[:]
    free.graph.output.append(picture)
    needed = _needed(free, image)
    for index in reversed(range(len(free.graph.node))):
        if not needed & set(free.graph.node[index].output):
            del free.graph.node[index]
    free.graph.output[0].type.tensor_type.ClearField("shape")
    yield free
    constants = {each.name: each for each in free.graph.initializer}
    constants |= {
        node.output[0]: node.attribute[0].t
        for node in free.graph.node
        if node.op_type == "Constant"
        and len(node.attribute) == 1
        and node.attribute[0].HasField("t")
    }
    for index, node in enumerate(free.graph.node):
        shape = constants.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is None or not 0 < len(sizes := numpy_helper.to_array(shape).copy()) < 16:
            continue
        if sizes[0] == batch:
            sizes[0] = 0
            node.input[1] = f"any number {index}"
            free.graph.initializer.append(numpy_helper.from_array(sizes, node.input[1]))
    yield free


def rewritten(
    model: onnx.ModelProto, inputs: Inputs, image: str, picture: Picture, z: str, id: str
) -> bytes:
    """The bundle's ``synthesis.onnx`` around a model of any number of pictures, serialised."""
    needed = _needed(model, image)
    nodes = [node for node in model.graph.node if needed & set(node.output)]
    weights = [each for each in model.graph.initializer if each.name in needed]
    renamed = _Names()
    head = _Writer()
    first = "z"
    if z == "uniform":  # the normal distribution's own function makes it even, -1 to 1
        first = head.add("Erf", head.add("Mul", first, head.constant(np.float32(math.sqrt(0.5)))))
    head.fed(inputs.latent, first, renamed(inputs.latent.name))
    takes = [_value("z", TensorProto.FLOAT, "n", inputs.latent.count)]
    if inputs.label is not None:
        head.fed(inputs.label, "label", renamed(inputs.label.name))
        takes.append(_value("label", TensorProto.FLOAT, "n", inputs.label.count))
    for node in nodes:
        given = [renamed(each) for each in node.input]
        made = [renamed(each) for each in node.output]
        del node.input[:], node.output[:]
        node.input.extend(given)
        node.output.extend(made)
        node.ClearField("name")
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for weight in weights:
        weight.name = renamed(weight.name)
        weight.ClearField("doc_string")
    tail = _Writer("tail")
    _paint(tail, renamed(image), picture)
    sides = ("n", picture.height, picture.width, picture.channels)
    gives = [_value("image", TensorProto.UINT8, *sides), _value("rgb", TensorProto.FLOAT, *sides)]
    graph = helper.make_graph(
        [*head.nodes, *nodes, *tail.nodes],
        "generator",
        takes,
        gives,
        [*head.weights, *weights, *tail.weights],
    )
    whole = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="masquerade",
    )
    helper.set_model_props(whole, {FORMAT_KEY: "1", ID_KEY: id})
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString(deterministic=True))


class _Writer:
    """Operators one after the other."""

    def __init__(self, name: str = "head") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._name = name

    def add(self, operator: str, *given: str, to: str | None = None, **how: int | list[int]) -> str:
        out = to or f"{self._name}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(given), [out]))
        self.nodes[-1].attribute.extend(helper.make_attribute(*each) for each in how.items())
        return out

    def constant(self, value: np.generic | Sequence[int]) -> str:
        array = np.asarray(value) if isinstance(value, np.generic) else np.array(value, np.int64)
        self.weights.append(
            numpy_helper.from_array(array, f"{self._name} constant {len(self.weights)}")
        )
        return self.weights[-1].name

    def fed(self, feed: Feed, ours: str, theirs: str) -> None:
        """Bring ``ours``, (n, count) float32, into the form and type in which they take it."""
        if feed.is_index:
            ours = self.add("ArgMax", ours, axis=1, keepdims=feed.rank - 1)  # int64
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(feed.kind))
        if feed.kind != ("int64" if feed.is_index else "float32"):
            ours = self.cast(ours, kind)
        if feed.rank == 4:
            ours = self.add("Unsqueeze", ours, self.constant([2, 3]))
        self.add("Identity", ours, to=theirs)

    def cast(self, given: str, kind: int, to: str | None = None) -> str:
        out = to or f"{self._name}{len(self.nodes)}"
        self.nodes.append(helper.make_node("Cast", [given], [out], to=kind))
        return out


def _paint(tail: _Writer, out: str, picture: Picture) -> None:
    """From the stranger's output to ``rgb`` in [-1, 1] and ``image`` in bytes."""
    height, width, channels = picture.height, picture.width, picture.channels
    out = tail.cast(out, TensorProto.FLOAT)
    planar = picture.layout == "nchw"
    if picture.flat:
        sides = (channels, height, width) if planar else (height, width, channels)
        out = tail.add("Reshape", out, tail.constant([0, *sides]))
    if planar:
        out = tail.add("Transpose", out, perm=[0, 2, 3, 1])
    if picture.range != "-1,1":
        scale = 2.0 if picture.range == "0,1" else 2.0 / 255.0
        out = tail.add("Mul", out, tail.constant(np.float32(scale)))
        out = tail.add("Sub", out, tail.constant(np.float32(1)))
    rgb = tail.add("Identity", out, to="rgb")
    levels = tail.add("Add", rgb, tail.constant(np.float32(1)))
    levels = tail.add("Mul", levels, tail.constant(np.float32(127.5)))
    levels = tail.add("Round", levels)
    zero, most = tail.constant(np.float32(0)), tail.constant(np.float32(255))
    tail.cast(tail.add("Clip", levels, zero, most), TensorProto.UINT8, to="image")


class _Names:
    """Names of our own for theirs, which may clash with ours or be made to harm."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {"": ""}  # an input that is left out stays so

    def __call__(self, theirs: str) -> str:
        return self._ours.setdefault(theirs, f"t{len(self._ours)}")


def _needed(model: onnx.ModelProto, image: str) -> set[str]:
    """The names of all that the picture is computed from, its own too."""
    needed = {image}
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
    return needed - {""}


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    try:
        word = str(helper.tensor_dtype_to_np_dtype(kind.elem_type))
    except KeyError:  # a sequence, an optional, or a type from the future
        word = "no numbers"
    if word not in (*FLOATS, "int32", "int64", "uint8"):
        word = word if word.isidentifier() else "no numbers"
    shape = None
    if kind.HasField("shape"):
        shape = tuple(
            side.dim_value if side.HasField("dim_value") and side.dim_value >= 0 else None
            for side in kind.shape.dim  # -1 is some exporters' word for any
        )
    return Tensor(value.name, word, shape)


def _value(name: str, kind: int, *sides: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, sides)


def _copy(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy
