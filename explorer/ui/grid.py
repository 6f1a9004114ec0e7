"""A wall of small pictures: what the contact sheet and the gallery have in common."""

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from explorer.ui.carried import carry
from explorer.ui.images import fitted
from explorer.ui.theme import LIGHT, Colours

Index = QModelIndex | QPersistentModelIndex

_KEYS_THAT_MOVE = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
}


class Frames(QStyledItemDelegate):
    """Paints one small picture with its ring, and its caption below where there is room."""

    def __init__(self, gap: int, caption: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.colours: Colours = LIGHT
        self.gap = gap
        self.caption = caption  # logical pixels below the picture
        self.crisp = False

    def picture_rect(self, cell: QRect) -> QRect:
        half = self.gap // 2
        return cell.adjusted(half, half, -half, -half - self.caption)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = bool(state & QStyle.StateFlag.State_HasFocus) and not selected
        rect = QRectF(self.picture_rect(cell))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(rect, 5, 5)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QImage):
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not self.crisp)
            painter.setClipPath(path)
            painter.drawImage(fitted(picture, rect), picture)
            painter.setClipping(False)
        else:
            painter.fillPath(path, QColor(self.colours.hover))
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        if self.caption:
            self._paint_caption(painter, cell, text, bool(index.data(Qt.ItemDataRole.EditRole)))
        elif hovered or selected:
            self._paint_tag(painter, rect, text)
        if selected or hovered or focused:  # focused: where the arrow keys go on from
            colour = QColor(self.colours.accent if selected else self.colours.edge)
            painter.setPen(QPen(colour, 3 if selected or focused else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-1, -1, 1, 1), 6, 6)
        painter.restore()

    def _paint_caption(self, painter: QPainter, cell: QRect, text: str, named: bool) -> None:
        room = self._caption_rect(cell)
        font = painter.font()
        font.setItalic(not named)
        painter.setFont(font)
        painter.setPen(QColor(self.colours.text if named else self.colours.quiet))
        short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, short)

    def _paint_tag(self, painter: QPainter, rect: QRectF, text: str) -> None:
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.8)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(text) + 10
        tag = QRectF(rect.left() + 4, rect.bottom() - 20, width, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(tag, 8, 8)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)

    def _caption_rect(self, cell: QRect) -> QRect:
        below = self.picture_rect(cell)
        return QRect(below.left(), below.bottom() + 4, below.width(), self.caption - 4)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        parent = self.parent()
        return parent.gridSize() if isinstance(parent, QListView) else QSize(96, 96)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setMaxLength(500)
        editor.setAccessibleName("New name")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if not (isinstance(editor, QLineEdit) and editor.isModified()):
            super().setEditorData(editor, index)  # a thumbnail's arrival must not undo typing

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        cell: QRect = option.rect
        room = self._caption_rect(cell)
        editor.setGeometry(room.left() - 2, room.top() - 4, room.width() + 4, 32)


class Grid(QListView):
    """Square cells that share the width evenly, and tell which of them are in view."""

    chosen = Signal(int)
    """A row was clicked, or reached with the arrow keys."""
    looked_at = Signal(int, int)
    """The rows in view: first, and one past the last."""

    def __init__(self, cell: int, *, gap: int = 8, caption: int = 0, keys_choose: bool) -> None:
        super().__init__()
        self._cell = cell
        self._keys_choose = keys_choose
        self.frames = Frames(gap, caption, self)
        self.setItemDelegate(self.frames)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(32)
        self._settled = QTimer(self, singleShot=True, interval=0)
        self._settled.timeout.connect(self._tell)
        self.verticalScrollBar().valueChanged.connect(self.ask)
        self.verticalScrollBar().rangeChanged.connect(self._ranged)
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        self._lay_out()

    def set_light(self, colours: Colours) -> None:
        self.frames.colours = colours
        self.viewport().update()

    def columns(self) -> int:
        return max(1, (self.viewport().width() - 1) // self._cell)

    def rows_in_view(self) -> tuple[int, int]:
        """Rows of the model, half-open, from what the scroll bar says."""
        high = max(1, self.gridSize().height())
        top = self.verticalScrollBar().value()
        first = top // high * self.columns()
        last = (top + self.viewport().height()) // high * self.columns() + self.columns()
        count = self.model().rowCount() if self.model() is not None else 0
        return min(first, count), min(last, count)

    def ask(self, *_: object) -> None:
        """Tell again what is in view, soon."""
        self._settled.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)
        self._settled.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        after = self.currentIndex().row()
        if self._keys_choose and Qt.Key(event.key()) in _KEYS_THAT_MOVE and after != before:
            self.chosen.emit(after)

    def startDrag(self, actions: Qt.DropAction) -> None:
        index = self.currentIndex()
        if index.isValid():
            picture = index.data(Qt.ItemDataRole.DecorationRole)
            carry(self, self.model().mimeData([index]), picture)

    def _lay_out(self) -> None:
        side = (self.viewport().width() - 1) // self.columns()
        size = QSize(side, side + self.frames.caption)
        if size != self.gridSize():
            self.setGridSize(size)

    def _ranged(self, low: int, high: int) -> None:
        self.verticalScrollBar().setEnabled(high > low)  # and invisible where all is in view
        self._settled.start()

    def _tell(self) -> None:
        self.looked_at.emit(*self.rows_in_view())
