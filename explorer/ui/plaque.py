"""The plaque below the picture: its name, its size, and the button that keeps it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from explorer.studio.session import SessionState
from explorer.studio.studio import Studio
from explorer.ui.icons import icon
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID, Colours
from explorer.ui.tips import tip
from explorer.upscale.stages import LANCZOS, TWO_STAGES

PLANS = (
    (TWO_STAGES, "Two stages, ×16"),
    ("realesrgan-x4plus", "Photographic, ×4"),
    ("realesr-animevideov3-x4", "Drawn, ×4"),
    (LANCZOS, "Lanczos, ×4 (no network)"),
)
"""What the small menu beside Upscale offers: upscaler ids, and what a person calls them."""


class Plaque(QWidget):
    compare_wanted = Signal()

    def __init__(self, studio: Studio, steady: Steadily) -> None:
        super().__init__()
        self._studio = studio
        self._gesture: object = object()
        self.setProperty("role", "plaque")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = QLineEdit()
        self.title.setAcceptDrops(False)  # a dropped file belongs to the window
        self.title.setProperty("role", "title")
        self.title.setMaxLength(500)
        self.title.setPlaceholderText("Name this picture…")
        self.title.setAccessibleName("Name of the picture")
        self.title.setToolTip("Its name (Ctrl+N)")
        self.suggest = _tool("Suggest a name", "Ctrl+Shift+N")
        self.compare = _tool("Before and after", "V")
        self.upscale = QPushButton("Upscale")
        self.upscale.setToolTip("Upscale the picture (U)")
        self.plans = _tool("Choose how to upscale", "")
        self.plans.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.save = QPushButton("Save")
        self.save.setProperty("role", "main")
        self.save.setToolTip("Save to the gallery (Ctrl+S)")
        self._build_plans()

        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, 12, 2 * GRID, 12)
        row.setSpacing(GRID)
        row.addWidget(self.title, 1)
        row.addWidget(self.suggest)
        row.addSpacing(GRID)
        row.addWidget(self.compare)
        row.addWidget(self.upscale)
        row.addWidget(self.plans)
        row.addSpacing(GRID)
        row.addWidget(self.save)

        self.title.textEdited.connect(lambda text: studio.name(text, self._gesture))
        self.title.editingFinished.connect(self._begin_anew)
        self.title.returnPressed.connect(self.save.click)
        self.suggest.clicked.connect(studio.suggest_title)
        self.compare.clicked.connect(self.compare_wanted)
        self.upscale.clicked.connect(self._upscale)
        self.save.clicked.connect(studio.save)
        steady.changed.connect(self._follow)

    def set_light(self, colours: Colours) -> None:
        self.suggest.setIcon(icon("suggest", colours.quiet, colours.line))
        self.compare.setIcon(icon("compare", colours.text, colours.line))
        self.plans.setIcon(icon("down", colours.text, colours.line))

    def _build_plans(self) -> None:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for ids, title in PLANS:
            choice = QAction(title, menu)
            choice.setCheckable(True)
            choice.setChecked(ids == self._studio.settings.upscalers)
            choice.triggered.connect(lambda _, ids=ids: self._choose(ids))
            group.addAction(choice)
            menu.addAction(choice)
        self.plans.setMenu(menu)

    def _choose(self, ids: str) -> None:
        self._studio.set(upscalers=ids)
        self._studio.upscale()

    def _upscale(self) -> None:
        if self._studio.state.upscale:
            self._studio.stop_upscaling()
        else:
            self._studio.upscale()

    def _begin_anew(self) -> None:
        self._gesture = object()

    def _follow(self, state: SessionState) -> None:
        if self.title.text() != state.title:
            self.title.setText(state.title)
        there = state.shown is not None
        for control in (self.title, self.suggest, self.save, self.upscale, self.plans):
            control.setEnabled(there)
        ready = self._studio.has_upscaled
        self.compare.setEnabled(ready)
        if not state.upscale:
            self.upscale.setText("Upscale")
            tip(self.upscale, "Upscale the picture (U)")
        else:
            self.upscale.setText("As painted" if ready else "Stop")
            tip(self.upscale, "Back to the picture as painted (Shift+U)")


def _tool(name: str, key: str) -> QToolButton:
    made = QToolButton()
    made.setAccessibleName(name)
    made.setToolTip(f"{name} ({key})" if key else name)
    return made
