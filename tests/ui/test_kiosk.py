"""The kiosk's window, driven as visitors and staff would, by a clock that only moves when told."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.core.progress import Cancelled, Progress
from explorer.gallery.pictures import read_pixels
from explorer.gallery.store import Gallery
from explorer.latent.seeds import Latent
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator
from explorer.studio.installation import Installation, Pixels, fresh_name
from explorer.studio.kiosk import Stage
from explorer.studio.walk import Tempo
from explorer.studio.watch import HOPELESS
from explorer.ui.kiosk_scene import Layout
from explorer.ui.kiosk_window import KioskWindow
from explorer.upscale.upscaler import Upscalers

GOLDEN = Path(__file__).parents[1] / "golden" / "dcgan-bundle"
TEMPO = Tempo()


class Stoppable(Installation):
    """Paints and keeps only while nobody holds its hands."""

    stuck, busy = threading.Event(), threading.Event()
    stuck.set()
    busy.set()

    def paint(self, point: Latent) -> Pixels:
        self.stuck.wait(20)
        return super().paint(point)

    def keep(self, point: Latent) -> str:
        self.busy.wait(20)
        return super().keep(point)


class Hall:
    """A window in an empty gallery, and the clock on its wall."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.now = 0.0
        self.gallery = Gallery.open(folder)
        generator = Generator.open(Bundle.read(GOLDEN))
        self.installation = Stoppable(generator, Upscalers([]), self.gallery)
        self.window = KioskWindow(self.installation, clock=lambda: self.now)
        self.window.resize(960, 540)
        self.left = 0
        self.window.left.connect(self._leave)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.middle = QPoint(480, 200)

    def _leave(self) -> None:
        self.left += 1

    def stage(self) -> Stage:
        return self.window.stage

    def after(self, seconds: float, step: float = 0.1) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now = min(until, self.now + step)
            self.window.advance()

    def key(self, key: Qt.Key, kind: QEvent.Type, *, auto: bool = False) -> None:
        chord = (
            Qt.KeyboardModifier.ControlModifier
            | Qt.KeyboardModifier.ShiftModifier
            | Qt.KeyboardModifier.AltModifier
        )
        QApplication.sendEvent(self.window, QKeyEvent(kind, key, chord, "", auto))

    def press(self, at: QPoint) -> None:
        self.qtbot.mousePress(self.window, Qt.MouseButton.LeftButton, pos=at)

    def release(self, at: QPoint) -> None:
        self.qtbot.mouseRelease(self.window, Qt.MouseButton.LeftButton, pos=at)

    def keep_button(self) -> QPoint:
        return Layout.of(self.window.size()).keep.center().toPoint()

    def visit(self) -> None:
        self.press(self.middle)
        self.qtbot.mouseMove(self.window, self.middle + QPoint(90, 30))
        self.release(self.middle + QPoint(90, 30))
        self.after(1)


@pytest.fixture
def hall(tmp_path: Path, qtbot: QtBot) -> Iterator[Hall]:
    threads = set(threading.enumerate())
    made = Hall(tmp_path / "gallery", qtbot)
    yield made
    made.window.shut()
    made.gallery.close()
    assert not made.window.isVisible()
    assert not set(threading.enumerate()) - threads, "a worker was left behind"


def test_it_paints_by_itself(hall: Hall) -> None:
    hall.qtbot.waitUntil(lambda: hall.window.picture is not None)
    hall.after(TEMPO.hold_s + 5)
    first = hall.window.picture
    hall.after(3)
    hall.qtbot.waitUntil(lambda: hall.window.picture is not first)


def test_a_rest_shows_the_fine_picture(hall: Hall) -> None:
    hall.qtbot.waitUntil(lambda: hall.window.fine is not None)
    assert hall.window.fine is not None
    hall.qtbot.waitUntil(lambda: hall.window.picture is not None)
    hall.after(4)
    assert not hall.window.grab().isNull()


def test_a_visitor_can_not_close_it(hall: Hall) -> None:
    hall.window.close()
    assert hall.window.isVisible()
    event = QCloseEvent()  # what Alt+F4 comes to
    QApplication.sendEvent(hall.window, event)
    assert not event.isAccepted()
    for key, modifier in [
        (Qt.Key.Key_F4, Qt.KeyboardModifier.AltModifier),
        (Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier),
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier),
    ]:
        hall.qtbot.keyClick(hall.window, key, modifier)
        hall.after(10)
    assert hall.window.isVisible()
    assert hall.left == 0


