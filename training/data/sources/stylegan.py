"""StyleGAN's way to keep pictures: a zip of PNGs, with their labels in `dataset.json`.

Its readers want `{"labels": [["00000/img00000000.png", 3], ...]}`, or null without labels, and
overlook what else stands there (https://github.com/NVlabs/stylegan3, `dataset_tool.py --help`).
Ours adds the names of the classes and how the pictures were framed, so that both survive the way
there and back.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from training.data.card import Framing, Shard, SkippedFile
from training.data.fitting.decode import Pixels
from training.data.shards import content_of
from training.data.sources.listing import plain_name
from training.data.sources.source import UNSORTED

LABELS = "dataset.json"
_IN_A_FOLDER = 1000
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same pictures give the same bytes on any day


def read_labels(content: bytes, folder: str) -> dict[str, str] | None:
    """The class of every file that `dataset.json` names; None where there are no labels.

    ``folder`` is where it lies, "" or ending in "/". A class is called as ``classes`` there says,
    or by its number with leading zeros, so that names come in the order of numbers.

    Raises:
        ValueError: it is no such file, or holds labels that are no classes.
    """
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("is no JSON that can be read") from error
    if not isinstance(told, dict) or "labels" not in told:
        raise ValueError("is not a picture that can be read")
    labels, names = told["labels"], told.get("classes")
    if labels is None:
        return None
    numbers: dict[str, int] = {}
    try:
        for name, label in labels:
            if numbers.setdefault(folder + str(name), _number(label)) != _number(label):
                raise ValueError(name)
    except (TypeError, ValueError) as error:
        raise ValueError("holds labels that are no classes, so they are not kept") from error
    last = max(numbers.values(), default=0)
    if not _are_names(names, last + 1):
        names = None
    digits = len(str(last))
    return {
        file: names[number] if names else f"{number:0{digits}d}" for file, number in numbers.items()
    }


def read_framing(content: bytes) -> Framing | None:
    """How the pictures of one of our own zips came to lie as they do; None in others.

    Raises:
        ValueError: it says so in a way that can't be.
    """
    told = json.loads(content)
    if not isinstance(told, dict) or not Framing.model_fields.keys() <= told.keys():
        return None
    framing = {name: told[name] for name in Framing.model_fields}
    try:
        return Framing.model_validate_json(json.dumps(framing))  # which takes text only
    except ValidationError as error:
        raise ValueError("tells in no way that is known how its pictures were framed") from error


class ZipWriter:
    """Writes pictures into a StyleGAN zip; stands where ``ShardWriter`` does."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._labels: list[int] = []
        self._content = hashlib.sha256()
        self._zip = zipfile.ZipFile(path, "x", zipfile.ZIP_STORED)  # PNGs are packed already

    def add(self, png: bytes, label: int, pixels: Pixels) -> int:
        """Write the next picture; gives its index."""
        index = self.count
        self._put(self.name(index), png)
        self._labels.append(label)
        self._content.update(content_of(label, index, pixels))
        self.count += 1
        return index

    @staticmethod
    def name(index: int) -> str:
        """What a picture is called in the zip."""
        return f"{index // _IN_A_FOLDER:05d}/img{index:08d}.png"

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
        """Write the labels and ``table`` beside the pictures; gives the zip itself."""
        labels = [[self.name(n), label] for n, label in enumerate(self._labels)]
        told = {
            "labels": labels if classes else None,
            "classes": list(classes),
            "skipped": [one.model_dump() for one in skipped],
            **framing.model_dump(mode="json"),
        }
        self._put(LABELS, json.dumps(told, indent=0).encode())
        self._put(table.name, table.read_bytes())
        self._zip.close()
        with self._path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return (Shard(file=self._path.name, records=self.count, sha256=sha256),)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None or not self.count:  # else `finish` goes on
            with suppress(OSError):
                self._zip.close()

    def _put(self, name: str, content: bytes) -> None:
        self._zip.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)


def classes_of(labels: dict[str, str], files: Sequence[str]) -> dict[str, str]:
    """A class for each file; those without a label are unsorted."""
    return {file: labels.get(file, UNSORTED) for file in files}


def _number(label: Any) -> int:
    """A class's number, given as such or as a row that is 1 in one place and 0 elsewhere."""
    if isinstance(label, list) and label.count(1) == 1 and label.count(0) == len(label) - 1:
        return label.index(1)
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < 1 << 20:
        raise ValueError(label)
    return label


def _are_names(names: Any, count: int) -> bool:
    """Whether these are as many names as there are classes, and none of them twice."""
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        return False
    return count <= len(names) == len(set(names)) and all(n == plain_name(n) for n in names)
