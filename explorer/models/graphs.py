"""Reading an ONNX file just far enough to refuse it, before ONNX Runtime sees a byte.

The field numbers are those of onnx.proto. Nothing but this reader looks at a file from outside
in the app's own process until it has passed.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from explorer.core.errors import KnownError
from explorer.models.wire import Damaged, fields, nested, numbers, text

OPSET = 18
FORMAT_KEY = "explorer.format"
ID_KEY = "explorer.id"

_MAX_NODES = 20_000  # a StyleGAN2 of 1024 px has under 2,000
_MAX_FIELDS = 2_000_000  # parts of parts; reading them all takes a few seconds
_MAX_ELEMENTS = 1 << 28  # numbers in a tensor that a constant blows up; 1 GB of float32
_MAX_CLAIM = 1 << 40  # numbers in a tensor; what it doesn't hold is refused far below
_MAX_SIZES = 256  # bytes of a constant that may be the shape of something
_STANDARD = ("", "ai.onnx")
_CHANCE = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)
_GROWS = {  # which of its inputs say how large the output becomes
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "OneHot": (1,),
    "Range": (1,),
    "Resize": (2, 3),
    "Tile": (1,),
    "Upsample": (1,),
}

_ELSEWHERE = "keeps its weights in other files"
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_DATA = (4, 5, 6, 7, 9, 10, 11)  # the fields of a TensorProto that hold numbers
_NOTHING = memoryview(b"")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a graph that passed is made of."""

    nodes: int
    weights: int  # bytes
    opset: int


def check_graph(model: bytes, *, id: str | None, name: str) -> Contents:
    """Let pass only what a bundle of this ``id`` may hold; ``name`` is what a complaint calls it.

    A graph of other makers, such as an upscaler's, has None for an id: it may be of any opset,
    name operator sets that it doesn't use, and need not say whose it is.

    Raises:
        KnownError: it is damaged, too large, of another opset, or not of the standard operators;
            it keeps data elsewhere, claims more numbers than it holds, asks for more memory than
            any picture needs, contains graphs or functions, throws dice, or belongs to another
            model.
    """
    inspection = _Inspection()
    try:
        reason = inspection.reason_to_refuse(memoryview(model), id)
    except Damaged as error:
        raise KnownError(f"{name} is no ONNX file, or a damaged one; get it again.") from error
    if reason is not None:
        alone = id is None and reason == _ELSEWHERE
        way_out = (
            "export it as one file (external_data=False)"
            if alone
            else "get the model from its maker"
        )
        raise KnownError(f"{name} {reason}, so it is not opened; {way_out}.")
    return Contents(inspection.nodes, inspection.weights, inspection.opset)


