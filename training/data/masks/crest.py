"""What grows out of the head: crest, ears and beard. All of it stands behind the face."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, bell, dome, oval, segment, smooth
from training.data.masks.forms import Carving


def carve_crest(carving: Carving, factors: MaskFactors) -> None:
    hand = factors.hand("crest")
    _ears(carving, factors)
    if factors.beard == "carved":
        _carved_beard(carving)
    grow = {
        "raffia": _raffia,
        "halo": _halo,
        "comb": _comb,
        "horns": _horns,
        "ram": _ram,
        "lobes": _lobes,
        "braids": _braids,
        "beads": _beads,
    }.get(factors.crest)
    if grow:
        grow(carving, hand)
    if factors.beard == "raffia" and factors.crest != "raffia":
        _fringe(carving, hand, middle=np.pi, spread=1.15, side=0.24, end=carving.shape.bottom)


def _angle(carving: Carving) -> Field:
    """0 straight up, positive to the right, pi at the chin."""
    return np.arctan2(carving.u, -carving.v)


def _strands(hand: Hand, angle: Field, count: int) -> tuple[Field, Field]:
    """Of the strand at each angle: its length, 0 to 1, and the roundness of its back."""
    turn = (angle * (1 / (2 * np.pi)) + 0.5) * count
    which = np.floor(turn).astype(np.int32) % count
    lengths = hand.rng.random(count, dtype=np.float32)
    return lengths[which], np.sin(np.pi * (turn - np.floor(turn)))


def _fringe(
    carving: Carving, hand: Hand, *, middle: float, spread: float, side: float, end: float
) -> None:
    """Raffia hung around the outline within ``spread`` of the angle ``middle``."""
    angle = _angle(carving)
    off = np.abs(np.mod(angle - middle + np.pi, 2 * np.pi) - np.pi)
    out = (carving.radius - 1) * np.hypot(carving.u, carving.v) / np.maximum(carving.radius, 0.1)
    reach = end + (side - end) * np.abs(np.sin(angle))
    reach = reach * smooth(spread, spread - 0.8, off)
    waver = 0.05 * np.sin(9 * out + 3 * angle)
    for count, least, lift in ((64, 0.6, 0.10), (88, 0.45, 0.05)):
        length, back = _strands(hand, angle + waver, count)
        long = reach * (least + (0.98 - least) * length)
        share = smooth(0, -2 * carving.pixel, out - long) * smooth(0.02, 0.05, reach)
        carving.behind(
            share,
            (lift + 0.06 * back + 0.04 * length) * smooth(0.02, -0.2, out - long) + 0.02,
            fibre=1.0,
        )


def _raffia(carving: Carving, hand: Hand) -> None:
    _fringe(carving, hand, middle=np.pi, spread=2.7, side=0.28, end=carving.shape.bottom)


def _halo(carving: Carving, hand: Hand) -> None:
    """Tufts or spikes round the upper half."""
    angle = _angle(carving)
    out = (carving.radius - 1) * np.hypot(carving.u, carving.v) / np.maximum(carving.radius, 0.1)
    count = int(hand.rng.integers(26, 44))
    length, back = _strands(hand, angle, count)
    top, side = carving.shape.top, 0.27
    reach = (side + (top - side) * np.abs(np.cos(angle))) * (0.8 + 0.18 * length)
    spread = hand.between(1.45, 1.8)
    reach = reach * smooth(spread, spread - 0.12, np.abs(angle))
    taper = 1 - np.clip(out / np.maximum(reach, 0.01), 0, 1)
    share = smooth(-0.05, 0.12, back - 0.92 * (1 - taper)) * smooth(0, 0.04, reach - out)
    fibre = 1.0 if hand.chance(0.45) else 0.0
    carving.behind(share, 0.03 + 0.14 * dome(1 - back) * np.sqrt(taper), fibre)


def _comb(carving: Carving, hand: Hand) -> None:
    """A standing comb over the middle of the head, grooved and often notched."""
    top, wide = carving.shape.top, carving.shape.width
    half = wide * hand.between(0.42, 0.72)
    u, rise = carving.u, -carving.v - 0.75
    arch = oval(u, np.maximum(rise, 0), half, top * 0.97 + 0.25)
    teeth = int(hand.rng.integers(5, 9))
    groove = np.cos(np.arctan2(u, rise + 0.5) * teeth * 2.4)
    notch = hand.between(0.03, 0.09) * (0.5 - 0.5 * groove)
    share = carving.edge((arch - 1 + notch) * half) * smooth(-0.02, 0.02, rise)
    carving.behind(share, 0.10 + 0.06 * dome(arch) + 0.035 * groove * smooth(1.0, 0.8, arch))
    band = bell(arch - 0.74, 0.05) * share * (1 - carving.head)
    carving.pick_out(smooth(0.3, 0.7, band))
    carving.height += 0.04 * band


def _horns(carving: Carving, hand: Hand) -> None:
    """Two horns rising from the temples, curved in or out, sometimes ringed."""
    top, wide = carving.shape.top, carving.shape.width
    u, v = np.abs(carving.u), carving.v
    foot = np.array([wide * hand.between(0.42, 0.58), -0.72])
    tip = np.array([wide * hand.between(0.25, 0.95), -0.98 - top])
    bend = np.array([wide * hand.between(0.75, 1.05), -0.98 - top * 0.45])
    thick = hand.between(0.10, 0.14)
    steps = np.linspace(0, 1, 9)[:, None]
    path = (1 - steps) ** 2 * foot + 2 * steps * (1 - steps) * bend + steps**2 * tip
    nearest = np.full_like(u, 9.0)
    along = np.zeros_like(u)
    for i, (a, b) in enumerate(zip(path[:-1].tolist(), path[1:].tolist(), strict=True)):
        distance, share = segment(u, v, (a[0], a[1]), (b[0], b[1]))
        radius = thick * (1.02 - 0.11 * (i + share))
        relative = distance / radius
        along = np.where(relative < nearest, i + share, along)
        nearest = np.minimum(nearest, relative)
    back = dome(nearest)
    rings = 0.03 * np.cos(along * hand.between(4.2, 5.4)) if hand.chance(0.6) else 0.0
    carving.behind(carving.edge((nearest - 1) * thick), (0.06 + 0.15 * back) + rings * back)


def _ram(carving: Carving, hand: Hand) -> None:
    """Horns rolled up beside the temples."""
    wide = carving.shape.width
    size = 0.25
    u, v = np.abs(carving.u) - wide * 0.92 - 0.08, carving.v + 0.52
    far = np.hypot(u, v)
    turns = np.mod(far * (1 / 0.115) + np.arctan2(v, u) * (1 / (2 * np.pi)), 1)
    back = np.sin(np.pi * turns)
    carving.behind(
        carving.edge(far - size), 0.05 + 0.13 * back * smooth(size * 1.2, size * 0.5, far) + 0.03
    )
    rise = oval(carving.u, carving.v + 0.86, wide * 0.7, 0.14 + carving.shape.top)
    carving.behind(
        carving.edge((rise - 1) * 0.2), 0.10 * dome(rise) + 0.03 * np.cos(carving.u * 44)
    )


def _lobes(carving: Carving, hand: Hand) -> None:
    """Hair dressed in rounded lobes."""
    top, wide = carving.shape.top, carving.shape.width
    size = top * 0.56
    lines = hand.between(30, 46)
    for across, up in ((0.0, -0.97 - top + size), (0.56 * wide, -0.86 - top * 0.55 + size * 0.6)):
        u = np.abs(carving.u) - across if across else carving.u
        ball = oval(u, carving.v - up, size * 1.12, size)
        hair = np.cos(np.hypot(carving.u, carving.v + 0.6) * lines)
        carving.behind(carving.edge((ball - 1) * size), 0.05 + 0.2 * dome(ball) + 0.014 * hair)
    cap = oval(carving.u, carving.v + 0.78, 0.7 * wide, 0.24 + 0.4 * top)
    carving.behind(carving.edge((cap - 1) * 0.4), 0.03 + 0.1 * dome(cap))


def _braids(carving: Carving, hand: Hand) -> None:
    """A cap of plaits over the forehead, carved into the head itself."""
    wide = carving.shape.width
    line = -0.52 + 0.16 * np.square(carving.u * (1 / wide))
    cap = smooth(0.015, -0.015, carving.v - line) * carving.head
    count = int(hand.rng.integers(4, 7))
    spread = carving.u / np.maximum(0.25, 1.05 + 0.25 * carving.v) * (count / wide)
    plait = np.abs(np.cos(np.pi * spread))
    knot = 0.75 + 0.25 * np.cos(carving.v * 38 + 2 * np.round(spread))
    carving.height += cap * (0.05 + 0.07 * np.sqrt(plait) * knot)
    carving.pick_out(cap)
    out = oval(carving.u, carving.v + 0.75, wide * 0.8, 0.25 + carving.shape.top)
    carving.behind(carving.edge((out - 1) * 0.3), 0.08 * dome(out))


def _beads(carving: Carving, hand: Hand) -> None:
    """A diadem of balls round the crown."""
    angle = _angle(carving)
    count = int(hand.rng.integers(7, 12))
    spread = hand.between(1.1, 1.5)
    step = 2 * spread / count
    nearest = (np.clip(np.round(angle / step), -(count // 2), count // 2)) * step
    far = np.hypot(carving.u, carving.v)
    rim = far / np.maximum(carving.radius, 0.05)
    size = np.minimum(0.085 + 0.02 * np.cos(nearest), rim * step * 0.52)
    du = (angle - nearest) * far
    dv = far - rim - size * 0.62
    ball = np.hypot(du, dv) / size
    carving.behind(carving.edge((ball - 1) * 0.09), 0.04 + 0.14 * dome(ball))


def _ears(carving: Carving, factors: MaskFactors) -> None:
    if factors.ears == "none":
        return
    hand, wide = factors.hand("ears"), carving.shape.width
    disc = factors.ears == "discs"
    size = 0.15 if disc else 0.10
    place = hand.between(-0.02, 0.08)
    rim = wide * (1 - carving.shape.chin * max(place, 0) ** 2)
    u, v = np.abs(carving.u) - rim - (0.08 if disc else 0.0), carving.v - place
    ear = oval(u, v, size, size if disc else size * 1.9)
    height = 0.04 + 0.07 * smooth(1.0, 0.8, ear) - 0.06 * smooth(0.66, 0.4, ear)
    carving.behind(carving.edge((ear - 1) * size), height + (0.05 * dome(ear * 3) if disc else 0.0))


def _carved_beard(carving: Carving) -> None:
    end, wide = carving.shape.bottom, carving.shape.width
    u, down = carving.u, carving.v - 0.62
    along = np.clip(down / (0.37 + end * 0.97), 0, 0.999)
    half = wide * 0.62 * np.sqrt(1 - along**1.6)
    inside = np.maximum(np.abs(u) - half, down - (0.37 + end * 0.97))
    share = carving.edge(inside) * smooth(-0.02, 0.02, down)
    groove = np.cos(u / (wide * (1.02 - 0.6 * along)) * 26)
    carving.behind(share, 0.05 + 0.10 * smooth(0, -0.08, inside) + 0.02 * groove)
