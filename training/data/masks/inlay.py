"""What is set into the skin: cowries, studs of brass, beads of glass, in rows along the form."""

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, dome, from_nearest, oval, smooth
from training.data.masks.forms import Carving
from training.data.masks.places import Places


def set_inlay(carving: Carving, factors: MaskFactors, places: Places) -> None:
    if factors.inlay == "none":
        return
    hand = factors.hand("inlay")
    rim = 0.68 if factors.cheeks == "border" else 0.88
    spread = hand.between(1.3, 3.3)  # radians each way from the crown; beyond pi all round
    if factors.inlay == "cowries":
        _cowries(carving, *_row(carving, rim, 0.125, spread))
        if hand.chance(0.5):
            v = from_nearest(carving.t - places.brow + 0.2, 0.15, -3, 0)
            down = smooth(0.94, 0.9, carving.radius) * (carving.v < places.brow - 0.08)
            _cowries(carving, carving.s, v, down)
    elif factors.inlay == "studs":
        _studs(carving, *_row(carving, rim, 0.115, spread), 0.043)
        if hand.chance(0.6):
            u = from_nearest(np.abs(carving.s), 0.115, 1, 5)
            arch = carving.t - places.brow + 0.17 - 0.1 * np.square(carving.s / carving.wide)
            _studs(carving, u, arch, np.ones_like(u), 0.036)
        if hand.chance(0.5):
            _strip(carving, places)
    else:
        colours = hand.rng.permutation(5)[:3]
        for i in range(hand.whole(2, 3)):
            which = int(colours[i])
            _glass(carving, *_row(carving, rim - 0.105 * i, 0.085, spread), which)


def _row(carving: Carving, at: float, step: float, spread: float) -> tuple[Field, Field, Field]:
    """Places in a row along the outline, ``at`` a share of the way to it.

    Returns how far from the nearest one, along and out, in head units; and where the row goes.
    """
    angle = np.arctan2(carving.u, -carving.v)
    far = np.hypot(carving.u, carving.v)
    rim = far / np.maximum(carving.radius, 0.05)
    # As many as fit a circle of the head's mean size; on long heads they crowd at the sides.
    count = max(6, round(2 * np.pi * at * (0.5 + 0.5 * carving.wide) / step))
    turn = 2 * np.pi / count
    off = angle - np.round(angle / turn) * turn
    inside = smooth(spread + 0.02, spread - 0.02, np.abs(angle)) * carving.head
    return off * far, (carving.radius - at) * rim, inside


def _cowries(carving: Carving, along: Field, out: Field, where: Field) -> None:
    """Each with its toothed slit towards the viewer."""
    shell = oval(along, out, 0.056, 0.078)
    share = carving.edge((shell - 1) * 0.056) * where * carving.head
    slit = np.abs(along) * (1 / 0.016) + np.square(out * (1 / 0.058))
    carving.height += share * (0.03 + 0.07 * dome(shell))
    carving.shell = np.maximum(carving.shell, share)
    carving.accent *= 1 - share
    carving.pierced = np.maximum(
        carving.pierced * (1 - share), 0.85 * share * smooth(1.3, 0.7, slit)
    )


def _studs(carving: Carving, along: Field, out: Field, where: Field, size: float) -> None:
    head = np.hypot(along, out) * (1 / size)
    share = carving.edge((head - 1) * size) * where * carving.head * (1 - carving.pierced)
    carving.height += share * (0.02 + 0.06 * dome(head))
    carving.brass = np.maximum(carving.brass, share)


def _strip(carving: Carving, places: Places) -> None:
    """A strip of sheet brass from the crown to the tip of the nose."""
    inside = np.maximum(np.abs(carving.u) - 0.05, carving.v - places.nose + 0.06)
    share = carving.edge(inside) * carving.head * smooth(0.98, 0.94, carving.radius)
    carving.height += 0.02 * share
    carving.brass = np.maximum(carving.brass, share)


def _glass(carving: Carving, along: Field, out: Field, where: Field, which: int) -> None:
    bead = np.hypot(along, out * 0.9) * (1 / 0.043)
    share = carving.edge((bead - 1) * 0.043) * where * carving.head * (1 - carving.pierced)
    carving.height += share * (0.02 + 0.05 * dome(bead))
    carving.beads = np.where(share > carving.glass, np.float32(which), carving.beads)
    carving.glass = np.maximum(carving.glass, share)
