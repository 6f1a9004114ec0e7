"""The grids of one or more runs as they hang on a page: at equal numbers of pictures seen."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from training.seeing.film import cropped, kimg
from training.seeing.strips import chosen
from training.seeing.told import COLUMNS, Moment, Told, first_latents, read_grid

_MOMENTS = 10  # of a run, where there are few runs
_PICTURES = 40  # grids on a page, shared by its runs
_SIDE = 512  # pixels of a grid at most: 8 × 8 of 64, or the first 4 × 4 of 128
_SMALL = 256  # pixels up to which a grid is kept without loss, and its pixels are seen
_APART = 1.5  # the factor within which two numbers of pictures seen are called equal


@dataclass(frozen=True, slots=True)
class Hung:
    """A grid on the page; ``image`` is its ``img``."""

    said: str  # when it was
    image: str


@dataclass(frozen=True, slots=True)
class Wall:
    """One run's grids: ``cells`` by column, None where it has nothing to show; and its last."""

    across: int  # pictures in a row of each grid
    cells: tuple[Hung | None, ...]
    last: Hung | None


def abreast(
    seen: Sequence[Sequence[float]], count: int
) -> tuple[list[float], list[list[int | None]]]:
    """Choose at most ``count`` columns at which runs stand side by side.

    Args:
        seen: for each run the pictures seen at each of its grids, rising.

    Returns:
        The pictures seen at each column, as the run that saw most has them; and for each run its
        place in ``seen`` for each column, None where none of its grids is near.
    """
    longest = max(seen, key=lambda images: images[-1] if images else -1.0)
    leads = chosen([round(images) for images in longest], count) if longest else []
    targets = [longest[place] for place in leads]

    def apart(a: float, b: float) -> float:
        return abs(math.log((a + 1) / (b + 1)))

    rows: list[list[int | None]] = []
    for images in seen:
        row: list[int | None] = [None] * len(targets)
        for column, target in enumerate(targets):
            if images is longest:
                row[column] = leads[column]
            elif images:
                near = min(range(len(images)), key=lambda place: apart(images[place], target))
                # Its own nearest column, or one grid would hang in two of them.
                home = min(targets, key=lambda other: apart(images[near], other))
                if home == target and apart(images[near], target) <= math.log(_APART):
                    row[column] = near
        rows.append(row)
    return targets, rows


def hang(
    told: Sequence[Told], left_out: list[str], progress: Progress
) -> tuple[list[float], list[Wall]]:
    """The pictures seen at each column, and every run's grids.

    ``left_out`` gets a sentence for each that can't be read.
    """
    count = max(4, min(_MOMENTS, _PICTURES // len(told)))
    seen = [[run.images(moment.step) for moment in run.moments] for run in told]
    targets, rows = abreast(seen, count)
    walls = []
    for number, (run, row) in enumerate(zip(told, rows, strict=True)):
        walls.append(_wall(run, row, left_out))
        progress.reach((number + 1) / len(told))
    return targets, walls


def said(run: Told, step: int) -> str:
    """When it was, in steps and pictures."""
    return f"step {step:,} · {kimg(run.images(step))} kimg"


def _wall(run: Told, row: Sequence[int | None], left_out: list[str]) -> Wall:
    side = min(128, max(run.card.dataset.width, run.card.dataset.height))
    across = max(2, min(COLUMNS, _SIDE // side))
    hung: dict[Moment, Hung | None] = {}

    def at(moment: Moment) -> Hung | None:
        if moment not in hung:
            try:
                hung[moment] = Hung(
                    said(run, moment.step), _image(run, moment, across, across * side)
                )
            except KnownError as error:
                left_out.append(str(error))
                hung[moment] = None
        return hung[moment]

    cells = tuple(None if place is None else at(run.moments[place]) for place in row)
    newest = (at(moment) for moment in reversed(run.moments))
    return Wall(across, cells, next((one for one in newest if one), None))


def _image(run: Told, moment: Moment, across: int, side: int) -> str:
    """A grid, or its first latents where all would be too many; KnownError if it can't be read."""
    grid = cropped(read_grid(moment, run.card), first_latents(run.card, across**2))
    grid.thumbnail((side, side))
    small = max(grid.size) <= _SMALL
    out = io.BytesIO()
    grid.save(out, "WEBP", quality=84, method=4, lossless=small)
    data = base64.b64encode(out.getvalue()).decode()
    crisp = ' class="crisp"' if small else ""
    return (
        f'<img{crisp} src="data:image/webp;base64,{data}" width="{grid.width}"'
        f' height="{grid.height}" alt="{escape(said(run, moment.step))}">'
    )
