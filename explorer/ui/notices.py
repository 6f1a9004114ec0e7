"""One quiet sentence at a time, above the plaque: what was done, or what stood in the way."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from explorer.ui.theme import GRID

_TOAST_MS = 6_000
_ERROR_MS = 20_000


class Notice(QFrame):
    """Floats over the lower edge of ``host`` and goes by itself."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._undo: Callable[[], None] | None = None
        self.setProperty("role", "notice")
        self.setAccessibleName("Notice")
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.button = QPushButton("Undo")
        self.dismiss = QPushButton("Dismiss")
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID, GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        row.addWidget(self.dismiss)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.button.clicked.connect(self._take_back)
        self.dismiss.clicked.connect(self.hide)
        host.installEventFilter(self)
        self.hide()

    def toast(self, sentence: str, undo: Callable[[], None] | None = None) -> None:
        self._show(sentence, undo, _TOAST_MS)

    def complain(self, sentence: str) -> None:
        self._show(sentence, None, _ERROR_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._settle()
        return super().eventFilter(watched, event)

    def _show(self, sentence: str, undo: Callable[[], None] | None, stays_ms: int) -> None:
        self._undo = undo
        self.text.setText(sentence)
        self.button.setVisible(undo is not None)
        self.dismiss.setVisible(undo is None)
        self._settle()
        self.show()
        self.raise_()
        self._timer.start(stays_ms)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))

    def _settle(self) -> None:
        buttons = 16 * GRID
        words = self.text.fontMetrics().horizontalAdvance(self.text.text()) + 8
        room = self._host.width() - 6 * GRID
        width = min(room, words + buttons, 80 * GRID)
        self.setFixedWidth(width)
        height = max(6 * GRID, self._row.heightForWidth(width))
        self.setFixedHeight(height)
        self.move((self._host.width() - width) // 2, self._host.height() - height - 11 * GRID)

    def _take_back(self) -> None:
        undo, self._undo = self._undo, None
        self.hide()
        if undo is not None:
            undo()
