"""Which pictures each cell learns from: nested, chosen by seed, and never those held out."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.beside import unfinished
from explorer.core.errors import KnownError
from explorer.core.files import sync_folder, write_bytes
from explorer.core.tables import table_line
from training.data.card import CARD, TABLE, ClassCount, DatasetCard, read_dataset
from training.data.framing import scaled
from training.data.shards import ShardWriter
from training.evaluation.pictures import Pixels, read_pictures

Places = NDArray[np.int64]

_HOLDS = 0  # the seed that chooses what is held out: the same for every cell
_AT_ONCE = 64


def held_out(labels: Places, held: int) -> Places:
    """The places of pictures that no cell learns from, rising.

    Args:
        labels: (n,) the class of each picture. Every class has its share, and one at least stays
            to be learned from, where as many stay as there are classes.
    """
    stay = _fairly(_order(len(labels), _HOLDS)[::-1], labels)[: len(labels) - held]
    return np.setdiff1d(np.arange(len(labels)), stay)


def chosen(labels: Places, held: int, size: int, seed: int) -> Places:
    """The places of ``size`` of the others, rising. A smaller size is a part of a larger one.

    Every class has its share, and is there at all if ``size`` is not below their number.
    """
    rest = np.setdiff1d(np.arange(len(labels)), held_out(labels, held))
    return np.sort(_fairly(rest[_order(len(rest), seed + 1)], labels)[:size])


def mixed(places: Places, aliens: int, noise: float, seed: int) -> tuple[Places, Places]:
    """Put alien pictures in the place of a share of them: the places that stay, and the aliens'.

    More noise replaces more of the same pictures by more of the same aliens.

    Raises:
        KnownError: there are too few aliens.
    """
    check_enough(noise, len(places), aliens)
    count = round(noise * len(places))
    order = _order(len(places), seed + 1)
    return np.sort(places[order[count:]]), np.sort(_order(aliens, seed + 1)[:count])


def check_enough(noise: float, size: int, aliens: int) -> None:
    """KnownError where a share of ``noise`` in ``size`` pictures takes more aliens than there are."""
    count = round(noise * size)
    if count > aliens:
        raise KnownError(
            f"A noise of {noise:g} in {size:,} pictures needs {count:,} alien ones, and "
            f"--aliens has {aliens:,}: give it more, or vary noise or size less far."
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Some pictures of a dataset."""

    folder: Path
    card: DatasetCard
    places: Places


def write_subset(parts: list[Part], out: Path, *, name: str, side: int) -> None:
    """Write the pictures of ``parts`` as one dataset, ``side`` pixels large, whole or not at all.

    Classes are the first part's; what comes from the others has none of them, so that there are
    classes only where there is one part.

    Raises:
        KnownError: a part can't be read, or the disk refuses.
    """
    try:
        with unfinished(out, "dataset") as beside:
            _write(parts, beside, name, side)
            sync_folder(beside)
            if not out.exists():  # another worker may have been as fast
                beside.rename(out)
                sync_folder(out.parent)
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror or error}; free some space and run it again."
        ) from error


def part_of(folder: Path, places: Places) -> Part:
    """KnownError where ``folder`` is no dataset."""
    return Part(folder, read_dataset(folder), places)


def _write(parts: list[Part], beside: Path, name: str, side: int) -> None:
    first = parts[0].card
    rows: list[dict[str, str]] = []
    counts: Counter[int] = Counter()
    with ShardWriter(beside) as writer:
        for part in parts:
            table = _table(part)
            for place, pixels, label in _pictures(part, side, first.channels):
                kind = label if len(parts) == 1 and first.classes else 0
                index = writer.add(_png(pixels), kind, pixels)
                counts[kind] += 1
                rows.append({**table.get(place, {}), "index": str(index)})
    present = [n for n, _ in enumerate(first.classes) if counts[n]]
    if len(parts) > 1 or len(present) < len(first.classes):
        present = []  # a class without a picture would shift the others' labels
    card = DatasetCard(
        name=name,
        count=writer.count,
        height=side,
        width=side,
        channels=first.channels,
        classes=tuple(ClassCount(name=first.classes[n].name, count=counts[n]) for n in present),
        content_sha256=writer.content_sha256,
        shards=tuple(writer.shards),
        fit=first.fit,
        padding=scaled(first.padding, side / first.width),
        align=first.align,
        licence=first.licence,
        credits=first.credits,
        decisions_sha256=first.decisions_sha256,
        skipped=(),
        software=first.software,
    )
    if rows and "file" in rows[0]:
        write_bytes(beside / TABLE, _csv(rows))
    write_bytes(beside / CARD, card.model_dump_json(indent=1).encode())


def _order(count: int, seed: int) -> Places:
    """A permutation that numpy promises never to change."""
    keys = np.random.Philox(key=np.array([seed, count], np.uint64)).random_raw(count)
    return np.argsort(keys, kind="stable")


def _fairly(order: Places, labels: Places) -> Places:
    """The same places, so that every beginning of them holds classes as the whole does.

    One of each class comes first, however rare. Within a class, and without classes, they stay in
    their order.
    """
    among = labels[order]
    by_class = np.argsort(among, kind="stable")
    _, starts, counts = np.unique(among[by_class], return_index=True, return_counts=True)
    rank = np.empty(len(order), np.int64)
    rank[by_class] = np.arange(len(order)) - np.repeat(starts, counts)
    size = np.empty(len(order), np.int64)
    size[by_class] = np.repeat(counts, counts)
    return order[np.lexsort(((rank + 0.5) / size, rank > 0))]


def _pictures(part: Part, side: int, channels: int) -> Iterator[tuple[int, Pixels, int]]:
    for batch in read_pictures(part.folder, part.card, part.places, at_once=_AT_ONCE):
        for place, pixels, label in zip(batch.places, batch.pixels, batch.labels, strict=True):
            yield int(place), _fitted(pixels, side, channels), int(label)


def _fitted(pixels: Pixels, side: int, channels: int) -> Pixels:
    if pixels.shape == (side, side, channels):
        return pixels
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image = image.convert("L" if channels == 1 else "RGB")
    resized: Pixels = np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))
    return resized.reshape(side, side, channels)


def _png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(out, "PNG")
    return out.getvalue()


def _table(part: Part) -> dict[int, dict[str, str]]:
    """The rows of the dataset's table by place; none where it has no table that fits."""
    path = part.folder / TABLE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    if len(rows) != part.card.count or any(None in row or None in row.values() for row in rows):
        return {}
    return {int(place): rows[place] for place in part.places}


def _csv(rows: list[dict[str, str]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row if name != "index"))
    columns = ["index", *names]
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return "".join(table_line(line) for line in lines).encode()
