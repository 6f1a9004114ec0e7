"""A combo box with an arrow of our own, since a styled one has none."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from explorer.ui.icons import icon
from explorer.ui.theme import Colours


class Chooser(QComboBox):
    _arrow = QIcon()

    def set_light(self, colours: Colours) -> None:
        self._arrow = icon("down", colours.quiet)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        self._arrow.paint(painter, QRect(self.width() - 26, (self.height() - 18) // 2, 18, 18))
        painter.end()
