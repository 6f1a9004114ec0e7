"""From pictures, however they come, to a dataset: whole, or not at all."""

import csv
import os
import shutil
import uuid
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, sync_folder, write_bytes
from explorer.core.progress import Progress
from training.data.card import CARD, MAX_SIZE, TABLE, ClassCount, DatasetCard, SkippedFile
from training.data.decode import Fit, Pixels, Skipped, colour, to_png
from training.data.folder import open_source
from training.data.shards import ShardWriter
from training.data.source import Picture, Source, classes

_FIXED = ("index", "file", "class", "source", "author", "licence")
_AHEAD = 8  # pictures that each worker may be ahead of the writer

Q = TypeVar("Q")
A = TypeVar("A")


def prepare(
    source: Path,
    out: Path,
    *,
    size: int,
    grey: bool = False,
    background: str = "white",
    name: str | None = None,
    licence: str = "",
    credits: Sequence[str] = (),
    progress: Progress = Progress(),
    workers: int | None = None,
) -> DatasetCard:
    """Turn a folder, a zip of one or a `.npy` array into a dataset at ``out``.

    Every picture becomes ``size`` pixels square, cropped to its middle. What can't be used
    is listed on the card with its reason. The same source gives the same records whatever
    the number of ``workers``. ``licence`` and ``credits`` default to what a LICENCE and a
    CREDITS file at the root of ``source`` say.

    Raises:
        KnownError: ``out`` is there already or can't be written, ``source`` can't be read or
            holds no usable picture, or a setting makes no sense.
        Cancelled: ``progress`` was told to stop; nothing is left at ``out``.
    """
    if not 1 <= size <= MAX_SIZE:
        raise KnownError(f"--size {size} makes no sense; choose from 1 to {MAX_SIZE} pixels.")
    fit = Fit(size, grey, colour(background))
    if out.exists() or out.is_symlink():
        raise KnownError(f"{out} is already there; choose another folder or remove it first.")
    if source.is_dir() and out.resolve().is_relative_to(source.resolve()):
        raise KnownError(f"{out} lies inside {source}; put the dataset somewhere else.")

    with (
        open_source(source) as found,
        _beside(out) as folder,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module="PIL")  # damaged files end up in `skipped`
        told = _Told(
            name or (source.resolve().name if source.is_dir() else source.stem),
            licence or found.licence,
            tuple(credits) or tuple(found.credits),
        )
        try:
            return _write(
                found, folder, fit, told, progress, workers or min(8, os.cpu_count() or 1)
            )
        except _Empty as empty:
            raise KnownError(f"{source} holds no picture that can be used{empty}.") from empty


class _Empty(Exception):
    """Nothing could be used; the text says of one file why."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What the card says and the pictures can't."""

    name: str
    licence: str
    credits: tuple[str, ...]


def _write(
    found: Source, folder: Path, fit: Fit, told: _Told, progress: Progress, workers: int
) -> DatasetCard:
    skipped = [SkippedFile(file=file, reason=reason) for file, reason in found.skipped]
    class_of = classes(
        [picture.file for picture in found.pictures],
        lambda number: isinstance(_read(found.pictures[number], fit), tuple),
    )
    names = sorted(set(class_of.values()))
    label_of = {name: label for label, name in enumerate(names)}
    counts: Counter[str] = Counter()
    factors = [name for name in found.columns if name not in _FIXED]

    with (
        (folder / TABLE).open("w", encoding="utf-8", newline="") as file,
        ShardWriter(folder) as to,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*_FIXED, *factors])
        answers = _in_order(lambda picture: _read(picture, fit), found.pictures, workers)
        for done, (picture, answer) in enumerate(answers, start=1):
            if isinstance(answer, Skipped):
                skipped.append(SkippedFile(file=picture.file, reason=str(answer)))
            else:
                png, pixels = answer
                name = class_of.get(picture.file, "")
                counts[name] += 1
                index = to.add(png, label_of.get(name, 0), pixels)
                known = dict(zip(found.columns, found.table.get(picture.file, ()), strict=False))
                row = {"licence": told.licence} | {k: v for k, v in known.items() if v}
                row |= {"index": str(index), "file": picture.file, "class": name}
                table.writerow([row.get(column, "") for column in (*_FIXED, *factors)])
            progress.reach(done / len(found.pictures))
    if not to.count:
        raise _Empty(f": {skipped[0].file} {skipped[0].reason}" if skipped else "")

    card = DatasetCard(
        name=told.name,
        count=to.count,
        height=fit.size,
        width=fit.size,
        channels=1 if fit.grey else 3,
        classes=tuple(ClassCount(name=name, count=counts[name]) for name in names),
        content_sha256=to.content_sha256,
        shards=tuple(to.shards),
        fit="crop",
        padding=None,
        align=None,
        licence=told.licence,
        credits=told.credits,
        decisions_sha256=None,
        skipped=tuple(sorted(skipped, key=lambda one: one.file)),
        software=f"masquerade {__version__}",
    )
    write_bytes(folder / CARD, card.model_dump_json(indent=1).encode())
    return card


def _read(picture: Picture, fit: Fit) -> tuple[bytes, Pixels] | Skipped:
    try:
        pixels = picture.read(fit)
    except Skipped as reason:
        return reason
    return to_png(pixels), pixels


def _in_order(
    work: Callable[[Q], A], questions: Iterable[Q], workers: int
) -> Iterator[tuple[Q, A]]:
    """Work on several at once, and answer in the order asked, however many workers there are."""
    waiting: deque[tuple[Q, Future[A]]] = deque()
    pool = ThreadPoolExecutor(workers)  # Pillow and zlib let go of the GIL while they work
    try:
        for question in questions:
            waiting.append((question, pool.submit(work, question)))
            if len(waiting) > workers * _AHEAD:
                asked, answer = waiting.popleft()
                yield asked, answer.result()
        while waiting:
            asked, answer = waiting.popleft()
            yield asked, answer.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Lend a folder that becomes ``out`` when all went well, and vanishes otherwise."""
    beside = out.parent / f"{BESIDE}{uuid.uuid4().hex}"
    try:
        beside.mkdir(parents=True)
        yield beside
        for file in beside.iterdir():
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        sync_folder(beside)
        beside.rename(out)
        sync_folder(out.parent)
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror or error}; "
            "free some space or choose another folder."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
