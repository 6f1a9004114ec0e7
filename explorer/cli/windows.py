"""The commands that open a window; Qt is looked for only when one is asked for."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from explorer.core.errors import KnownError

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def why_no_window(*, loads: bool = True) -> str | None:
    """One sentence with the way out where no window can open, else None.

    Without ``loads`` Qt is only looked for: another process is going to load it.
    """
    try:
        is_there = find_spec("PySide6") is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        return "A window needs Qt, which is not installed: pip install 'masquerade[app]'."
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _DISPLAYS):
        return "There is no display for a window; `explorer export` and the others need none."
    if not loads:
        return None
    try:
        import PySide6.QtWidgets  # noqa: F401 - whether it loads is what is asked
    except ImportError as error:  # a system library that Qt leans on
        return f"Qt can't be loaded ({error}); install that library, or use `explorer export`."
    return None


def studio(model: str | None, gallery: Path | None) -> int:
    """Open the studio and wait until it is closed; its exit status."""
    _need_a_window()
    from explorer.ui.app import run_studio

    return run_studio(model, gallery)


def kiosk(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="A model's id, or the path of a bundle; else the first one."
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where visitors' pictures are kept; else your gallery."),
    ] = None,
) -> None:
    """Show a model full screen, unattended, for an exhibition.

    A slow walk through the model, until a visitor takes over; if it should
    fail, it is started again. Staff leaves by holding the top left corner for
    three seconds, or Ctrl+Shift+Alt+Q; it can't be closed otherwise.

    Example:
      explorer kiosk --model masks-64-r2
    """
    from explorer.models.library import Library

    if model is None:
        model = Library().default_id()
    _need_a_window(loads=False)
    from explorer.ui.kiosk import run_kiosk

    raise typer.Exit(run_kiosk(model, gallery=gallery))


def selftest() -> int:
    """Whether this installation can paint, upscale, save and reopen; its exit status."""
    from explorer.ui.selftest import run

    return run()


def _need_a_window(*, loads: bool = True) -> None:
    reason = why_no_window(loads=loads)
    if reason is not None:
        raise KnownError(reason)
