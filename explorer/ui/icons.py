"""Small drawings for buttons, in the colour of the text around them."""

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_DRAWINGS = {
    "undo": '<path d="M9 7 4.5 11.5 9 16"/><path d="M5 11.5h8.5a5 5 0 0 1 0 10H11"/>',
    "redo": '<path d="m15 7 4.5 4.5L15 16"/><path d="M19 11.5h-8.5a5 5 0 0 0 0 10H13"/>',
    "play": '<path d="M8 5.5v13l11-6.5z" fill="currentColor"/>',
    "pause": '<path d="M8 6v12M16 6v12" stroke-width="3"/>',
    "swap": '<path d="M4 9h15l-4-4M20 15H5l4 4"/>',
    "random": '<rect x="4" y="4" width="16" height="16" rx="4"/><g fill="currentColor" stroke="none">'
    '<circle cx="9" cy="9" r="1.6"/><circle cx="15" cy="15" r="1.6"/><circle cx="12" cy="12" r="1.6"/></g>',
    "light": '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
    "more": '<g fill="currentColor" stroke="none"><circle cx="5" cy="12" r="1.8"/>'
    '<circle cx="12" cy="12" r="1.8"/><circle cx="19" cy="12" r="1.8"/></g>',
    "suggest": '<path d="M12 3.5 14 10l6.5 2-6.5 2-2 6.5L10 14l-6.5-2L10 10z"/>',
    "compare": '<rect x="4" y="5" width="16" height="14" rx="2"/><path d="M12 3v18"/>'
    '<path d="M12 5h6a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-6z" fill="currentColor" stroke="none"/>',
    "spread": '<path d="M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "down": '<path d="m7 10 5 5 5-5"/>',
}


def icon(name: str, colour: str, faint: str | None = None) -> QIcon:
    """The drawing in ``colour``, and in ``faint`` while its button can't be pressed."""
    made = QIcon()
    made.addPixmap(_pixmap(name, colour), QIcon.Mode.Normal)
    if faint is not None:
        made.addPixmap(_pixmap(name, faint), QIcon.Mode.Disabled)
    return made


def _pixmap(name: str, colour: str, side: int = 72) -> QPixmap:
    """Drawn large once; Qt scales it down for every kind of screen."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{colour}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
        f"{_DRAWINGS[name].replace('currentColor', colour)}</svg>"
    )
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    return pixmap
