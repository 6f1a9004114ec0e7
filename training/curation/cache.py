"""What was seen of each picture, kept in one file that only grows.

A row belongs to the bytes of a picture's file, whatever it is called. A row that was cut off
when the power went is dropped; everything else can be found out again, so nothing is synced.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.likeness.pack import LATE
from training.curation.measure import MEASURES
from training.data.fitting.steps import Raw

MINI = 40
"""Pixels a side of the picture that near duplicates are compared by."""

ROW = np.dtype(
    [
        ("content", "V32"),  # sha256 of the file
        ("pixels", "V32"),  # sha256 of the picture as decoded
        ("reason", "S160"),  # why it can't be used, UTF-8; empty where it can
        ("bytes", "<u4"),  # of the file: of two of one size, the longer is the better one
        ("width", "<u4"),  # of the picture in the file, upright
        ("height", "<u4"),
        ("hash", "<u8"),  # perceptual, 64 bits
        ("mirrored", "<u8"),  # of the picture seen in a mirror
        ("measures", "<f4", (len(MEASURES),)),
        ("mini", "u1", (MINI, MINI, 3)),  # the whole picture, squeezed square
        ("late", "<f2", (LATE,)),  # of the extractor
    ]
)

Rows: TypeAlias = NDArray[np.void]
"""Rows of ``ROW``."""

_AT_ONCE = 1024  # rows read at once, 8 MB
_FEW = 8  # places that lie on average farther apart are read one by one
_HEAD = 512  # bytes


class Cache:
    """The file, open for as long as one run lasts."""

    def __init__(self, path: Path, *, extractor: str) -> None:
        """Open or begin it.

        Args:
            extractor: sha256 of the network whose features the rows hold; rows of another
                are thrown away.

        Raises:
            KnownError: it can't be read or written.
        """
        self._path = path
        self._places: dict[bytes, int] = {}
        head = _head(extractor)
        try:
            with path.open("a+b") as file:
                file.seek(0)
                if file.read(_HEAD) != head:
                    file.truncate(0)
                    file.write(head)
            self._count = (path.stat().st_size - _HEAD) // ROW.itemsize
            with path.open("rb+") as file:
                file.truncate(_HEAD + self._count * ROW.itemsize)
            for start, rows in self._blocks():
                for number, content in enumerate(rows["content"].tolist(), start):
                    self._places[content] = number
        except OSError as error:
            raise KnownError(
                f"{path} can't be used: {error.strerror}; choose another folder for the report."
            ) from error

    def __contains__(self, content: bytes) -> bool:
        return content in self._places

    def add(self, rows: Rows) -> None:
        """Append rows.

        Raises:
            KnownError: the disk refuses.
        """
        try:
            with self._path.open("ab") as file:
                file.write(rows.tobytes())
        except OSError as error:
            raise KnownError(
                f"{self._path} can't be written: {error.strerror}; free some space and run this again."
            ) from error
        for content in rows["content"].tolist():
            self._places[content] = self._count
            self._count += 1

    def rows(self, contents: list[bytes]) -> Iterator[tuple[NDArray[np.int64], Rows]]:
        """The rows of these files in blocks, and where in ``contents`` each belongs.

        Every block comes in the order of the file, so that a disk reads on.
        """
        places = np.array([self._places[content] for content in contents], np.int64)
        order = np.argsort(places, kind="stable")
        block = places[order] // _AT_ONCE
        for which in np.split(order, np.flatnonzero(np.diff(block)) + 1):
            if len(which):
                yield which, self._read(places[which])

    def _read(self, places: NDArray[np.int64]) -> Rows:
        """Rows at ascending places: one by one where they are few, else all between."""
        first, last = int(places[0]), int(places[-1])
        with self._path.open("rb") as file:
            if last - first < _FEW * len(places):
                return _rows(file, first, last + 1 - first)[places - first]
            return np.concatenate([_rows(file, place, 1) for place in places.tolist()])

    def _blocks(self) -> Iterator[tuple[int, Rows]]:
        with self._path.open("rb") as file:
            for start in range(0, self._count, _AT_ONCE):
                yield start, _rows(file, start, min(_AT_ONCE, self._count - start))


def _rows(file: BinaryIO, start: int, count: int) -> Rows:
    file.seek(_HEAD + start * ROW.itemsize)
    content = file.read(count * ROW.itemsize)
    if len(content) != count * ROW.itemsize:
        raise KnownError(f"{file.name} was cut off while it was read; run this again.")
    return np.frombuffer(content, ROW)


def digest(raw: Raw) -> bytes:
    """By what a picture's file, or its pixels where it has none, are known."""
    if isinstance(raw, bytes):
        return hashlib.sha256(raw).digest()
    return hashlib.sha256(str(raw.shape).encode() + raw.tobytes()).digest()


def _head(extractor: str) -> bytes:
    about: dict[str, Any] = {"format": 1, "extractor": extractor, "row": ROW.itemsize}
    about["measures"] = list(MEASURES)
    head = json.dumps(about).encode()
    if len(head) >= _HEAD:
        raise ValueError("the head is too long")
    return head.ljust(_HEAD - 1) + b"\n"
