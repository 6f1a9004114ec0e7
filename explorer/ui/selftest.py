"""The app's test of itself, where nothing but the app is: paint, upscale, save, reopen."""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from explorer.core.errors import KnownError

_AT_MOST = 2  # levels of 255 by which the reopened picture may differ from one painted again


def run() -> int:
    """Go the whole way once, in a folder of its own and on no screen; 0 if it worked.

    Only what ships is used, so that a person's own models and settings can't hide or cause a
    fault of the app.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    began = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            done = _whole_way(Path(folder))
    except KnownError as error:
        _say(f"The self-test failed: {error}")
        return 1
    _say(f"{done} It took {time.perf_counter() - began:.1f} s.")
    return 0


def _whole_way(folder: Path) -> str:
    from explorer.gallery.caption import Caption
    from explorer.gallery.names import names
    from explorer.gallery.pictures import read_picture
    from explorer.gallery.store import Gallery
    from explorer.latent.expression import Seed
    from explorer.models.library import Library, shipped_folder
    from explorer.render.repaint import compose, paint, paint_recipe
    from explorer.upscale.stages import TWO_STAGES
    from explorer.upscale.upscaler import Upscalers

    library = Library([shipped_folder()])
    upscalers = Upscalers([shipped_folder() / "upscalers"])
    generator = library.open(library.default_id())
    stages = upscalers.plan(TWO_STAGES)
    pixels, recipe = paint(compose(generator, Seed(seed=7), upscale=stages), upscalers)
    with Gallery.open(folder) as gallery:
        gallery.save(pixels, recipe, Caption(title=names()[0]))
    with Gallery.open(folder) as gallery:
        work = gallery.named(names()[0])
        if work is None:
            raise KnownError("the gallery lost the picture that was just saved.")
        reopened, recipe_inside, _ = read_picture(gallery.picture_path(work))
    again = paint_recipe(recipe_inside, library, upscalers)
    apart = int(np.abs(reopened.astype(np.int16) - again).max())
    if apart > _AT_MOST:
        raise KnownError(f"painted again, the picture differs by {apart} of 255 levels.")
    _show(reopened)
    height, width = reopened.shape[:2]
    return (
        f"Painted by {generator.card.id}, upscaled to {width}x{height}, saved, reopened, "
        f"shown, and painted again alike (within {apart} of 255)."
    )


def _show(pixels: np.ndarray) -> None:
    """Draw the picture in a window that no screen shows, and look whether it is there."""
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QApplication, QLabel

    from explorer.ui.images import image

    app = QApplication.instance() or QApplication([])
    wanted = image(pixels)
    label = QLabel()
    label.setPixmap(QPixmap.fromImage(wanted))
    label.resize(wanted.size())
    label.show()
    app.processEvents()
    shown = label.grab().toImage()
    label.close()
    label.deleteLater()
    app.processEvents()
    at = wanted.rect().center()
    if shown.pixelColor(at) != wanted.pixelColor(at):
        raise KnownError("the window does not show the picture that it was given.")


def _say(sentence: str) -> None:
    if sys.stdout is not None:  # a windowed program on Windows has nowhere to write
        sys.stdout.write(f"{sentence}\n")
        sys.stdout.flush()
