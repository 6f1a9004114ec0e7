"""Eyes: each kind raises a lid or a rim, and says where the wood is cut through."""

from collections.abc import Callable

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, box, dome, oval, smooth
from training.data.masks.forms import Carving


def carve_eyes(
    carving: Carving, factors: MaskFactors, *, level: float, apart: float, width: float
) -> None:
    """Both eyes at once, ``apart`` from the middle line; no hand makes them quite alike."""
    hand = factors.hand("eyes")
    tilt = hand.about(0.15)
    side = np.sign(carving.u)
    u = (np.abs(carving.u + hand.about(0.01)) - apart) * (1 + side * hand.about(0.045))
    v = (carving.v - level - tilt * u + side * hand.about(0.016)) * (1 + side * hand.about(0.06))
    hole = _KINDS[factors.eyes](carving, u, v, width)
    carving.pierce(hole * carving.head)


def _coffee_bean(carving: Carving, u: Field, v: Field, width: float) -> Field:
    bean = oval(u, v, width, width * 0.66)
    carving.height += 0.21 * dome(bean)
    carving.pick_out(smooth(1.0, 0.9, bean))
    return _cut(carving, u, v, width * 0.94, 0.034)


def _slit(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """Two swollen lids, nearly shut."""
    lens = oval(u, v, width * 1.1, width * 0.56)
    carving.height += 0.15 * dome(lens)
    bent = v - np.square(u * (1 / width)) * 0.03
    carving.height -= 0.04 * smooth(0.07, 0.0, np.abs(bent)) * smooth(1.0, 0.9, lens)
    return _cut(carving, u, bent, width * 0.92, 0.040)


def _round(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """A tube that stands out."""
    ring = oval(u, v, width * 0.80, width * 0.80)
    carving.height += 0.22 * smooth(1.0, 0.86, ring)
    carving.pick_out(smooth(1.02, 0.94, ring))
    return carving.edge((ring - 0.60) * width)


def _square(carving: Carving, u: Field, v: Field, width: float) -> Field:
    frame = box(u, v, width * 0.90, width * 0.62)
    carving.height += 0.12 * carving.edge(frame, 2.5)
    carving.pick_out(carving.edge(frame, 2))
    return carving.edge(box(u, v, width * 0.62, width * 0.36))


def _crescent(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """A lowered lid over an arc of an opening."""
    lid = oval(u, v, width, width * 0.72)
    carving.height += 0.20 * dome(lid)
    arc = v - width * 0.46 + np.square(u * (1 / width)) * width * 0.66
    return _cut(carving, u, arc, width * 0.94, 0.038)


def _almond(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """Rimmed, in a hollow of its own."""
    lens = _lens(u, v, width)
    carving.height += 0.14 * smooth(1.5, 1.15, lens)
    carving.pick_out(smooth(1.45, 1.25, lens) * smooth(0.9, 1.0, lens))
    return carving.edge((lens - 0.9) * width * 0.5)


def _inlaid(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """An almond of shell with a hole for the pupil."""
    opening = _almond(carving, u, v, width)
    carving.shell = np.maximum(carving.shell, opening * carving.head)
    carving.height += 0.05 * dome(_lens(u, v, width))
    pupil = oval(u, v, width * 0.34, width * 0.34)
    return carving.edge((pupil - 1) * width * 0.34)


def _cut(carving: Carving, u: Field, v: Field, half: float, thick: float) -> Field:
    """An opening like a blade of grass, widest in its middle."""
    return carving.edge(np.abs(v) - thick * (1.3 * dome(u * (1 / half)) - 0.3), 1.3)


def _lens(u: Field, v: Field, width: float) -> Field:
    lens: Field = np.abs(v) * (1 / (width * 0.60)) + np.square(u * (1 / width))
    return lens


_KINDS: dict[str, Callable[[Carving, Field, Field, float], Field]] = {
    "slit": _slit,
    "coffee_bean": _coffee_bean,
    "round": _round,
    "almond": _almond,
    "crescent": _crescent,
    "square": _square,
    "inlaid": _inlaid,
}
