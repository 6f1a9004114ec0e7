"""A place where a picture can be dropped: pins and the terms of a sum are made of these."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu

from explorer.latent.arithmetic import Path
from explorer.latent.expression import Expression
from explorer.studio.soften import Pixels
from explorer.ui.carried import carry, pack, unpack
from explorer.ui.images import fitted, image
from explorer.ui.theme import LIGHT, Colours
from explorer.ui.words import words


class DropPlace(QAbstractButton):
    """Empty, it takes what is shown when clicked and whatever is dropped; filled, it shows it."""

    dropped = Signal(object)
    """An expression was let go here."""
    emptied = Signal()
    asked = Signal()
    """It is empty and was clicked: it wants the picture that is shown."""
    looked = Signal(object)
    """It is filled and was clicked: its expression wants to be shown."""

    def __init__(self, letter: str, purpose: str, *, key: str = "") -> None:
        super().__init__()
        self._letter = letter
        self._purpose = purpose
        self._key = f" ({key})" if key else ""
        self._expression: Expression | None = None
        self._path: Path = "slerp"
        self._image: QImage | None = None
        self._pixels: Pixels | None = None
        self._colours: Colours = LIGHT
        self._hovers_over = False
        self._pressed_at = QPoint()
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self._answer_click)
        self.set_expression(None)

    @property
    def expression(self) -> Expression | None:
        return self._expression

    @property
    def image(self) -> QImage | None:
        return self._image

    def set_expression(self, expression: Expression | None, path: Path = "slerp") -> None:
        if expression == self._expression and path == self._path and self.accessibleName():
            return
        if expression != self._expression:
            self._image = self._pixels = None
        self._expression, self._path = expression, path
        text = words(expression, path)
        if expression is None:
            self.setAccessibleName(f"{self._purpose}, empty")
            self.setToolTip(f"Drop a picture here, or click to take the one shown{self._key}")
        else:
            self.setAccessibleName(f"{self._purpose}: {text}")
            self.setToolTip(f"{text}\nClick to look, Delete to take it away{self._key}")
        self.update()

    def set_pixels(self, pixels: Pixels) -> None:
        if pixels is not self._pixels:
            self._pixels, self._image = pixels, image(pixels)
            self.update()

    def set_light(self, colours: Colours) -> None:
        self._colours = colours
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, 80)

    def paintEvent(self, event: QPaintEvent) -> None:
        c = self._colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        path = QPainterPath()
        path.addRoundedRect(rect, 6, 6)
        painter.fillPath(path, QColor(c.hover if self._hovers_over else c.field))
        if self._expression is None:
            self._paint_empty(painter, rect)
        elif self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setClipPath(path)
            painter.drawImage(fitted(self._image, rect), self._image)
            painter.setClipping(False)
            self._paint_letter(painter, rect)
        if self._hovers_over or self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect, 6, 6)
        painter.end()

    def _paint_empty(self, painter: QPainter, rect: QRectF) -> None:
        pen = QPen(QColor(self._colours.edge), 1.2, Qt.PenStyle.DashLine)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(rect, 6, 6)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.setFont(font)
        painter.setPen(QColor(self._colours.quiet))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._letter)

    def _paint_letter(self, painter: QPainter, rect: QRectF) -> None:
        tag = QRectF(rect.left() + 5, rect.bottom() - 23, 18, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 160))
        painter.drawEllipse(tag)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, self._letter)

    def _answer_click(self) -> None:
        if self._expression is None:
            self.asked.emit()
        else:
            self.looked.emit(self._expression)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.emptied.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._expression is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        look = QAction("Look at it", menu)
        look.triggered.connect(self.click)
        away = QAction("Take it away", menu)
        away.triggered.connect(self.emptied)
        menu.addActions([look, away])
        menu.popup(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved = (event.position().toPoint() - self._pressed_at).manhattanLength()
        pulled = moved >= QApplication.startDragDistance()
        if self._expression is not None and self.isDown() and pulled:
            self.setDown(False)
            carry(self, pack(self._expression, self._image), self._image)
        else:
            super().mouseMoveEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if unpack(event.mimeData()) is not None and event.source() is not self:
            self._hovers_over = True
            event.acceptProposedAction()
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hovers_over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hovers_over = False
        self.update()
        expression = unpack(event.mimeData())
        if expression is not None:
            event.acceptProposedAction()
            self.dropped.emit(expression)
