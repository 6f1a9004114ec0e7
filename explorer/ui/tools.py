"""The right-hand panel: what pictures are made with."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from explorer.latent.expression import Expression
from explorer.studio.session import Look, SessionState
from explorer.studio.studio import Studio
from explorer.ui.arithmetic import Arithmetic
from explorer.ui.chooser import Chooser
from explorer.ui.pins import Pins
from explorer.ui.places import DropPlace
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID, Colours
from explorer.ui.wheel import WheelWithFocus

if TYPE_CHECKING:
    from explorer.models.library import Entry

_WIDTH = 39 * GRID
_HIGHEST = 150  # hundredths: beyond, pictures fall apart


class Tools(QScrollArea):
    def __init__(self, studio: Studio, steady: Steadily) -> None:
        super().__init__()
        self._studio = studio
        self._gesture: object = None
        self._described: Entry | None = None
        self.setFixedWidth(_WIDTH)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pins = Pins(studio)
        self.arithmetic = Arithmetic(studio, steady)
        self.truncation = QSlider(Qt.Orientation.Horizontal)
        self.truncation.setRange(0, _HIGHEST)
        self.truncation.setPageStep(10)
        self.truncation.setAccessibleName("Truncation")
        self.truncation.setToolTip("Left: typical pictures, all alike. Right: strange ones.")
        self.amount = QLabel()
        self.amount.setProperty("role", "quiet")
        self.amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        room = self.amount.fontMetrics()  # of a fixed size, else each number lays out the panel
        self.amount.setFixedSize(room.horizontalAdvance("-00.00"), room.height())
        self.kinds = Chooser()
        self.kinds.setAccessibleName("Kind")
        self._kind = _labelled("Kind", self.kinds)
        self.about = QLabel()
        self.about.setProperty("role", "quiet")
        self.about.setWordWrap(True)
        self.about.setTextFormat(Qt.TextFormat.PlainText)

        WheelWithFocus(self.truncation)
        WheelWithFocus(self.kinds)

        heading = QLabel("Truncation")
        heading.setProperty("role", "heading")
        top = QHBoxLayout()
        top.addWidget(heading)
        top.addStretch()
        top.addWidget(self.amount)
        body = QWidget()
        body.setProperty("role", "panel")
        column = QVBoxLayout(body)
        column.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        column.setSpacing(GRID)
        column.addWidget(self.pins)
        column.addWidget(_rule())
        column.addWidget(self.arithmetic)
        column.addWidget(_rule())
        column.addLayout(top)
        column.addWidget(self.truncation)
        column.addWidget(self._kind)
        column.addStretch()
        column.addWidget(self.about)
        self.setWidget(body)

        self.truncation.sliderPressed.connect(self._take_hold)
        self.truncation.sliderReleased.connect(self._let_go)
        self.truncation.valueChanged.connect(
            lambda value: studio.truncate(value / 100, self._gesture)
        )
        self.kinds.activated.connect(studio.choose_class)
        steady.changed.connect(self._follow)
        studio.models_listed.connect(self._describe)
        studio.sketches.arrived.connect(self._take)

    @property
    def places(self) -> tuple[DropPlace, ...]:
        return (self.pins.a, self.pins.b, *self.arithmetic.places)

    def wanted(self) -> list[Expression]:
        """What the places show, to be painted small."""
        return [p.expression for p in self.places if p.expression is not None]

    @property
    def is_held(self) -> bool:
        """A slider is under the hand, or moves by itself."""
        return self._gesture is not None or self.pins.is_held

    def set_light(self, colours: Colours) -> None:
        self.pins.set_light(colours)
        self.arithmetic.set_light(colours)
        self.kinds.set_light(colours)

    def _take_hold(self) -> None:
        self._gesture = object()

    def _let_go(self) -> None:
        self._gesture = None

    def _follow(self, state: SessionState) -> None:
        self.amount.setText(f"{state.psi:.2f}")
        if not self.truncation.isSliderDown():
            self.truncation.blockSignals(True)
            self.truncation.setValue(round(state.psi * 100))
            self.truncation.blockSignals(False)
        if state.label is not None:
            self.kinds.setCurrentIndex(max(range(len(state.label)), key=state.label.__getitem__))
        if self._studio.entry is not self._described:
            self._describe()
        self._take(())

    def _describe(self) -> None:
        entry = self._described = self._studio.entry
        card = entry.card if entry is not None else None
        classes = list(card.classes) if card is not None else []
        if [self.kinds.itemText(at) for at in range(self.kinds.count())] != classes:
            self.kinds.clear()
            self.kinds.addItems(classes)
        self._kind.setVisible(bool(classes))
        if card is None:
            self.about.clear()
            return
        facts = [card.title, f"{card.width} × {card.height} px"]
        if card.training is not None:
            facts.append(f"learned from {card.training.dataset.count:,} pictures")
        if card.licence:
            facts.append(card.licence)
        self.about.setText("  ·  ".join(facts))

    def _take(self, keys: Sequence[tuple[Look, Expression]]) -> None:
        look = self._studio.look
        for place in self.places:
            if place.expression is None:
                continue
            pixels = self._studio.sketches.get((look, place.expression))
            if pixels is not None:
                place.set_pixels(pixels)


def _rule() -> QFrame:
    line = QFrame()
    line.setFixedHeight(2 * GRID)
    return line


def _labelled(text: str, control: QWidget) -> QWidget:
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, GRID, 0, 0)
    column.setSpacing(GRID)
    label = QLabel(text)
    label.setProperty("role", "heading")
    column.addWidget(label)
    column.addWidget(control)
    return whole
