"""Look at what comes out of the records, before hours go into training on it."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.files import sha256, write_bytes
from explorer.core.progress import Progress
from training.data.card import DatasetCard, read_dataset
from training.data.fitting.decode import Pixels, to_png
from training.data.records import pictures_in_order, training_pictures
from training.data.shards import content_of, plainly
from training.data.sheet import contact_sheet

_BATCH = 64
_ON_SHEET = 1024  # pictures to choose the contact sheet from, in the order of training
_FLAT = 2 / 127.5  # a picture whose values lie within two grey levels shows nothing
_NARROW = 16 / 127.5  # a dataset within 16 of 255 levels was divided by 255 once too often
_SCRAMBLED = 0.75  # measured: 7 to 16 for pictures as they should be, 0.4 to 0.5 channels first


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel over the whole dataset, in the values that training sees."""

    name: str
    minimum: float
    maximum: float
    mean: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, all of it measured on delivered batches."""

    card: DatasetCard
    picture: Path  # the contact sheet
    dtype: str
    shape: tuple[int, int, int]  # height, width, channels
    channels: tuple[Channel, ...]
    flat: tuple[int, ...]  # indices of pictures that are one colour

    def __str__(self) -> str:
        size = ", ".join(map(str, self.shape))
        lines = [
            f"{self.card.name}: {self.card.count:,} pictures",
            *(f"  {one.name}: {one.count:,}" for one in self.card.classes),
            f"training sees {self.dtype} (n, {size}) in [-1, 1], channels last",
            *(
                f"  {c.name:<5}  from {c.minimum:+.3f} to {c.maximum:+.3f}, mean {c.mean:+.3f}"
                for c in self.channels
            ),
        ]
        if self.flat:
            first = ", ".join(map(str, self.flat[:8])) + (", ..." if len(self.flat) > 8 else "")
            lines.append(f"one flat colour: {len(self.flat)} pictures (index {first})")
        if self.card.skipped:
            lines.append(f"skipped when prepared: {len(self.card.skipped):,} files")
        return "\n".join([*lines, f"contact sheet: {self.picture}"])


def look(
    folder: Path,
    out: Path | None = None,
    progress: Progress = Progress(),
) -> Look:
    """Decode every record as training would, measure it, and draw a contact sheet.

    The sheet goes to ``out``, by default `look.png` in the dataset.

    Raises:
        KnownError: training would not get float32 (n, height, width, channels) in [-1, 1] of
            real pictures, or card and records disagree; its text says what is wrong.
    """
    card = read_dataset(folder)
    for shard in card.shards:
        if sha256(folder / shard.file) != shard.sha256:
            raise _wrong(folder, f"{shard.file} was changed since")
    try:
        channels, flat = _measure(folder, card, progress)
        images, labels = _first_of_training(folder, card)
    except tf.errors.OpError as error:
        what = f"a record can't be read as its card says ({plainly(error)})"
        raise _wrong(folder, what) from error
    out = out or folder / "look.png"
    write_bytes(out, to_png(contact_sheet(card, _bytes(images), labels)))
    return Look(card, out, str(images.dtype), images.shape[1:], channels, flat)


def check_delivery(images: NDArray[Any], card: DatasetCard) -> None:
    """See that a batch is float32 (n, height, width, channels) in [-1, 1], as the card says.

    Raises:
        KnownError: it is not; the text says what it is instead.
    """
    shape = (card.height, card.width, card.channels)
    if images.dtype != np.float32:
        raise _wrong(card.name, f"pictures come as {images.dtype} instead of float32")
    if images.shape[1:] != shape:
        first = " (channels first)" if images.shape[1:] == (shape[2], *shape[:2]) else ""
        raise _wrong(
            card.name,
            f"pictures come as (n, {', '.join(map(str, images.shape[1:]))}){first} "
            f"instead of (n, {', '.join(map(str, shape))})",
        )
    if not np.isfinite(images).all() or images.min() < -1 or images.max() > 1:
        raise _wrong(
            card.name, f"values reach from {images.min():g} to {images.max():g}, not [-1, 1]"
        )


def _measure(
    folder: Path, card: DatasetCard, progress: Progress
) -> tuple[tuple[Channel, ...], tuple[int, ...]]:
    content = hashlib.sha256()
    counts: Counter[int] = Counter()
    lows, highs, means = [], [], []  # of each picture, (n, channels)
    along = below = 0.0
    seen = 0
    for batch in pictures_in_order(folder, batch=_BATCH):
        images, labels, index = (tensor.numpy() for tensor in batch)
        check_delivery(images, card)
        if index.tolist() != list(range(seen, seen + len(images))):
            raise _wrong(folder, f"the records from {seen} on are not in order")
        for pixels, label, at in zip(_bytes(images), labels.tolist(), index.tolist(), strict=True):
            content.update(content_of(label, at, pixels))
        counts.update(labels.tolist())
        planes = np.ascontiguousarray(np.moveaxis(images, -1, 1))  # ten times as fast to sum up
        lows.append(planes.min(axis=(2, 3)))
        highs.append(planes.max(axis=(2, 3)))
        means.append(planes.mean(axis=(2, 3)))
        along, below = along + _change(images, card.channels), below + _change(images, card.width)
        seen += len(images)
        progress.reach(seen / card.count)

    expected = {n: one.count for n, one in enumerate(card.classes)} or {0: card.count}
    if counts != expected:
        raise _wrong(folder, f"the labels are {dict(counts)} and the card says {expected}")
    if content.hexdigest() != card.content_sha256:
        raise _wrong(folder, "the pictures are not those of the card's content_sha256")
    low, high = np.concatenate(lows), np.concatenate(highs)
    flat = tuple(np.flatnonzero((high - low).max(axis=1) <= _FLAT).tolist())
    _check_sense(folder, card, float(low.min()), float(high.max()), flat)
    # Values one row's width apart are neighbours only where planes lie one after another.
    if card.channels == 3 and below < _SCRAMBLED * along:
        raise _wrong(
            folder,
            "the pictures look like channels first squeezed into channels last; "
            "transpose the array to (n, height, width, 3) instead of reshaping it",
        )
    names = ("red", "green", "blue") if card.channels == 3 else ("grey",)
    mean = np.concatenate(means).mean(axis=0, dtype=np.float64)
    figures = zip(names, low.min(axis=0), high.max(axis=0), mean, strict=True)
    return tuple(Channel(n, float(a), float(b), float(c)) for n, a, b, c in figures), flat


def _check_sense(
    folder: Path, card: DatasetCard, low: float, high: float, flat: tuple[int, ...]
) -> None:
    """See that there is something to learn: the range is right, but is it used?"""
    if high - low < _NARROW:
        raise _wrong(
            folder,
            f"all values lie between {low:.2f} and {high:.2f}: either the pictures are empty, "
            "or they were in [0, 1] when they became bytes",
        )
    if len(flat) * 10 > card.count:
        raise _wrong(
            folder, f"{len(flat)} of {card.count} pictures are one flat colour (index {flat[0]})"
        )


def _first_of_training(
    folder: Path, card: DatasetCard
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The pictures that training would see first, each once."""
    wanted = min(card.count, _ON_SHEET)
    batch = min(wanted, _BATCH)
    stream = training_pictures(folder, batch=batch, seed=0).take(-(-wanted // batch))
    images, labels = zip(*((i.numpy(), k.numpy()) for i, k, _ in stream), strict=True)
    return np.concatenate(images)[:wanted], np.concatenate(labels)[:wanted]


def _change(images: NDArray[np.float32], distance: int) -> float:
    """How much values change over ``distance`` places in memory, summed over the pictures."""
    values = images.reshape(len(images), -1)
    if values.shape[1] <= distance:
        return 0.0
    return float(np.abs(values[:, distance:] - values[:, :-distance]).mean() * len(images))


def _bytes(images: NDArray[np.float32]) -> Pixels:
    pixels: Pixels = np.rint((images + 1) * 127.5).astype(np.uint8)
    return pixels


def _wrong(dataset: Path | str, what: str) -> KnownError:
    return KnownError(f"{dataset} must not be trained on: {what}; prepare it again.")
