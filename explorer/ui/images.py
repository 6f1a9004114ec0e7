"""From a worker's pixels to what Qt paints."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from explorer.studio.soften import Pixels, softened

__all__ = ["fitted", "from_jpeg", "image", "softened"]


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


def fitted(picture: QImage, room: QRectF) -> QRectF:
    """The picture's own shape, as large as fits in the middle of ``room``."""
    scale = min(room.width() / picture.width(), room.height() / picture.height())
    width, height = picture.width() * scale, picture.height() * scale
    return QRectF(room.center().x() - width / 2, room.center().y() - height / 2, width, height)
