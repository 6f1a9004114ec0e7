"""From factors to a picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.masks.crest import carve_crest
from training.data.masks.face import carve_face
from training.data.masks.factors import MaskFactors
from training.data.masks.fields import blur
from training.data.masks.forms import Carving, block
from training.data.masks.inlay import set_inlay
from training.data.masks.light import hang_lamps, light_up, tone
from training.data.masks.materials import dress, material_of
from training.data.masks.ornament import carve_ornament
from training.data.masks.pigments import lay_paint
from training.data.masks.places import Places
from training.data.masks.wall import wall
from training.data.masks.wear import tool_marks, wear

LOOK = 3
"""Goes up whenever any picture would come out otherwise than before."""

_FINE = 512  # pixels a side from which a picture is sharp enough without oversampling


def carve(factors: MaskFactors, n: int) -> tuple[Carving, Places]:
    """The finished carving, float32 fields (n, n), and where its features sit."""
    carving = block(factors, n)
    places = carve_face(carving, factors)
    carve_ornament(carving, factors, places)
    wear(carving, factors)
    set_inlay(carving, factors, places)
    carve_crest(carving, factors)
    tool_marks(carving, factors)
    carving.height *= carving.scale
    return carving, places


def paint_mask(factors: MaskFactors, size: int) -> NDArray[np.uint8]:
    """The mask before its wall, sRGB (size, size, 3). Painted at twice the size where that is small."""
    n = size if size >= _FINE else 2 * size
    carving, places = carve(factors, n)
    # Worn where it stands out, filled where it lies deep.
    relief = carving.height - blur(carving.height, 0.06)
    surface = material_of(carving, factors, relief)
    lay_paint(surface, carving, factors, places, relief)
    dress(surface, carving, factors)
    lamps = hang_lamps(factors)
    mask, behind = light_up(carving, surface, lamps), wall(carving, factors, lamps)
    light = tone(behind + (mask - behind) * carving.cover[..., None])
    levels = np.clip(light, 0, 1) ** (1 / 2.2) * 255 + 0.5
    picture = Image.fromarray(levels.astype(np.uint8))
    return np.asarray(picture if n == size else picture.reduce(n // size))
