"""Arrays and tensors in a pickle: real numbers, whole files, nothing out of reach."""

import contextlib
import pickle
import pickletools
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.transfer.pickles import parse_pickle, read_pickle

from .conftest import Weights, Writer
from .refused import loads, refusal


def tensor(size: bytes, stride: bytes, offset: bytes = b"K\x00", numbers: int = 4) -> bytes:
    """A pickle of one tensor over a storage of ``numbers``."""
    stream = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001))
    stream += pickle.dumps({"little_endian": True}, 2)
    stream += b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x01\x00\x00\x00c"
    stream += b"K" + bytes([numbers]) + b"NtQ." + pickle.dumps(["0"], 2)
    stream += struct.pack("<q", numbers) + b"\0" * 4 * numbers
    inner = loads(stream)[:-1]
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + inner + offset + size + stride + b"\x89}tR."


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        (b"K\x05\x85", b"K\x01\x85", b"K\x00"),
        (b"K\x04\x85", b"K\x01\x85", b"K\x01"),
        (b"K\x04\x85", b"K\x02\x85", b"K\x00"),
        (b"J\xff\xff\xff\x7f\x85", b"K\x00\x85", b"K\x00"),  # one number, two billion times
        (b"J\xff\xff\xff\x7f\x85", b"J\xff\xff\xff\xff\x85", b"K\x00"),
        (b"K\x02\x85", b"J\xff\xff\xff\xff\x85", b"K\x01"),
        (b"K\x02\x85", b"K\x01\x85", b"J\xff\xff\xff\xff"),
        (b"K\x02\x85", b"K\x01K\x01\x86", b"K\x00"),
        (b"(" + b"K\x01" * 40 + b"t", b"(" + b"K\x01" * 40 + b"t", b"K\x00"),
        (b"\x8a\x20" + b"\x7f" * 32 + b"\x85", b"K\x00\x85", b"K\x00"),
        (b"\x88\x85", b"K\x01\x85", b"K\x00"),
        (b"K\x01\x85", b"\x8a\x20" + b"\x7f" * 32 + b"\x85", b"K\x04"),
    ],
)
def test_a_tensor_never_reaches_out_of_its_storage(
    size: bytes, stride: bytes, offset: bytes
) -> None:
    assert "tensor" in refusal(tensor(size, stride, offset))


def test_a_stride_that_is_never_taken_may_be_anything() -> None:
    assert "neither the three networks" in refusal(
        tensor(b"K\x01\x85", b"\x8a\x20" + b"\x7f" * 32 + b"\x85")
    )


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "=f4"])
def test_any_real_numbers_are_read(
    tensorflow: Writer, weights: Callable[..., Weights], kind: str
) -> None:
    made = weights((4, 4))
    name = "synthesis.b8.conv1.bias"
    for number in (0.5, 60_000):
        there = {**made, name: np.full(4, number, kind)}
        read = parse_pickle(tensorflow(there), name="file.pkl")
        np.testing.assert_array_equal(read.generator[name], np.full(4, number, np.float32))
        assert read.generator[name].dtype == np.float32


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full(4, 1e300), "not finite"),
        (np.full(4, 7), "real numbers"),
        (np.full(4, True), "real numbers"),
        (np.full(4, 1j), "plain numbers"),
        (np.full(4, "a"), "plain numbers"),
        (np.full(4, 0, "M8[s]"), "plain numbers"),
    ],
)
def test_other_numbers_are_refused(
    tensorflow: Writer, weights: Callable[..., Weights], array: NDArray[Any], words: str
) -> None:
    made: dict[str, NDArray[Any]] = {**weights((4, 4)), "synthesis.b8.conv1.bias": array}
    assert words in refusal(tensorflow(made))


@pytest.fixture(scope="module")
def small(weights: Callable[..., Weights], tensorflow: Writer, pytorch: Writer) -> list[bytes]:
    made = weights((1, 1), z_dim=1, w_dim=1, layers=1, channels=1)
    return [tensorflow(made), pytorch(made)]


def test_a_file_cut_off_anywhere_is_refused(small: list[bytes]) -> None:
    for content in small:
        for end in range(len(content)):
            refusal(content[:end])


@given(data=st.data())
def test_a_file_with_changed_bytes_is_read_or_refused(
    data: st.DataObject, small: list[bytes]
) -> None:
    content = bytearray(data.draw(st.sampled_from(small)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(KnownError):
        parse_pickle(bytes(content), name="file.pkl")


_OPCODES = [op.code.encode("latin1") for op in pickletools.opcodes]


@given(st.lists(st.one_of(st.sampled_from(_OPCODES), st.binary(max_size=6)), max_size=60))
def test_any_bytes_are_refused(pieces: list[bytes]) -> None:
    refusal(b"".join(pieces))


def test_what_is_no_file_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"missing.pkl can't be read"):
        read_pickle(tmp_path / "missing.pkl")
    with pytest.raises(KnownError, match="can't be read"):
        read_pickle(tmp_path)
    huge = tmp_path / "huge.pkl"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(KnownError, match=r"huge.pkl is larger than 2 GB"):
        read_pickle(huge)
