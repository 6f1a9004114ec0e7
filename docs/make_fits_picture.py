"""Draw `pictures/fits.png`, what every fit makes of one picture: ``python docs/make_fits_picture.py``."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training.data.fitting.fit import Fit, all_fitted
from training.data.masks.factors import mask_factors
from training.data.masks.render import paint_mask

PICTURE = Path(__file__).with_name("pictures") / "fits.png"

_PAPER, _INK, _GREY = (24, 24, 27), (240, 238, 233), (152, 150, 145)
_SIDE, _GAP, _MARGIN, _TEXT = 128, 24, 32, 15
_GROUND = (58, 54, 50)
_FITS = (
    ("--fit crop", Fit(_SIDE)),
    ("--crop interest", Fit(_SIDE, crop="interest")),
    ("--fit pad", Fit(_SIDE, how="pad", background=_GROUND)),
    ("--fit stretch", Fit(_SIDE, how="stretch")),
    ("--size 128x96", Fit(_SIDE, inner=(128, 96), crop="interest", background=_GROUND)),
)
_TILES = Fit(60, how="tiles", tile=120, step=120)


def main() -> None:
    photo = _photograph()
    tiles = list(all_fitted(photo, _TILES))
    columns = 1 + len(_FITS)
    wide = photo.width + (columns - 1) * (_SIDE + _GAP) + 2 * _MARGIN
    high = photo.height + 2 * _MARGIN + 2 * _TEXT
    page = Image.new("RGB", (wide, high + 60 * 2 + _GAP + 2 * _TEXT), _PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_TEXT)

    def caption(text: str, left: int, top: int, ink: tuple[int, int, int] = _GREY) -> None:
        draw.text((left, top), text, ink, font)

    page.paste(photo, (_MARGIN, _MARGIN))
    caption(
        f"a photograph of {photo.width} by {photo.height} pixels",
        _MARGIN,
        _MARGIN + photo.height + 6,
    )
    left = _MARGIN + photo.width + _GAP
    for name, fit in _FITS:
        (pixels,) = all_fitted(photo, fit)
        page.paste(Image.fromarray(pixels), (left, _MARGIN))
        caption(name, left, _MARGIN + _SIDE + 6, _INK)
        left += _SIDE + _GAP
    left = _MARGIN + photo.width + _GAP
    top = _MARGIN + _SIDE + 3 * _TEXT + 6
    for number, pixels in enumerate(tiles):
        page.paste(Image.fromarray(pixels), (left + number * 68, top))
    caption("--fit tiles --tile 120 --tile-step 120", left, top + 60 + 6, _INK)
    page.crop((0, 0, wide, max(high, top + 60 + _MARGIN + _TEXT))).save(PICTURE)


def _photograph() -> Image.Image:
    """A mask on a wall, to the right of where one would look."""
    y, x = np.mgrid[:240, :400] / 240
    light = np.clip(1.15 - 0.45 * np.hypot(x - 1.1, y - 0.3), 0, 1)[..., None]
    wall = np.array([150, 138, 122]) * light + np.random.default_rng(0).normal(0, 2, (240, 400, 1))
    photo = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8))
    mask = Image.fromarray(paint_mask(mask_factors(3, 12), 190))
    stencil = Image.new("L", mask.size)
    ImageDraw.Draw(stencil).ellipse((22, 2, 168, 188), 255)
    photo.paste(mask, (196, 26), stencil.filter(ImageFilter.GaussianBlur(3)))
    return photo


if __name__ == "__main__":
    main()
