"""What hangs on the easel."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
)

from .conftest import Room, wheel

LEFT = Qt.MouseButton.LeftButton


def test_upscaling_hangs_before_and_after_side_by_side(room: Room) -> None:
    room.show_seed(1)

    room.key(Qt.Key.Key_U)
    room.until_painted()

    canvas, plaque = room.window.canvas, room.window.plaque
    assert canvas.compares
    assert plaque.upscale.text() == "As painted"
    rect = canvas.picture_rect()
    start = QPointF(rect.left() + rect.width() * canvas.split, rect.center().y()).toPoint()
    room.qtbot.mousePress(canvas, LEFT, pos=start)
    room.qtbot.mouseMove(canvas, QPoint(round(rect.left() + rect.width() * 0.25), start.y()))
    room.qtbot.mouseRelease(canvas, LEFT, pos=start)
    assert canvas.split == pytest.approx(0.25, abs=0.01)
    room.qtbot.mouseClick(plaque.upscale, LEFT)
    assert canvas.large_question is None


def test_the_next_picture_is_plain_again(room: Room) -> None:
    room.show_seed(1)
    room.key(Qt.Key.Key_U)
    room.until_painted()

    room.show_seed(2)

    assert room.window.canvas.large_question is None
    assert room.window.plaque.upscale.text() == "Upscale"


def test_truncation_repaints_the_picture_and_the_sheet(room: Room) -> None:
    room.show_seed(1)
    seeds = room.window.sheet.seeds
    room.until(lambda: seeds.picture(1) is not None)
    before = seeds.picture(1)

    room.window.tools.truncation.setValue(40)
    room.until_painted()

    assert room.state.psi == 0.4
    room.until(lambda: seeds.picture(1) is not before)


def test_the_wheel_brings_the_picture_nearer_and_a_double_click_fits_it(room: Room) -> None:
    room.show_seed(1)
    canvas = room.window.canvas
    at = QPointF(canvas.width() / 2 + 30, canvas.height() / 2)
    wheel(canvas, 240, at)
    assert canvas.zoom > 1
    room.qtbot.mouseDClick(canvas, LEFT)

    assert canvas.zoom == 1


def test_a_picture_is_copied_for_other_programs(room: Room) -> None:
    room.show_seed(5)

    room.ctrl(Qt.Key.Key_C)

    assert QApplication.clipboard().image().size() == QSize(8, 8)
