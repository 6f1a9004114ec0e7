"""A study from its first cell to its page, by one worker or several."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training.config import Settings
from training.data.card import CARD, DatasetCard, read_dataset
from training.studies.plan import ALIENS, Budget, Cell, Study, Varied, begun, cells, settings_of
from training.studies.work import (
    BUSY,
    DONE,
    FAILED,
    LOCK,
    RESULT,
    STOPPED,
    Job,
    cell_folder,
    do,
    result_of,
)

_HELD_PART = 5  # one picture of so many is held out, and
_HELD_MOST = 1000


class Stopped(Exception):
    """The person, or the system, asked for an end; the same command goes on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a study came."""

    study: Study
    done: int
    busy: int  # cells that other workers hold
    failed: tuple[str, ...]  # sentences
    cells: int


def asked(
    dataset: Path,
    varied: Sequence[Varied],
    *,
    settings: Settings,
    budget: Budget,
    seeds: int = 2,
    aliens: Path | None = None,
    held: int | None = None,
    painted: int = 1000,
) -> Study:
    """What a study is to be, once everything that can be known before it begins has been checked.

    Raises:
        KnownError: the pictures are too few, something is missing, or settings don't go together.
    """
    if budget.steps is None and budget.minutes is None:
        raise KnownError("A study needs a budget: say --steps or --minutes, the same for all.")
    card = read_dataset(dataset)
    names = {one.name: one for one in varied}
    strange = read_dataset(aliens) if aliens is not None else None
    if "noise" in names and strange is None:
        raise KnownError(
            "--vary noise mixes alien pictures in: name a prepared dataset of them with --aliens."
        )
    if strange is not None and "noise" not in names:
        raise KnownError("--aliens is only looked at with --vary noise=0,0.2,0.5: add it.")
    held = held or min(_HELD_MOST, card.count // _HELD_PART)
    if held < 50:
        raise KnownError(
            f"{dataset} has {card.count} pictures, too few to hold 50 of them out: a study needs "
            "250 at least."
        )
    most = card.count - held
    sizes = names["size"].values if "size" in names else (most,)
    for size in sizes:
        if int(size) > most:
            raise KnownError(
                f"--vary size={size} is more than there is: {card.name} has {card.count:,} "
                f"pictures, of which {held:,} are held out, so at most {most:,}."
            )
    for side in names["resolution"].values if "resolution" in names else ():
        if int(side) > card.width:
            raise KnownError(
                f"--vary resolution={side} is more than the {card.width} pixels of {card.name}: "
                "prepare the pictures again, larger."
            )
    study = Study(
        dataset=card.name,
        content_sha256=card.content_sha256,
        aliens_sha256=None if strange is None else strange.content_sha256,
        varied=tuple(varied),
        settings=settings,
        budget=budget,
        seeds=seeds,
        held_out=held,
        painted=painted,
    )
    _check_cells(study, card)
    return study


def run(
    study: Study,
    dataset: Path,
    out: Path,
    *,
    aliens: Path | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> Outcome:
    """Do every cell that nobody else does or has done, one after another.

    A cell's lock goes when its worker dies, so that the next one goes on from its last save.

    Raises:
        KnownError: ``out`` holds something else.
        Stopped: Ctrl-C, or a polite kill; what was done is kept.
    """
    study = begun(out, study)
    planned = cells(study)
    failed: list[str] = []
    for number, cell in enumerate(planned, start=1):
        if result_of(out, cell) is not None or _is_held(out, cell):
            continue
        say(f"{number} of {len(planned)}: {cell.label or 'all alike'}, seed {cell.seed}")
        status = _in_child(
            Job(folder=out, dataset=dataset, aliens=aliens, cell=cell, parent=os.getpid())
        )
        if status == STOPPED:
            raise Stopped
        if status not in (DONE, BUSY):
            path = cell_folder(out, cell) / FAILED
            why = path.read_text(encoding="utf-8") if path.exists() else "its process was ended."
            failed.append(f"{cell.name}: {why}")
            say(f"{cell.label}, seed {cell.seed}: {why}")
    done = sum((cell_folder(out, cell) / RESULT).exists() for cell in planned)
    busy = sum(_is_held(out, cell) for cell in planned)
    return Outcome(study, done, busy, tuple(failed), len(planned))


def _check_cells(study: Study, card: DatasetCard) -> None:
    """Settings that don't go together are found before a night is spent on the others."""
    for cell in cells(study):
        settings = settings_of(study, cell)
        size = int(cell.values.get("size", card.count - study.held_out))
        if size < settings.batch:
            raise KnownError(
                f"{size:,} pictures are fewer than a batch of {settings.batch}: say --batch "
                f"{max(2, size // 4 * 4)} or less, or leave that size out."
            )
        if settings.conditional and "noise" in cell.values:
            raise KnownError(
                "Alien pictures have no class: leave --conditional out, or don't vary noise."
            )


def _is_held(out: Path, cell: Cell) -> bool:
    """Whether another worker has it."""
    folder = cell_folder(out, cell)
    if not folder.is_dir():
        return False
    try:
        with locked(folder / LOCK, what=cell.name):
            return False
    except KnownError:
        return True


def _in_child(job: Job) -> int:
    """Do a cell in a process of its own: TensorFlow gives no memory back."""
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=do, args=(job.model_dump_json(),))
    child.start()
    try:
        child.join()
    except KeyboardInterrupt:  # the child hears it too, and saves
        child.join()
        raise Stopped from None
    return child.exitcode if child.exitcode is not None else STOPPED


def aliens_here(aliens: Path, dataset: Path, out: Path) -> Path:
    """The dataset of alien pictures: itself, or a folder's, prepared like ``dataset`` in ``out``.

    Raises:
        KnownError: the folder holds no pictures, or the disk refuses.
    """
    if (aliens / CARD).is_file():
        return aliens
    there = out / ALIENS
    if not (there / CARD).is_file():
        from training.data.prepare import prepare

        card = read_dataset(dataset)
        out.mkdir(parents=True, exist_ok=True)
        prepare(aliens, there, size=card.width, grey=card.channels == 1, classes="none")
    return there
