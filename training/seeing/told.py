"""What a run told on its way, read by someone who trusts none of it.

A run may be going on, may have been killed between two lines, or may come from a stranger: what
can't be read is left out and named, and the rest is shown.
"""

import json
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.words import printable
from training.folder import RunCard, RunFolder, State

COLUMNS = 8  # pictures in a row of a grid, and rows in a grid

_GRID_NAME = re.compile(r"[0-9]{8,12}\.png")
_CURVE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ /.+-]{0,59}")
_MOST_BYTES = 64 << 20  # of lines: a run of a million steps tells 4 MB
_MOST_CURVES = 40
_MOST_NOTES = 500
_LONGEST_NOTE = 1000  # characters
_LAST_STEP = 1 << 48


@dataclass(frozen=True, slots=True)
class Moment:
    """A step at which the run painted its fixed latents."""

    step: int
    file: Path


@dataclass(frozen=True, slots=True)
class Curve:
    """A number over time: steps int64 (n,), rising; values float64 (n,), finite."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of the coach."""

    step: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A run as a reader finds it; ``left_out`` are sentences about what could not be read."""

    path: Path
    card: RunCard
    state: State
    curves: Mapping[str, Curve]
    notes: tuple[Note, ...]
    moments: tuple[Moment, ...]
    left_out: tuple[str, ...]

    def images(self, step: float) -> float:
        """Real pictures seen by ``step``: what runs with other batches are compared by."""
        return step * self.card.settings.batch

    @property
    def last_step(self) -> int:
        last = [int(curve.steps[-1]) for curve in self.curves.values()]
        return max([self.state.step, *last, *(moment.step for moment in self.moments[-1:])])


def first_latents(card: RunCard, count: int) -> list[int]:
    """The places in a grid of ``count`` latents that stand for all.

    The first ones; of a run with classes the first of each row, then the second, since a row of its grid
    is of one class.
    """
    if not card.settings.conditional:
        return list(range(count))
    return [place % COLUMNS * COLUMNS + place // COLUMNS for place in range(count)]


def read_run(path: Path) -> Told:
    """Read everything but the pictures.

    Raises:
        KnownError: this is no run, or its ``run.json`` can't be used.
    """
    folder = RunFolder(path)
    card = folder.card()
    left_out: list[str] = []
    try:
        state = folder.state()
    except KnownError as error:
        state = State()
        left_out.append(str(error))
    curves = _curves(folder.scalars_file, left_out)
    notes = _notes(path / "notes.jsonl", left_out)
    moments = tuple(_moments(folder.grids, left_out))
    return Told(path, card, state, curves, notes, moments, tuple(left_out))


def read_grid(moment: Moment, card: RunCard) -> Image.Image:
    """The pictures of the fixed latents, 8 × 8 of the dataset's size, as RGB.

    Raises:
        KnownError: names the file, and says what is wrong with it.
    """
    size = (COLUMNS * card.dataset.width, COLUMNS * card.dataset.height)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked
            grid = Image.open(moment.file, formats=["PNG"])
        with grid:
            if grid.size != size:
                raise KnownError(
                    f"{moment.file} is left out: it has {grid.width}×{grid.height} pixels and "
                    f"the run's grids have {size[0]}×{size[1]}."
                )
            return grid.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise KnownError(
            f"{moment.file} is left out: it is no picture that can be read."
        ) from error


def _moments(folder: Path, left_out: list[str]) -> Iterator[Moment]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        left_out.append(f"{folder} can't be read: {error.strerror}.")
        return
    by_step = {int(name[:-4]): name for name in names if _GRID_NAME.fullmatch(name)}
    for step in sorted(by_step):
        yield Moment(step, folder / by_step[step])


def _curves(file: Path, left_out: list[str]) -> dict[str, Curve]:
    told: dict[str, dict[int, float]] = {}
    refused: set[str] = set()

    def take(line: dict[str, Any]) -> bool:
        step = line.get("step")
        if not _is_step(step):
            return False
        sound = True
        for name, value in line.items():
            if name == "step":
                continue
            if name not in told and (not _CURVE_NAME.fullmatch(name) or len(told) >= _MOST_CURVES):
                refused.add(name)
                continue
            number = _number(value)
            if math.isfinite(number):
                told.setdefault(name, {})[step] = number  # a step told twice: what came later
            elif value is not None:
                sound = False
        return sound

    _read_lines(file, take, left_out, what="no finite numbers at a step")
    if refused:
        left_out.append(
            f"{file}: {len(refused)} names are left out, as {printable(min(refused)[:60])!r}."
        )
    curves = {}
    for name, values in told.items():
        steps = sorted(values)
        curves[name] = Curve(np.array(steps), np.array([values[step] for step in steps], float))
    return curves


def _notes(file: Path, left_out: list[str]) -> tuple[Note, ...]:
    notes: list[Note] = []

    def take(line: dict[str, Any]) -> bool:
        step, kind, text = line.get("step"), line.get("kind", ""), line.get("text")
        if not _is_step(step) or not isinstance(kind, str) or not isinstance(text, str):
            return False
        if len(notes) < _MOST_NOTES:
            notes.append(Note(step, printable(kind[:40]), printable(text[:_LONGEST_NOTE])))
        return True

    if file.exists():
        _read_lines(file, take, left_out, what="no note")
    return tuple(sorted(notes, key=lambda note: note.step))


def _read_lines(
    file: Path, take: Callable[[dict[str, Any]], bool], left_out: list[str], *, what: str
) -> None:
    """Give each JSON line to ``take``, which says whether it could use it."""
    bad = 0
    try:
        if file.stat().st_size > _MOST_BYTES:
            left_out.append(f"{file} is left out: it is larger than {_MOST_BYTES >> 20} MB.")
            return
        lines = file.read_bytes().splitlines()
    except OSError as error:
        left_out.append(f"{file} can't be read: {error.strerror}.")
        return
    for line in lines:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        bad += not (isinstance(content, dict) and take(content))
    if bad:
        left_out.append(f"{file}: {bad} of {len(lines)} lines are broken or hold {what}.")


def _is_step(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_STEP


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return number if abs(number) < 1e30 else math.inf
