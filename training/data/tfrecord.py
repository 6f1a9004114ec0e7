"""TFRecord files and the one kind of `tf.train.Example` that ours hold, without TensorFlow.

TensorFlow takes five seconds to import and half a gigabyte, in every process that prepares
pictures. The formats: a record is its length (uint64), the masked CRC-32C of that, the data, and
the masked CRC-32C of the data, all little-endian (tensorflow/core/lib/io/record_writer.h); an
Example is a protocol buffer, a map from names to lists (tensorflow/core/example/example.proto).
"""

import struct
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from explorer.models.wire import Damaged, fields, nested, text

HEADER, FOOTER = 12, 4  # bytes before and after a record's data

_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C (Castagnoli), reflected
_BLOCK = 512  # bytes looked up at once; its table of 512 KB stays in the cache
_MASK = 0xA282EAD8


def record(data: bytes) -> bytes:
    """A record as it stands in the file."""
    length = struct.pack("<Q", len(data))
    return b"".join(
        (length, struct.pack("<I", masked_crc(length)), data, struct.pack("<I", masked_crc(data)))
    )


def masked_crc(data: bytes) -> int:
    """The CRC as TFRecord stores it: turned and shifted, since CRCs of CRCs are weak."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720, appendix B.4).

    A CRC is linear: every byte contributes by its value and its distance from the end alone. So
    a block's contributions are looked up together, and then the blocks are folded into another.
    """
    if len(data) < 64:
        return _crc_by_byte(data) ^ 0xFFFFFFFF
    table, offsets, folds = _tables()
    # Zeros ahead change nothing where the CRC begins at 0; that it begins at all ones is the same
    # as having the first four bytes inverted.
    ahead = -len(data) % _BLOCK
    padded = np.zeros(ahead + len(data), np.uint8)
    padded[ahead:] = np.frombuffer(data, np.uint8)
    padded[ahead : ahead + 4] ^= 255
    blocks = padded.reshape(-1, _BLOCK)
    crc = 0
    parts = np.bitwise_xor.reduce(table.take(blocks + offsets), axis=1)
    first, second, third, fourth = folds
    for part in parts.tolist():
        crc = (
            first[crc & 255]
            ^ second[crc >> 8 & 255]
            ^ third[crc >> 16 & 255]
            ^ fourth[crc >> 24]
            ^ part
        )
    return crc ^ 0xFFFFFFFF


def example(png: bytes, label: int, index: int) -> bytes:
    """Serialise a record's three features in order of name, as TensorFlow does."""
    content = b"".join(
        (
            _field(1, _field(1, b"image") + _field(2, _field(1, _field(1, png)))),
            _field(1, _field(1, b"index") + _field(2, _field(3, _integers(index)))),
            _field(1, _field(1, b"label") + _field(2, _field(3, _integers(label)))),
        )
    )
    return _field(1, content)


def picture_of(serialised: bytes) -> bytes:
    """The PNG in an Example of ours.

    Raises:
        Damaged: it is none, or cut off.
    """
    for _, features in fields(memoryview(serialised)):
        for _, entry in fields(nested(features)):
            parts = dict(fields(nested(entry)))
            if text(parts.get(1, 0)) == "image":
                lists = dict(fields(nested(parts.get(2, 0))))
                return bytes(nested(dict(fields(nested(lists.get(1, 0)))).get(1, 0)))
    raise Damaged


def _crc_by_byte(data: bytes) -> int:
    table = _bytes_table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc


@cache
def _bytes_table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return table


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.intp], list[list[int]]]:
    """What a byte contributes by place and value, flat; where a place's values begin; folds."""
    one = np.array(_bytes_table(), np.uint32)
    rows = [one]
    for _ in range(_BLOCK - 1):  # a place earlier: one byte of nothing more behind it
        last = rows[-1]
        rows.append(one[last & 255] ^ last >> 8)
    table = np.concatenate(rows[::-1])
    offsets = np.arange(_BLOCK, dtype=np.intp) * 256
    # A block goes on from the CRC before it as if that stood in its first four bytes.
    folds = [row.tolist() for row in rows[:-5:-1]]
    return table, offsets, folds


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _integers(value: int) -> bytes:
    return _field(1, _varint(value))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
