"""The bar above: which model, what is shown as words, undo and redo, and the light."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.core.errors import KnownError
from explorer.latent.arithmetic import ExpressionError
from explorer.studio.session import SessionState
from explorer.studio.studio import Studio
from explorer.ui.chooser import Chooser
from explorer.ui.icons import icon
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID, Colours
from explorer.ui.tips import tip
from explorer.ui.wheel import WheelWithFocus
from explorer.ui.words import words

_FLAGS = Qt.ItemDataRole.UserRole - 1
"""Where a combo box looks up whether an entry can be chosen."""


class TopBar(QWidget):
    """The expression is to a picture what the address is to a page: it can be read and typed."""

    def __init__(self, studio: Studio, steady: Steadily) -> None:
        super().__init__()
        self._studio = studio
        self._said = ""
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.models = Chooser()
        self.models.setAccessibleName("Model")
        self.models.setToolTip("The model that paints")
        self.models.setFixedWidth(37 * GRID)
        WheelWithFocus(self.models)
        self.expression = QLineEdit()
        self.expression.setAcceptDrops(False)  # a dropped file belongs to the window
        self.expression.setProperty("role", "expression")
        self.expression.setPlaceholderText("A seed such as @12, or mean(@12, @40) - @3 + #name")
        self.expression.setAccessibleName("Expression")
        self.expression.setToolTip("What is shown, as words; type another and press Enter (Ctrl+L)")
        self.expression.setMaxLength(20_000)
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.error.hide()
        self.undo = _tool("Undo", "Ctrl+Z")
        self.redo = _tool("Redo", "Ctrl+Shift+Z")
        self.light = _tool("Light or dark", "Ctrl+D")

        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.models)
        row.addSpacing(GRID)
        row.addWidget(self.expression, 1)
        row.addSpacing(2 * GRID)
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        row.addSpacing(GRID)
        row.addWidget(self.light)
        below = QHBoxLayout()
        below.addSpacing(39 * GRID + 8)
        below.addWidget(self.error, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, GRID, 2 * GRID, GRID)
        column.setSpacing(4)
        column.addLayout(row)
        column.addLayout(below)

        self.expression.returnPressed.connect(self._type)
        self.expression.textEdited.connect(self._forget_error)
        self.undo.clicked.connect(studio.undo)
        self.redo.clicked.connect(studio.redo)
        self.light.clicked.connect(lambda: studio.summoned("theme"))
        self.models.activated.connect(self._choose)
        steady.changed.connect(self._follow)
        studio.misread.connect(self._misread)
        studio.models_listed.connect(self._list)

    def set_light(self, colours: Colours) -> None:
        self.models.set_light(colours)
        for button, name in (
            (self.undo, "undo"),
            (self.redo, "redo"),
            (self.light, "light"),
        ):
            button.setIcon(icon(name, colours.text, colours.edge))

    def _type(self) -> None:
        self._forget_error()
        text = self.expression.text()  # a slip is told by its column: spaces before it count
        if text.strip() and text.strip() != words(self._studio.state.shown, self._studio.path):
            self.expression.setModified(False)
            self._studio.type_expression(text)

    def take_back(self) -> None:
        """Say again what is shown; what was typed and not entered is let go."""
        self._forget_error()
        self._said = words(self._studio.state.shown, self._studio.path)
        self.expression.setText(self._said)
        self.expression.setCursorPosition(0)

    def _misread(self, error: KnownError) -> None:
        self.error.setText(str(error))
        self.error.show()
        self._mark(True)
        self.expression.setModified(True)
        if isinstance(error, ExpressionError):
            self.expression.setFocus()
            before = self.expression.text()[: error.column]
            self.expression.setCursorPosition(len(before.encode("utf-16-le", "surrogatepass")) // 2)

    def _forget_error(self) -> None:
        self.error.hide()
        self._mark(False)

    def _mark(self, wrong: bool) -> None:
        if bool(self.expression.property("wrong")) != wrong:
            self.expression.setProperty("wrong", wrong)
            self.expression.style().unpolish(self.expression)
            self.expression.style().polish(self.expression)

    def _follow(self, state: SessionState) -> None:
        text = words(state.shown, self._studio.path)
        is_typing = self.expression.hasFocus() and self.expression.isModified()
        if text != self._said and not is_typing:  # nothing that is being typed may be lost
            self._said = text
            self.expression.setText(text)
            self.expression.setCursorPosition(0)
            self._forget_error()
        history = self._studio.history
        for button, label, name in (
            (self.undo, history.undo_label, "Undo"),
            (self.redo, history.redo_label, "Redo"),
        ):
            button.setEnabled(label is not None)
            key = "Ctrl+Z" if name == "Undo" else "Ctrl+Shift+Z"
            tip(button, f"{name} {label or ''}".rstrip() + f" ({key})")
        self._select()

    def _list(self) -> None:
        self.models.clear()
        for entry in self._studio.entries:
            if entry.card is not None and entry.problem is None:
                self.models.addItem(entry.card.title, entry.card.id)
                continue
            self.models.addItem(f"{entry.path.name} (can't be used)", None)
            at = self.models.count() - 1
            self.models.setItemData(at, entry.problem, Qt.ItemDataRole.ToolTipRole)
            self.models.setItemData(at, 0, _FLAGS)
        self.models.setEnabled(bool(self._studio.usable))
        self._select()

    def _select(self) -> None:
        at = self.models.findData(self._studio.state.model)
        if at >= 0:
            self.models.setCurrentIndex(at)

    def _choose(self, at: int) -> None:
        self._studio.choose_model(str(self.models.itemData(at)))
        self._select()


def _tool(name: str, key: str) -> QToolButton:
    made = QToolButton()
    made.setAccessibleName(name)
    made.setToolTip(f"{name} ({key})")
    return made
