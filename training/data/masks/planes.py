"""The large planes of a face: what is cut from the dome before any feature."""

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell, smooth
from training.data.masks.forms import Carving
from training.data.masks.places import Places


def carve_planes(carving: Carving, factors: MaskFactors, places: Places, brow: Field) -> None:
    """Dish, keel or planes; then the step under the brow, the muzzle and the cheekbones.

    ``brow`` is how far each point lies below the line of the brows.
    """
    hand = factors.hand("planes")
    _PLANES[factors.face](carving)
    u, v, wide = carving.u, carving.v, carving.wide
    carving.swell(
        bell(np.hypot(u / (0.62 * wide), (v + 0.60) / 0.28), 1.0), hand.between(0.0, 0.10)
    )
    # Below the brow the face steps back at once and comes forward slowly: most of a carved look.
    step = smooth(-0.025, 0.035, brow) * smooth(hand.between(0.52, 0.66), 0.06, brow)
    inside = smooth(1.0, 0.80, carving.radius) * smooth(1.12, 0.9, np.abs(u) * (1 / wide))
    carving.swell(step * inside, -hand.between(0.13, 0.20))
    cheek = np.hypot((np.abs(u) - 0.52 * wide) / (0.30 * wide), (v - places.eye - 0.30) / 0.15)
    carving.swell(bell(cheek, 1.0), hand.between(0.02, 0.09))
    muzzle = np.hypot(u / (0.44 * wide), (v - places.mouth) / 0.23)
    carving.swell(bell(muzzle, 1.0), hand.between(0.04, 0.13))


def _domed(carving: Carving) -> None:
    pass


def _dished(carving: Carving) -> None:
    """A hollow with the outline of a heart: its upper border dips at the nose."""
    u, v, wide = carving.u, carving.v, carving.wide
    lift = 1 - 0.34 * bell(u, 0.22 * wide) * smooth(0.2, -0.2, v)
    narrow = 1 - 0.42 * np.clip(v, 0, 1) ** 2
    out = np.hypot(u * (1 / (0.80 * wide)) / narrow, (v - 0.12) / (0.70 * lift))
    hollow = smooth(1.03, 0.90, out)
    carving.height -= carving.head * hollow * (0.60 * carving.base + 0.03) * (1 - 0.25 * out)
    carving.pick_out(carving.head * bell(out - 1.05, 0.035))


def _keeled(carving: Carving) -> None:
    """Two planes that meet in an edge from crown to chin."""
    across = np.abs(carving.u) * (1 / carving.wide)
    keel = carving.shape.depth * (1.18 - 0.86 * across)
    carving.height = np.minimum(carving.height, 0.06 + keel) + carving.head * 0.10 * np.clip(
        1 - across * 1.2, 0, 1
    ) * smooth(1, 0.6, carving.radius)


def _planed(carving: Carving) -> None:
    """Forehead, cheeks and jaw each struck off flat."""
    u, v, depth = np.abs(carving.u) * (1 / carving.wide), carving.v, carving.shape.depth
    flat = depth * 0.80 + np.minimum(0.36 * (v + 0.34), 0) - np.maximum(0.55 * (v - 0.40), 0)
    cheek = depth * 0.98 - 0.44 * np.abs(u - 0.10)
    carving.height = np.minimum(carving.height, 0.06 + np.minimum(flat, cheek))


_PLANES = {"domed": _domed, "dished": _dished, "keeled": _keeled, "planed": _planed}
