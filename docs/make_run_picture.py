"""Lay the first rows of a run's grids below one another, oldest on top.

``python docs/make_run_picture.py RUN PICTURE STEP[,STEP..]``: the same latents at these steps.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_ROWS = 2  # of each grid
_GAP = 10  # pixels between two steps
_LABEL = 64  # pixels for the step's number
_INK, _PAPER = "#3a3835", "#faf9f7"


def lay_out(run: Path, steps: list[int]) -> Image.Image:
    """The grids of ``steps``, each cut to its first rows, with its step beside it."""
    strips: list[Image.Image] = []
    for step in steps:
        with Image.open(run / "grids" / f"{step:08d}.png", formats=["PNG"]) as grid:
            side = grid.height // 8
            rgb = grid.convert("RGB")
        zoom = max(1, 64 // side)
        strip = rgb.crop((0, 0, grid.width, _ROWS * side))
        strips.append(
            strip.resize((strip.width * zoom, strip.height * zoom), Image.Resampling.NEAREST)
        )
    height = sum(strip.height + _GAP for strip in strips) - _GAP
    sheet = Image.new("RGB", (_LABEL + strips[0].width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = 0
    for step, strip in zip(steps, strips, strict=True):
        sheet.paste(strip, (_LABEL, top))
        at = (_LABEL - 10, top + strip.height // 2)
        draw.text(at, f"{step:,}", _INK, ImageFont.load_default(14), anchor="rm")
        top += strip.height + _GAP
    return sheet


if __name__ == "__main__":
    _, run, picture, wanted = sys.argv
    lay_out(Path(run), [int(step) for step in wanted.split(",")]).save(picture, optimize=True)
