"""The one window: sheet on the left, picture in the middle, tools on the right."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.core.errors import KnownError
from explorer.latent.expression import Artwork as ArtworkNode
from explorer.latent.expression import Expression
from explorer.studio.session import PaintRequest, SessionState, plain
from explorer.studio.settings import Settings, write_settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Picture
from explorer.ui import theme
from explorer.ui.canvas import Canvas
from explorer.ui.carried import carry, pack, picture_file
from explorer.ui.gallery_view import GalleryView
from explorer.ui.menus import CheatSheet, Menus
from explorer.ui.notices import Notice
from explorer.ui.plaque import Plaque
from explorer.ui.sheet import Sheet
from explorer.ui.steady import Steadily
from explorer.ui.theme import GRID
from explorer.ui.tools import Tools
from explorer.ui.topbar import TopBar
from explorer.ui.words import words

if TYPE_CHECKING:
    from explorer.gallery.artwork import Artwork

log = logging.getLogger(__name__)

_SHEET = 40 * GRID  # logical pixels
_REST_MS = 3_000  # after the last change, before it is written down


class Window(QMainWindow):
    """Shows a studio. Closing it closes the studio, and remembers both."""

    def __init__(self, studio: Studio, settings_file: Path) -> None:
        super().__init__()
        self._studio = studio
        self._settings_file = settings_file
        self._light: theme.Light | None = None
        self._written: Settings | None = None
        self._can_write = True
        self._leaves_when_saved = False
        self.setWindowTitle("Masquerade")
        self.setAcceptDrops(True)
        self._steady = Steadily(studio, self)
        self.bar = TopBar(studio, self._steady)
        self.sheet = Sheet(studio, self._steady)
        self.gallery = GalleryView(studio)
        self.canvas = Canvas()
        self.plaque = Plaque(studio, self._steady)
        self.tools = Tools(studio, self._steady)
        whole = self._build()
        self.setCentralWidget(whole)
        self.menus = Menus(self.menuBar(), studio)
        self.notice = Notice(whole)
        self.rested = QTimer(self, singleShot=True, interval=_REST_MS)
        self._connect()
        self._restore()
        self._apply(studio.settings)
        self._follow(studio.state)
        # Not a text field: single letters are commands until something is to be typed.
        (self.canvas if studio.settings.side == "gallery" else self.sheet.grid).setFocus()

    # Building

    def _build(self) -> QWidget:
        self.tabs = {"seeds": QPushButton("Seeds"), "gallery": QPushButton("Gallery")}
        tabs = QHBoxLayout()
        tabs.setContentsMargins(12, GRID, 2 * GRID, 0)
        tabs.setSpacing(4)
        for side, tab in self.tabs.items():
            tab.setCheckable(True)
            tab.setProperty("role", "tab")
            tab.setToolTip(f"{tab.text()} (Ctrl+{1 + (side == 'gallery')})")
            tab.clicked.connect(lambda _, side=side: self._studio.set(side=side, spread=False))
            tabs.addWidget(tab)
        tabs.addStretch()
        self._side = QStackedWidget()
        self._side.addWidget(self.sheet)
        self._side.addWidget(self.gallery)
        left = QWidget()
        left.setProperty("role", "panel")
        left.setMinimumWidth(26 * GRID)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(tabs)
        column.addWidget(self._side, 1)

        self._easel = QWidget()
        column = QVBoxLayout(self._easel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.plaque)

        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        for part in (left, self._easel, self.tools):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.splitter, 1)
        return whole

    def _connect(self) -> None:
        studio = self._studio
        self._steady.changed.connect(self._follow)
        self._steady.changed.connect(lambda _: self.rested.start())
        studio.settings_changed.connect(lambda _: self.rested.start())
        self.rested.timeout.connect(self._write_at_rest)
        studio.painted.connect(self._show)
        studio.progressed.connect(self.canvas.set_progress)
        studio.complained.connect(self.notice.complain)
        studio.complained.connect(self._stay)
        studio.gallery_changed.connect(self._leave)
        studio.told.connect(self.notice.toast)
        studio.settings_changed.connect(self._apply)
        studio.models_listed.connect(self._hint)
        studio.kept.connect(self._kept)
        studio.summoned.connect(self._come)
        self.canvas.carried.connect(self._carry)
        self.canvas.dropped.connect(self._hang)
        self.plaque.compare_wanted.connect(self.canvas.toggle_compare)
        self.gallery.deleted.connect(self._deleted)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    def _restore(self) -> None:
        settings = self._studio.settings
        self.resize(1280, 800)
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
        columns = list(settings.columns) or [_SHEET, 1280 - _SHEET - self.tools.width()]
        self.splitter.setSizes(columns)

    # What the studio tells

    def _follow(self, state: SessionState) -> None:
        question = self._studio.question
        large = self.canvas.large_question
        if question is None:
            self.canvas.clear()
        elif large is not None and large != question and large.plain == question.plain:
            self.canvas.forget_large()  # back to the same picture as painted
        self.canvas.setAccessibleDescription(words(state.shown, self._studio.path))
        self.sheet.want_too(self.tools.wanted())
        self.menus.refresh()

    def _show(self, question: PaintRequest, picture: Picture) -> None:
        if question.upscale:
            self.canvas.show_large(question, picture.pixels)
        else:
            self.canvas.show_plain(question, picture.pixels, picture.soft)

    def _apply(self, settings: Settings) -> None:
        for side, tab in self.tabs.items():
            tab.setChecked(side == settings.side)
        shows_gallery = settings.side == "gallery"
        focused: QWidget | None = self.focusWidget()  # none before the window is shown
        had_focus = focused is not None and self._side.isAncestorOf(focused)
        turned = self._side.currentWidget() is not (self.gallery if shows_gallery else self.sheet)
        self._side.setCurrentWidget(self.gallery if shows_gallery else self.sheet)
        if turned and had_focus:  # else it would fall to a field, and letters are no commands there
            (self.gallery.place if shows_gallery else self.sheet.grid).setFocus()
        if shows_gallery:
            self.gallery.look()
        self.gallery.spread.setChecked(settings.spread)
        self._easel.setVisible(not (shows_gallery and settings.spread))
        self.canvas.set_crisp(settings.crisp)
        self.sheet.grid.frames.crisp = settings.crisp
        self._light_up(theme.light_of(settings.theme))
        self.menus.refresh()

    def _system_changed(self) -> None:
        self._light_up(theme.light_of(self._studio.settings.theme))

    def _light_up(self, light: theme.Light) -> None:
        colours = theme.colours(light)
        self.canvas.set_light(colours, theme.wall(self._studio.settings.wall, light))
        if light == self._light:
            return
        self._light = light
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(theme.palette(colours))
        self.setStyleSheet(theme.stylesheet(colours))
        for part in (self.bar, self.sheet, self.gallery, self.plaque, self.tools):
            part.set_light(colours)

    def _hint(self) -> None:
        if self._studio.usable:
            self.canvas.set_hint(
                "Nothing on the easel yet",
                "Click a picture in the sheet, or press R for a random seed.",
            )
        else:
            self.canvas.set_hint(
                "No model is installed",
                "Put a model's folder into the models folder, and start again.",
            )

    def _kept(self, artwork: "Artwork") -> None:
        name = f"“{artwork.title}”" if artwork.title else "without a name"
        self.notice.toast(f"Saved {name}", lambda: self._studio.delete(artwork.uuid))

    def _deleted(self, uuid: str, title: str) -> None:
        self.notice.toast(f"Moved “{title}” to the bin", lambda: self._studio.restore(uuid))

    def _come(self, place: str) -> None:
        """Do what only a window can."""
        match place:
            case "open":
                self._open()
            case "quit":
                self.close()
            case "expression":
                self.bar.expression.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.bar.expression.selectAll()
            case "name":
                self._studio.set(spread=False)  # the plaque hangs below the picture
                self.plaque.title.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.plaque.title.selectAll()
            case "search":
                self._studio.set(side="gallery")
                self.gallery.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            case "seed":
                self._studio.set(side="seeds", spread=False)
                self.sheet.go.setFocus(Qt.FocusReason.ShortcutFocusReason)
            case "play":
                self.tools.pins.play.toggle()
            case "copy":
                if self.canvas.picture is not None:
                    QGuiApplication.clipboard().setImage(self.canvas.picture)
                    self.notice.toast("Copied the picture")
            case "compare":
                self.canvas.toggle_compare()
            case "fit":
                self.canvas.fit()
            case "theme":
                self._studio.set(theme="light" if self._light == "dark" else "dark")
            case "fullscreen":
                self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
            case "keys":
                CheatSheet(self).show()
            case _:
                log.error("nobody knows how to summon %s", place)

    # Hands

    def _open(self) -> None:
        dialog = QFileDialog(self, "Open picture", "", "Pictures with a recipe (*.png)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self._studio.open_file(Path(file)))
        dialog.open()

    def _carry(self) -> None:
        state, picture = self._studio.state, self.canvas.picture
        if state.shown is not None and picture is not None:
            carry(self.canvas, pack(state.shown, picture), picture)

    def _hang(self, expression: Expression, is_kept: bool) -> None:
        if is_kept and isinstance(expression, ArtworkNode):  # the picture that was in the hand
            self._studio.reopen(expression.id)
        else:
            self._studio.show(expression)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape, which no field wants, leads out of it; and out of the full screen."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox):
            self.bar.take_back()
            at_gallery = self._studio.settings.side == "gallery"
            (self.gallery.place if at_gallery else self.sheet.grid).setFocus()
        elif self.isFullScreen():
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if picture_file(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        file = picture_file(event.mimeData())
        if file is not None:
            event.acceptProposedAction()
            self._studio.open_file(file)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange and self.isMinimized():
            self.tools.pins.stop()  # nobody looks
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._studio.is_saving and not self._leaves_when_saved:
            event.ignore()  # a save that fails needs somebody to be told
            self._leaves_when_saved = True
            self.notice.complain("Still saving. The window closes by itself when that is done.")
            return
        self.tools.pins.stop()
        self.rested.stop()
        self._write()
        self.hide()
        self._studio.close()
        event.accept()

    def _leave(self) -> None:
        if self._leaves_when_saved and not self._studio.is_saving:
            self.close()

    def _stay(self, _: str) -> None:
        self._leaves_when_saved = False

    # What outlasts the day, and a power cut

    def _write_at_rest(self) -> None:
        """Write down what is there, but not under a hand that would feel it."""
        if self.tools.is_held or QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self.rested.start()
        else:
            self._write()

    def _write(self) -> None:
        now = self._studio.settings.model_copy(
            update={
                "geometry": bytes(self.saveGeometry().toBase64().data()).decode(),
                "columns": tuple(self.splitter.sizes()) if self._easel.isVisible() else (),
                "session": plain(self._studio.state),  # a start shouldn't begin with an upscaler
            }
        )
        if now == self._written:
            return
        try:
            write_settings(self._settings_file, now)
        except KnownError as error:
            if self._can_write:
                log.warning("settings not written: %s", error)
            self._can_write = False
        else:
            self._written, self._can_write = now, True
