"""The likeness pack of a model: thumbnails, features and credits of all it learned from."""

import csv
import hashlib
from pathlib import Path

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor
from explorer.likeness.make import make_pack, thumbnail
from explorer.likeness.pack import FOLDER, Picture, pack_files, read_pack
from training.data.card import TABLE, DatasetCard, check_table
from training.data.shards import content_of
from training.evaluation.pictures import read_pictures
from training.evaluation.seen import Prepared

_TOLD = ("file", "class", "source", "author", "licence")


def likeness(dataset: Path, *, learned: str, progress: Progress = Progress()) -> dict[str, bytes]:
    """The files of a bundle's pack, by their names in the bundle.

    What the network sees of the pictures is kept in the dataset's folder, as ``evaluate`` keeps
    it; no other file is written.

    Args:
        learned: ``content_sha256`` of the pictures that the model learned from.

    Raises:
        KnownError: the dataset can't be read, its pictures are not those that its card or the
            run tell of, or its table does not list them.
        Cancelled: someone asked for it.
    """
    extractor = Extractor.open()
    prepared = Prepared(dataset, extractor)
    card = prepared.card
    if card.content_sha256 != learned:
        raise KnownError(
            f"{dataset} does not hold the pictures that the run learned from, or was prepared "
            "again with others: name their dataset with --dataset, or leave --likeness out."
        )
    pictures = _origins(dataset, card)
    places = np.arange(card.count)
    features = prepared.seen(places, progress=progress.part(0.0, 0.7)).features
    pack = make_pack(
        features,
        _thumbnails(dataset, card, progress.part(0.7, 0.85)),
        pictures,
        extractor_sha256=extractor.sha256,
        progress=progress.part(0.85, 1.0),
    )
    files = pack_files(pack)
    read_pack(files.__getitem__, name=f"The likeness pack of {dataset}")  # as the app will
    return {f"{FOLDER}/{name}": content for name, content in files.items()}


def _thumbnails(dataset: Path, card: DatasetCard, progress: Progress) -> list[bytes]:
    """A JPEG of each picture, while all are checked against the card."""
    content = hashlib.sha256()
    made: list[bytes] = []
    for batch in read_pictures(dataset, card, np.arange(card.count)):
        for place, label, pixels in zip(batch.places, batch.labels, batch.pixels, strict=True):
            content.update(content_of(int(label), int(place), pixels))
            made.append(thumbnail(pixels))
        progress.reach(len(made) / card.count)
    if content.hexdigest() != card.content_sha256:
        raise KnownError(
            f"{dataset} holds other pictures than its card tells of; prepare the dataset again."
        )
    return made


def _origins(dataset: Path, card: DatasetCard) -> list[Picture]:
    """Where each picture comes from, as the dataset's table says."""
    path = dataset / TABLE
    try:
        check_table(path)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except FileNotFoundError as error:
        raise KnownError(
            f"{dataset} lacks its {TABLE}, which says whose pictures these are: name the folder "
            "that prepare wrote, or leave --likeness out."
        ) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KnownError(f"{path} is no table that can be read; prepare it again.") from error
    if [row.get("index") for row in rows] != [str(place) for place in range(card.count)]:
        raise KnownError(
            f"{path} does not list the {card.count:,} pictures of its card in their order; "
            "prepare it again."
        )
    told = [[row.get(column) for column in _TOLD] for row in rows]
    if any(None in each for each in told):
        raise KnownError(f"{path} lacks one of {', '.join(_TOLD)}; prepare it again.")
    return [Picture(*(value or "" for value in each)) for each in told]
