"""Whoever scrolls past a slider doesn't mean to move it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class WheelWithFocus(QObject):
    """Leaves the wheel to what lies below its control, until that has the focus."""

    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        if control.focusPolicy() == Qt.FocusPolicy.WheelFocus:  # else the wheel would fetch it
            control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.Wheel:
            return False
        if isinstance(watched, QWidget) and watched.hasFocus():
            return False
        event.ignore()
        return True
