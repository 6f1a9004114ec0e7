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
    tilt = hand.about(0.14)
    u = np.abs(carving.u + hand.about(0.008)) - apart
    v = carving.v - level - tilt * u + np.sign(carving.u) * hand.about(0.012)
    hole = _KINDS[factors.eyes](carving, u, v, width)
    carving.pierce(hole * carving.head)


def _coffee_bean(carving: Carving, u: Field, v: Field, width: float) -> Field:
    bean = oval(u, v, width, width * 0.66)
    carving.height += 0.17 * dome(bean)
    carving.pick_out(smooth(1.0, 0.9, bean))
    return carving.edge(box(u, v, width * 0.92, 0.024), 1.3)


def _slit(carving: Carving, u: Field, v: Field, width: float) -> Field:
    lens = oval(u, v, width * 1.1, width * 0.52)
    carving.height += 0.10 * smooth(1.15, 0.5, lens)
    bent = v - np.square(u * (1 / width)) * 0.03
    return carving.edge(box(u, bent, width * 0.86, 0.032), 1.3)


def _round(carving: Carving, u: Field, v: Field, width: float) -> Field:
    ring = oval(u, v, width * 0.80, width * 0.80)
    carving.height += 0.17 * smooth(1.0, 0.86, ring)
    carving.pick_out(smooth(1.02, 0.94, ring))
    return carving.edge((ring - 0.60) * width)


def _square(carving: Carving, u: Field, v: Field, width: float) -> Field:
    frame = box(u, v, width * 0.86, width * 0.58)
    carving.height += 0.10 * carving.edge(frame, 2.5)
    carving.pick_out(carving.edge(frame, 2))
    return carving.edge(box(u, v, width * 0.60, width * 0.34))


def _crescent(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """A lowered lid over an arc of an opening."""
    lid = oval(u, v, width, width * 0.72)
    carving.height += 0.16 * dome(lid)
    arc = v - width * 0.44 + np.square(u * (1 / width)) * width * 0.62
    return carving.edge(np.maximum(np.abs(arc) - 0.030, np.abs(u) - width * 0.92), 1.3)


def _almond(carving: Carving, u: Field, v: Field, width: float) -> Field:
    lens = _lens(u, v, width)
    carving.height += 0.13 * smooth(1.5, 0.9, lens)
    carving.pick_out(smooth(1.45, 1.25, lens) * smooth(0.9, 1.0, lens))
    return carving.edge((lens - 0.9) * width * 0.5)


def _inlaid(carving: Carving, u: Field, v: Field, width: float) -> Field:
    """An almond of shell with a hole for the pupil."""
    opening = _almond(carving, u, v, width)
    carving.shell = np.maximum(carving.shell, opening)
    carving.height += 0.05 * dome(_lens(u, v, width))
    pupil = oval(u, v, width * 0.36, width * 0.36)
    return carving.edge((pupil - 1) * width * 0.36)


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
