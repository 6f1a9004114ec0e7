"""Between two pictures: pin A and B, and walk from one to the other."""

import math

from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.studio.session import Pin, SessionState
from explorer.studio.studio import Studio
from explorer.ui.icons import icon
from explorer.ui.places import DropPlace
from explorer.ui.theme import GRID, Colours
from explorer.ui.wheel import WheelWithFocus

_STEPS = 1000
_FRAME_MS = 16
_THERE_AND_BACK_S = 8.0


class Pins(QWidget):
    """Two places, a slider between them, and a button that moves it."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._gesture: object = None
        self._playing_from = 0.0
        self._advancing = False
        self.a = DropPlace("A", "Pinned picture A", key="A")
        self.b = DropPlace("B", "Pinned picture B", key="B")
        for place in (self.a, self.b):
            place.setFixedSize(12 * GRID, 12 * GRID)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 10)
        self.slider.setSingleStep(_STEPS // 100)
        self.slider.setAccessibleName("Between A and B")
        WheelWithFocus(self.slider)
        self.play = QToolButton()
        self.play.setCheckable(True)
        self.play.setAccessibleName("Play between A and B")
        self.play.setToolTip("Play between A and B (P)")
        self.swap = QToolButton()
        self.swap.setAccessibleName("Swap A and B")
        self.swap.setToolTip("Swap A and B (S)")
        self.swap.clicked.connect(studio.swap_pins)

        heading = QLabel("Between two pictures")
        heading.setProperty("role", "heading")
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addStretch()
        middle.addWidget(self.play, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle.addWidget(self.swap, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.a)
        row.addLayout(middle, 1)
        row.addWidget(self.b)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(heading)
        column.addLayout(row)
        column.addWidget(self.slider)

        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=_FRAME_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self.slider.sliderPressed.connect(self._take_hold)
        self.slider.sliderReleased.connect(self._let_go)
        self.slider.valueChanged.connect(self._slid)
        self.play.toggled.connect(self._play)
        self._wire(self.a, "a")
        self._wire(self.b, "b")
        studio.changed.connect(self._follow)

    @property
    def is_playing(self) -> bool:
        return self._timer.isActive()

    @property
    def is_held(self) -> bool:
        return self._gesture is not None

    def set_light(self, colours: Colours) -> None:
        self.a.set_light(colours)
        self.b.set_light(colours)
        self.swap.setIcon(icon("swap", colours.text, colours.edge))
        self._icons = (
            icon("play", colours.text, colours.edge),
            icon("pause", colours.text, colours.edge),
        )
        self.play.setIcon(self._icons[self.is_playing])

    def stop(self) -> None:
        self.play.setChecked(False)

    def _wire(self, place: DropPlace, pin: Pin) -> None:
        place.dropped.connect(lambda expression: self._studio.pin(pin, expression))
        place.asked.connect(lambda: self._studio.pin(pin))
        place.emptied.connect(lambda: self._studio.unpin(pin))
        place.looked.connect(self._studio.show)

    def _follow(self, state: SessionState) -> None:
        if self.is_playing and not self._advancing:
            self.stop()  # someone chose another picture, or took the walk back
        self.a.set_expression(state.pin_a, self._studio.path)
        self.b.set_expression(state.pin_b, self._studio.path)
        both = state.pin_a is not None and state.pin_b is not None
        for control in (self.slider, self.play, self.swap):
            control.setEnabled(both)
        if not self.slider.isSliderDown():
            self.slider.blockSignals(True)
            self.slider.setValue(round(state.t * _STEPS))
            self.slider.blockSignals(False)

    def _take_hold(self) -> None:
        self.stop()
        self._gesture = object()

    def _let_go(self) -> None:
        self._gesture = None

    def _slid(self, value: int) -> None:
        self.stop()
        self._studio.travel(value / _STEPS, self._gesture)

    def _play(self, on: bool) -> None:
        if on:
            self._gesture = object()
            t = self._studio.state.t
            self._playing_from = math.acos(1 - 2 * t) / math.tau * _THERE_AND_BACK_S
            self._clock.start()
            self._timer.start()
        else:
            self._timer.stop()
            self._gesture = None
        self.play.setIcon(self._icons[on])

    def _advance(self) -> None:
        seconds = self._playing_from + self._clock.elapsed() / 1000
        t = (1 - math.cos(math.tau * seconds / _THERE_AND_BACK_S)) / 2  # rests at either end
        self._advancing = True
        self._studio.travel(t, self._gesture)
        self._advancing = False