def test_it_fills_the_screen_again_whatever_was_done_to_it(hall: Hall) -> None:
    hall.window.showMinimized()
    hall.window.come_back()
    assert hall.window.isFullScreen()
    assert hall.window.geometry() == hall.window.screen().geometry()
    hall.window.hide()
    hall.window.come_back()
    assert hall.window.isVisible()


def test_held_keys_leave_and_a_short_press_does_not(hall: Hall) -> None:
    hall.key(Qt.Key.Key_Q, QEvent.Type.KeyPress)
    hall.after(1)
    hall.key(Qt.Key.Key_Q, QEvent.Type.KeyRelease)
    hall.after(10)
    assert hall.left == 0
    hall.key(Qt.Key.Key_Q, QEvent.Type.KeyPress)
    hall.after(1)
    hall.key(Qt.Key.Key_Q, QEvent.Type.KeyRelease, auto=True)  # as X11 repeats a held key
    hall.key(Qt.Key.Key_Q, QEvent.Type.KeyPress, auto=True)
    hall.after(0.6)
    assert hall.left > 0


def test_a_held_corner_leaves_and_a_hand_that_slips_does_not(hall: Hall) -> None:
    corner = QPoint(8, 8)
    hall.press(corner)
    hall.after(2)
    hall.qtbot.mouseMove(hall.window, hall.middle)
    hall.after(10)
    hall.release(hall.middle)
    assert hall.left == 0
    hall.press(corner)
    hall.after(TEMPO.corner_s - 0.2)
    assert hall.left == 0
    hall.after(0.3)
    assert hall.left > 0
    hall.release(corner)


def test_a_touch_hands_it_over_and_an_idle_minute_takes_it_back(hall: Hall) -> None:
    hall.after(12)
    hall.visit()
    assert hall.stage() is Stage.VISITOR
    hall.after(TEMPO.idle_s - 2, step=1)
    assert hall.stage() is Stage.VISITOR
    hall.after(2)
    assert hall.stage() is Stage.RETURNING
    hall.after(TEMPO.move_s, step=1)
    assert hall.stage() is Stage.WALKING


