"""A study from its first cell to its page, by one worker or several."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from explorer.core.ending import unwound
from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training.config import Settings
from training.data.card import DatasetCard, read_dataset
from training.studies.aliens import Aliens, looked_at, prepared
from training.studies.child import STOPPED, ended
from training.studies.plan import PAINTS, Budget, Cell, Study, Varied, begun, cells, settings_of
from training.studies.subsets import check_enough
from training.studies.work import BUSY, DONE, FAILED, LOCK, RESULT, Job, cell_folder, do, result_of

_HELD_PART = 5  # one picture of so many is held out, and
_HELD_MOST = 1000
_SAVING = "Stopping once this run has saved; once more ends it at once, with the save before."
_LEAST = 50  # pictures to learn from, and to hold out
_NAMES = {"dcgan": "DCGAN", "stylegan2": "StyleGAN2"}


class Stopped(Exception):
    """The person, or the system, asked for an end; the same command goes on."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status  # to exit with


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

    Nothing is written.

    Args:
        aliens: a dataset, or whatever ``prepare`` takes.

    Raises:
        KnownError: the pictures are too few, something is missing, or settings don't go together.
    """
    if budget.steps is None and budget.minutes is None:
        raise KnownError("A study needs a budget: say --steps or --minutes, the same for all.")
    card = read_dataset(dataset)
    names = {one.name: one for one in varied}
    if "noise" in names and aliens is None:
        raise KnownError(
            "--vary noise is the share of alien pictures: name a folder or a dataset of them with "
            "--aliens (StyleGAN2's setting of that name can't be varied)."
        )
    if aliens is not None and "noise" not in names:
        raise KnownError("--aliens is only looked at with --vary noise=0,0.2,0.5: add it.")
    strange = None if aliens is None else looked_at(aliens)
    if strange is not None and strange.sha256 == card.content_sha256:
        raise KnownError(f"--aliens {aliens} holds the very pictures of {card.name}: name others.")
    held = _held(dataset, card, held)
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
        aliens_sha256=None if strange is None else strange.sha256,
        varied=tuple(varied),
        settings=settings,
        budget=budget,
        seeds=seeds,
        held_out=held,
        painted=painted,
    )
    for cell in cells(study):
        _check(study, cell, card, strange)
    return study


def _held(dataset: Path, card: DatasetCard, held: int | None) -> int:
    """How many pictures are held out."""
    held = held or min(_HELD_MOST, card.count // _HELD_PART)
    most = card.count - _LEAST
    if held < _LEAST or most < _LEAST:
        raise KnownError(
            f"{dataset} has {card.count} pictures, too few to hold {_LEAST} of them out: a study "
            f"needs {_HELD_PART * _LEAST}, or {2 * _LEAST} with --held-out {_LEAST}."
        )
    if held > most:
        raise KnownError(
            f"--held-out {held} leaves too few to learn from: {card.name} has {card.count:,} "
            f"pictures, so hold at most {most:,} out."
        )
    return held


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

    Args:
        aliens: of which ``asked`` was told; prepared here, where they aren't.

    Raises:
        KnownError: ``out`` holds something else, or too few aliens can be used.
        Stopped: Ctrl-C, or a polite kill; what was done is kept.
    """
    study = begun(out, study)
    try:
        with unwound():
            strange = None if aliens is None else _ready(study, aliens, dataset, out)
            return _done(study, dataset, out, strange, say)
    except KeyboardInterrupt:
        raise Stopped(128 + signal.SIGINT) from None
    except SystemExit:
        raise Stopped(128 + signal.SIGTERM) from None


def _ready(study: Study, aliens: Path, dataset: Path, out: Path) -> Path:
    """The dataset of aliens, with enough of them for every cell."""
    there = prepared(aliens, dataset, out)
    card, count = read_dataset(dataset), read_dataset(there).count
    for cell in cells(study):
        check_enough(_noise(cell), _size(study, cell, card), count)
    return there


def _done(
    study: Study, dataset: Path, out: Path, aliens: Path | None, say: Callable[[str], None]
) -> Outcome:
    planned = cells(study)
    failed: list[str] = []
    for number, cell in enumerate(planned, start=1):
        if result_of(out, cell) is not None or _is_held(out, cell):
            continue
        say(f"{number} of {len(planned)}: {cell.label or 'all alike'}, seed {cell.seed}")
        job = Job(folder=out, dataset=dataset, aliens=aliens, cell=cell)
        # A process of its own, since TensorFlow gives no memory back.
        status = ended(do, job.model_dump_json(), lambda: say(_SAVING))
        if status in STOPPED:
            raise Stopped(status)
        if status not in (DONE, BUSY):
            path = cell_folder(out, cell) / FAILED
            why = path.read_text(encoding="utf-8") if path.exists() else "its process was ended."
            failed.append(f"{cell.name}: {why}")
            say(f"{cell.label}, seed {cell.seed}: {why}")
    done = sum((cell_folder(out, cell) / RESULT).exists() for cell in planned)
    busy = sum(_is_held(out, cell) for cell in planned)
    return Outcome(study, done, busy, tuple(failed), len(planned))


def _check(study: Study, cell: Cell, card: DatasetCard, aliens: Aliens | None) -> None:
    """What doesn't go together is found before a night is spent on the others."""
    settings = settings_of(study, cell)
    size = _size(study, cell, card)
    if size < settings.batch:
        raise KnownError(
            f"{size:,} pictures are fewer than a batch of {settings.batch}: say --batch "
            f"{max(2, size // 4 * 4)} or less, or leave that size out."
        )
    if settings.conditional and "noise" in cell.values:
        raise KnownError(
            "Alien pictures have no class: leave --conditional out, or don't vary noise."
        )
    classes = len(card.classes)
    if settings.conditional and classes < 2:
        raise KnownError(
            f"{card.name} has no classes to learn apart: prepare a folder with subfolders, or "
            "leave --conditional out."
        )
    if settings.conditional and size < classes:
        raise KnownError(
            f"{size:,} pictures can't show the {classes:,} classes of {card.name}: leave "
            "--conditional out, or that size."
        )
    side = int(cell.values.get("resolution", card.width))
    painted = PAINTS[settings.architecture]
    if side not in painted:
        known = f"A {_NAMES[settings.architecture]} paints {', '.join(map(str, painted))} px"
        if "resolution" in cell.values:
            raise KnownError(f"--vary resolution={side} can't be: {known}.")
        raise KnownError(f"{known}, not {side}: prepare the pictures again with --size.")
    if aliens is not None and aliens.most is not None:
        check_enough(_noise(cell), size, aliens.most)


def _size(study: Study, cell: Cell, card: DatasetCard) -> int:
    return int(cell.values.get("size", card.count - study.held_out))


def _noise(cell: Cell) -> float:
    return float(cell.values.get("noise", 0.0))


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
