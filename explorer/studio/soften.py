"""Small pictures made fit to be looked at from near by."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture, shape (height, width, channels), channels 1 or 3."""

_SMALL = 160  # pixels; below this a window's bilinear enlargement shows its diamonds


def softened(pixels: Pixels) -> Pixels:
    """A small picture four times as large, by Lanczos; one that is large enough as it is.

    Under a millisecond at 64 px, so it keeps up with a dragged slider.
    """
    from PIL import Image  # not before the window stands

    height, width, channels = pixels.shape
    if max(height, width) >= _SMALL:
        return pixels
    plane = pixels if channels == 3 else pixels[:, :, 0]
    larger = Image.fromarray(plane).resize((4 * width, 4 * height), Image.Resampling.LANCZOS)
    return np.asarray(larger).reshape(4 * height, 4 * width, channels)
