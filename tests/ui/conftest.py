"""A real window on an invisible screen, with real workers, and nobody left behind afterwards."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.gallery.artwork import Artwork
from explorer.gallery.store import Gallery
from explorer.latent.expression import Expression
from explorer.models.library import Library
from explorer.studio.hands import Hands
from explorer.studio.session import SessionState
from explorer.studio.settings import Settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Workroom
from explorer.ui.app import application
from explorer.ui.bridge import Post
from explorer.ui.carried import pack
from explorer.ui.window import Window

GOLDEN = Path(__file__).parents[1] / "golden"
MODEL = "golden-dcgan"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen plugin says of every window with a smallest size that it can't pass it on."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.fixture(autouse=True)
def nobody_left_behind(qapp: QApplication) -> Iterator[None]:
    """No test may leave a thread or a top-level window."""
    threads = set(threading.enumerate())
    windows = set(QApplication.topLevelWidgets())
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [widget for widget in QApplication.topLevelWidgets() if widget not in windows]
    assert not [widget for widget in left if widget.isVisible()]
    running = [thread for thread in threading.enumerate() if thread not in threads]
    assert not running


class Room:
    """A window with its studio, and hands to use it."""

    def __init__(
        self,
        home: Path,
        qtbot: QtBot,
        settings: Settings | None = None,
        folders: Sequence[Path] = (GOLDEN,),
    ) -> None:
        self.qtbot = qtbot
        self.home = home
        self.settings_file = home / "settings.json"
        self.post = Post()
        self.studio = Studio(
            Workroom(
                library=lambda: Library(folders),
                gallery=lambda: Gallery.open(home / "gallery"),
            ),
            Hands.threads(),
            self.post,
            settings=settings or Settings(upscalers="lanczos", theme="light"),
            state=None if settings else SessionState(model=MODEL),
        )
        self.complaints: list[str] = []
        self.kept: list[Artwork] = []
        self.studio.complained.connect(self.complaints.append)
        self.studio.kept.connect(self.kept.append)
        self.window = Window(self.studio, self.settings_file)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.studio.start()
        self.until(lambda: bool(self.studio.entries))

    @property
    def state(self) -> SessionState:
        return self.studio.state

    def until(self, is_so: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(is_so, timeout=10_000)

    def until_painted(self) -> None:
        """Wait for the canvas to answer what is asked."""
        canvas = self.window.canvas

        def is_so() -> bool:
            question = self.studio.question
            if question is None or canvas.question != question.plain:
                return False
            return not question.upscale or canvas.large_question == question

        self.until(is_so)

    def show_seed(self, seed: int) -> None:
        """Click a picture of the sheet."""
        sheet = self.window.sheet
        row = sheet.seeds.row(seed)
        assert row is not None
        index = sheet.seeds.index(row)
        sheet.grid.scrollTo(index)
        middle = sheet.grid.visualRect(index).center()
        self.qtbot.mouseClick(sheet.grid.viewport(), Qt.MouseButton.LeftButton, pos=middle)
        self.until_painted()

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        """Press a key as if the canvas had the focus."""
        self.window.canvas.setFocus()
        self.qtbot.keyClick(self.window.canvas, key, modifier or Qt.KeyboardModifier.NoModifier)

    def ctrl(self, key: Qt.Key) -> None:
        self.key(key, Qt.KeyboardModifier.ControlModifier)

    def save(self, title: str) -> Artwork:
        """Name what is shown and press the button."""
        count = len(self.kept)
        self.window.plaque.title.setFocus()
        self.window.plaque.title.clear()
        self.qtbot.keyClicks(self.window.plaque.title, title)
        self.qtbot.mouseClick(self.window.plaque.save, Qt.MouseButton.LeftButton)
        self.until(lambda: len(self.kept) > count)
        return self.kept[-1]

    def close(self) -> None:
        self.window.close()
        self.until(lambda: not self.window.isVisible())  # it stays until all is saved
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def drop(target: QWidget, what: Expression | QMimeData) -> bool:
    """Let a picture go over ``target``; whether it was taken."""
    mime = what if isinstance(what, QMimeData) else pack(what)
    at = QPoint(target.width() // 2, target.height() // 2)
    actions, button, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(at, actions, mime, button, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    let_go = QDropEvent(QPointF(at), actions, mime, button, none)
    QApplication.sendEvent(target, let_go)
    return let_go.isAccepted()


def wheel(target: QWidget, by: int, at: QPointF | None = None) -> None:
    """Turn the wheel over ``target``, 120 for a notch away from the hand."""
    at = at or QPointF(target.width() / 2, target.height() / 2)
    window = target.window()
    handle = window.windowHandle()
    assert handle is not None
    assert window.childAt(target.mapTo(window, at).toPoint()), "it can't be seen"
    QTest.wheelEvent(handle, target.mapTo(window, at), QPoint(0, by))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def room(home: Path, qtbot: QtBot, qapp: QApplication) -> Iterator[Room]:
    application()
    made = Room(home, qtbot)
    yield made
    made.close()
