"""A run on one sheet: latents down, time across."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from explorer.core.errors import KnownError
from explorer.core.files import written_whole
from explorer.core.progress import Progress
from training.folder import GRID
from training.seeing.film import Made, box_of, enlarged, fitted, kimg
from training.seeing.told import Moment, Told, first_latents, read_grid, read_run

_KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_PAPER, _INK, _QUIET = (24, 24, 27), (240, 238, 233), (152, 150, 145)
_CELL = 128  # pixels that a picture is brought near to
_LONGEST = 16_000  # pixels a side that every format can hold


def chosen(steps: Sequence[int], count: int, *, even: bool = False) -> list[int]:
    """Places in ``steps`` (rising) of at most ``count`` moments, the first and the last with them.

    They lie as near as may be to a row that grows by one factor, since early changes are the
    large ones, or to an ``even`` one.
    """
    if count >= len(steps):
        return list(range(len(steps)))
    if count < 2:
        return [len(steps) - 1][:count]
    first = next(step for step in steps if step > 0)

    def at(step: float) -> float:
        return step if even else math.log(max(step, first / 2))

    low, high = at(steps[0]), at(steps[-1])
    places: list[int] = []
    for number in range(count):
        target = low + (high - low) * number / (count - 1)
        free = range(places[-1] + 1 if places else 0, len(steps) - (count - 1 - number))
        places.append(min(free, key=lambda place: abs(at(steps[place]) - target)))
    return places


def sheet(
    run: Path,
    out: Path | None = None,
    *,
    moments: int = 8,
    pictures: int = 6,
    even: bool = False,
    size: int | None = None,
    progress: Progress = Progress(),
) -> Made:
    """Write chosen moments side by side; each row is one latent's way.

    Args:
        out: a PNG, JPEG or WebP; ``RUN/sheet.png``.
        moments: columns at most.
        pictures: rows: the first so many latents, 1 to 64; classes take turns.
        even: space the moments by steps, not by factors.
        size: pixels of one picture's longer side.

    Raises:
        KnownError: no grid can be read, the sheet would be too large, or the disk refuses.
    """
    out = out or run / "sheet.png"
    kind = _KINDS.get(out.suffix.lower())
    if kind is None:
        raise KnownError(f"{out} can't be written: its name must end in {', '.join(_KINDS)}.")
    told = read_run(run)
    columns, left_out = _columns(told, moments, min(pictures, GRID), even, size, progress)
    if not columns:
        raise KnownError(f"{run / 'grids'} holds no grid that can be read: let the run go on.")
    drawn = _drawn(told, columns)
    with written_whole(out) as beside:
        drawn.save(beside, format=kind, **({} if kind == "PNG" else {"quality": 92}))
    return Made(out, left_out)


def _columns(
    told: Told, count: int, rows: int, even: bool, size: int | None, progress: Progress
) -> tuple[list[tuple[Moment, list[Image.Image]]], tuple[str, ...]]:
    """The chosen moments and their pictures; another is chosen for one that can't be read."""
    width, height = told.card.dataset.width, told.card.dataset.height
    cell = fitted((width, height), size) if size else _near(width, height)
    tall, wide = rows * cell[1], min(count, len(told.moments)) * cell[0]
    if max(tall, wide) > _LONGEST:
        raise KnownError(f"The sheet would have {wide:,}×{tall:,} pixels: choose a smaller --size.")
    left, latents = list(told.moments), first_latents(told.card, rows)
    left_out: list[str] = []
    while True:
        columns = []
        places = chosen([moment.step for moment in left], count, even=even)
        broken = None
        for number, place in enumerate(places):
            try:
                grid = read_grid(left[place], told.card)
            except KnownError as error:
                left_out.append(str(error))
                broken = place
                break
            cut = [enlarged(grid.crop(box_of(n, width, height)), cell) for n in latents]
            columns.append((left[place], cut))
            progress.reach((number + 1) / len(places))
        if broken is None:
            return columns, tuple(left_out)
        del left[broken]


def _near(width: int, height: int) -> tuple[int, int]:
    """A picture's size on the sheet: whole multiples of small ones."""
    longer = max(width, height)
    return fitted((width, height), longer * max(1, _CELL // longer) if longer <= _CELL else _CELL)


def _drawn(told: Told, columns: Sequence[tuple[Moment, Sequence[Image.Image]]]) -> Image.Image:
    cell_width, cell_height = columns[0][1][0].size
    text = max(11, min(18, cell_width // 6))
    gap, margin, head = max(3, cell_width // 28), 2 * text, 3 * text
    rows = len(columns[0][1])
    width = 2 * margin + len(columns) * (cell_width + gap) - gap
    height = 2 * margin + head + rows * (cell_height + gap) - gap
    drawn = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(drawn)
    large, small = ImageFont.load_default(text), ImageFont.load_default(max(10, text * 3 // 4))
    for column, (moment, pictures) in enumerate(columns):
        left = margin + column * (cell_width + gap)
        seen = f"{kimg(told.images(moment.step))} kimg"
        draw.text((left, margin + text // 2), f"{moment.step:,}", _INK, large, anchor="ls")
        draw.text((left, margin + 2 * text), seen, _QUIET, small, anchor="ls")
        for row, picture in enumerate(pictures):
            drawn.paste(picture, (left, margin + head + row * (cell_height + gap)))
    return drawn
