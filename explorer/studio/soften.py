"""Small pictures made fit to be looked at from near by."""

from functools import lru_cache
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
    height, width, channels = pixels.shape
    if max(height, width) >= _SMALL:
        return pixels
    rows, columns = _lanczos(height), _lanczos(width)
    taller = rows @ pixels.reshape(height, width * channels).astype(np.float32)
    taller = taller.reshape(4 * height, width, channels).transpose(0, 2, 1)
    wider = (taller @ columns.T).transpose(0, 2, 1)
    return np.ascontiguousarray(np.clip(np.rint(wider), 0, 255).astype(np.uint8))


@lru_cache(maxsize=8)
def _lanczos(size: int, scale: int = 4, lobes: int = 3) -> NDArray[np.float32]:
    """The matrix (size * scale, size) that resamples one axis; rows sum to 1."""
    at = (np.arange(size * scale) + 0.5) / scale - 0.5
    distance = at[:, None] - np.arange(size)[None, :]
    weights = np.where(np.abs(distance) < lobes, np.sinc(distance) * np.sinc(distance / lobes), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
