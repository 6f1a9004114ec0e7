"""``explorer``, saying when its window and its first picture have been painted.

The command itself runs; an event filter looks on. A word is written when the event loop turns
after the painting, which is a little late rather than early. Arguments are those of ``explorer``.
"""

import os
import sys

from PySide6.QtCore import QEvent, QObject, QTimer

from explorer.ui.app import application
from explorer.ui.canvas import Canvas


class Onlooker(QObject):
    """Watches the canvas being painted: empty at first, then with a picture."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, Canvas):
            self._note("window")
            if watched.picture is not None:
                self._note("picture")
        return False

    def _note(self, what: str) -> None:
        if what not in self._seen:
            self._seen.add(what)
            QTimer.singleShot(0, lambda: self._say(what))

    def _say(self, what: str) -> None:
        os.write(1, f"{what}\n".encode())
        if what == "picture":
            application().closeAllWindows()


def main() -> None:
    onlooker = Onlooker()
    application().installEventFilter(onlooker)
    sys.argv[0] = "explorer"
    from explorer.cli import main as explorer

    explorer()


if __name__ == "__main__":
    main()
