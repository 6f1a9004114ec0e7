"""One cell of a study, in a process of its own: pictures, a run, and its figures."""

import sys
import traceback
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat

from explorer.core.errors import KnownError
from explorer.core.files import read_json, write_bytes
from explorer.core.lock import locked
from training.data.card import CARD, read_dataset
from training.evaluation.pictures import read_labels
from training.evaluation.told import Figure, Memory
from training.studies.alone import alone
from training.studies.child import STOPPED, obeyed
from training.studies.plan import FILE, Cell, Study, settings_of
from training.studies.subsets import Part, chosen, held_out, mixed, part_of, write_subset

RESULT, FAILED, LOCK = "result.json", "failed.txt", "lock"

DONE, FAILS, BUSY = 0, 1, 3
"""With which the process of a cell ends, where it was not asked to."""

_FOR_EVER = 10**9  # steps, where minutes end a run
_GRIDS = 4  # and saves, over a run


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(_Told):
    """`result.json` of a cell: what came of it."""

    cell: Cell
    pictures: int  # it learned from
    side: int  # pixels
    step: int
    images_seen: int
    seconds: FiniteFloat  # of training
    figures: dict[str, Figure]
    kinds: int
    memory: Memory | None
    coverage: dict[str, FiniteFloat]  # of known factors


class Job(_Told):
    """What the process is told."""

    folder: Path  # of the study
    dataset: Path
    aliens: Path | None
    cell: Cell


def cell_folder(study: Path, cell: Cell) -> Path:
    return study / "cells" / cell.name


def result_of(study: Path, cell: Cell) -> Result | None:
    """What came of a cell, None where it is not done.

    Raises:
        KnownError: its result can't be read.
    """
    path = cell_folder(study, cell) / RESULT
    return read_json(path, Result) if path.exists() else None


def do(told: str, parent: Connection) -> None:
    """Do one cell as ``told`` says, and end with what came of it as the status."""
    job = Job.model_validate_json(told)
    sys.exit(obeyed(parent, lambda: _tried(job)))


def _tried(job: Job) -> int:
    here = cell_folder(job.folder, job.cell)
    here.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(locked(here / LOCK, what=job.cell.name))
        except KnownError:
            return BUSY
        if (here / RESULT).exists():
            return DONE
        (here / FAILED).unlink(missing_ok=True)
        try:
            return DONE if _done(job, here) else STOPPED[0]
        except KnownError as error:
            (here / FAILED).write_text(str(error), encoding="utf-8")
            return FAILS
        except Exception:
            trace = here / "traceback.txt"
            trace.write_text(traceback.format_exc(), encoding="utf-8")
            (here / FAILED).write_text(f"something is wrong on our side; please send us {trace}.")
            raise


def _done(job: Job, here: Path) -> bool:
    """Train and judge; False where it was stopped before its budget was used up."""
    from rich.console import Console

    from training.evaluation.evaluate import Amount, evaluate
    from training.evaluation.page import write
    from training.folder import RunFolder
    from training.run import Pacing, train

    study = read_json(job.folder / FILE, Study)
    pictures, real = _pictures(job, study)
    run = RunFolder(here / "run")
    steps, minutes = study.budget.steps, study.budget.minutes
    before = run.state()
    left = None if minutes is None else minutes - before.seconds / 60
    if (left is None or left > 0) and before.step < (steps or _FOR_EVER):
        often = max(1, (steps or 2000) // _GRIDS)
        pacing = Pacing(
            steps=steps or _FOR_EVER,
            minutes=left,
            grid_every=often,
            checkpoint_every=min(often, 500),
            score_every=None,
        )
        with (here / "said.txt").open("a", encoding="utf-8") as said:
            console = Console(file=said, width=200)
            train(
                pictures, run.path, pacing, settings=settings_of(study, job.cell), console=console
            )
    state = run.state()
    short = steps is not None and state.step < steps
    if short and (minutes is None or state.seconds < 60 * minutes * 0.99):
        return False
    if steps is None and minutes is not None and state.seconds < 60 * minutes * 0.99:
        return False
    look = evaluate(run.path, pictures, held_out=real, amount=Amount(painted=study.painted))
    write(look, run.path)
    card = read_dataset(pictures)
    result = Result(
        cell=job.cell,
        pictures=card.count,
        side=card.width,
        step=state.step,
        images_seen=state.images_seen,
        seconds=state.seconds,
        figures=look.told.figures,
        kinds=look.told.kinds,
        memory=look.told.memory,
        coverage={each.name: each.coverage for each in look.told.factors},
    )
    write_bytes(here / RESULT, result.model_dump_json(indent=1).encode())
    return True


def _pictures(job: Job, study: Study) -> tuple[Path, Path]:
    """The cell's dataset and the held-out pictures at its resolution; made if they aren't there."""
    card = read_dataset(job.dataset)
    labels = read_labels(job.dataset, card)
    values = job.cell.values
    side = int(values.get("resolution", card.width))
    size = int(values.get("size", card.count - study.held_out))
    noise = float(values.get("noise", 0.0))
    real = job.folder / "pictures" / f"held-out-{side}"
    name = f"{size}-noise-{noise:g}-{side}-seed-{job.cell.seed}"
    ours = job.folder / "pictures" / name
    with alone(job.folder / "pictures", real.name):
        if not (real / CARD).exists():
            part = Part(job.dataset, card, held_out(labels, study.held_out))
            write_subset([part], real, name=f"{card.name}, held out", side=side)
    with alone(job.folder / "pictures", ours.name):
        if not (ours / CARD).exists():
            places = chosen(labels, study.held_out, size, job.cell.seed)
            parts = [Part(job.dataset, card, places)]
            if noise and job.aliens is not None:
                aliens = read_dataset(job.aliens)
                stay, strange = mixed(places, aliens.count, noise, job.cell.seed)
                parts = [Part(job.dataset, card, stay), part_of(job.aliens, strange)]
            write_subset(parts, ours, name=f"{card.name}, {job.cell.label or 'all'}", side=side)
    return ours, real
