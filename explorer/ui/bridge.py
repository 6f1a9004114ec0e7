"""The one place where a worker's answer crosses to the UI thread."""

from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Bridge(QObject):
    """Hand ``send`` to a worker; ``arrived`` fires on the thread that made the bridge."""

    arrived = Signal(object, object)
    _sent = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sent.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)

    def send(self, question: object, answer: object) -> None:
        self._sent.emit(question, answer)

    @Slot(object, object)
    def _pass_on(self, question: object, answer: object) -> None:
        self.arrived.emit(question, answer)


class Post:
    """Calling it with a closure runs the closure on the thread that made it, soon."""

    def __init__(self, parent: QObject | None = None) -> None:
        self._bridge = Bridge(parent)
        self._bridge.arrived.connect(self._run)

    def __call__(self, run: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the window is gone, and nobody waits for the answer
            self._bridge.send(run, None)

    @staticmethod
    def _run(run: Callable[[], None], _: object) -> None:
        run()
