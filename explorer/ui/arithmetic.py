"""A − B + C: three places with weights, and their sum on the easel."""

from PySide6.QtCore import QEvent, QLocale, QObject, Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.studio.session import SessionState
from explorer.studio.studio import Studio
from explorer.ui.places import DropPlace
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID, Colours
from explorer.ui.wheel import WheelWithFocus


class Arithmetic(QWidget):
    def __init__(self, studio: Studio, steady: Steadily) -> None:
        super().__init__()
        self._studio = studio
        self._gesture: object = object()
        self.places = tuple(
            DropPlace(letter, f"Term {letter} of A − B + C", key=str(index + 1))
            for index, letter in enumerate("ABC")
        )
        self.weights = tuple(_weight(letter) for letter in "ABC")
        heading = QLabel("A − B + C")
        heading.setProperty("role", "heading")
        heading.setToolTip("What A has and B lacks, given to C: drop a picture on each place")
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(0)
        grid.setVerticalSpacing(GRID)
        for index, (place, weight) in enumerate(zip(self.places, self.weights, strict=True)):
            place.setFixedSize(10 * GRID, 10 * GRID)
            weight.setFixedWidth(10 * GRID)
            grid.addWidget(place, 0, 2 * index)
            grid.addWidget(weight, 1, 2 * index)
            self._wire(index, place, weight)
        for between in (1, 3):  # no sign there: the weight below has one, and can change it
            grid.setColumnStretch(between, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(heading)
        column.addLayout(grid)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        steady.changed.connect(self._follow)

    def set_light(self, colours: Colours) -> None:
        for place in self.places:
            place.set_light(colours)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self._gesture = object()  # all steps of one visit to a weight undo as one
        return super().eventFilter(watched, event)

    def _wire(self, index: int, place: DropPlace, weight: QDoubleSpinBox) -> None:
        place.dropped.connect(lambda expression: self._studio.place(index, expression))
        place.asked.connect(lambda: self._studio.place(index))
        place.emptied.connect(lambda: self._studio.clear_place(index))
        place.looked.connect(self._studio.show)
        weight.installEventFilter(self)
        weight.valueChanged.connect(
            lambda value: self._studio.weigh(index, round(value, 2), (index, self._gesture))
        )

    def _follow(self, state: SessionState) -> None:
        for place, weight, its in zip(self.places, self.weights, state.places, strict=True):
            place.set_expression(its.point, self._studio.path)
            if weight.value() != its.weight:
                weight.blockSignals(True)
                weight.setValue(its.weight)
                weight.blockSignals(False)


def _weight(letter: str) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setLocale(QLocale.c())  # as expressions are written
    made.setRange(-9.99, 9.99)
    made.setDecimals(2)
    made.setSingleStep(0.1)
    made.setPrefix("× ")
    made.setAccelerated(True)
    made.setKeyboardTracking(False)
    made.setAlignment(Qt.AlignmentFlag.AlignCenter)
    made.setAccessibleName(f"Weight of {letter}")
    made.setToolTip("How much of it (arrow keys, or the wheel once clicked)")
    WheelWithFocus(made)
    return made
