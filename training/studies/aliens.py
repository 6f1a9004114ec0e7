"""Pictures that don't belong, from a dataset or from wherever they lie unprepared."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from explorer.core.errors import KnownError
from training.data.card import CARD, DatasetCard, read_dataset
from training.data.sources.folder import open_source
from training.studies.alone import alone

FOLDER = "aliens"
"""Of the study, for what was not prepared yet."""


@dataclass(frozen=True, slots=True)
class Aliens:
    """What is known of them before they are prepared."""

    sha256: str  # of a dataset's pictures; else of the names and sizes of the files
    most: int | None  # pictures that can be had of them; None where films give any number


def looked_at(source: Path) -> Aliens:
    """See what there is, without preparing it.

    Raises:
        KnownError: it is not there, holds no pictures, or can't be read.
    """
    if _is_dataset(source):
        card = read_dataset(source)
        return Aliens(card.content_sha256, card.count)
    with open_source(source) as found:
        pictures = found.pictures
        has_films = any(one.film is not None for one in pictures)
        names = [one.file for one in pictures] if source.is_dir() else [source.name]
    if not pictures:
        raise KnownError(f"--aliens {source} holds no pictures: name a folder that does.")
    seen = hashlib.sha256()
    for name in sorted(names):
        seen.update(f"{name}\0{_size(source / name if source.is_dir() else source)}\n".encode())
    return Aliens(seen.hexdigest(), None if has_films else len(pictures))


def prepared(source: Path, dataset: Path, out: Path) -> Path:
    """The dataset of alien pictures: itself, or the source's, prepared like ``dataset`` in ``out``.

    ``out`` is a study that knows of this source; what lies there came of it.

    Raises:
        KnownError: none of the pictures can be used, or the disk refuses.
    """
    if _is_dataset(source):
        return source
    there = out / FOLDER
    with alone(out, FOLDER):
        if not _is_dataset(there):
            from training.data.prepare import prepare

            card: DatasetCard = read_dataset(dataset)
            prepare(source, there, size=card.width, grey=card.channels == 1, classes="none")
    return there


def _is_dataset(folder: Path) -> bool:
    return (folder / CARD).is_file()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1  # preparing it says why
