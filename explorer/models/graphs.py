"""Reading an ONNX file just far enough to refuse it, before ONNX Runtime sees a byte.

The wire format is protobuf's (https://protobuf.dev/programming-guides/encoding); the field
numbers are those of onnx.proto. The onnx package isn't needed, and training alone has it.
"""

from collections.abc import Iterator

from explorer.core.errors import KnownError

OPSET = 18
FORMAT_KEY = "explorer.format"
ID_KEY = "explorer.id"

_MAX_NODES = 20_000  # a StyleGAN2 of 1024 px has under 2,000
_STANDARD = ("", "ai.onnx")
_CHANCE = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
    | {"RandomUniformLike"}
)

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _Damaged(Exception):
    """The bytes end too early, or are no protobuf."""


def check_graph(model: bytes, *, id: str | None, name: str) -> None:
    """Let pass only what a bundle of this ``id`` may hold; ``name`` is what a complaint calls it.

    An upscaler's graph comes from other makers: with None for an id it may be of any opset and
    need not say whose it is.

    Raises:
        KnownError: it is damaged, too large, of another opset, or not of the standard operators;
            it keeps data elsewhere, contains graphs or functions, throws dice, or belongs to
            another model.
    """
    try:
        reason = _reason_to_refuse(memoryview(model), id)
    except _Damaged as error:
        raise KnownError(f"{name} is no ONNX file, or a damaged one; get it again.") from error
    if reason is not None:
        raise KnownError(f"{name} {reason}, so it is not opened; get the model from its maker.")


def _reason_to_refuse(model: memoryview, id: str | None) -> str | None:
    opset = 0
    metadata: dict[str, str] = {}
    nodes = 0
    for field, value in _fields(model):
        if field == 7:  # graph
            for part, inner in _fields(_nested(value)):
                nodes += part == 1
                if nodes > _MAX_NODES:
                    return f"has more than {_MAX_NODES:,} operators"
                if (reason := _of_graph_part(part, inner)) is not None:
                    return reason
        elif field == 8:  # opset_import
            domain, version = _opset(_nested(value))
            if domain not in _STANDARD:
                return f"needs the operators of {domain[:80]!r}"
            opset = version
        elif field == 14:  # metadata_props
            key, text = _pair(_nested(value))
            metadata[key] = text
        elif field in (20, 25):  # training_info, functions
            return "brings functions of its own"
    if nodes == 0:
        raise _Damaged
    if id is None:
        return None
    if opset != OPSET:
        return f"is of opset {opset} and not {OPSET}"
    if metadata.get(FORMAT_KEY) != "1":
        return f"does not say {FORMAT_KEY} 1"
    if metadata.get(ID_KEY) != id:
        return f"belongs to {metadata.get(ID_KEY, 'no model')[:80]!r} and not to {id!r}"
    return None


def _of_graph_part(field: int, value: memoryview | int) -> str | None:
    if field == 1:
        return _of_node(_nested(value))
    if field == 5:
        return _of_tensor(_nested(value))
    if field == 15:  # sparse_initializer
        return "holds sparse weights"
    return None


def _of_node(node: memoryview) -> str | None:
    for field, value in _fields(node):
        if field == 7 and _text(value) not in _STANDARD:
            return f"needs the operators of {_text(value)[:80]!r}"
        if field == 4 and _text(value) in _CHANCE:
            return f"throws dice ({_text(value)})"
        if field != 5:  # attribute
            continue
        for part, inner in _fields(_nested(value)):
            if part in (6, 11):  # g, graphs
                return "contains graphs of its own"
            if part in (22, 23):
                return "holds sparse weights"
            if part in (5, 10) and (reason := _of_tensor(_nested(inner))) is not None:
                return reason
    return None


def _of_tensor(tensor: memoryview) -> str | None:
    for field, value in _fields(tensor):
        if field == 13 or (field == 14 and value != 0):  # external_data, data_location
            return "keeps its weights in other files"
    return None


def _opset(entry: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for field, value in _fields(entry):
        if field == 1:
            domain = _text(value)
        elif field == 2 and isinstance(value, int):
            version = value
    return domain, version


def _pair(entry: memoryview) -> tuple[str, str]:
    found = {field: _text(value) for field, value in _fields(entry) if field in (1, 2)}
    return found.get(1, ""), found.get(2, "")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Field number and value: bytes where it has a length, a number else."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield field, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:  # groups were never part of ONNX
            raise _Damaged
        if field == 0 or at + length > end:
            raise _Damaged
        yield field, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that starts at ``at``, and where the next thing starts."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise _Damaged


def _nested(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise _Damaged
    return value


def _text(value: memoryview | int) -> str:
    return bytes(_nested(value)).decode("utf-8", "replace")
