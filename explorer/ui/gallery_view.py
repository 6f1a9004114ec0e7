"""What was kept: pictures with their names, found again by a few letters."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QImage, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.latent.expression import Artwork as ArtworkNode
from explorer.studio.studio import Studio
from explorer.studio.workroom import node
from explorer.ui.carried import pack
from explorer.ui.grid import Grid, Index
from explorer.ui.icons import icon
from explorer.ui.images import from_jpeg
from explorer.ui.theme import GRID, Colours

if TYPE_CHECKING:
    from explorer.gallery.artwork import Artwork

_KEPT = 400  # thumbnails, 256 KB each
_PAGE = 60  # works asked for at a time
_PAUSE_MS = 120  # after the last letter typed
_UNNAMED = "Untitled"


class Works(QAbstractListModel):
    """Artworks that match a search, newest first; more are asked for as the end comes near."""

    counted = Signal(int)
    """How many are kept in all, searched for or not."""
    failed = Signal(str)
    """Why the gallery can't be read, in a sentence."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._text = ""
        self._works: list[Artwork] = []
        self._more = False
        self._asking = 0
        self._images: dict[str, QImage] = {}
        studio.thumbnails.arrived.connect(self._take)

    def search(self, text: str) -> None:
        """Begin again with ``text``; what is shown stays until the answer is here."""
        self._text = text
        self._ask(None)

    def refresh(self) -> None:
        """Ask again for as many as are there, so that whoever scrolled far stays where they are."""
        self._ask(None, len(self._works))

    def work(self, row: int) -> "Artwork":
        return self._works[row]

    def row(self, uuid: str) -> int | None:
        return next((row for row, work in enumerate(self._works) if work.uuid == uuid), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._works)

    def canFetchMore(self, parent: Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: Index) -> None:
        self._more = False
        self._ask(self._works[-1])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        work = self._works[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._images.get(work.uuid)
        if role == Qt.ItemDataRole.EditRole:
            return work.title
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return work.title or _UNNAMED
        if role == Qt.ItemDataRole.ToolTipRole:
            name = work.title or _UNNAMED
            return f"{name}\n{work.width} × {work.height} px\nDouble click or Enter to reopen"
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        work = self._works[index.row()]
        title = str(value).strip()
        if role != Qt.ItemDataRole.EditRole or title == work.title:
            return False
        self._studio.rename(work.uuid, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled | Qt.ItemFlag.ItemIsEditable

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        work = self._works[indexes[0].row()]
        return pack(self.expression(indexes[0].row()), file=self._studio.picture_file(work))

    def expression(self, row: int) -> ArtworkNode:
        return node(self._works[row])

    def want(self, first: int, last: int) -> None:
        """Have the thumbnails made of what is in view, and of the page after."""
        ahead = self._works[first : 2 * last - first]
        for work in ahead:
            self._put(work.uuid)
        self._studio.thumbnails.want([work.uuid for work in ahead])

    def _ask(self, after: "Artwork | None", at_least: int = 0) -> None:
        self._asking += 1
        question, text = self._asking, self._text

        def found(works: list["Artwork"], count: int) -> None:
            if question == self._asking:  # nobody asked for something else meanwhile
                self._show(works, count, begin=after is None)

        def failed(sentence: str) -> None:
            if question == self._asking:
                self.failed.emit(sentence)

        self._studio.search(text, after, found, max(_PAGE, at_least), failed)

    def _show(self, works: list["Artwork"], count: int, *, begin: bool) -> None:
        self._more = bool(works)
        if begin:
            self.beginResetModel()
            self._works = works
            self.endResetModel()
        elif works:
            start = len(self._works)
            self.beginInsertRows(QModelIndex(), start, start + len(works) - 1)
            self._works.extend(works)
            self.endInsertRows()
        self.counted.emit(count)

    def _take(self, uuids: Sequence[str]) -> None:
        for uuid in uuids:
            self._put(uuid)

    def _put(self, uuid: str) -> None:
        if uuid in self._images:
            return
        jpeg = self._studio.thumbnails.get(uuid)
        if jpeg is None:
            return
        self._images[uuid] = from_jpeg(jpeg)
        if len(self._images) > _KEPT:
            del self._images[next(iter(self._images))]
        for row, work in enumerate(self._works):
            if work.uuid == uuid:
                self.dataChanged.emit(self.index(row), self.index(row))


class GalleryView(QWidget):
    """Double click reopens, F2 renames in place, Delete moves to the bin."""

    deleted = Signal(str, str)
    """Uuid and title of what was just moved to the bin."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._seen = self._is_behind = False
        self._current: tuple[int, str] | None = None  # row and uuid, while the model is reset
        self.works = Works(studio, self)
        self.grid = _GalleryGrid(148, gap=2 * GRID, caption=3 * GRID, keys_choose=False)
        self.grid.setModel(self.works)
        self.grid.setAccessibleName("Gallery")
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.search = QLineEdit()
        self.search.setAcceptDrops(False)  # a dropped file belongs to the window
        self.search.setPlaceholderText("Search…")
        self.search.setAccessibleName("Search the gallery")
        self.search.setToolTip("Search names, notes and tags (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.spread = QToolButton()
        self.spread.setCheckable(True)
        self.spread.setAccessibleName("Spread the gallery out")
        self.spread.setToolTip("Spread the gallery out (Ctrl+3)")
        self.spread.clicked.connect(lambda on: studio.set(side="gallery", spread=on))
        self.count = QLabel()
        self.count.setProperty("role", "quiet")

        top = QHBoxLayout()
        top.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        top.setSpacing(GRID)
        top.addWidget(self.search, 1)
        top.addWidget(self.spread)
        self.hint = QLabel()
        self.hint.setProperty("role", "quiet")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setContentsMargins(4 * GRID, 0, 4 * GRID, 0)
        self.again = QPushButton("Try again")
        self.again.hide()
        empty = QWidget()
        middle = QVBoxLayout(empty)
        middle.setSpacing(2 * GRID)
        middle.setContentsMargins(0, 0, 0, 8 * GRID)
        middle.addStretch()
        middle.addWidget(self.hint)
        middle.addWidget(self.again, alignment=Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch()
        shelf = QWidget()
        rows = QVBoxLayout(shelf)
        rows.setContentsMargins(GRID, 0, 2, 0)
        rows.addWidget(self.grid)
        self.stack = QStackedWidget()
        self.stack.addWidget(shelf)
        self.stack.addWidget(empty)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.stack, 1)
        column.addWidget(self.count)
        self.count.setContentsMargins(2 * GRID, 4, 2 * GRID, GRID)

        self._typed = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._typed.timeout.connect(lambda: self.works.search(self.search.text()))
        self.search.textChanged.connect(lambda _: self._typed.start())
        self.grid.doubleClicked.connect(lambda index: self._reopen(index.row()))
        self.grid.reopened.connect(self._reopen)
        self.grid.binned.connect(self._delete)
        self.grid.customContextMenuRequested.connect(self._offer)
        self.grid.looked_at.connect(self.works.want)
        self.works.counted.connect(self._counted)
        self.works.failed.connect(self._failed)
        self.again.clicked.connect(self._try_again)
        self.works.modelAboutToBeReset.connect(self._note_current)
        self.works.modelReset.connect(self._find_current)
        self.works.modelReset.connect(self.grid.ask)
        self.grid.frames.closeEditor.connect(lambda *_: self._catch_up())
        studio.gallery_changed.connect(self._refresh)

    @property
    def place(self) -> QWidget:
        """What has the keys where nothing is to be typed."""
        return self.grid if self.works.rowCount() or not self._seen else self.hint

    def look(self) -> None:
        """Called when the gallery comes into view: it is opened when first looked at."""
        if not self._seen:
            self._seen = True
            self.works.refresh()

    def set_light(self, colours: Colours) -> None:
        self.grid.set_light(colours)
        self.spread.setIcon(icon("spread", colours.text))

    def _refresh(self) -> None:
        if self.grid.is_editing:  # a name that is being typed would be lost
            self._is_behind = True
        elif self._seen:
            self.works.refresh()

    def _catch_up(self) -> None:
        if self._is_behind:
            self._is_behind = False
            self.works.refresh()

    def _note_current(self) -> None:
        row = self.grid.currentIndex().row()
        self._current = None if row < 0 else (row, self.works.work(row).uuid)

    def _find_current(self) -> None:
        """The same work as before, or the one that took its row when it was thrown away."""
        if self._current is None:
            return
        row, uuid = self._current
        found = self.works.row(uuid)
        if found is None and self.grid.hasFocus():
            found = min(row, self.works.rowCount() - 1)
        if found is not None and found >= 0:
            self.grid.setCurrentIndex(self.works.index(found))

    def _failed(self, sentence: str) -> None:
        if self.works.rowCount():  # what is hung stays, and the sentence has to go elsewhere
            self._studio.complained(sentence)
            return
        self.hint.setText(sentence.replace(os.sep, f"{os.sep}\u200b"))  # long paths may break
        self.again.show()
        self.count.clear()
        self.stack.setCurrentIndex(1)

    def _try_again(self) -> None:
        self.hint.setFocus()  # the button goes, and letters are to be commands
        self.again.hide()
        self.hint.setText("Opening the gallery…")
        self.works.search(self.search.text())

    def _counted(self, count: int) -> None:
        shown = self.works.rowCount()
        self.again.hide()
        self.stack.setCurrentIndex(0 if shown else 1)
        if not count:
            self.hint.setText("Nothing is kept yet.\n\nFind a picture you like, and press Ctrl+S.")
        elif not shown:
            self.hint.setText(f"No name here has “{self.search.text().strip()}” in it.")
        self.count.setText(f"{count:,} kept" if count else "")

    def _reopen(self, row: int) -> None:
        self._studio.set(spread=False)
        self._studio.reopen(self.works.work(row).uuid)

    def _delete(self, row: int) -> None:
        work = self.works.work(row)
        self._studio.delete(work.uuid, lambda: self.deleted.emit(work.uuid, work.title or _UNNAMED))

    def _offer(self, at: QPoint) -> None:
        index = self.grid.indexAt(at)
        if not index.isValid():
            return
        row = index.row()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, run in (
            ("Reopen", lambda: self._reopen(row)),
            ("Rename", lambda: self.grid.edit(self.works.index(row))),
            ("Pin as A", lambda: self._studio.pin("a", self.works.expression(row))),
            ("Pin as B", lambda: self._studio.pin("b", self.works.expression(row))),
            ("Move to the bin", lambda: self._delete(row)),
        ):
            offer = QAction(title, menu)
            offer.triggered.connect(lambda _=False, run=run: run())
            menu.addAction(offer)
        menu.popup(self.grid.viewport().mapToGlobal(at))


class _GalleryGrid(Grid):
    reopened = Signal(int)
    binned = Signal(int)

    @property
    def is_editing(self) -> bool:
        return self.state() == self.State.EditingState

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        key = event.key()
        if self.is_editing:  # keys that the name's field let through
            super().keyPressEvent(event)
        elif index.isValid() and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.reopened.emit(index.row())
        elif index.isValid() and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.binned.emit(index.row())
        elif index.isValid() and key == Qt.Key.Key_F2:
            self.edit(index)
        else:
            super().keyPressEvent(event)
