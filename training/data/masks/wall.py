"""The wall that a mask hangs on, with its shadow."""

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, blur, noise
from training.data.masks.forms import Carving
from training.data.masks.light import Lamps
from training.data.masks.materials import Colour

_WALLS = ((0.40, 0.385, 0.37), (0.46, 0.36, 0.27), (0.30, 0.34, 0.36), (0.42, 0.30, 0.24))
"""Linear: plaster, ochre, slate, clay."""


def wall(carving: Carving, factors: MaskFactors, lamps: Lamps) -> Colour:
    """Linear float32 (n, n, 3)."""
    hand, n = factors.hand("background"), carving.n
    line = (np.arange(n, dtype=np.float32) + 0.5) * (2 / n) - 1
    x, y = np.meshgrid(line, line)
    pool = np.exp(-0.55 * ((x - lamps.key[0] * 0.9) ** 2 + (y - lamps.key[1] * 0.9) ** 2))
    if factors.background == "dark":
        warm = hand.between(0.85, 1.15)
        tone = np.array([0.015 * warm, 0.014, 0.014 / warm], np.float32)
        level = 0.30 + 1.5 * pool
    elif factors.background == "light":
        warm = hand.between(0.98, 1.03)
        tone = np.array([0.76 * warm, 0.74, 0.71 / warm], np.float32)
        level = 0.70 + 0.36 * pool
    else:
        tone = np.array(_WALLS[hand.whole(0, len(_WALLS) - 1)], np.float32)
        tone = tone * hand.between(0.50, 0.85)
        plaster = 0.5 * noise(hand, n, 28) + 0.5 * noise(hand, n, 9)
        level = (0.42 + 0.78 * pool) * (0.92 + 0.16 * plaster)
    cover = carving.cover
    near = _moved(blur(cover, 0.04), 0.03, lamps)
    far = _moved(blur(blur(cover, 0.06), 0.08), 0.085, lamps)
    level = level * (1 - 0.55 * near) * (1 - 0.5 * far)
    seen: Colour = level[..., None] * tone
    return seen


def _moved(field: Field, by: float, lamps: Lamps) -> Field:
    """Shifted away from the key by a share of the side."""
    n = field.shape[0]
    flat = 1 / float(np.hypot(lamps.key[0], lamps.key[1]))
    rows, columns = (round(-lamps.key[i] * flat * by * n) for i in (1, 0))
    from_row = np.clip(np.arange(n) - rows, 0, n - 1)
    from_column = np.clip(np.arange(n) - columns, 0, n - 1)
    moved: Field = np.clip(field[from_row][:, from_column], 0, 1)
    return moved
