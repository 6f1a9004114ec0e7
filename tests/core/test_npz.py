import io
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from hypothesis.strategies import sampled_from
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz, write_npz

numbers = arrays(
    sampled_from([np.float32, np.float16, np.uint8, np.int64]),
    array_shapes(min_dims=0, min_side=0, max_side=5),
)


@given(numbers)
def test_arrays_come_back_as_they_were(array: NDArray[Any]) -> None:
    back = read_npz(write_npz(a=array), "test")["a"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_the_same_arrays_are_the_same_bytes() -> None:
    assert write_npz(a=np.arange(3)) == write_npz(a=np.arange(3))


def test_what_numpy_wrote_is_read() -> None:
    content = io.BytesIO()
    np.savez_compressed(content, a=np.asfortranarray(np.eye(3)), text=np.array("hello"))
    found = read_npz(content.getvalue(), "test")
    np.testing.assert_array_equal(found["a"], np.eye(3))
    assert str(found["text"]) == "hello"


def one(member: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", member)
    return content.getvalue()


def header(text: str) -> bytes:
    padded = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


def pickled() -> bytes:
    content = io.BytesIO()
    np.savez(content, a=np.array([{"run": "me"}], object))
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        one(b""),
        one(b"text"),
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}")),
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}") + b"1234"),
        one(header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}") + b"1234"),
        one(header("{'descr': '|O', 'fortran_order': False, 'shape': (0,)}")),
        one(header("__import__('os').system('true')")),
        one(header("(" * 5000)),
        one(b"\x93NUMPY\x09\x00"),
        pickled(),
        write_npz(a=np.arange(1000))[:-60],
    ],
    ids=range(13),
)
def test_arrays_from_a_stranger_are_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(KnownError, match=r"stranger\.npz") as refusal:
        read_npz(content, "stranger.npz")
    assert "\n" not in str(refusal.value)
