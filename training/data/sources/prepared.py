"""A dataset as a source: what was prepared once can be sorted, sized and prepared again."""

import csv
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from explorer.core.errors import KnownError
from explorer.models.wire import Damaged
from training.data.card import TABLE, DatasetCard, check_table, read_dataset
from training.data.fitting.decode import Skipped
from training.data.origins.credits import Credit, summary
from training.data.shards import Records
from training.data.sources.source import Picture, Pictures, Source
from training.data.tfrecord import picture_of


def prepared_source(folder: Path) -> Source:
    """Open a dataset: pictures by the names that its table gives them.

    Raises:
        KnownError: its card, its table or a shard can't be used.
    """
    card = read_dataset(folder)
    records = _Kept(folder)
    columns, rows = _table(folder / TABLE, card.count)
    files = [row[columns.index("file")] for row in rows]
    kept = [n for n, name in enumerate(columns) if name not in ("index", "file", "class")]
    place = columns.index("class")
    return Source(
        Pictures(len(files), lambda n: Picture(files[n], partial(records.picture, n))),
        columns=[columns[n] for n in kept],
        table={file: [row[n] for n in kept] for file, row in zip(files, rows, strict=True)},
        classes=dict(zip(files, (row[place] for row in rows), strict=True))
        if card.classes
        else None,
        framing=card.framing if card.width == card.height else None,
        credits=_thanks(card, columns, rows),
    )


class _Kept:
    """The records of a dataset; sent to another process, they are opened there once and kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records = Records(folder, read_dataset(folder))

    def picture(self, index: int) -> bytes:
        try:
            return picture_of(self._records.read(np.array([index]))[0])
        except (OSError, Damaged) as error:
            raise Skipped("is damaged in its shard") from error

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self._folder,)


@lru_cache(maxsize=8)
def _opened(folder: Path) -> _Kept:
    return _Kept(folder)


def _thanks(card: DatasetCard, columns: list[str], rows: list[list[str]]) -> tuple[str, ...]:
    """Whom the card thanks without being told to by the pictures' own lines."""
    counts = Counter(
        Credit(author=told.get("author", ""), licence=told.get("licence", ""))
        for told in (dict(zip(columns, row, strict=True)) for row in rows)
    )
    _, lines = summary(counts)
    return tuple(line for line in card.credits if line not in lines)


def _table(path: Path, count: int) -> tuple[list[str], list[list[str]]]:
    """Columns, and a row for every record in order."""
    try:
        check_table(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            columns = next(lines, [])
            rows = [[intern(value) for value in line] for line in lines]
        index, name = columns.index("index"), columns.index("file")
        columns.index("class")
        if [row[index] for row in rows] != [str(n) for n in range(count)]:
            raise ValueError(f"it does not tell of records 0 to {count - 1} in order")
        if len({row[name] for row in rows}) != count:
            raise ValueError("two of its pictures have the same name")
        if any(len(row) != len(columns) for row in rows):
            raise ValueError("a line has another number of columns than the first")
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error, IndexError, ValueError) as error:
        raise KnownError(f"{path} can't be used: {error}; prepare the dataset again.") from error
    return columns, rows
