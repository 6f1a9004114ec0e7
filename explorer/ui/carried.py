"""A picture in the hand: what a drag carries from sheet, gallery and canvas to the drop places."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from explorer.core.errors import KnownError
from explorer.latent.expression import Expression, read_expression, write_expression

EXPRESSION = "application/x-masquerade-expression"

_IN_HAND = 72  # logical pixels


def pack(
    expression: Expression, image: QImage | None = None, file: Path | None = None
) -> QMimeData:
    """Our own windows read the expression; others get the picture, or its file."""
    mime = QMimeData()
    mime.setData(EXPRESSION, write_expression(expression).encode())
    if file is not None:
        mime.setUrls([QUrl.fromLocalFile(str(file))])
    elif image is not None:
        mime.setImageData(image)
    return mime


def unpack(mime: QMimeData) -> Expression | None:
    """The expression that is carried, if any; what comes from elsewhere is read with care."""
    if not mime.hasFormat(EXPRESSION):
        return None
    try:
        return read_expression(bytes(mime.data(EXPRESSION).data()))
    except KnownError:
        return None


def picture_file(mime: QMimeData) -> Path | None:
    """The one PNG that is carried from outside, if it is one."""
    urls = mime.urls()
    if mime.hasFormat(EXPRESSION) or len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix.lower() == ".png" else None


def carry(source: QWidget, mime: QMimeData, image: QImage | None) -> None:
    """Drag until the button is let go."""
    drag = QDrag(source)
    drag.setMimeData(mime)
    if image is not None and not image.isNull():
        ratio = source.devicePixelRatioF()
        pixmap = QPixmap.fromImage(
            image.scaled(
                round(_IN_HAND * ratio),
                round(_IN_HAND * ratio),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )
        pixmap.setDevicePixelRatio(ratio)
        drag.setPixmap(pixmap)
        drag.setHotSpot(QPoint(_IN_HAND // 2, _IN_HAND // 2))
    drag.exec(Qt.DropAction.CopyAction)
