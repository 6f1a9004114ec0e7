"""Mouths: how far the lips swell, and where they are open."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, box, dome, oval, smooth
from training.data.masks.forms import Carving


def carve_mouth(carving: Carving, factors: MaskFactors, *, level: float) -> None:
    hand, kind = factors.hand("mouth"), factors.mouth
    u = carving.u + hand.about(0.012)
    v = carving.v - level - hand.about(0.05) * u
    half = carving.shape.width * hand.between(0.30, 0.42)
    if kind == "oval":
        swell, hole = _oval(carving, u, v, half)
    elif kind == "ring":
        swell, hole = _ring(carving, u, v, hand)
    elif kind == "teeth":
        swell, hole = _teeth(carving, u, v, half, hand)
    else:
        swell, hole = _lips(carving, u, v, half, kind)
    carving.height += carving.head * 0.12 * swell
    carving.pick_out(carving.head * smooth(0.25, 0.6, swell))
    carving.pierce(np.clip(hole, 0, 1) * carving.head)


def _oval(carving: Carving, u: Field, v: Field, half: float) -> tuple[Field, Field]:
    lips = oval(u, v, half * 0.85, 0.135)
    return smooth(1.1, 0.75, lips), carving.edge((lips - 0.56) * 0.135)


def _ring(carving: Carving, u: Field, v: Field, hand: Hand) -> tuple[Field, Field]:
    """Lips pursed to a tube."""
    tube = carving.shape.width * hand.between(0.20, 0.26)
    lips = oval(u, v, tube, tube)
    return smooth(1.05, 0.85, lips) * 1.6, carving.edge((lips - 0.55) * tube)


def _teeth(carving: Carving, u: Field, v: Field, half: float, hand: Hand) -> tuple[Field, Field]:
    """A box of a mouth with two rows of teeth, white as shell."""
    v = v - 0.01
    opening = carving.edge(box(u, v, half * 0.84, 0.062))
    tooth = half * 0.84 / hand.rng.integers(2, 4)
    from_gap = np.abs(np.mod(u * (1 / tooth) + 0.5, 1) - 0.5) * tooth
    teeth = opening * smooth(0.012, 0.026, from_gap) * smooth(0.008, 0.02, np.abs(v))
    carving.shell = np.maximum(carving.shell, teeth)
    carving.height += 0.06 * teeth
    return carving.edge(box(u, v, half, 0.105), 3), opening - teeth


def _lips(carving: Carving, u: Field, v: Field, half: float, kind: str) -> tuple[Field, Field]:
    """Two lips with a line between: full, smiling, or thin over a slit."""
    sweep = np.square(u * (1 / half))
    line = v + sweep * 0.09 if kind == "smile" else v + sweep * -0.03 - 0.02
    upper = oval(u, line + 0.055, half, 0.075)
    lower = oval(u, line - 0.06, half * 0.86, 0.085)
    swell = np.maximum(dome(upper), dome(lower)) * (0.6 if kind == "slit" else 1.15)
    open_by = 0.034 if kind == "slit" else 0.024
    gap = np.maximum(np.abs(line) - open_by, np.abs(u) - half * 0.92)
    return swell, carving.edge(gap, 1.3)
