"""What a model was trained on, small enough to ship: features, thumbnails and credits.

The format; ``make`` makes packs. One lies in a bundle's ``likeness/`` folder or in a folder of
its own.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz, write_npz
from explorer.core.tables import table_line
from explorer.models.bundle import Bundle
from explorer.models.sources import open_source, whole

FOLDER = "likeness"
"""Where the files lie in a bundle."""

FEATURES, THUMBNAILS, PICTURES = "features.npz", "thumbnails.zip", "pictures.csv"

DIM = 128  # of a feature after PCA
EARLY, LATE = 384, 1280  # of the extractor's layers: colour and texture; shape
THUMBNAIL = 64  # pixels, the long side

NOISE = 1e-5
"""What is no larger, in lengths of the mean feature, is rounding and tells nothing."""

_COLUMNS = ("index", "file", "class", "source", "author", "licence")
_UNIT = 5e-3  # how far float16 rows may be from length 1
_MAX_THUMBNAIL = 64 << 10  # bytes of one JPEG of 64 px

Half: TypeAlias = NDArray[np.float16]
Single: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a training picture came from; ``kind`` is its class, empty where there are none."""

    file: str
    kind: str
    source: str
    author: str
    licence: str


@dataclass(frozen=True, slots=True)
class LikenessPack:
    """``n`` training pictures, in the order of the dataset."""

    early: Half  # (n, 128) unit rows
    late: Half  # (n, 128) unit rows
    early_mean: Single  # (384,)
    early_basis: Single  # (384, 128)
    late_mean: Single  # (1280,)
    late_basis: Single  # (1280, 128)
    extractor_sha256: str
    self_early: Single  # (n,) 1 - cosine of each picture and its nearest other; 2 if there is none
    self_late: Single  # (n,)
    thumbnails: tuple[bytes, ...]  # n JPEGs
    pictures: tuple[Picture, ...]  # n

    def __len__(self) -> int:
        return len(self.early)


def read_pack(content: Callable[[str], bytes], *, name: str) -> LikenessPack:
    """Read a pack that may come from a stranger.

    Args:
        content: gives a file's bytes by its name within the pack, or raises KnownError.
        name: what a complaint calls the pack.

    Raises:
        KnownError: its three files are not there, not whole, or don't agree with each other.
    """
    arrays = read_npz(content(FEATURES), f"{name}: {FEATURES}")
    count = len(arrays["early"]) if "early" in arrays and arrays["early"].ndim == 2 else -1
    for key, (dtype, shape) in _arrays(count).items():
        array = arrays.get(key)
        if array is None or array.dtype != dtype or array.shape != shape:
            size = " × ".join(str(side) for side in shape)
            raise KnownError(f"{name}: {FEATURES} has no {key} of {size} {dtype}; make it again.")
        if not np.isfinite(array).all():
            raise KnownError(f"{name}: {key} in {FEATURES} is not finite; make it again.")
    for key in ("early", "late"):
        lengths = np.linalg.norm(arrays[key].astype(np.float32), axis=1)
        if not np.allclose(lengths, 1, atol=_UNIT):
            raise KnownError(
                f"{name}: rows of {key} in {FEATURES} are not of length 1; make it again."
            )
    extractor = arrays.get("extractor_sha256", np.array(""))
    if extractor.shape != () or extractor.dtype.kind != "U" or len(str(extractor)) != 64:
        raise KnownError(f"{name}: {FEATURES} doesn't name its extractor; make it again.")
    return LikenessPack(
        **{key: arrays[key] for key in _arrays(count)},
        extractor_sha256=str(extractor),
        thumbnails=_read_thumbnails(content(THUMBNAILS), count, f"{name}: {THUMBNAILS}"),
        pictures=_read_pictures(content(PICTURES), count, f"{name}: {PICTURES}"),
    )


def read_pack_folder(path: Path) -> LikenessPack:
    """Read a pack that is a folder of its own, or a zip; raises as ``read_pack`` does."""
    source = open_source(path)
    return read_pack(lambda name: whole(source, name), name=str(path))


