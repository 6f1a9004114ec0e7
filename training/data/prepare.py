"""From pictures, however they come, to a dataset: whole, or not at all."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from explorer.core.beside import unfinished
from explorer.core.errors import KnownError
from explorer.core.files import sync_folder
from explorer.core.progress import Progress
from training.data.card import MAX_SIZE, DatasetCard, Prepared
from training.data.decisions import Decisions, read_decisions
from training.data.fitting.fit import Crop, Fit, How, checked, code, colour
from training.data.fitting.steps import Plan, Step
from training.data.framing import framing
from training.data.sources.film import EVERY_SECOND, Frames
from training.data.sources.listing import plain_name
from training.data.sources.several import By, Named, check_apart, joined, named, open_sources, sort
from training.data.sources.source import Source
from training.data.spread import Hands, cluster, cores, processes, threads
from training.data.writing import Writing, is_zip, kept

_MANY = 256  # pictures from which on processes are worth their start


def prepare(
    source: Path | Sequence[Path],
    out: Path,
    *,
    size: int | tuple[int, int],
    grey: bool = False,
    background: str = "white",
    fit: How = "crop",
    crop: Crop = "centre",
    tile: int | None = None,
    tile_step: int | None = None,
    steps: Sequence[Step] = (),
    align: str | None = None,
    classes: By = "auto",
    frames: Frames = EVERY_SECOND,
    decisions: Path | None = None,
    name: str | None = None,
    licence: str = "",
    credits: Sequence[str] = (),
    progress: Progress = Progress(),
    workers: int | None = None,
    scheduler: str | None = None,
) -> DatasetCard:
    """Turn folders, zips of them, `.npy` arrays, films and datasets into a dataset at ``out``.

    What can't be used is listed on the card with its reason. The same sources give the same
    records whatever the number of ``workers``, and whether they are threads, processes or those
    of a ``scheduler``. ``licence`` and ``credits`` default to what LICENCE and CREDITS files at
    the roots of the sources say. An ``out`` that ends in `.zip` becomes a StyleGAN zip.

    Args:
        source: one or several; each may be written as `name=path`.
        out: must be new.
        size: pixels a side, or width and height, which are padded to a square.
        grey: one channel instead of three.
        background: what lies under transparency and around what is padded.
        fit: how a picture comes to its size; ``crop``, ``tile`` and ``tile_step`` (pixels) are its
            settings.
        steps: are done to every picture between upright and fitted, in this order.
        align: what the card is to say of the one among them that aligns.
        classes: what makes them, folders or sources.
        frames: which are taken of films.
        decisions: a file of what to leave out, or to call otherwise.
        name: of the dataset; the source's.
        licence: of the pictures that nothing nearer speaks of.
        credits: whom to thank, likewise.
        progress: hears how far it is, and may stop it.
        workers: how many; the processor's cores.
        scheduler: the address of Dask's, or "local".

    Raises:
        KnownError: ``out`` is there already or can't be written, a source can't be read or none
            holds a usable picture, or a setting makes no sense.
        Cancelled: ``progress`` was told to stop; nothing is left at ``out``.
    """
    plan = Plan(_fit(size, grey, background, fit, crop, tile, tile_step), tuple(steps))
    sources = [named(one) for one in ([source] if isinstance(source, Path) else source)]
    if not sources:
        raise KnownError("prepare needs a source; name a folder, a zip of one or a .npy array.")
    if frames.every_s is not None and not 0.001 <= frames.every_s <= 86_400:
        raise KnownError(f"--every {frames.every_s:g} makes no sense; give seconds, such as 0.5.")
    _check_new(out)
    check_apart(sources, out)
    decided = Decisions() if decisions is None else read_decisions(decisions)

    with (
        open_sources(sources) as parts,
        _beside(out) as folder,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module="PIL")  # damaged files end up in `skipped`
        # A terminal may send any bytes, and cards hold only text.
        found = joined(parts, plain_name(licence), tuple(map(plain_name, credits)))
        if decided.by_file:
            files = {each.file for each in found.pictures}
            decided.check_known(files | {file for file, _ in found.skipped})

        sorted_ = sort(
            parts,
            classes,
            decided,
            lambda number: kept(found.pictures[number], plan, frames, decided),
        )
        writing = Writing(found, plan, frames, decided, sorted_, folder, out)
        count = workers or cores()
        with _hands(found, count, scheduler) as hands:
            writing.take(hands, progress, carries=scheduler is not None)
        if not writing.to.count:
            raise KnownError(f"{_called(sources)} no picture that can be used{writing.why_empty}.")
        told = _prepared(sources, classes, plan, frames, writing.rejected)
        framed = framing(told, plan, align, found.framing)
        return writing.finish(plain_name(name or _name(sources, out)), framed)


def _check_new(out: Path) -> None:
    try:
        out.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:  # such as a name too long for the disk
        raise KnownError(f"{out} can't be written: {error.strerror}; choose another.") from error
    raise KnownError(f"{out} is already there; choose another folder or remove it first.")


def _fit(
    size: int | tuple[int, int],
    grey: bool,
    background: str,
    how: How,
    crop: Crop,
    tile: int | None,
    step: int | None,
) -> Fit:
    width, height = (size, size) if isinstance(size, int) else size
    for side in (width, height):
        if not 1 <= side <= MAX_SIZE:
            raise KnownError(f"--size {side} makes no sense; choose from 1 to {MAX_SIZE} pixels.")
    inner = None if width == height else (width, height)
    ground = colour(background)
    for option, value in (("--tile", tile), ("--tile-step", step)):
        if value is not None and value < 1:
            raise KnownError(f"{option} {value} makes no sense; give a number of pixels.")
    return checked(Fit(max(width, height), grey, ground, how, inner, crop, tile or 0, step or 0))


def _hands(found: Source, workers: int, scheduler: str | None) -> AbstractContextManager[Hands]:
    if workers < 1:
        raise KnownError(f"--workers {workers} makes no sense; choose at least 1.")
    if scheduler is not None:
        return cluster(scheduler, workers)
    return processes(workers) if len(found.pictures) >= _MANY else threads(workers)


def _called(sources: Sequence[Named]) -> str:
    first = f"{sources[0].path}"
    return f"{first} holds" if len(sources) == 1 else f"{first} and the other sources hold"


def _name(sources: Sequence[Named], out: Path) -> str:
    return sources[0].name if len(sources) == 1 else out.absolute().stem


def _prepared(
    sources: Sequence[Named], by: By, plan: Plan, frames: Frames, rejected: int
) -> Prepared:
    fit = plan.fit
    return Prepared(
        sources=tuple(one.name for one in sources),
        classes=by,
        width=fit.width,
        height=fit.height,
        background=code(fit.background),
        crop=fit.crop if fit.how == "crop" else None,
        tile=fit.covered if fit.how == "tiles" else None,
        tile_step=fit.stride if fit.how == "tiles" else None,
        steps=tuple(step.told for step in plan.steps),
        every_s=frames.every_s,
        scenes=frames.scenes,
        rejected=rejected,
    )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Lend a folder that becomes ``out``, or holds the zip that does, when all went well.

    It vanishes otherwise.
    """
    try:
        with unfinished(out, "dataset") as beside:
            yield beside
            for file in beside.iterdir():
                with file.open("rb+") as written:
                    os.fsync(written.fileno())
            sync_folder(beside)
            _check_new(out)  # another command may have written there meanwhile
            (beside / out.name if is_zip(out) else beside).rename(out)
            sync_folder(out.parent)
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror or error}; "
            "free some space or choose another folder."
        ) from error
