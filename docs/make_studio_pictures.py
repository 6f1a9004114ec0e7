"""Photograph the studio for ``studio.md`` with the first model: ``python docs/make_studio_pictures.py``.

Needs a screen for the right fonts, a virtual one will do: ``xvfb-run -s "-screen 0 2600x1700x24"``.
"""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from explorer.latent.expression import Seed
from explorer.studio.settings import Theme
from explorer.studio.studio import Studio
from explorer.ui.app import application, open_studio
from explorer.ui.window import Window

PICTURES = Path(__file__).with_name("pictures")

_PATIENCE_S = 60
_KEPT = {
    "Lamp Keeper": 36,
    "Still Water": 45,
    "Two Horns": 33,
    "Paper Moon": 56,
    "Evening Bell": 55,
    "Red Earth": 40,
    "The Salt Road": 24,
    "First Frost": 61,
    "Old Copper": 20,
    "Slow River": 17,
    "Open Gate": 50,
    "Winter Bread": 41,
    "Far Drum": 58,
    "Quiet Harbour": 60,
}
"""Seeds and the names they were given for the photograph."""


class Photographer:
    """Poses the window and waits until it holds still."""

    def __init__(self, app: QApplication) -> None:
        self.app = app
        self.window, self.studio = open_studio()
        self.window.resize(1280, 800)
        self.window.show()
        self.studio.start()
        self.until(lambda: bool(self.studio.usable))

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not is_so():
            if time.monotonic() > end:
                raise TimeoutError("the window never came to rest")
            self.app.processEvents()
            time.sleep(0.01)

    def at_rest(self) -> None:
        window, studio = self.window, self.studio
        self.until(lambda: _shows_what_is_asked(window, studio))
        end = time.monotonic() + 1.5  # the sheet has no end to wait for
        self.until(lambda: time.monotonic() > end)

    def shoot(self, what: QWidget, name: str) -> None:
        self.at_rest()
        what.grab().save(str(PICTURES / name))


def main() -> None:
    """Write ``studio-*.png``."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MASQUERADE_HOME"] = os.environ.get("STUDIO_PICTURES_HOME", home)
        photographer = Photographer(application())
        _pose(photographer)
        photographer.window.close()


def _pose(its: Photographer) -> None:
    studio = its.studio
    kept: list[object] = []
    studio.kept.connect(kept.append)
    for count, (title, seed) in enumerate(_KEPT.items(), start=1):
        studio.show_seed(seed)
        studio.name(title)
        studio.save()
        its.until(partial(_holds, kept, count))
    studio.pin("a", Seed(seed=28))
    studio.pin("b", Seed(seed=20))
    for index, seed in enumerate((33, 4, 20)):
        studio.place(index, Seed(seed=seed))
    studio.travel(0.4)
    studio.name("Lamp Keeper")
    its.window.notice.hide()
    for theme in ("light", "dark"):
        _light(studio, theme)
        its.shoot(its.window, f"studio-{theme}.png")
    studio.upscale()
    its.shoot(its.window, "studio-upscaled-dark.png")
    studio.set(side="gallery", spread=True)
    _light(studio, "light")
    its.shoot(its.window, "studio-gallery-light.png")


def _holds(kept: list[object], count: int) -> bool:
    return len(kept) >= count


def _light(studio: Studio, theme: Theme) -> None:
    studio.set(theme=theme)


def _shows_what_is_asked(window: Window, studio: Studio) -> bool:
    asked = studio.question
    if asked is None or window.canvas.question != asked.plain:
        return False
    return not asked.upscale or window.canvas.large_question == asked


if __name__ == "__main__":
    main()
