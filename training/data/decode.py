"""One picture, as it comes, to the bytes that a record keeps."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from explorer.core.errors import KnownError

Pixels: TypeAlias = NDArray[np.uint8]
"""One picture, uint8 ``(height, width, channels)``, channels 1 or 3."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""All that Pillow may try. Its default list reaches as far as a PostScript interpreter."""

MAX_PIXELS = 89_478_485  # Pillow's own line for a decompression bomb: 256 MB as RGB
MAX_ENLARGEMENT = 4  # beyond this a picture would be mostly invented

_DEPTH = 24  # where a PNG says how many bits a channel has
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")


class Skipped(Exception):
    """This picture can't be used; the text says why, without naming the file."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What every picture of a dataset is brought to."""

    size: int  # pixels a side
    grey: bool
    background: tuple[int, int, int]  # lies behind transparent pixels

    @property
    def channels(self) -> int:
        return 1 if self.grey else 3


def colour(name: str) -> tuple[int, int, int]:
    """The red, green and blue of a colour's name or code; alpha is dropped.

    Raises:
        KnownError: there is no such colour.
    """
    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError as error:
        raise KnownError(
            f"{name!r} is no colour; use a name like white or a code like #f4f1ea."
        ) from error
    return red, green, blue


def decode(content: bytes, fit: Fit) -> Pixels:
    """Decode a picture file and bring it to ``(fit.size, fit.size, fit.channels)``.

    EXIF rotation is applied, transparency laid on the background, 16-bit grey brought to
    8, CMYK and palettes turned to RGB; of an animation the first frame is taken.

    Raises:
        Skipped: it is no picture that we read, or it is damaged.
    """
    with _reasons():
        image = _opened(content)
        _check_side(min(image.size), fit)
        return fitted(_loaded(image, content, fit), fit)


def decode_whole(content: bytes, fit: Fit) -> tuple[Image.Image, tuple[int, int]]:
    """Decode a picture file as ``decode`` does, and leave it uncropped.

    Returns:
        An ``L`` or ``RGB`` image, as large as in the file or at least twice ``fit.size``, and
        how wide and high in pixels the picture in the file is, upright.

    Raises:
        Skipped: it is no picture that we read, or it is damaged.
    """
    with _reasons():
        image = _opened(content)
        width, height = image.size
        upright = _loaded(image, content, fit)
        lies = (width > height) != (upright.width > upright.height) and width != height
        return upright, (height, width) if lies else (width, height)


def _opened(content: bytes) -> ImageFile:
    if not content:
        raise Skipped("is empty")
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise Skipped(_too_large())
    return image


def _loaded(image: ImageFile, content: bytes, fit: Fit) -> Image.Image:
    # A JPEG can be unpacked at an eighth of its size; twice ours still resizes cleanly.
    image.draft(None, (2 * fit.size, 2 * fit.size))
    image.load()
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "RGB" and content[_DEPTH] == 16 and clear:
        # Pillow keeps the upper eight bits of the pixels, but all sixteen of this colour.
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    return _plain(_upright(image), fit)


@contextmanager
def _reasons() -> Iterator[None]:
    """Say in a word or two why a picture can't be decoded."""
    try:
        yield
    except Skipped:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Skipped(_too_large()) from error
    except UnidentifiedImageError as error:
        raise Skipped("is not a picture that can be read") from error
    except MemoryError as error:
        raise Skipped("needs more memory than there is") from error
    except Exception as error:
        raise Skipped(f"is damaged: {str(error) or type(error).__name__}") from error


def fit_array(pixels: Pixels, fit: Fit) -> Pixels:
    """Bring ``(h, w, 1)`` or ``(h, w, 3)`` bytes to the dataset's size and channels."""
    _check_side(min(pixels.shape[:2]), fit)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    return fitted(image.convert("L" if fit.grey else "RGB"), fit)


def fitted(image: Image.Image, fit: Fit) -> Pixels:
    """Crop the middle square of an ``L`` or ``RGB`` image and resize it."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != fit.size:
        image = image.resize((fit.size, fit.size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image, np.uint8).reshape(fit.size, fit.size, fit.channels)


def to_png(pixels: Pixels) -> bytes:
    """Pack ``(h, w, 1)`` or ``(h, w, 3)`` bytes without loss."""
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out, "PNG")
    return out.getvalue()


def _upright(image: Image.Image) -> Image.Image:
    # Broken EXIF raises anything, and the picture is still good.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _plain(image: Image.Image, fit: Fit) -> Image.Image:
    """Any mode to ``L`` or ``RGB``, opaque."""
    if image.mode in _DEEP_GREY:
        deep = np.asarray(image).astype(np.uint32)
        clear = image.info.get("transparency")  # one of the 65,536 tones, so looked for before
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
        if isinstance(clear, int):
            image.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    elif image.mode in ("I", "F"):
        raise Skipped(f"has 32 bits a channel (mode {image.mode}); save it with 8 or 16")
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, (*fit.background, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image.convert("L" if fit.grey else "RGB")


def _check_side(side: int, fit: Fit) -> None:
    if side * MAX_ENLARGEMENT < fit.size:
        raise Skipped(
            f"is too small: its shorter side has {side} pixels, under a quarter of {fit.size}"
        )


def _too_large() -> str:
    return f"has more than {MAX_PIXELS // 1_000_000} million pixels"
