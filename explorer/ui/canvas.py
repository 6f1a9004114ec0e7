"""The easel: one picture, as large as the room allows, on a calm wall."""

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from explorer.studio.session import PaintRequest
from explorer.studio.soften import Pixels
from explorer.ui.carried import unpack
from explorer.ui.images import image
from explorer.ui.theme import GRID, LIGHT, Colours

_MARGIN = 5 * GRID
_LARGEST = 12  # times its own pixels: beyond, a small picture is only fog
_NEAREST = 32.0
_REACH = 14  # logical pixels around the dividing line that take hold of it


class Canvas(QWidget):
    """Shows what was painted, and beside it what upscaling made of the very same question."""

    carried = Signal()
    """The picture is being dragged away."""
    dropped = Signal(object, bool)
    """An expression was let go here; True where it is a kept work with its file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(240, 240)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else all below is painted too
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Picture")
        self._colours: Colours = LIGHT
        self._wall = QColor(LIGHT.wall)
        self._crisp = False
        self._question: PaintRequest | None = None
        self._side = (1, 1)  # pixels of the painted picture: width, height
        self._hard: QImage | None = None
        self._soft: QImage | None = None
        self._large_question: PaintRequest | None = None
        self._large: QImage | None = None
        self._compares = True
        self._split = 0.5
        self._zoom = 1.0
        self._offset = QPointF()
        self._grabbed: str | None = None
        self._hovers_over = False
        self._pressed_at = QPoint()
        self._progress: float | None = None
        self._hint = ("", "")
        self._backdrop = QPixmap()
        self._backdrop_key: object = None

    # What it shows

    @property
    def question(self) -> PaintRequest | None:
        """What the painted picture answers."""
        return self._question

    @property
    def large_question(self) -> PaintRequest | None:
        return self._large_question

    @property
    def picture(self) -> QImage | None:
        """The best there is: upscaled if it was, else as painted."""
        return self._large or self._hard

    @property
    def compares(self) -> bool:
        return self._compares

    @property
    def split(self) -> float:
        """Where the line between before and after stands, 0 to 1 of the picture's width."""
        return self._split

    @property
    def zoom(self) -> float:
        return self._zoom

    def show_plain(self, question: PaintRequest, pixels: Pixels, soft: Pixels) -> None:
        """Hang what was painted; ``soft`` is the same, enlarged for the eye."""
        if self._large_question is not None and self._large_question.plain != question:
            self.forget_large()
        hung_like_it = self._hard is not None and self._side == (pixels.shape[1], pixels.shape[0])
        self._question = question
        self._side = (pixels.shape[1], pixels.shape[0])
        self._hard = image(pixels)
        self._soft = self._hard if soft is pixels else image(soft)
        self.update(self.picture_rect().toAlignedRect() if hung_like_it else self.rect())

    def show_large(self, question: PaintRequest, pixels: Pixels) -> None:
        self._large_question = question
        self._large = image(pixels)
        self._compares = True
        if self._question is None or self._question != question.plain:
            self._question = self._hard = self._soft = None  # it belongs to another picture
            self._side = (pixels.shape[1], pixels.shape[0])
        self.update()

    def forget_large(self) -> None:
        self._large_question = self._large = None
        self.update()

    def clear(self) -> None:
        self._question = self._hard = self._soft = None
        self.forget_large()

    def set_hint(self, heading: str, invitation: str) -> None:
        """What an empty canvas says."""
        self._hint = (heading, invitation)
        self.update()

    def set_light(self, colours: Colours, wall: QColor) -> None:
        self._colours, self._wall = colours, wall
        self.update()

    def set_crisp(self, crisp: bool) -> None:
        self._crisp = crisp
        self.update()

    def set_progress(self, progress: float | None) -> None:
        if progress != self._progress:  # told with every mouse event, and painting takes longer
            self._progress = progress
            self.update()

    def toggle_compare(self) -> None:
        self._compares = not self._compares
        self.update()

    def set_split(self, split: float) -> None:
        self._split = min(1.0, max(0.0, split))
        self.update()

    def fit(self) -> None:
        self._zoom, self._offset = 1.0, QPointF()
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture hangs, in logical pixels; whole device pixels where it is crisp."""
        width, height = self._side
        room_w = max(1.0, self.width() - 2 * _MARGIN)
        room_h = max(1.0, self.height() - 2 * _MARGIN)
        ratio = self.devicePixelRatioF()
        scale = min(room_w / width, room_h / height, float(_LARGEST))
        if self._hard is None and self._large is not None:
            scale = min(room_w / width, room_h / height)
        scale *= self._zoom
        if self._crisp and scale * ratio >= 1:
            scale = int(scale * ratio) / ratio
        size_w, size_h = width * scale, height * scale
        left = (self.width() - size_w) / 2 + self._offset.x()
        top = (self.height() - size_h) / 2 + self._offset.y()
        return QRectF(round(left * ratio) / ratio, round(top * ratio) / ratio, size_w, size_h)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.picture is None:
            painter.fillRect(self.rect(), self._wall)
            self._paint_hint(painter)
        else:
            self._paint_picture(painter)
        if self.hasFocus() or self._hovers_over:
            painter.setPen(QPen(QColor(self._colours.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        rect = self.picture_rect()
        painter.drawPixmap(0, 0, self._wall_with_shadow(rect))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not self._crisp)
        before = self._hard if self._crisp else self._soft
        if before is not None:
            painter.drawImage(rect, before)
        if self._large is not None:
            painter.save()
            if before is not None and self._compares:
                line = rect.left() + rect.width() * self._split
                painter.setClipRect(QRectF(line, rect.top(), rect.right() - line, rect.height()))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(rect, self._large)
            painter.restore()
            if before is not None and self._compares:
                self._paint_split(painter, rect)
        if self._progress is not None:
            self._paint_progress(painter, rect)

    def _wall_with_shadow(self, rect: QRectF) -> QPixmap:
        """Painted once for each place the picture hangs at: its many layers cost milliseconds."""
        ratio = self.devicePixelRatioF()
        key = (self.size(), ratio, rect, self._wall.rgb())
        if key != self._backdrop_key:
            # rounded up, so that no edge stays unpainted at a scale of 125 %
            backdrop = QPixmap(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
            backdrop.setDevicePixelRatio(ratio)
            backdrop.fill(self._wall)
            painter = QPainter(backdrop)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 3))
            for reach in range(0, 22, 2):
                shade = rect.adjusted(-reach, 6 - reach, reach, 10 + reach)
                painter.drawRoundedRect(shade, reach + 2, reach + 2)
            painter.end()
            self._backdrop, self._backdrop_key = backdrop, key
        return self._backdrop

    def _paint_split(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = rect.left() + rect.width() * self._split
        painter.setPen(QPen(QColor(0, 0, 0, 90), 4))
        painter.drawLine(QPointF(line, rect.top()), QPointF(line, rect.bottom()))
        painter.setPen(QPen(QColor("#ffffff"), 2))
        painter.drawLine(QPointF(line, rect.top()), QPointF(line, rect.bottom()))
        painter.setPen(QPen(QColor(0, 0, 0, 90), 1))
        painter.setBrush(QColor("#ffffff"))
        middle = QPointF(line, rect.center().y())
        painter.drawEllipse(middle, 13, 13)
        painter.setPen(QPen(QColor("#33312e"), 2))
        for side in (-1, 1):
            tip = middle + QPointF(8 * side, 0)
            painter.drawLine(tip, tip + QPointF(-4 * side, -4))
            painter.drawLine(tip, tip + QPointF(-4 * side, 4))
        large = self._large
        after = f"{large.width()} × {large.height()}" if large is not None else ""
        self._paint_tag(painter, f"painted  {self._side[0]} × {self._side[1]}", rect, left=True)
        self._paint_tag(painter, f"upscaled  {after}", rect, left=False)

    def _paint_tag(self, painter: QPainter, text: str, rect: QRectF, *, left: bool) -> None:
        room = painter.fontMetrics().boundingRect(text)
        width, height = room.width() + 20, room.height() + 8
        x = rect.left() + 12 if left else rect.right() - 12 - width
        tag = QRectF(x, rect.bottom() - 12 - height, width, height)
        painter.setPen(QColor(255, 255, 255, 50))  # an edge, should the picture be black too
        painter.setBrush(QColor(20, 20, 19, 170))
        painter.drawRoundedRect(tag, height / 2, height / 2)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_progress(self, painter: QPainter, rect: QRectF) -> None:
        done = self._progress or 0.0
        bar = QRectF(rect.left(), rect.bottom() + 10, rect.width(), 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(128, 128, 128, 90))
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(QColor(self._colours.accent))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * done, 4), 2, 2)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_tag(painter, f"Upscaling  {done:.0%}", rect, left=True)

    def _paint_hint(self, painter: QPainter) -> None:
        light = self._wall.lightness() > 128
        heading, invitation = self._hint
        font = painter.font()
        larger = painter.font()
        larger.setPointSizeF(font.pointSizeF() * 1.6)
        middle = QRectF(self.rect()).adjusted(32, 0, -32, 0)
        painter.setFont(larger)
        painter.setPen(QColor("#22211f" if light else "#ecebe8"))
        upper = QRectF(middle.left(), middle.center().y() - 64, middle.width(), 56)
        painter.drawText(
            upper, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, heading
        )
        painter.setFont(font)
        painter.setPen(QColor("#55524e" if light else "#a8a5a0"))
        lower = QRectF(middle.left(), middle.center().y() + 8, middle.width(), 80)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(lower, int(flags) | int(Qt.TextFlag.TextWordWrap), invitation)

    # Hands

    def _near_split(self, at: QPointF) -> bool:
        if self._large is None or self._hard is None or not self._compares:
            return False
        rect = self.picture_rect()
        line = rect.left() + rect.width() * self._split
        return abs(at.x() - line) <= _REACH and rect.top() <= at.y() <= rect.bottom()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.picture is None:
            return
        self._pressed_at = event.position().toPoint()
        if self._near_split(event.position()):
            self._grabbed = "split"
        elif self._zoom > 1.0:
            self._grabbed = "wall"
        elif self.picture_rect().contains(event.position()):
            self._grabbed = "picture"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grabbed == "split":
            rect = self.picture_rect()
            self.set_split((at.x() - rect.left()) / rect.width())
        elif self._grabbed == "wall":
            self._offset += at - QPointF(self._pressed_at)
            self._pressed_at = at.toPoint()
            self.update()
        elif self._grabbed == "picture":
            moved = (at.toPoint() - self._pressed_at).manhattanLength()
            if moved >= QApplication.startDragDistance():
                self._grabbed = None
                self.carried.emit()
        over = self._near_split(at)
        self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.picture is None:
            return
        before = self.picture_rect()
        at = event.position()
        self._zoom = min(_NEAREST, max(1.0, self._zoom * 1.0015 ** event.angleDelta().y()))
        if self._zoom == 1.0:
            self._offset = QPointF()
        else:  # what lies under the pointer stays there
            after = self.picture_rect()
            x = (at.x() - before.left()) / before.width()
            y = (at.y() - before.top()) / before.height()
            self._offset += QPointF(
                at.x() - after.left() - x * after.width(),
                at.y() - after.top() - y * after.height(),
            )
        self.update()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -0.05, Qt.Key.Key_Right: 0.05}.get(Qt.Key(event.key()))
        if step is not None and self._large is not None:
            self.set_split(self._split + step)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if unpack(event.mimeData()) is not None and event.source() is not self:
            self._hover(True)
            event.acceptProposedAction()
        # all else is left to the window, which takes files

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hover(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._hover(False)
        expression = unpack(event.mimeData())
        if expression is not None:
            event.acceptProposedAction()
            self.dropped.emit(expression, event.mimeData().hasUrls())

    def _hover(self, over: bool) -> None:
        self._hovers_over = over
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._zoom == 1.0:
            self._offset = QPointF()

    def leaveEvent(self, event: QEvent) -> None:
        self.unsetCursor()