def test_the_hint_goes_with_the_first_drag_and_comes_for_the_next_visitor(hall: Hall) -> None:
    hint = Layout.of(hall.window.size()).line.toRect()

    def is_written_on() -> bool:
        line = hall.window.grab(hint).toImage()
        middle = range(line.width() * 2 // 5, line.width() * 3 // 5)
        lightest = max(
            line.pixelColor(x, y).lightness() for x in middle for y in range(line.height())
        )
        return lightest > 120

    hall.press(hall.middle)
    hall.release(hall.middle)
    hall.after(1)
    assert is_written_on()
    hall.visit()
    assert not is_written_on()
    hall.after(TEMPO.idle_s + 2, step=1)
    hall.qtbot.keyClick(hall.window, Qt.Key.Key_A)
    hall.after(2)
    assert is_written_on()


def test_a_key_hands_it_over_too(hall: Hall) -> None:
    hall.qtbot.keyClick(hall.window, Qt.Key.Key_A)
    hall.after(0.1)
    assert hall.stage() is Stage.VISITOR


def test_one_button_keeps_the_picture_with_a_name_and_only_once(hall: Hall) -> None:
    hall.visit()
    for _ in range(3):
        hall.qtbot.mouseClick(hall.window, Qt.MouseButton.LeftButton, pos=hall.keep_button())
    hall.qtbot.waitUntil(lambda: hall.gallery.count() == 1)
    (work,) = hall.gallery.search()
    assert work.title
    assert work.recipe.model.id == "golden-dcgan"
    hall.qtbot.waitUntil(lambda: work.title in hall.window.told)
    assert hall.gallery.count() == 1


def test_what_visitors_keep_is_finished_when_staff_leaves(hall: Hall) -> None:
    hall.installation.busy.clear()
    beats: list[int] = []

    def beat() -> None:
        beats.append(hall.gallery.count())
        hall.installation.busy.set()

    for _ in range(3):
        hall.visit()
        hall.qtbot.mouseClick(hall.window, Qt.MouseButton.LeftButton, pos=hall.keep_button())
    try:
        hall.window.shut(beat)
    finally:
        hall.installation.busy.set()

    assert hall.gallery.count() == 3
    assert beats[0] == 0  # meanwhile the watch is told that all is well
    assert not hall.window.isVisible()


def test_where_the_button_will_be_is_only_picture_until_it_is_seen(hall: Hall) -> None:
    hall.qtbot.mouseClick(hall.window, Qt.MouseButton.LeftButton, pos=hall.keep_button())
    hall.after(1)
    assert hall.stage() is Stage.VISITOR
    assert hall.gallery.count() == 0


def test_kept_works_are_walked_to_by_name(hall: Hall) -> None:
    title = hall.installation.keep(hall.installation.pool[0])
    stops = hall.installation.stops()
    (work,) = [stop for stop in stops if stop.work]
    assert work.title == title
    np.testing.assert_array_equal(work.point, hall.installation.pool[0])
    fine = hall.installation.fine(work)
    assert fine.shape[0] > hall.installation.paint(work.point).shape[0]


def test_works_of_this_model_are_found_behind_any_number_of_others(hall: Hall) -> None:
    title = hall.installation.keep(hall.installation.pool[0])
    (work,) = hall.gallery.search()
    other = work.recipe.model.model_copy(update={"sha256": "0" * 64})
    recipe = work.recipe.model_copy(update={"model": other})
    pixels = read_pixels(hall.gallery.picture_path(work))
    for _ in range(61):
        hall.gallery.save(pixels, recipe)

    assert [stop.title for stop in hall.installation.stops() if stop.work] == [title]


def test_nobody_who_leaves_waits_for_a_fine_picture(hall: Hall) -> None:
    stop = hall.installation.stops()[0]

    with pytest.raises(Cancelled):
        hall.installation.fine(stop, Progress(is_cancelled=lambda: True))


def test_a_work_that_was_deleted_since_is_painted_instead(hall: Hall) -> None:
    hall.installation.keep(hall.installation.pool[0])
    (work,) = [stop for stop in hall.installation.stops() if stop.work]
    assert work.work is not None
    hall.gallery.delete(work.work)
    assert hall.installation.fine(work).ndim == 3


def test_a_worker_that_is_stuck_counts_as_frozen(hall: Hall) -> None:
    hall.qtbot.waitUntil(lambda: hall.window.picture is not None)
    hall.qtbot.waitUntil(lambda: hall.window.is_well)
    hall.installation.stuck.clear()
    try:
        hall.after(TEMPO.hold_s + 5)
        assert hall.window.is_well
        hall.after(31)
        assert not hall.window.is_well
    finally:
        hall.installation.stuck.set()


def test_the_pointer_is_hidden_until_a_visitor_moves_a_mouse(hall: Hall) -> None:
    assert hall.window.cursor().shape() is Qt.CursorShape.BlankCursor
    hall.visit()
    hall.after(TEMPO.idle_s + 1, step=1)
    assert hall.window.cursor().shape() is Qt.CursorShape.BlankCursor


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (3840, 2160), (800, 480), (320, 240)])
@pytest.mark.parametrize("proportion", [1.0, 0.5, 2.0])
def test_everything_has_its_place_on_every_screen(size: tuple[int, int], proportion: float) -> None:
    layout = Layout.of(QSize(*size), proportion)
    for part in (layout.picture, layout.line, layout.below, layout.keep, layout.corner):
        assert layout.window.contains(part)
    assert not layout.keep.intersects(layout.picture)
    assert not layout.keep.intersects(layout.line)


def test_names_go_on_when_all_are_taken() -> None:
    import random

    taken = {"Ember", "Salt", "Ember 2", "Salt 2"}
    name = fresh_name(["Ember", "Salt"], taken.__contains__, random.Random(1))
    assert name in {"Ember 3", "Salt 3"}


def test_the_parent_loads_no_qt() -> None:
    program = "import sys, explorer.ui.kiosk; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_command_itself_loads_no_qt_either(tmp_path: Path) -> None:
    program = (
        "import sys, typer, explorer.ui.kiosk as kiosk\n"
        "from explorer.cli import windows\n"
        "kiosk.run_kiosk = lambda model, gallery: 0\n"
        "try:\n    windows.kiosk('any', None)\n"
        "except typer.Exit:\n    sys.exit('PySide6' in sys.modules)\n"
        "sys.exit(2)"
    )
    env = {"MASQUERADE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "PATH": ""}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=env).returncode == 0


def test_a_qt_that_can_not_be_loaded_is_told_in_one_sentence_and_not_tried_again() -> None:
    program = (
        "import sys; sys.modules['PySide6.QtCore'] = None\n"
        "from explorer.ui.kiosk import run_window; sys.exit(run_window(['any']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert run.returncode == HOPELESS
    assert run.stderr.startswith("Qt can't be loaded")
    assert run.stderr.count("\n") == 1


def test_a_model_that_is_not_there_is_told_in_one_sentence_and_not_tried_again(
    tmp_path: Path,
) -> None:
    program = "import sys; from explorer.ui.kiosk import run_kiosk; sys.exit(run_kiosk('nowhere'))"
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env={"MASQUERADE_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "PATH": ""},
    )
    assert run.returncode == 1
    assert run.stderr.startswith("There is no model 'nowhere'")
