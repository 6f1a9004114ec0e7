"""A prepared dataset's pictures as bytes, read without TensorFlow."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.models.wire import Damaged, fields, nested, numbers, text
from training.data.card import TABLE, DatasetCard, check_table
from training.data.shards import Records

Pixels = NDArray[np.uint8]
Places = NDArray[np.int64]

_NO_FACTORS = (
    "index",
    "file",
    "class",
    "source",
    "author",
    "licence",
    "seed",
    "original",
)  # which picture it is, not what it shows


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of a dataset's pictures."""

    places: Places  # (n,) which they are
    pixels: Pixels  # (n, height, width, channels)
    labels: Places  # (n,) their classes' places in the card


def read_pictures(
    folder: Path, card: DatasetCard, places: Places, *, at_once: int = 64
) -> Iterator[Batch]:
    """The pictures at ``places``, in their order.

    Raises:
        KnownError: a shard is damaged, or not what its card says.
    """
    records = Records(folder, card)
    shape = (card.height, card.width, card.channels)
    for start in range(0, len(places), at_once):
        part = places[start : start + at_once]
        try:
            read = [_parsed(record) for record in records.read(part)]
            pixels = [_decoded(png, shape) for png, _ in read]
        except (OSError, Damaged, ValueError, SyntaxError) as error:
            raise _not_as_told(folder) from error
        labels = np.array([label for _, label in read], np.int64)
        yield Batch(part, np.stack(pixels), labels)


def read_labels(folder: Path, card: DatasetCard) -> Places:
    """The class of every picture, int64 (n,), its place in the card's list; zeros without classes.

    Raises:
        KnownError: a shard is damaged, or not what its card says.
    """
    labels = np.zeros(card.count, np.int64)
    if card.classes:
        records = Records(folder, card)
        try:
            for place in range(card.count):
                _, labels[place] = _parsed(records.read(np.array([place]))[0])
        except (OSError, Damaged, ValueError) as error:
            raise _not_as_told(folder) from error
    return labels


def _not_as_told(folder: Path) -> KnownError:
    return KnownError(
        f"{folder} holds records that are damaged or not what its card says; prepare the "
        "dataset again."
    )


def _parsed(record: bytes) -> tuple[bytes, int]:
    """The PNG and the label of a tf.train.Example."""
    found: dict[str, memoryview] = {}
    for number, features in fields(memoryview(record)):
        if number != 1:
            continue
        for _, entry in fields(nested(features)):
            parts = dict(fields(nested(entry)))
            found[text(parts[1])] = nested(parts[2])
    try:
        image, label = (
            dict(fields(nested(dict(fields(found[name]))[kind])))[1]
            for name, kind in (("image", 1), ("label", 3))  # BytesList, Int64List
        )
    except KeyError as error:
        raise Damaged from error
    return bytes(nested(image)), next(numbers(label))


def _decoded(png: bytes, shape: tuple[int, int, int]) -> Pixels:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        if (picture.height, picture.width) != shape[:2]:
            raise ValueError("a picture of another size")
        pixels = np.asarray(picture)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape != shape or pixels.dtype != np.uint8:
        raise ValueError("a picture of another layout")
    return pixels


@dataclass(frozen=True, slots=True)
class Table:
    """What `pictures.csv` tells of every picture; empty where there is no table."""

    files: tuple[str, ...]
    factors: dict[str, tuple[str, ...]]  # known factors: a value for each picture


def read_table(folder: Path, card: DatasetCard) -> Table:
    """The dataset's table.

    Raises:
        KnownError: it can't be read, or lists other pictures than the card counts.
    """
    path = folder / TABLE
    if not path.exists():
        return Table((), {})
    try:
        check_table(path)
        with path.open(encoding="utf-8", newline="") as file:
            heads, *rows = csv.reader(file, strict=True)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise KnownError(f"{path} is no table that can be read; prepare it again.") from error
    if len(rows) != card.count or any(len(row) != len(heads) for row in rows):
        raise KnownError(
            f"{path} does not list the {card.count:,} pictures of its card; prepare it again."
        )
    columns = dict(zip(heads, zip(*rows, strict=True), strict=True))
    factors = {name: values for name, values in columns.items() if name not in _NO_FACTORS}
    return Table(columns.get("file", ()), factors)
