"""What stands over the head. All of it stands behind the face."""

from collections.abc import Callable

import numpy as np

from training.data.masks.animals import antelope, bird, snake
from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import (
    Field,
    bell,
    box,
    curve,
    dome,
    limb,
    oval,
    smooth,
    triangle,
)
from training.data.masks.forms import Carving
from training.data.masks.hair import braids, carve_beard, carve_ears, lobes, mane, strands


def carve_crest(carving: Carving, factors: MaskFactors) -> None:
    """Ears, crest and beard. Those of a janus belong to its one head, those of others to each."""
    if factors.heads == "janus":
        carving.u, carving.wide = carving.x, carving.shape.width
    carve_ears(carving, factors)
    if factors.crest != "none":
        _CRESTS[factors.crest](carving, factors.hand("crest"))
    carve_beard(carving, factors)


def _halo(carving: Carving, hand: Hand) -> None:
    """Tufts or spikes round the upper half."""
    angle = np.arctan2(carving.u, -carving.v)
    out = (carving.radius - 1) * np.hypot(carving.u, carving.v) / np.maximum(carving.radius, 0.1)
    length, back = strands(hand, angle, hand.whole(24, 40))
    top, side = carving.shape.top, 0.27
    reach = (side + (top - side) * np.abs(np.cos(angle))) * (0.8 + 0.18 * length)
    spread = hand.between(1.45, 1.8)
    reach = reach * smooth(spread, spread - 0.12, np.abs(angle))
    taper = 1 - np.clip(out / np.maximum(reach, 0.01), 0, 1)
    share = smooth(-0.05, 0.12, back - 0.92 * (1 - taper)) * smooth(0, 0.04, reach - out)
    fibre = 1.0 if hand.chance(0.4) else 0.0
    carving.behind(share, 0.03 + 0.16 * dome(1 - back) * np.sqrt(taper), fibre)


def _comb(carving: Carving, hand: Hand) -> None:
    """A standing comb over the middle of the head, grooved and often notched."""
    top, wide = carving.shape.top, carving.wide
    half = wide * hand.between(0.42, 0.72)
    u, rise = carving.u, -carving.v - 0.75
    arch = oval(u, np.maximum(rise, 0), half, top * 0.97 + 0.25)
    teeth = hand.whole(5, 8)
    groove = np.cos(np.arctan2(u, rise + 0.5) * teeth * 2.4)
    notch = hand.between(0.03, 0.09) * (0.5 - 0.5 * groove)
    share = carving.edge((arch - 1 + notch) * half) * smooth(-0.02, 0.02, rise)
    carving.behind(share, 0.10 + 0.08 * dome(arch) + 0.05 * groove * smooth(1.0, 0.8, arch))
    band = bell(arch - 0.74, 0.05) * share * (1 - carving.head)
    carving.pick_out(smooth(0.3, 0.7, band))
    carving.height += 0.05 * band


def _horns(carving: Carving, hand: Hand) -> None:
    """Two horns rising from the temples, curved in or out, sometimes ringed."""
    top, wide = carving.shape.top, carving.wide
    u, v = np.abs(carving.u) * (1 + np.sign(carving.u) * hand.about(0.03)), carving.v
    path = curve(
        (wide * hand.between(0.42, 0.58), -0.70),
        (wide * hand.between(0.75, 1.05), -0.98 - top * 0.45),
        (wide * hand.between(0.25, 0.95), -0.98 - top),
    )
    thick = hand.between(0.11, 0.15)
    nearest, along, radius = limb(u, v, path, [thick * (1 - 0.105 * i) for i in range(8)])
    back = dome(nearest)
    rings = 0.035 * np.cos(along * hand.between(5.2, 6.6)) if hand.chance(0.6) else 0.0
    carving.behind(carving.edge((nearest - 1) * radius), (0.06 + 0.18 * back) + rings * back)


def _ram(carving: Carving, hand: Hand) -> None:
    """Horns rolled up beside the temples."""
    wide, size = carving.wide, 0.27
    u, v = np.abs(carving.u) - wide * 0.92 - 0.08, carving.v + 0.52
    far = np.hypot(u, v)
    angle = np.arctan2(v, u)
    turns = np.mod(far * (1 / 0.125) + angle * (1 / (2 * np.pi)), 1)
    back = np.sin(np.pi * turns) * (1 + 0.16 * np.cos(angle * 13))
    carving.behind(
        carving.edge(far - size), 0.05 + 0.16 * back * smooth(size * 1.2, size * 0.5, far) + 0.03
    )
    rise = oval(carving.u, carving.v + 0.86, wide * 0.7, 0.14 + carving.shape.top)
    carving.behind(
        carving.edge((rise - 1) * 0.2), 0.10 * dome(rise) + 0.03 * np.cos(carving.u * 44)
    )


def _beads(carving: Carving, hand: Hand) -> None:
    """A diadem of balls round the crown."""
    angle = np.arctan2(carving.u, -carving.v)
    count = hand.whole(7, 11)
    spread = hand.between(1.1, 1.5)
    step = 2 * spread / count
    nearest = (np.clip(np.round(angle / step), -(count // 2), count // 2)) * step
    far = np.hypot(carving.u, carving.v)
    rim = far / np.maximum(carving.radius, 0.05)
    size = np.minimum(0.085 + 0.02 * np.cos(nearest), rim * step * 0.52)
    ball = np.hypot((angle - nearest) * far, far - rim - size * 0.62) / size
    carving.behind(carving.edge((ball - 1) * 0.09), 0.04 + 0.15 * dome(ball))


def _board(carving: Carving, hand: Hand) -> None:
    """A tall board, cut in zigzags or chequers, its end straight, hollowed or stepped."""
    top, wide = carving.shape.top, carving.wide
    half = min(wide * hand.between(0.38, 0.62), 0.5)
    u, rise = carving.u, -carving.v - 0.8
    end = hand.pick({"straight": 1, "crescent": 1, "stepped": 1})
    height = top + 0.17
    upper: Field | float = height
    if end == "crescent":
        upper = height - 0.24 + 0.24 * np.square(u * (1 / half))
    elif end == "stepped":
        upper = height - 0.16 * np.round(np.clip(np.abs(u) * (2.4 / half), 0, 2))
    inside = np.maximum(np.abs(u) - half, rise - upper)
    share = carving.edge(inside) * smooth(-0.02, 0.02, rise)
    period = half * 2 / hand.whole(3, 4)
    if hand.chance(0.5):
        cut = triangle((rise + period * triangle(u * (1 / period)) * 0.8) * (1 / period) * 0.8)
    else:
        cut = 0.5 + 2.5 * (triangle(u * (1 / period)) - 0.5) * (triangle(rise * (1 / period)) - 0.5)
    cut = smooth(0.35, 0.6, cut) * smooth(0, -0.05, inside + 0.05)
    carving.behind(share, 0.10 + 0.055 * cut + 0.04 * smooth(-0.07, -0.03, inside))
    carving.pick_out(share * cut * (1 - carving.head))
    neck = box(u, rise + 0.02, half * 0.7, 0.2)
    carving.behind(carving.edge(neck), np.full_like(u, 0.08))


_CRESTS: dict[str, Callable[[Carving, Hand], None]] = {
    "raffia": mane,
    "halo": _halo,
    "comb": _comb,
    "horns": _horns,
    "ram": _ram,
    "lobes": lobes,
    "braids": braids,
    "beads": _beads,
    "board": _board,
    "bird": bird,
    "antelope": antelope,
    "snake": snake,
}
