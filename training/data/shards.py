"""The files that hold a dataset's records: TFRecord, written in order, read at any place."""

import hashlib
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.files import inside
from training.data.card import DatasetCard, Framing, Shard, SkippedFile
from training.data.fitting.decode import Pixels
from training.data.tfrecord import FOOTER, HEADER, example, record

MAX_RECORDS = 4096
MAX_BYTES = 128 << 20


class ShardWriter:
    """Writes records one after another into shards of a moderate size."""

    def __init__(self, folder: Path) -> None:
        self.shards: list[Shard] = []
        self.count = 0
        self._folder = folder
        self._content = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._sha256 = hashlib.sha256()
        self._records = self._bytes = 0

    def add(self, png: bytes, label: int, pixels: Pixels) -> int:
        """Write the next record; gives its index."""
        if self._file is None:
            self._file = self._path().open("xb")
        index = self.count
        framed = record(example(png, label, index))
        self._file.write(framed)
        self._sha256.update(framed)
        self._content.update(content_of(label, index, pixels))
        self.count += 1
        self._records += 1
        self._bytes += len(framed)
        if self._records == MAX_RECORDS or self._bytes >= MAX_BYTES:
            self._finish(self._file)
        return index

    @property
    def content_sha256(self) -> str:
        return self._content.hexdigest()

    def finish(
        self,
        table: Path,
        classes: Sequence[str],
        skipped: Sequence[SkippedFile],
        framing: Framing,
    ) -> tuple[Shard, ...]:
        """All shards; the table lies beside them already, and the rest is on the card."""
        return tuple(self.shards)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        if error is None:
            self._finish(self._file)
        else:
            with suppress(OSError):
                self._file.close()

    def _path(self) -> Path:
        return self._folder / f"records-{len(self.shards):05d}.tfrecord"

    def _finish(self, file: BinaryIO) -> None:
        with file:
            file.flush()
            os.fsync(file.fileno())
        self._file = None
        self.shards.append(
            Shard(file=self._path().name, records=self._records, sha256=self._sha256.hexdigest())
        )
        self._sha256 = hashlib.sha256()
        self._records = self._bytes = 0


@contextmanager
def as_os_error() -> Iterator[None]:
    """TensorFlow has errors of its own for a full disk and its like."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        said = str(error.message).partition(" [Op:")[0].rpartition("}} ")[2]
        raise OSError(said.rpartition("; ")[2]) from error  # behind the name of its own file


def plainly(error: Any) -> str:
    """What a TensorFlow error says, without the names of the operations it came through."""
    line = str(error.message).splitlines()[0].partition(" [Op:")[0]
    return line.rpartition(": ")[2]


def content_of(label: int, index: int, pixels: Pixels) -> bytes:
    """What `content_sha256` takes in of one record."""
    return struct.pack("<qq", label, index) + pixels.tobytes()


class Records:
    """The serialised records of a dataset, by place, without holding them in memory.

    They are read, not mapped: where a mapped file is cut off or its drive goes away, the system
    ends the process without a word.

    Raises:
        KnownError: a shard is cut off, or holds another number of records than its card says.
    """

    def __init__(self, folder: Path, card: DatasetCard) -> None:
        self._paths: list[Path] = []
        places: list[tuple[int, int, int]] = []
        for number, shard in enumerate(card.shards):
            path = inside(folder, shard.file)
            try:
                with (
                    path.open("rb") as file,
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
                ):
                    spans = _spans(content, shard.records)
            except (OSError, ValueError) as error:  # ValueError: an empty file
                raise KnownError(f"{path} can't be read: {error}.") from error
            self._paths.append(path)
            if spans is None or len(spans) != shard.records:
                raise KnownError(
                    f"{path} does not hold the {shard.records} records of its card; "
                    "prepare the dataset again."
                )
            places += [(number, start, end) for start, end in spans]
        self._places = np.array(places, np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def read(self, which: NDArray[np.int64]) -> Sequence[bytes]:
        """The records at these places, as they were written.

        Raises:
            OSError: a shard is no longer what it was at first.
        """
        records = []
        with ExitStack() as stack:
            files: dict[int, BinaryIO] = {}
            for shard, start, end in self._places[which].tolist():
                if shard not in files:
                    files[shard] = stack.enter_context(self._paths[shard].open("rb", buffering=0))
                files[shard].seek(start)
                records.append(files[shard].read(end - start))
                if len(records[-1]) != end - start:
                    raise OSError(f"{self._paths[shard]} was cut off")
        return records


def _spans(content: mmap.mmap, count: int) -> list[tuple[int, int]] | None:
    """Where each record's data begins and ends; None if the file is cut off, or holds too many."""
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(content):
        if at + HEADER > len(content):
            return None
        (length,) = struct.unpack_from("<Q", content, at)
        start, end = at + HEADER, at + HEADER + length
        at = end + FOOTER
        if at > len(content) or len(spans) == count:
            return None
        spans.append((start, end))
    return spans
