"""The studio's window under a hand: frames delivered while dragging, and what memory it takes.

``python -m benchmarks.ours.window MODEL DRAGS SECONDS``. The slider between two pins is dragged by
mouse events, 125 a second, a pixel each. A frame is a picture that the canvas had not shown yet.
At last the picture is upscaled in two stages and saved, for the memory that it takes.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionSlider

from explorer.latent.expression import Seed
from explorer.studio.session import PaintRequest
from explorer.studio.studio import Studio
from explorer.ui.app import application, open_studio
from explorer.ui.canvas import Canvas

_HAND_MS = 8
_SETTLE_S = 2.0  # while the sheet is being sketched
_PATIENCE_S = 120.0


class Frames(QObject):
    """Notes each new picture when the canvas begins to paint it."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self.shown: list[tuple[PaintRequest, float]] = []
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(watched, Canvas):
            question = watched.question
            if question is not None and (not self.shown or self.shown[-1][0] != question):
                self.shown.append((question, time.perf_counter()))
        return False


class Hand:
    """Holds the slider's handle and moves it to and fro."""

    def __init__(self, slider: QSlider, studio: Studio) -> None:
        self._slider = slider
        self._studio = studio
        self._step = 1
        self.asked: dict[PaintRequest, float] = {}  # when each picture was last wanted
        self._at = self._handle()
        self._send(QEvent.Type.MouseButtonPress)

    def move(self) -> None:
        if not 12 < self._at.x() + self._step < self._slider.width() - 12:
            self._step = -self._step
        self._at += QPoint(self._step, 0)
        now = time.perf_counter()
        self._send(QEvent.Type.MouseMove)
        if self._studio.question is not None:
            self.asked[self._studio.question] = now

    def let_go(self) -> None:
        self._send(QEvent.Type.MouseButtonRelease)

    def _handle(self) -> QPoint:
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl.SC_SliderHandle
        control, handle = part
        return self._slider.style().subControlRect(control, option, handle, self._slider).center()

    def _send(self, kind: QEvent.Type) -> None:
        at, left, none = QPointF(self._at), Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        everywhere = self._slider.mapToGlobal(at)
        event = QMouseEvent(kind, at, everywhere, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._slider, event)


def main(model: str, drags: int, seconds: float) -> None:
    application()
    with tempfile.TemporaryDirectory() as gallery:
        window, studio = open_studio(model, Path(gallery))
        frames = Frames(window.canvas)
        window.show()
        studio.start()
        _until(lambda: bool(studio.entries))
        studio.pin("a", Seed(seed=1))
        studio.pin("b", Seed(seed=2))
        studio.travel(0.3)
        _until(lambda: window.canvas.question == studio.question)
        _turn(_SETTLE_S)
        dragged = [_drag(window.tools.pins.slider, studio, frames, seconds) for _ in range(drags)]
        before = _peak_mb()
        studio.upscale()
        _until(lambda: studio.has_upscaled)
        kept: list[object] = []
        studio.kept.connect(kept.append)
        studio.save()
        _until(lambda: bool(kept))
        window.close()
    rates, waits = zip(*dragged, strict=True)
    told = {"frames": rates, "wait_ms": waits, "dragging_mb": before, "peak_mb": _peak_mb()}
    os.write(1, json.dumps(told).encode() + b"\n")


def _drag(slider: QSlider, studio: Studio, frames: Frames, seconds: float) -> tuple[float, float]:
    """Frames a second, and the median of milliseconds from the hand to its picture."""
    hand = Hand(slider, studio)
    timer = QTimer(interval=_HAND_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(hand.move)
    first, began = len(frames.shown), time.perf_counter()
    timer.start()
    _turn(seconds)
    timer.stop()
    shown, lasted = frames.shown[first:], time.perf_counter() - began
    hand.let_go()
    _turn(0.2)
    waits = [at - hand.asked[question] for question, at in shown if question in hand.asked]
    if not waits:
        raise RuntimeError("the drag brought no picture")
    return len(shown) / lasted, median(waits) * 1000


def _turn(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + _PATIENCE_S
    while not is_so():
        if time.perf_counter() > deadline:
            raise TimeoutError("the studio did not get so far")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def _peak_mb() -> float | None:
    """The most memory this process ever held."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
