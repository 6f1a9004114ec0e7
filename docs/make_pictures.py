"""Paint the pictures of ``export.md`` with the first model: ``python docs/make_pictures.py``."""

from pathlib import Path

import numpy as np
from PIL import Image

from explorer.latent.expression import Seed
from explorer.models.library import Library
from explorer.render.repaint import Pixels, compose, paint, paint_together
from explorer.upscale.stages import TWO_STAGES
from explorer.upscale.upscaler import Upscalers

PICTURES = Path(__file__).with_name("pictures")

_ROWS, _COLUMNS = 4, 12
_SIDE = 384  # pixels of each of the three that are compared
_COMPARED = 33  # its seed


def main() -> None:
    """Write ``export.png`` and ``two-stage.png``."""
    library, upscalers = Library(), Upscalers()
    generator = library.open(library.default_id())
    sheet = paint_together([compose(generator, Seed(seed=s)) for s in range(_ROWS * _COLUMNS)])
    rows = [np.hstack(list(sheet[at : at + _COLUMNS])) for at in range(0, len(sheet), _COLUMNS)]
    _save(np.vstack(rows), "export.png")

    ways = [upscalers.plan(text) for text in ("", "lanczos", TWO_STAGES)]
    seen = [
        paint(compose(generator, Seed(seed=_COMPARED), upscale=way), upscalers)[0] for way in ways
    ]
    _save(np.hstack([_shown(picture) for picture in seen]), "two-stage.png")


def _shown(picture: Pixels) -> Pixels:
    """At the size of the page: small ones with their pixels visible, large ones made smaller."""
    small = picture.shape[0] <= _SIDE // 4
    how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(picture).resize((_SIDE, _SIDE), how))


def _save(picture: Pixels, name: str) -> None:
    Image.fromarray(np.ascontiguousarray(picture)).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()
