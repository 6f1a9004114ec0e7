"""The window as a whole, used as a person uses it."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollBar,
)
from pytestqt.qtbot import QtBot

from explorer.models.library import Library
from explorer.studio.hands import Hands
from explorer.studio.settings import Settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Workroom
from explorer.ui.app import open_studio
from explorer.ui.bridge import Post
from explorer.ui.window import Window

from .conftest import GOLDEN, MODEL, Room


def test_light_turns_dark_and_back(room: Room) -> None:
    room.show_seed(1)
    before = room.window.grab().toImage().pixelColor(5, 300).lightness()

    room.ctrl(Qt.Key.Key_D)
    after = room.window.grab().toImage().pixelColor(5, 300).lightness()

    assert before > 200
    assert after < 60
    assert room.studio.settings.theme == "dark"


def test_another_model_is_chosen_and_undone(room: Room) -> None:
    room.show_seed(2)
    models = room.window.bar.models
    other = models.findData("golden-stylegan2")

    models.setCurrentIndex(other)
    models.activated.emit(other)
    room.until_painted()
    assert room.state.model == "golden-stylegan2"
    room.ctrl(Qt.Key.Key_Z)

    assert room.state.model == MODEL
    assert models.currentData() == MODEL


def test_f1_shows_every_key(room: Room) -> None:
    room.key(Qt.Key.Key_F1)
    sheets = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    (sheet,) = sheets
    sheet.close()


def test_every_control_says_what_it_is(room: Room) -> None:
    for kind in (QAbstractButton, QAbstractSlider, QComboBox, QLineEdit):
        for control in room.window.findChildren(kind):
            inner = control.objectName().startswith("qt_") or isinstance(control, QScrollBar)
            if inner or isinstance(control.parent(), (QComboBox, QLineEdit)):
                continue
            named = control.accessibleName() or getattr(control, "text", str)()
            assert named, control


def test_a_broken_model_is_listed_and_can_not_be_chosen(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    broken = home / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{")
    room = Room(home, qtbot, folders=[GOLDEN, home / "models"])
    models = room.window.bar.models

    at = models.findText("broken", Qt.MatchFlag.MatchContains)
    before = room.state
    models.activated.emit(at)

    assert at >= 0
    assert not models.model().flags(models.model().index(at, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert room.state == before
    room.close()


def test_a_model_named_by_its_path_is_opened(home: Path, qtbot: QtBot, qapp: QApplication) -> None:
    window, studio = open_studio(str(GOLDEN / "dcgan-bundle"))
    complaints: list[str] = []
    studio.complained.connect(complaints.append)
    window.show()
    studio.start()
    qtbot.waitUntil(lambda: bool(studio.entries))

    assert studio.state.model == MODEL
    assert not complaints
    qtbot.waitUntil(lambda: window.canvas.picture is not None)
    window.close()
    window.deleteLater()


def test_no_model_at_all_is_an_invitation_and_not_a_crash(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:

    post = Post()
    studio = Studio(
        Workroom(library=lambda: Library([home])), Hands.threads(), post, settings=Settings()
    )
    listed: list[bool] = []
    studio.models_listed.connect(lambda: listed.append(True))
    window = Window(studio, home / "settings.json")
    window.show()
    studio.start()
    qtbot.waitUntil(lambda: bool(listed))

    studio.show_seed(1)

    assert window.canvas.picture is None
    window.close()
    window.deleteLater()


def test_turning_to_the_gallery_and_back_leaves_letters_commands(room: Room) -> None:
    room.window.sheet.grid.setFocus()

    room.studio.set(side="gallery")
    assert room.window.focusWidget() is room.window.gallery.grid
    room.studio.set(side="seeds")
    assert room.window.focusWidget() is room.window.sheet.grid
    room.studio.set(side="gallery")
    room.until(room.window.gallery.hint.isVisible)

    assert not isinstance(room.window.focusWidget(), QLineEdit)


def test_escape_leaves_the_full_screen(room: Room) -> None:
    room.studio.summoned("fullscreen")
    assert room.window.isFullScreen()

    room.key(Qt.Key.Key_Escape)

    assert not room.window.isFullScreen()


def test_a_name_can_be_given_while_the_gallery_is_spread_out(room: Room) -> None:
    room.show_seed(1)
    room.studio.set(side="gallery", spread=True)

    room.studio.summoned("name")

    assert room.window.focusWidget() is room.window.plaque.title
    assert room.window.plaque.title.isVisible()