def read_bundle_pack(bundle: Bundle) -> LikenessPack | None:
    """Read the pack of a bundle, None if it came without one; raises as ``read_pack`` does."""
    if not any(name.startswith(f"{FOLDER}/") for name in bundle.card.files):
        return None
    return read_pack(
        lambda name: bundle.content(f"{FOLDER}/{name}"), name=f"{bundle.path}: {FOLDER}"
    )


def unit_rows(raw: Single, mean: Single, basis: Single) -> Single:
    """Where raw features (n, d) lie in a pack of this mean (d,) and basis (d, 128): (n, 128).

    Rows of length 1. A picture that is the mean itself points nowhere: it gets the last axis, to
    which the others keep least, so that it is like its own doubles and nothing else.
    """
    rows = (raw - mean) @ basis
    nowhere = np.linalg.norm(rows, axis=1) <= NOISE * np.linalg.norm(mean)
    rows[nowhere] = np.eye(1, DIM, DIM - 1)
    unit: Single = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def pack_files(pack: LikenessPack) -> dict[str, bytes]:
    """The pack's three files by name, for ``write_bundle`` or a folder of their own."""
    arrays = {key: getattr(pack, key) for key in _arrays(len(pack))}
    return {
        FEATURES: write_npz(**arrays, extractor_sha256=np.array(pack.extractor_sha256)),
        THUMBNAILS: _zipped(pack.thumbnails),
        PICTURES: _table(pack.pictures),
    }


def _arrays(count: int) -> dict[str, tuple[np.dtype[np.floating], tuple[int, ...]]]:
    half, single = np.dtype("<f2"), np.dtype("<f4")
    return {
        "early": (half, (count, DIM)),
        "late": (half, (count, DIM)),
        "early_mean": (single, (EARLY,)),
        "early_basis": (single, (EARLY, DIM)),
        "late_mean": (single, (LATE,)),
        "late_basis": (single, (LATE, DIM)),
        "self_early": (single, (count,)),
        "self_late": (single, (count,)),
    }


def _thumbnail_name(index: int) -> str:
    return f"{index:06d}.jpg"


def _zipped(thumbnails: Sequence[bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for index, thumbnail in enumerate(thumbnails):
            archive.writestr(zipfile.ZipInfo(_thumbnail_name(index)), thumbnail)
    return content.getvalue()


def _read_thumbnails(content: bytes, count: int, name: str) -> tuple[bytes, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if infos.keys() != {_thumbnail_name(index) for index in range(count)}:
                raise KnownError(f"{name} doesn't hold the {count} pictures; make the pack again.")
            if any(
                info.compress_type != zipfile.ZIP_STORED or info.file_size > _MAX_THUMBNAIL
                for info in infos.values()
            ):
                raise KnownError(f"{name} holds more than small stored pictures; refused.")
            return tuple(archive.read(infos[_thumbnail_name(index)]) for index in range(count))
    except _DAMAGED as error:
        raise KnownError(
            f"{name} is no zip file, or a damaged one; make the pack again."
        ) from error


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


def _table(pictures: Sequence[Picture]) -> bytes:
    lines = [table_line(_COLUMNS)]
    for index, one in enumerate(pictures):
        row = (str(index), one.file, one.kind, one.source, one.author, one.licence)
        lines.append(table_line(row))
    return "".join(lines).encode("utf-8", "replace")  # names of files may hold half characters


def _read_pictures(content: bytes, count: int, name: str) -> tuple[Picture, ...]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise KnownError(f"{name} is no table in UTF-8: {error}; make the pack again.") from error
    if not rows or tuple(rows[0]) != _COLUMNS:
        raise KnownError(f"{name} has not the columns {', '.join(_COLUMNS)}; make the pack again.")
    in_order = [str(index) for index in range(count)]
    if [row[0] if row else "" for row in rows[1:]] != in_order:
        raise KnownError(f"{name} doesn't list the {count} pictures in order; make the pack again.")
    if any(len(row) != len(_COLUMNS) for row in rows):
        raise KnownError(f"{name} has a row of another length; make the pack again.")
    return tuple(Picture(*row[1:]) for row in rows[1:])
