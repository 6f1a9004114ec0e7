"""Words that follow a hand need not run: nobody reads sixty a second."""

from PySide6.QtCore import QObject, QTimer

from explorer.studio.announcement import Announcement
from explorer.studio.session import SessionState
from explorer.studio.studio import Studio

_APART_MS = 40


class Steadily(QObject):
    """Announces what the studio does: at once, but during a gesture only every so often.

    The last state of a gesture is always announced too. What a drag leaves of a frame's 16 ms is
    the model's, and words and menus would take one or two of them for every move of the mouse.
    """

    def __init__(self, studio: Studio, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.changed: Announcement[[SessionState]] = Announcement()
        self._studio = studio
        self._gesture: object = None
        self._missed = False
        self._timer = QTimer(self, singleShot=True, interval=_APART_MS)
        self._timer.timeout.connect(self._catch_up)
        studio.changed.connect(self._hear)

    def _hear(self, state: SessionState) -> None:
        gesture = self._studio.history.gesture
        if gesture is not None and gesture == self._gesture and self._timer.isActive():
            self._missed = True
            return
        self._gesture, self._missed = gesture, False
        self._timer.start()
        self.changed(state)

    def _catch_up(self) -> None:
        if self._missed:
            self._hear(self._studio.state)
