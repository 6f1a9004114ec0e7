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
from explorer.core.files import inside, sha256
from training.data.card import DatasetCard, Shard
from training.data.decode import Pixels

MAX_RECORDS = 4096
MAX_BYTES = 128 << 20
_HEADER, _FOOTER = 12, 4  # TFRecord: uint64 length and its CRC, the data, its CRC


class ShardWriter:
    """Writes records one after another into shards of a moderate size."""

    def __init__(self, folder: Path) -> None:
        self.shards: list[Shard] = []
        self.count = 0
        self._folder = folder
        self._content = hashlib.sha256()
        self._file: Any = None
        self._records = self._bytes = 0

    def add(self, png: bytes, label: int, pixels: Pixels) -> int:
        """Write the next record; gives its index."""
        import tensorflow as tf

        if self._file is None:
            with as_os_error():
                self._file = tf.io.TFRecordWriter(str(self._path()))
        index = self.count
        features = {
            "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[png])),
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
            "index": tf.train.Feature(int64_list=tf.train.Int64List(value=[index])),
        }
        example = tf.train.Example(features=tf.train.Features(feature=features))
        record = example.SerializeToString(deterministic=True)
        with as_os_error():
            self._file.write(record)
        self._content.update(content_of(label, index, pixels))
        self.count += 1
        self._records += 1
        self._bytes += len(record)
        if self._records == MAX_RECORDS or self._bytes >= MAX_BYTES:
            self._finish()
        return index

    @property
    def content_sha256(self) -> str:
        return self._content.hexdigest()

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
            self._finish()
        else:
            with suppress(OSError), as_os_error():
                self._file.close()

    def _path(self) -> Path:
        return self._folder / f"records-{len(self.shards):05d}.tfrecord"

    def _finish(self) -> None:
        with as_os_error():
            self._file.close()
        self._file = None
        path = self._path()
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        self.shards.append(Shard(file=path.name, records=self._records, sha256=sha256(path)))
        self._records = self._bytes = 0


@contextmanager
def as_os_error() -> Iterator[None]:
    """TensorFlow has errors of its own for a full disk and its like."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


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
                    spans = _spans(content)
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


def _spans(content: mmap.mmap) -> list[tuple[int, int]] | None:
    """Where each record's data begins and ends; None if the file is cut off."""
    spans = []
    at = 0
    while at < len(content):
        if at + _HEADER > len(content):
            return None
        (length,) = struct.unpack_from("<Q", content, at)
        start, end = at + _HEADER, at + _HEADER + length
        at = end + _FOOTER
        if at > len(content):
            return None
        spans.append((start, end))
    return spans
