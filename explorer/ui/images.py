"""From a worker's pixels to what Qt paints."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from explorer.studio.workroom import Pixels

_SMALL = 160  # pixels; below this Qt's bilinear enlargement shows its diamonds


def image(pixels: Pixels) -> QImage:
    """A QImage of its own: Qt would share the array's memory, which may go or change."""
    rgb = pixels if pixels.shape[2] == 3 else np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    shared = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return shared.convertToFormat(QImage.Format.Format_RGB32)  # its own memory, and fast to paint


def from_jpeg(content: bytes) -> QImage:
    """A thumbnail of the gallery; no other format is tried."""
    made = QImage()
    made.loadFromData(content, "JPEG")
    return made


def softened(pixels: Pixels) -> Pixels:
    """A small picture four times as large, by Lanczos; one that is large enough as it is.

    Under half a millisecond at 64 px, so it keeps up with a dragged slider.
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