@dataclass(slots=True)
class _Inspection:
    """One walk through a file. Each method gives the reason to refuse what it looked at, or None."""

    nodes: int = 0
    weights: int = 0  # bytes
    opset: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    products: dict[str, float] = field(default_factory=dict)  # of the sizes in small constants
    growing: list[tuple[str, str]] = field(default_factory=list)  # operator, constant it leans on
    seen: int = 0  # fields

    def reason_to_refuse(self, model: memoryview, id: str | None) -> str | None:
        for number, value in self.fields(model):
            if number == 7:
                if (reason := self.graph(nested(value))) is not None:
                    return reason
            elif number == 8:  # opset_import
                domain, version = self.opset_of(nested(value))
                if domain in _STANDARD:
                    self.opset = version
                elif id is not None:
                    return f"needs the operators of {domain[:80]!r}"
            elif number == 14:  # metadata_props
                found = dict(self.fields(nested(value)))
                self.metadata[text(found.get(1, _NOTHING))] = text(found.get(2, _NOTHING))
            elif number in (20, 25):  # training_info, functions
                return "brings functions of its own"
        if self.nodes == 0:
            raise Damaged
        for operator, constant in self.growing:
            if not self.products.get(constant, 1) <= _MAX_ELEMENTS:
                return f"asks for a tensor too large for any picture ({operator})"
        return None if id is None else self.reason_in_words(id)

    def reason_in_words(self, id: str) -> str | None:
        """What the file says of itself, against what a bundle's file says."""
        if self.opset != OPSET:
            return f"is of opset {self.opset} and not {OPSET}"
        if self.metadata.get(FORMAT_KEY) != "1":
            return f"does not say {FORMAT_KEY} 1"
        if self.metadata.get(ID_KEY) != id:
            return f"belongs to {self.metadata.get(ID_KEY, 'no model')[:80]!r} and not to {id!r}"
        return None

    def graph(self, graph: memoryview) -> str | None:
        for number, value in self.fields(graph):
            reason = None
            if number == 1:
                self.nodes += 1
                if self.nodes > _MAX_NODES:
                    return f"has more than {_MAX_NODES:,} operators"
                reason = self.node(nested(value))
            elif number == 5:  # initializer
                reason = self.tensor(nested(value))
            elif number == 15:  # sparse_initializer
                reason = "holds sparse weights"
            if reason is not None:
                return reason
        return None

    def node(self, node: memoryview) -> str | None:
        inputs: list[str] = []
        output = operator = ""
        attributes: list[memoryview] = []
        for number, value in self.fields(node):
            if number == 1:
                inputs.append(text(value))
            elif number == 2:
                output = output or text(value)
            elif number == 4:
                operator = text(value)
            elif number == 5:
                attributes.append(nested(value))
            elif number == 7 and text(value) not in _STANDARD:
                return f"needs the operators of {text(value)[:80]!r}"
        if operator in _CHANCE:
            return f"throws dice ({operator}) and paints no picture twice"
        leans_on = [inputs[i] for i in _GROWS.get(operator, ()) if i < len(inputs)]
        self.growing += [(operator, constant) for constant in leans_on]
        for attribute in attributes:
            of = output if operator == "Constant" else ""
            if (reason := self.attribute(attribute, of)) is not None:
                return reason
        return None

    def attribute(self, attribute: memoryview, constant: str) -> str | None:
        """``constant`` is what the operator gives if it is one, else empty."""
        for number, value in self.fields(attribute):
            if number in (6, 11):  # g, graphs
                return "contains graphs of its own"
            if number in (22, 23):
                return "holds sparse weights"
            if number in (5, 10) and (reason := self.tensor(nested(value), constant)) is not None:
                return reason
            if number in (3, 7, 8) and constant:  # the sizes written as plain numbers
                sizes = _floats(value) if number == 7 else numbers(value)
                self.products[constant] = self.products.get(constant, 1) * _product(sizes)
        return None

    def tensor(self, tensor: memoryview, name: str = "") -> str | None:
        """``name`` is the tensor's where it doesn't bring its own."""
        claimed, kind, held = 1, 0, 0
        sizes: list[float] = []
        for number, value in self.fields(tensor):
            if number == 13 or (number == 14 and value != 0):  # external_data, data_location
                return _ELSEWHERE
            if number == 1:  # dims
                for side in numbers(value):
                    claimed *= side
                    if not 0 <= side <= _MAX_CLAIM or claimed > _MAX_CLAIM:
                        return "claims a tensor of impossible size"
            elif number == 2 and isinstance(value, int):
                kind = value
            elif number == 8:
                name = name or text(value)
            elif number in _DATA:
                held += 1 if isinstance(value, int) else len(value)
                if held <= _MAX_SIZES:
                    sizes += _sizes(number, kind, value)
        self.weights += held
        if claimed > 4 * held:  # the smallest numbers of ONNX take a quarter of a byte
            return "claims more numbers than it holds"
        self.products[name] = _product(sizes)
        return None

    def opset_of(self, entry: memoryview) -> tuple[str, int]:
        domain, version = "", 0
        for number, value in self.fields(entry):
            if number == 1:
                domain = text(value)
            elif number == 2 and isinstance(value, int):
                version = value
        return domain, version

    def fields(self, message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
        for each in fields(message):
            self.seen += 1
            if self.seen > _MAX_FIELDS:
                raise Damaged
            yield each


def _sizes(field: int, kind: int, value: memoryview | int) -> Iterable[float]:
    """The numbers of a small constant that may be the shape of something."""
    if field == 7:  # int64_data
        return numbers(value)
    if field == 4 or (field == 9 and kind == _FLOAT):  # float_data, raw_data
        return _floats(value)
    if field == 9 and kind == _INT64:
        content = bytes(nested(value))
        return struct.unpack(f"<{len(content) // 8}q", content[: len(content) // 8 * 8])
    return ()


def _floats(value: memoryview | int) -> tuple[float, ...]:
    content = bytes(nested(value))
    return struct.unpack(f"<{len(content) // 4}f", content[: len(content) // 4 * 4])


def _product(sizes: Iterable[float]) -> float:
    """How many numbers a tensor of these sizes has; infinite where one is no size at all."""
    product = 1.0
    for size in sizes:
        product *= max(1.0, abs(size))
    return product if product == product else math.inf
