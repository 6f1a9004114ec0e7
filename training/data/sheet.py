"""A contact sheet of a dataset: what training sees, for a person to see."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.data.card import DatasetCard
from training.data.fitting.decode import Pixels

_MARGIN, _GAP, _TITLE, _TEXT = 40, 6, 30, 15  # pixels
_WIDTH = 1200  # at most, without the margins
_PAPER, _INK, _QUIET = (24, 24, 27), (240, 238, 233), (152, 150, 145)
_ROWS = 8  # of pictures, shared among the classes
_MOST_CLASSES = 8  # that get rows of their own


@dataclass(frozen=True, slots=True)
class _Row:
    """Pictures side by side; ``caption`` stands over the first row of a class."""

    caption: str
    pictures: tuple[int, ...]


def contact_sheet(card: DatasetCard, pictures: Pixels, labels: NDArray[np.int32]) -> Pixels:
    """Draw some of ``pictures`` (n, height, width, channels), by class where there are few.

    Returns:
        uint8 ``(height, width, 3)``.
    """
    cell = _cell(max(card.height, card.width))
    columns = max(1, (_WIDTH + _GAP) // (cell + _GAP))
    rows = list(_rows(card, labels, columns))
    columns = max(len(row.pictures) for row in rows)
    captions = sum(bool(row.caption) for row in rows)
    under_title = _MARGIN + _TITLE
    heading = under_title + (2 if captions else 4) * _TEXT
    width = max(columns * (cell + _GAP) - _GAP, _WIDTH // 2) + 2 * _MARGIN
    height = heading + captions * 3 * _TEXT + len(rows) * (cell + _GAP) + _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    large = ImageFont.load_default(_TITLE)
    draw.text((_MARGIN, under_title - _TITLE // 3), card.name, _INK, large, anchor="ls")
    small = ImageFont.load_default(_TEXT)
    draw.text((_MARGIN, under_title + _TEXT), _about(card), _QUIET, small, anchor="ls")

    top = heading
    for row in rows:
        if row.caption:
            draw.text((_MARGIN, top + 2 * _TEXT), row.caption, _INK, small, anchor="ls")
            top += 3 * _TEXT
        for column, number in enumerate(row.pictures):
            place = (_MARGIN + column * (cell + _GAP), top)
            sheet.paste(_enlarged(pictures[number], cell), place)
        top += cell + _GAP
    return np.asarray(sheet)


def _rows(card: DatasetCard, labels: NDArray[np.int32], columns: int) -> Iterator[_Row]:
    if 1 < len(card.classes) <= _MOST_CLASSES:
        rows_each = max(1, _ROWS // len(card.classes))
        groups = [
            (f"{one.name}   {one.count:,}", np.flatnonzero(labels == label)[: rows_each * columns])
            for label, one in enumerate(card.classes)
        ]
    else:
        groups = [("", np.arange(len(labels))[: _ROWS * columns])]
    for caption, numbers in groups:
        for start in range(0, len(numbers), columns):
            chosen = numbers[start : start + columns]
            yield _Row("" if start else caption, tuple(chosen.tolist()))


def _about(card: DatasetCard) -> str:
    kind = "grey" if card.channels == 1 else "colour"
    classes = f" in {len(card.classes)} classes" if card.classes else ""
    about = f"{card.count:,} pictures{classes}, {card.width} by {card.height} pixels, {kind}"
    return f"{about}, {card.licence}" if card.licence else about


def _cell(side: int) -> int:
    """How large a picture is shown: whole multiples of small ones, at most 128 pixels."""
    return 128 if side > 128 else side * max(1, 96 // side)


def _enlarged(pixels: Pixels, cell: int) -> Image.Image:
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    scale = cell / max(image.size)
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, how).convert("RGB")
