"""An installation that runs unattended: a window, and a parent process that watches over it.

The parent loads no Qt, so whatever brings the window down leaves the parent standing.
"""

import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.studio.watch import HOPELESS, LEFT, Heart, watch

CHILD = "--kiosk-window"
"""How a frozen app, which has no interpreter to call, is told to be the window."""

_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from explorer.ui.kiosk import run_window; "
    "sys.exit(run_window(sys.argv[2:]))"
)
_BEAT_MS = 1000


def run_kiosk(model: str, *, gallery: Path | None = None) -> int:
    """Show ``model`` full screen until staff leaves it, starting the window anew if it fails.

    Args:
        model: an installed id, or a path.
        gallery: where visitors' works are kept; the person's own gallery if None.
    """
    where = [] if gallery is None else [str(gallery.absolute())]
    return watch([*_window(), model, *where])


def _window() -> list[str]:
    """How the child is called; -P keeps modules that lie in the current folder out of it."""
    if getattr(sys, "frozen", False):
        return [sys.executable, CHILD]
    ours = str(Path(__file__).parents[2])
    return [sys.executable, "-P", "-c", _PROGRAM, ours]


def run_window(arguments: Sequence[str]) -> int:
    """The child: ``arguments`` are the model, and the gallery's folder if one was named."""
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    heart = Heart()
    try:
        return _show(arguments[0], Path(arguments[1]) if arguments[1:] else None, heart)
    except KnownError as error:
        sys.stderr.write(f"{error}\n")
        return HOPELESS
    except ImportError as error:  # a system library that Qt leans on
        sys.stderr.write(f"Qt can't be loaded ({error}); install that library.\n")
        return HOPELESS


def _show(model: str, gallery: Path | None, heart: Heart) -> int:
    from PySide6.QtCore import QTimer  # only here: the parent loads no Qt
    from PySide6.QtWidgets import QApplication

    from explorer.studio.installation import Installation
    from explorer.ui.kiosk_window import KioskWindow

    app = QApplication.instance() or QApplication(["masquerade"])
    app.setApplicationName("Masquerade")
    installation = Installation.open(model, gallery)
    window = KioskWindow(installation)

    def look_after() -> None:
        window.come_back()
        if window.is_well and not heart.beat():  # the parent is gone; nobody watches over us
            app.exit(LEFT)

    window.left.connect(lambda: app.exit(LEFT))
    signal.signal(signal.SIGTERM, lambda *_: app.exit(LEFT))  # the parent was asked to end
    beat = QTimer(window)
    beat.timeout.connect(look_after)
    beat.start(_BEAT_MS)
    window.come_back()
    heart.beat()
    try:
        return app.exec()
    finally:
        beat.stop()
        window.shut(heart.beat)  # a silent child would be ended in the middle of a save
        installation.close()
