"""Photograph the kiosk for ``kiosk.md`` with the first model: ``python docs/make_kiosk_picture.py``.

Needs a screen for the right fonts, a virtual one will do: ``xvfb-run -s "-screen 0 1920x1080x24"``.
"""

import tempfile
import time
from pathlib import Path

from explorer.gallery.caption import Caption
from explorer.gallery.store import Gallery
from explorer.latent.expression import Seed
from explorer.models.library import FIRST, Library
from explorer.render.repaint import compose, paint
from explorer.studio.installation import Installation
from explorer.ui.app import application
from explorer.ui.kiosk_window import KioskWindow
from explorer.upscale.stages import TWO_STAGES
from explorer.upscale.upscaler import Upscalers

PICTURE = Path(__file__).with_name("pictures") / "kiosk.png"

_PATIENCE_S = 240
_KEPT = {"Two Horns": 33, "Old Copper": 20, "Lamp Keeper": 36}


def main() -> None:
    """Write ``kiosk.png``: a stop at a kept work, its name beneath it."""
    app = application()
    generator, upscalers = Library().open(FIRST), Upscalers()
    with tempfile.TemporaryDirectory() as folder, Gallery.open(Path(folder)) as gallery:
        for title, seed in _KEPT.items():
            request = compose(generator, Seed(seed=seed), upscale=upscalers.plan(TWO_STAGES))
            gallery.save(*paint(request, upscalers), Caption(title=title))
        window = KioskWindow(Installation(generator, upscalers, gallery))
        window.resize(1280, 720)
        window.show()
        end = time.monotonic() + _PATIENCE_S
        while not window.title or window.fine is None:
            if time.monotonic() > end:
                raise TimeoutError("the walk never came to rest at a kept work")
            app.processEvents()
            window.advance()
            time.sleep(0.02)
        window.grab().save(str(PICTURE))
        window.shut()


if __name__ == "__main__":
    main()
