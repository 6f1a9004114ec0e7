"""Small pictures made fit to be looked at from near by."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture, shape (height, width, channels), channels 1 or 3."""

_ENOUGH = 256  # pixels; below this a window's bilinear enlargement shows its diamonds


def softened(pixels: Pixels) -> Pixels:
    """A small picture as many times as large as brings it to 256 px, by Lanczos.

    Under a millisecond, so it keeps up with a dragged slider. A large one stays as it is.
    """
    from PIL import Image  # not before the window stands

    height, width, channels = pixels.shape
    times = -(-_ENOUGH // max(height, width))
    if times == 1:
        return pixels
    plane = pixels if channels == 3 else pixels[:, :, 0]
    size = (times * width, times * height)
    larger = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(larger).reshape(*size[::-1], channels)
