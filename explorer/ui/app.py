"""Opens the studio's window; everything heavy is loaded behind it."""

import logging
import logging.handlers
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from explorer.core.places import gallery_folder, log_file, settings_file
from explorer.studio.hands import Hands
from explorer.studio.session import FIRST_LOOK, SessionState
from explorer.studio.settings import read_settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Workroom
from explorer.ui.bridge import Post
from explorer.ui.window import Window

if TYPE_CHECKING:
    from explorer.gallery.store import Gallery
    from explorer.models.library import Library

log = logging.getLogger(__name__)


def run_studio(model: str | None = None, gallery: Path | None = None) -> int:
    """Show the window until it is closed; the exit status."""
    app = application()
    _log_to_file()
    sys.excepthook = _log_mistake
    window, studio = open_studio(model, gallery)
    window.show()
    QTimer.singleShot(0, studio.start)  # after the first frame is on the screen
    status = app.exec()
    window.deleteLater()
    return status


def application() -> QApplication:
    """The one application object, made if there is none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("masquerade")
    app.setApplicationDisplayName("Masquerade")
    app.setStyle("Fusion")
    return app


def open_studio(model: str | None = None, gallery: Path | None = None) -> tuple[Window, Studio]:
    """A window and its studio, not yet shown and not yet started."""

    def its_gallery() -> "Gallery":
        from explorer.gallery.store import Gallery

        return Gallery.open(gallery or gallery_folder())

    def its_library() -> "Library":
        from explorer.models.library import Library, shipped_folder, user_folder

        return Library([*([Path(model)] if model else []), shipped_folder(), user_folder()])

    settings, set_aside = read_settings(settings_file())
    state = settings.session
    if model is not None and (state is None or state.model != model):
        state = SessionState(model=model, shown=FIRST_LOOK)
    studio = Studio(
        Workroom(library=its_library, gallery=its_gallery),
        Hands.threads(),
        Post(),
        settings=settings,
        state=state,
    )
    window = Window(studio, settings_file())
    if set_aside is not None:
        QTimer.singleShot(0, lambda: studio.complained(set_aside))
    return window, studio


def _log_mistake(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A slot that fails must not take the window along; the log keeps the traceback."""
    if isinstance(error, KeyboardInterrupt):
        QApplication.quit()
    else:
        log.critical("unexpected", exc_info=(kind, error, trace))


def _log_to_file() -> None:
    """Keep what went wrong on our side; without a writable place it goes to stderr."""
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            log_file(), maxBytes=1 << 20, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("explorer").addHandler(handler)
