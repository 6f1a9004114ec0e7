"""What the studio remembers between two days: the window, the light, and what was on the easel."""

import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from explorer.core.errors import KnownError
from explorer.core.files import read_json, write_bytes
from explorer.studio.session import Frozen, SessionState
from explorer.upscale.stages import TWO_STAGES

Theme = Literal["system", "light", "dark"]
Wall = Literal["room", "black", "grey", "white"]
Side = Literal["seeds", "gallery"]

log = logging.getLogger(__name__)


class Settings(Frozen):
    format: Literal[1] = 1
    theme: Theme = "system"
    wall: Wall = "room"
    crisp: bool = False
    """Show painted pixels as squares rather than smoothed."""
    upscalers: str = TWO_STAGES
    """What the Upscale button runs."""
    side: Side = "seeds"
    spread: bool = False
    """The gallery takes the canvas's room too."""
    geometry: str = ""  # base64, what the window system calls it
    columns: tuple[int, ...] = ()  # pixels: sheet, canvas, tools
    session: SessionState | None = None


def read_settings(path: Path) -> tuple[Settings, str | None]:
    """The settings at ``path``, and a sentence if they had to be set aside and begun anew."""
    if not path.exists():
        return Settings(), None
    try:
        return read_json(path, Settings), None
    except KnownError as error:
        log.warning("settings set aside: %s", error)
        aside = path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        try:
            path.replace(aside)
        except OSError:
            return Settings(), f"{path} can't be read, so the studio starts as on its first day."
        return Settings(), f"The settings couldn't be read; they were set aside as {aside.name}."


def write_settings(path: Path, settings: Settings) -> None:
    """Write whole or not at all.

    Raises:
        KnownError: the folder can't be written.
    """
    with suppress(OSError):  # writing will say what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, settings.model_dump_json(indent=1).encode())
