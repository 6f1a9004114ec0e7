"""The contact sheet: every seed there is, a few hundred at a time."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, Qt, QTimer
from PySide6.QtGui import QImage, QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from explorer.latent.expression import Expression, Seed
from explorer.latent.seeds import MAX_SEED
from explorer.studio.session import Look, SessionState, look
from explorer.studio.soften import Pixels
from explorer.studio.studio import Studio
from explorer.ui.carried import pack
from explorer.ui.grid import Grid, Index
from explorer.ui.icons import icon
from explorer.ui.images import image
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID, Colours

_PAGE = 240
_KEPT = 2048  # small pictures; those scrolled past come back from their seeds
_REST_MS = 200  # a dragged truncation slider repaints the sheet when the hand rests


class Seeds(QAbstractListModel):
    """Rows are seeds; their pictures arrive later, and the old one stands until then."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._first = 0
        self._count = _PAGE
        self._images: dict[int, tuple[Pixels, QImage]] = {}

    def seed(self, row: int) -> int:
        return self._first + row

    def row(self, seed: int) -> int | None:
        row = seed - self._first
        return row if 0 <= row < self._count else None

    def begin_at(self, seed: int) -> None:
        self.beginResetModel()
        self._first, self._count = seed, min(_PAGE, MAX_SEED + 1 - seed)
        self.endResetModel()

    def take(self, seed: int, pixels: Pixels) -> None:
        before = self._images.get(seed)
        if before is not None and before[0] is pixels:
            return
        self._images[seed] = (pixels, image(pixels))
        if len(self._images) > _KEPT:
            del self._images[next(iter(self._images))]
        row = self.row(seed)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row))

    def picture(self, seed: int) -> QImage | None:
        return self._images[seed][1] if seed in self._images else None

    def forget(self) -> None:
        self._images.clear()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._count

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._first + self._count <= MAX_SEED

    def fetchMore(self, parent: Index) -> None:
        more = min(_PAGE, MAX_SEED + 1 - self._first - self._count)
        self.beginInsertRows(QModelIndex(), self._count, self._count + more - 1)
        self._count += more
        self.endInsertRows()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        seed = self.seed(index.row())
        if role == Qt.ItemDataRole.DecorationRole:
            return self.picture(seed)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"@{seed}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Seed {seed}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        seed = self.seed(indexes[0].row())
        return pack(Seed(seed=seed), self.picture(seed))


class Sheet(QWidget):
    """Scroll for more, click to look, drag to use."""

    def __init__(self, studio: Studio, steady: Steadily) -> None:
        super().__init__()
        self._studio = studio
        self._look: Look | None = None
        self._others: Sequence[Expression] = ()
        self.seeds = Seeds(self)
        self.grid = Grid(96, keys_choose=True)
        self.grid.setModel(self.seeds)
        self.grid.setAccessibleName("Contact sheet of seeds")
        self.go = QLineEdit()
        self.go.setAcceptDrops(False)  # a dropped file belongs to the window
        self.go.setPlaceholderText("Go to seed…")
        self.go.setAccessibleName("Go to seed")
        self.go.setToolTip("Go to a seed (Ctrl+G)")
        self.go.setMaxLength(10)
        self.go.setValidator(QRegularExpressionValidator("[0-9]{1,10}", self))

        self.random = QToolButton()
        self.random.setAccessibleName("Random seed")
        self.random.setToolTip("Random seed (R)")
        self.random.clicked.connect(studio.show_random_seed)
        top = QHBoxLayout()
        top.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        top.setSpacing(GRID)
        top.addWidget(self.go, 1)
        top.addWidget(self.random)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        rows = QVBoxLayout()
        rows.setContentsMargins(12, 0, 2, 0)
        rows.addWidget(self.grid)
        column.addLayout(rows)

        self._rested = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rested.timeout.connect(self._repaint)
        self.grid.chosen.connect(lambda row: studio.show_seed(self.seeds.seed(row)))
        self.grid.looked_at.connect(self._wish)
        self.go.returnPressed.connect(self._go)
        steady.changed.connect(self._follow)
        studio.sketches.arrived.connect(self._take)

    def want_too(self, expressions: Sequence[Expression]) -> None:
        """Small pictures that others show: pins and drop places, painted before the seeds."""
        if expressions != self._others:
            self._others = expressions
            self.grid.ask()

    def set_light(self, colours: Colours) -> None:
        self.grid.set_light(colours)
        self.random.setIcon(icon("random", colours.text))

    def show_seed(self, seed: int) -> None:
        """Bring ``seed`` into view, wherever it is."""
        row = self.seeds.row(seed)
        if row is None:
            self.seeds.begin_at(max(0, seed - seed % self.grid.columns()))
            row = self.seeds.row(seed)
        if row is not None:
            index = self.seeds.index(row)
            self.grid.setCurrentIndex(index)
            self.grid.scrollTo(index)
        self.grid.ask()

    def _go(self) -> None:
        if self.go.text():
            seed = min(int(self.go.text()), MAX_SEED)
            self.show_seed(seed)
            self._studio.show_seed(seed)
            self.go.clear()

    def _follow(self, state: SessionState) -> None:
        its = look(state)
        if its != self._look:
            if self._look is None or its.model != self._look.model:
                self.seeds.forget()
                self._repaint()
            else:
                self._rested.start()
        match state.shown:
            case Seed(seed=seed):
                row = self.seeds.row(seed)
                if row is not None:
                    self.grid.setCurrentIndex(self.seeds.index(row))
                else:
                    self.grid.clearSelection()
            case _:
                self.grid.clearSelection()

    def _repaint(self) -> None:
        self._look = self._studio.look
        self.grid.ask()

    def _wish(self, first: int, last: int) -> None:
        if self._look is None or not self._look.model:
            return
        page = last - first
        ahead = range(first, min(last + page, self.seeds.rowCount()))
        wish: list[tuple[Look, Expression]] = [(self._look, other) for other in self._others]
        wish += [(self._look, Seed(seed=self.seeds.seed(row))) for row in ahead]
        for key in wish[len(self._others) :]:
            self._put(key)
        self._studio.sketches.want(wish)

    def _take(self, keys: Sequence[tuple[Look, Expression]]) -> None:
        for key in keys:
            if key[0] == self._look:
                self._put(key)

    def _put(self, key: tuple[Look, Expression]) -> None:
        pixels = self._studio.sketches.get(key)
        if pixels is not None and isinstance(key[1], Seed):
            self.seeds.take(key[1].seed, pixels)
