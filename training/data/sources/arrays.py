"""Pictures that come as one `.npy` array, read row by row from disk."""

import math
from functools import lru_cache, partial
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.data.fitting.decode import MAX_PIXELS
from training.data.fitting.fit import Pixels, Skipped
from training.data.sources.listing import plain_name
from training.data.sources.source import Picture, Pictures, Source

_MAGIC = b"\x93NUMPY"
_ROWS_AT_ONCE = 1 << 22  # values; keeps the look at a float array's range within 32 MB
_NO_ARRAY = (  # what a header raises, which is read as Python's literals are
    ValueError,
    TypeError,
    EOFError,
    SyntaxError,
    OverflowError,
    TokenError,
    RecursionError,
    MemoryError,
)
_MAX_HEADER = 10_000  # bytes; numpy's own line
_ROUNDING = 1e-3  # how far over [0, 1] a float may stray before it means something else


def is_array(path: Path) -> bool:
    """Whether the file begins as a `.npy` does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def array_source(path: Path) -> Source:
    """Open an array of pictures without reading it whole.

    The array is uint8 or float in [0, 1], of shape (n, h*h), (n, h, w) or (n, h, w, 3).

    Raises:
        KnownError: it is no such array, or holds anything but numbers.
    """
    try:
        _check_header(path)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _NO_ARRAY as error:
        raise KnownError(
            f"{path} can't be opened: it is cut off, or holds Python objects, "
            "which are never loaded from a file; save it again as a plain uint8 array."
        ) from error
    _picture_shape(path, array.shape)
    if array.dtype != np.uint8 and not np.issubdtype(array.dtype, np.floating):
        raise KnownError(f"{path} holds {array.dtype}; save it as uint8, or as float in [0, 1].")
    _check_range(path, array)
    name, rows, digits = plain_name(path.name), _Array(path), len(str(len(array)))

    def row(number: int) -> Picture:
        return Picture(f"{name}#{number:0{digits}d}", partial(rows.pixels, number))

    return Source(Pictures(len(array), row))


class _Array:
    """Rows of an array on disk; sent to another process, it is opened there once and kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = np.load(path, mmap_mode="r", allow_pickle=False)
        self._shape = _picture_shape(path, self._rows.shape)

    def pixels(self, number: int) -> Pixels:
        row = np.asarray(self._rows[number])
        if row.dtype != np.uint8:
            if not np.isfinite(row).all():
                raise Skipped("holds values that are no numbers")
            row = np.rint(np.clip(row, 0, 1) * 255).astype(np.uint8)
        return np.ascontiguousarray(row).reshape(self._shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self._path,)


@lru_cache(maxsize=8)
def _opened(path: Path) -> _Array:
    return _Array(path)


def _check_header(path: Path) -> None:
    """Raise ``ValueError`` where numpy would read gigabytes before it refuses them."""
    with path.open("rb") as file:
        start = file.read(len(_MAGIC) + 6)
    if (
        start[len(_MAGIC) :][:1] > b"\1"
        and int.from_bytes(start[len(_MAGIC) + 2 :], "little") > _MAX_HEADER
    ):
        raise ValueError("its header is no header")


def _picture_shape(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and channels of one row."""
    height, width, channels = _of_shape(path, shape)
    if height * width > MAX_PIXELS:
        raise KnownError(
            f"{path} has pictures of {width:,}×{height:,} pixels, more than "
            f"{MAX_PIXELS // 1_000_000} million; save them smaller."
        )
    return height, width, channels


def _of_shape(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int]:
    match shape:
        case (_, flat) if flat > 0 and math.isqrt(flat) ** 2 == flat:
            return math.isqrt(flat), math.isqrt(flat), 1
        case (_, flat):
            raise KnownError(
                f"{path} has rows of {flat} values, which is no square picture; "
                "reshape it to (n, height, width) or (n, height, width, 3)."
            )
        case (_, int(height), int(width)) if height > 0 and width > 0:
            return height, width, 1
        case (_, int(height), int(width), 1 | 3) if height > 0 and width > 0:
            return height, width, shape[3]
        case (_, 1 | 3, _, _):
            raise KnownError(
                f"{path} has shape {shape}, channels first; "
                "save array.transpose(0, 2, 3, 1), which puts them last."
            )
    raise KnownError(
        f"{path} has shape {shape}; it must be (n, h*h), (n, height, width) "
        "or (n, height, width, 3)."
    )


def _check_range(path: Path, array: NDArray[Any]) -> None:
    rows = max(1, _ROWS_AT_ONCE // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        part = np.asarray(array[start : start + rows])
        if part.dtype == np.uint8:
            if part.max() > 1:
                return
            continue
        part = part[np.isfinite(part)]
        if part.size and (part.min() < -_ROUNDING or part.max() > 1 + _ROUNDING):
            raise KnownError(
                f"{path} holds floats from {part.min():g} to {part.max():g}; "
                "bring them to [0, 1], or save it as uint8."
            )
    if array.dtype == np.uint8 and len(array):
        raise KnownError(f"{path} holds bytes of 0 and 1 only; multiply it by 255.")
