"""What the window remembers from one start to the next."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
)
from pytestqt.qtbot import QtBot

from explorer.latent.expression import Seed
from explorer.studio.settings import read_settings

from .conftest import Room


def test_the_window_remembers_what_was_on_the_easel(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    first = Room(home, qtbot)
    first.show_seed(5)
    first.key(Qt.Key.Key_U)
    first.until_painted()
    first.ctrl(Qt.Key.Key_D)
    first.ctrl(Qt.Key.Key_2)
    first.close()

    settings, sentence = read_settings(first.settings_file)
    assert sentence is None
    second = Room(home, qtbot, settings)
    second.until_painted()

    assert second.state.shown == Seed(seed=5)
    assert second.studio.settings.theme == "dark"
    assert not second.state.upscale  # a start doesn't begin with an upscaler
    focus = second.window.focusWidget()
    assert focus is second.window.canvas  # and not with a field that swallows the first key
    second.close()


def test_what_hangs_on_the_easel_is_written_before_the_window_is_closed(
    room: Room, qtbot: QtBot
) -> None:
    room.window.rested.setInterval(0)
    room.show_seed(5)
    room.ctrl(Qt.Key.Key_D)
    room.until(room.settings_file.exists)
    room.until(lambda: not room.window.rested.isActive())

    settings, sentence = read_settings(room.settings_file)  # as after a power cut

    assert sentence is None
    assert settings.session is not None
    assert settings.session.shown == Seed(seed=5)
    assert settings.theme == "dark"


def test_nothing_is_written_while_a_hand_is_on_a_slider(room: Room) -> None:
    room.show_seed(5)
    window, slider = room.window, room.window.tools.truncation

    slider.setSliderDown(True)
    slider.setValue(60)
    window.rested.timeout.emit()
    assert not room.settings_file.exists()
    assert window.rested.isActive()  # it is tried again

    slider.setSliderDown(False)
    window.rested.timeout.emit()
    settings, _ = read_settings(room.settings_file)
    assert settings.session is not None
    assert settings.session.psi == 0.6


def test_settings_that_can_not_be_written_are_logged_once_and_tried_again(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.settings_file.mkdir()  # in the way
    for seed in (5, 6):
        room.show_seed(seed)
        room.window.rested.timeout.emit()
    assert caplog.text.count("settings not written") == 1
    assert not room.complaints

    room.settings_file.rmdir()
    room.window.rested.timeout.emit()

    assert room.settings_file.is_file()
