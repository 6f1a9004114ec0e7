"""Hair, ears and beards, carved or of fibre."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, dome, from_nearest, oval, smooth
from training.data.masks.forms import Carving


def strands(hand: Hand, angle: Field, count: int) -> tuple[Field, Field]:
    """Of the strand at each angle: its length, 0 to 1, and the roundness of its back."""
    turn = (angle * (1 / (2 * np.pi)) + 0.5) * count
    which = np.floor(turn).astype(np.int32) % count
    lengths = hand.rng.random(count, dtype=np.float32)
    return lengths[which], np.sin(np.pi * (turn - np.floor(turn)))


def _fringe(
    carving: Carving, hand: Hand, *, middle: float, spread: float, side: float, end: float
) -> None:
    """Raffia hung around the outline within ``spread`` of the angle ``middle``."""
    angle = np.arctan2(carving.u, -carving.v)
    off = np.abs(np.mod(angle - middle + np.pi, 2 * np.pi) - np.pi)
    out = (carving.radius - 1) * np.hypot(carving.u, carving.v) / np.maximum(carving.radius, 0.1)
    reach = end + (side - end) * np.abs(np.sin(angle))
    reach = reach * smooth(spread, spread - 0.8, off)
    waver = 0.06 * np.sin(9 * out + 3 * angle) + 0.05 * np.sin(5 * angle + 1)
    for count, least, lift in ((56, 0.55, 0.10), (84, 0.4, 0.05)):
        length, back = strands(hand, angle + waver, count)
        long = reach * (least + (0.98 - least) * length)
        share = smooth(0, -2 * carving.pixel, out - long) * smooth(0.02, 0.05, reach)
        carving.behind(
            share,
            (lift + 0.07 * back + 0.05 * length) * smooth(0.02, -0.2, out - long) + 0.02,
            fibre=1.0,
        )


def mane(carving: Carving, hand: Hand) -> None:
    _fringe(carving, hand, middle=np.pi, spread=2.7, side=0.28, end=carving.shape.bottom)


def lobes(carving: Carving, hand: Hand) -> None:
    """Hair dressed in rounded lobes."""
    top, wide = carving.shape.top, carving.wide
    size = top * 0.56
    lines = hand.between(30, 46)
    for across, up in ((0.0, -0.97 - top + size), (0.56 * wide, -0.86 - top * 0.55 + size * 0.6)):
        u = np.abs(carving.u) - across if across else carving.u
        ball = oval(u, carving.v - up, size * 1.12, size)
        hair = np.cos(np.hypot(carving.u, carving.v + 0.6) * lines)
        carving.behind(carving.edge((ball - 1) * size), 0.05 + 0.22 * dome(ball) + 0.02 * hair)
    cap = oval(carving.u, carving.v + 0.78, 0.7 * wide, 0.24 + 0.4 * top)
    carving.behind(carving.edge((cap - 1) * 0.4), 0.03 + 0.1 * dome(cap))


def braids(carving: Carving, hand: Hand) -> None:
    """A cap of plaits over the forehead, carved into the head itself."""
    wide = carving.wide
    line = -0.52 + 0.16 * np.square(carving.u * (1 / wide))
    cap = smooth(0.015, -0.015, carving.v - line) * carving.head
    count = hand.whole(4, 6)
    spread = carving.u / np.maximum(0.25, 1.05 + 0.25 * carving.v) * (count / wide)
    plait = np.abs(np.cos(np.pi * spread))
    knot = 0.75 + 0.25 * np.cos(carving.v * 38 + 2 * np.round(spread))
    carving.height += cap * (0.06 + 0.09 * np.sqrt(plait) * knot)
    carving.pick_out(cap)
    out = oval(carving.u, carving.v + 0.75, wide * 0.8, 0.25 + carving.shape.top)
    carving.behind(carving.edge((out - 1) * 0.3), 0.08 * dome(out))


def carve_ears(carving: Carving, factors: MaskFactors) -> None:
    kind = factors.ears
    if kind == "none":
        return
    hand, wide = factors.hand("ears"), carving.wide
    size = {"small": 0.10, "discs": 0.15, "hoops": 0.14}[kind]
    place = hand.between(-0.02, 0.08)
    rim = wide * (1 - carving.shape.chin * max(place, 0) ** 2)
    u, v = np.abs(carving.u) - rim - (0.0 if kind == "small" else 0.06), carving.v - place
    v = v + np.sign(carving.u) * hand.about(0.02)
    ear = oval(u, v, size, size * 1.9 if kind == "small" else size)
    if kind == "hoops":
        ring = np.abs(np.hypot(u - 0.01, v - 0.1) - size * 0.72) * (1 / 0.035)
        carving.behind(carving.edge((ring - 1) * 0.035), 0.05 + 0.08 * dome(ring))
        lobe = oval(u + 0.02, v + 0.05, 0.07, 0.13)
        carving.behind(carving.edge((lobe - 1) * 0.07), 0.04 + 0.07 * dome(lobe))
        return
    height = 0.05 + 0.08 * smooth(1.0, 0.8, ear) - 0.07 * smooth(0.66, 0.4, ear)
    boss = 0.06 * dome(ear * 3) if kind == "discs" else 0.0
    carving.behind(carving.edge((ear - 1) * size), height + boss)


def carve_beard(carving: Carving, factors: MaskFactors) -> None:
    hand = factors.hand("beard")
    if factors.beard == "carved":
        _carved(carving)
    elif factors.beard == "plaited":
        _plaited(carving, hand)
    elif factors.beard == "raffia" and factors.crest != "raffia":
        _fringe(carving, hand, middle=np.pi, spread=1.15, side=0.24, end=carving.shape.bottom)


def _carved(carving: Carving) -> None:
    """A wedge, grooved towards its point."""
    end, wide = carving.shape.bottom, carving.wide
    u, down = carving.u, carving.v - 0.62
    along = np.clip(down / (0.37 + end * 0.97), 0, 0.999)
    half = wide * 0.62 * np.sqrt(1 - along**1.6)
    inside = np.maximum(np.abs(u) - half, down - (0.37 + end * 0.97))
    share = carving.edge(inside) * smooth(-0.02, 0.02, down)
    groove = np.cos(u / (wide * (1.02 - 0.6 * along)) * 26)
    carving.behind(share, 0.06 + 0.12 * smooth(0, -0.08, inside) + 0.03 * groove)


def _plaited(carving: Carving, hand: Hand) -> None:
    """Three or five plaits that hang from the jaw, the middle one longest, with knotted ends."""
    end, wide = carving.shape.bottom, carving.wide
    count = hand.whole(2, 3)
    step = min(0.19, 0.5 * wide / count)
    across = from_nearest(carving.u, step, -count, count)
    which = np.clip(np.round(carving.u / step), -count, count)
    last = 0.98 + end * (0.96 - 0.22 * np.abs(which) ** 1.5 / count)
    thick = step * 0.44
    knot = np.cos(carving.v * 60)
    half = thick * (0.90 + 0.10 * knot) * (1 - 0.45 * smooth(-0.3, 0, carving.v - last))
    inside = np.maximum(np.abs(across) - half, np.maximum(carving.v - last, 0.5 - carving.v))
    back = dome(across * (1 / (thick * 1.1)))
    carving.behind(carving.edge(inside), 0.05 + 0.11 * back * (0.8 + 0.2 * knot))
