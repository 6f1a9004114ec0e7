"""Menus, keys and the cheat sheet, all from the one list of actions."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QMenuBar, QVBoxLayout, QWidget

from explorer.studio.actions import ACTIONS
from explorer.studio.studio import Studio
from explorer.ui.theme import GRID


class Menus:
    """Fills a menu bar, and keeps every entry's tick and possibility true."""

    def __init__(self, bar: QMenuBar, studio: Studio) -> None:
        self._studio = studio
        self.actions: dict[str, QAction] = {}
        menus = {name: bar.addMenu(name) for name in dict.fromkeys(a.menu for a in ACTIONS)}
        for each in ACTIONS:
            made = QAction(each.title, bar)
            if each.shortcut is not None:
                keys = [QKeySequence(each.shortcut)]
                if each.id == "keys":
                    keys.append(QKeySequence("?"))
                made.setShortcuts(keys)
            made.setCheckable(each.is_on is not None)
            made.triggered.connect(lambda _=False, run=each.run: run(studio))
            menus[each.menu].addAction(made)
            if each.ends_group:
                menus[each.menu].addSeparator()
            self.actions[each.id] = made
        for menu in menus.values():
            menu.aboutToShow.connect(self.refresh)

    def refresh(self) -> None:
        for each in ACTIONS:
            made = self.actions[each.id]
            made.setEnabled(each.is_possible(self._studio))
            if each.is_on is not None:
                made.setChecked(each.is_on(self._studio))
        history = self._studio.history
        self.actions["undo"].setText(_with("Undo", history.undo_label))
        self.actions["redo"].setText(_with("Redo", history.redo_label))


class CheatSheet(QDialog):
    """Every key, by menu."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keys")
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * GRID, 3 * GRID, 4 * GRID, 4 * GRID)
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * GRID)
        grid.setVerticalSpacing(GRID)
        sides = (("File", "Edit", "Help"), ("Picture",), ("View",))
        for side, menus in enumerate(sides):
            row = 0
            for menu in menus:
                heading = QLabel(menu)
                heading.setProperty("role", "heading")
                heading.setContentsMargins(0, GRID if row else 0, 0, 0)
                grid.addWidget(heading, row, 3 * side, 1, 2)
                row += 1
                for each in ACTIONS:
                    if each.menu != menu or each.shortcut is None:
                        continue
                    key = QLabel(QKeySequence(each.shortcut).toString(_NATIVE))
                    key.setProperty("role", "key")
                    title = QLabel(each.title)
                    title.setProperty("role", "quiet")
                    grid.addWidget(key, row, 3 * side)
                    grid.addWidget(title, row, 3 * side + 1)
                    row += 1
            if side:
                grid.setColumnMinimumWidth(3 * side - 1, 2 * GRID)
        column.addLayout(grid)
        hint = QLabel(
            "Arrows wander through the sheet. The wheel brings the picture nearer, a double click "
            "fits it again. Drag any picture onto A, B or C, or onto the easel to see it; drop a "
            "saved PNG on the window to reopen it."
        )
        hint.setWordWrap(True)
        hint.setProperty("role", "quiet")
        hint.setContentsMargins(0, 2 * GRID, 0, 0)
        column.addWidget(hint)


_NATIVE = QKeySequence.SequenceFormat.NativeText


def _with(verb: str, label: str | None) -> str:
    return f"{verb} {label}" if label else verb
