"""One picture, as it comes: opened, upright, opaque."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from training.data.fitting.fit import Colour, Fit, Mode, Pixels, Skipped, colour, fitted

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "Fit",
    "Pixels",
    "Skipped",
    "colour",
    "decode_whole",
    "fitted",
    "from_pixels",
    "to_png",
    "upright",
]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""All that Pillow may try. Its default list reaches as far as a PostScript interpreter."""

MAX_PIXELS = 89_478_485  # Pillow's own line for a decompression bomb: 256 MB as RGB

_DEPTH = 24  # where a PNG says how many bits a channel has
_HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # how telephones' pictures begin
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")


def upright(
    content: bytes,
    mode: Mode,
    background: Colour,
    *,
    enough: int | None = None,
    check: Callable[[int, int], None] = lambda width, height: None,
) -> Image.Image:
    """Decode a picture file to ``mode``, upright and laid on ``background``.

    EXIF rotation is applied, 16-bit grey brought to 8, CMYK and palettes turned to RGB; of an
    animation the first frame is taken.

    Args:
        content: the file's bytes.
        mode: of the image that comes back.
        background: what transparency is laid on.
        enough: how many pixels a side are enough, as a JPEG may be unpacked at a fraction of its
            size; None for all.
        check: is told width and height, before anything is unpacked, and may raise ``Skipped``.

    Raises:
        Skipped: it is no picture that we read, or it is damaged.
    """
    with _reasons(content):
        image = _opened(content)
        check(*image.size)
        return _plain(_turned(_loaded(image, content, enough)), mode, background)


def decode_whole(content: bytes, fit: Fit) -> tuple[Image.Image, tuple[int, int]]:
    """Decode a picture file as ``fit`` needs it, and leave it uncropped.

    Returns:
        An ``L`` or ``RGB`` image, as large as in the file or at least twice ``fit.size``, and
        how wide and high in pixels the picture in the file is, upright.

    Raises:
        Skipped: it is no picture that we read, or it is damaged.
    """
    sizes: list[tuple[int, int]] = []
    image = upright(
        content,
        fit.mode,
        fit.background,
        enough=2 * fit.size,
        check=lambda width, height: sizes.append((width, height)),
    )
    (width, height) = sizes[0]
    lies = (width > height) != (image.width > image.height) and width != height
    return image, (height, width) if lies else (width, height)


def from_pixels(pixels: Pixels, mode: Mode) -> Image.Image:
    """``(h, w, 1)`` or ``(h, w, 3)`` bytes as an image."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert(mode)


def to_png(pixels: Pixels) -> bytes:
    """Pack ``(h, w, 1)`` or ``(h, w, 3)`` bytes without loss."""
    out = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(out, "PNG")
    return out.getvalue()


def _opened(content: bytes) -> ImageFile:
    if not content:
        raise Skipped("is empty")
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise Skipped(_too_large())
    return image


def _loaded(image: ImageFile, content: bytes, enough: int | None) -> ImageFile:
    if enough is not None:
        image.draft(None, (enough, enough))
    image.load()
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "RGB" and content[_DEPTH] == 16 and clear:
        # Pillow keeps the upper eight bits of the pixels, but all sixteen of this colour.
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    return image


@contextmanager
def _reasons(content: bytes) -> Iterator[None]:
    """Say in a word or two why a picture can't be decoded."""
    try:
        yield
    except Skipped:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Skipped(_too_large()) from error
    except UnidentifiedImageError as error:
        if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
            raise Skipped("is HEIC, which is not read; export it as JPEG") from error
        raise Skipped("is not a picture that can be read") from error
    except MemoryError as error:
        raise Skipped("needs more memory than there is") from error
    except Exception as error:
        raise Skipped(f"is damaged: {error}" if str(error) else "is damaged") from error


def _turned(image: Image.Image) -> Image.Image:
    # Broken EXIF raises anything, and the picture is still good.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _plain(image: Image.Image, mode: Mode, background: Colour) -> Image.Image:
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
        ground = Image.new("RGBA", image.size, (*background, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return image.convert(mode)


def _too_large() -> str:
    return f"has more than {MAX_PIXELS // 1_000_000} million pixels"
