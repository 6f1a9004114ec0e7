"""Small pictures for the gallery view, made when a work is saved."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.gallery.recipe import rgb

LONG_SIDE = 256  # pixels
_QUALITY = 90


def thumbnail_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """A JPEG of at most 256 px a side; smaller pictures keep their size, for crisp scaling."""
    image = Image.fromarray(rgb(pixels))
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_QUALITY, subsampling=0)
    return content.getvalue()
