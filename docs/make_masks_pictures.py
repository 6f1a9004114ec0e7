"""Render the sheets of ``masks.md``: ``python docs/make_masks_pictures.py``."""

from pathlib import Path

from PIL import Image

from training.data.masks.factors import mask_factors
from training.data.masks.render import paint_mask

PICTURES = Path(__file__).with_name("pictures")


def main() -> None:
    """Write ``masks.jpg``, seed 0 from its first mask on, and ``masks-64.jpg``, from its hundredth."""
    _sheet(first=0, size=128, columns=10, rows=7).save(PICTURES / "masks.jpg", quality=88)
    _sheet(first=100, size=64, columns=16, rows=6).save(PICTURES / "masks-64.jpg", quality=90)


def _sheet(*, first: int, size: int, columns: int, rows: int) -> Image.Image:
    sheet = Image.new("RGB", (columns * size, rows * size))
    for place in range(columns * rows):
        mask = Image.fromarray(paint_mask(mask_factors(0, first + place), size))
        sheet.paste(mask, (place % columns * size, place // columns * size))
    return sheet


if __name__ == "__main__":
    main()
