"""Protobuf's wire format, read field by field (https://protobuf.dev/programming-guides/encoding)."""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Damaged(Exception):
    """The bytes end too early, or are no protobuf."""


def fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
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
            raise Damaged
        if field == 0 or at + length > end:
            raise Damaged
        yield field, message[at : at + length]
        at += length


def numbers(value: memoryview | int) -> Iterator[int]:
    """The int64 of a repeated field, one by one or packed."""
    if isinstance(value, int):
        yield _signed(value)
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield _signed(number)


def nested(value: memoryview | int) -> memoryview:
    if isinstance(value, int):
        raise Damaged
    return value


def text(value: memoryview | int) -> str:
    return bytes(nested(value)).decode("utf-8", "replace")


def _signed(number: int) -> int:
    return (number & (1 << 64) - 1) - ((number & 1 << 63) << 1)


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
    raise Damaged
