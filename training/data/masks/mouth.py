"""Mouths: how far the lips swell, and where they are open."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, box, dome, oval, smooth
from training.data.masks.forms import Carving


def carve_mouth(carving: Carving, factors: MaskFactors, *, level: float) -> None:
    hand, kind = factors.hand("mouth"), factors.mouth
    u = carving.u + hand.about(0.014)
    v = carving.v - level - hand.about(0.05) * u
    half = carving.wide * hand.between(0.32, 0.44)
    if kind == "oval":
        swell, hole = _oval(carving, u, v, half)
    elif kind == "ring":
        swell, hole = _ring(carving, u, v, hand)
    elif kind == "teeth":
        swell, hole = _teeth(carving, u, v, half, hand)
    else:
        swell, hole = _lips(carving, u, v, half, kind)
    carving.height += carving.head * 0.14 * swell
    carving.pick_out(carving.head * smooth(0.25, 0.6, swell))
    carving.pierce(np.clip(hole, 0, 1) * carving.head)


def _oval(carving: Carving, u: Field, v: Field, half: float) -> tuple[Field, Field]:
    lips = oval(u, v, half * 0.85, 0.14)
    return smooth(1.1, 0.75, lips), carving.edge((lips - 0.56) * 0.14)


def _ring(carving: Carving, u: Field, v: Field, hand: Hand) -> tuple[Field, Field]:
    """Lips pursed to a tube."""
    tube = min(carving.wide * hand.between(0.22, 0.27), 0.19)
    lips = oval(u, v, tube, tube)
    return smooth(1.05, 0.85, lips) * 1.6, carving.edge((lips - 0.55) * tube)


def _teeth(carving: Carving, u: Field, v: Field, half: float, hand: Hand) -> tuple[Field, Field]:
    """A box of a mouth with two rows of teeth, white as shell."""
    v = v - 0.01
    opening = carving.edge(box(u, v, half * 0.86, 0.066))
    tooth = half * 0.86 / hand.whole(2, 3)
    from_gap = np.abs(np.mod(u * (1 / tooth) + 0.5, 1) - 0.5) * tooth
    teeth = opening * smooth(0.012, 0.026, from_gap) * smooth(0.008, 0.02, np.abs(v))
    carving.shell = np.maximum(carving.shell, teeth * carving.head)
    carving.height += 0.06 * teeth
    return carving.edge(box(u, v, half, 0.11), 3), opening - teeth


def _lips(carving: Carving, u: Field, v: Field, half: float, kind: str) -> tuple[Field, Field]:
    """Two lips with a line between: full, smiling, or thin over a slit."""
    sweep = np.square(u * (1 / half))
    line = v + sweep * 0.11 if kind == "smile" else v + sweep * -0.03 - 0.02
    thin = 0.62 if kind == "slit" else 1.0
    upper = oval(u, line + 0.058 * thin, half, 0.078 * thin)
    lower = oval(u, line - 0.063 * thin, half * 0.86, 0.088 * thin)
    swell = np.maximum(dome(upper), dome(lower)) * (0.6 if kind == "slit" else 1.15)
    open_by = 0.036 if kind == "slit" else 0.024
    gap = np.abs(line) - open_by * (1.4 * dome(u * (1 / (half * 0.95))) - 0.3)
    return swell, carving.edge(gap, 1.3)
