"""From factors to a picture."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.masks.crest import carve_crest
from training.data.masks.face import carve_face
from training.data.masks.factors import MaskFactors
from training.data.masks.forms import block
from training.data.masks.light import background, hang_lamp, light_up
from training.data.masks.materials import surface_of
from training.data.masks.ornament import carve_ornament

LOOK = 1
"""Goes up whenever any picture would come out otherwise than before."""

_FINE = 512  # pixels a side from which a picture is sharp enough without oversampling


def paint_mask(factors: MaskFactors, size: int) -> NDArray[np.uint8]:
    """The mask before its wall, sRGB (size, size, 3). Painted at twice the size where that is small."""
    n = size if size >= _FINE else 2 * size
    carving = block(factors, n)
    places = carve_face(carving, factors)
    carve_ornament(carving, factors, places)
    carve_crest(carving, factors)
    lamp = hang_lamp(factors.hand("lamp"))
    mask = light_up(carving, surface_of(carving, factors), lamp)
    wall = background(carving, factors, lamp)
    light = wall + (mask - wall) * carving.cover[..., None]
    levels = np.clip(light, 0, 1) ** (1 / 2.2) * 255 + 0.5
    picture = Image.fromarray(levels.astype(np.uint8))
    return np.asarray(picture if n == size else picture.reduce(n // size))
