"""What the tool left, and what the years did: facets, cracks, broken rims, worm and rain."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, noise, smooth
from training.data.masks.forms import Carving

_TOOL = {  # depth of a cut and its length, in head units
    "wood": (0.011, 0.16),
    "bronze": (0.005, 0.17),
    "clay": (0.009, 0.21),
    "iron": (0.011, 0.19),
}


def tool_marks(carving: Carving, factors: MaskFactors) -> None:
    """Facets of the adze, the smith's hammer or the potter's thumb, row by row along the skin."""
    hand, n = factors.hand("tool"), carving.n
    deep, long = _TOOL[factors.material]
    deep *= hand.between(0.5, 1.5) * (0.5 if factors.finish == "polished" else 1.0)
    carving.height += deep * _scallops(hand, carving.s, carving.t, long) * carving.cover
    carving.height += 0.05 * (noise(hand, n, 4) - 0.5) * carving.head


def _scallops(hand: Hand, s: Field, t: Field, long: float) -> Field:
    """Shallow dishes side by side, in rows that no hand keeps straight: 0 in their middles, 1 between."""
    n = len(s)
    across = s * (1 / long) + 1.0 * noise(hand, n, 7)
    down = t * (1.2 / long) + 1.0 * noise(hand, n, 7)
    du, dv = np.abs(np.mod(across, 1) - 0.5), np.abs(np.mod(down, 1) - 0.5)
    dishes: Field = 4 * np.maximum(du, dv) ** 2 * (0.3 + 1.2 * noise(hand, n, 12))
    return dishes


def wear(carving: Carving, factors: MaskFactors) -> None:
    """What happened to the head since it was made."""
    hand = factors.hand("wear")
    if factors.wear == "cracked":
        for _ in range(hand.whole(2, 4)):
            _crack(carving, hand)
    elif factors.wear == "chipped":
        for _ in range(hand.whole(2, 3)):
            _bite(carving, hand)
    elif factors.wear == "pitted":
        _pits(carving, hand)


def _crack(carving: Carving, hand: Hand) -> None:
    """From the rim inwards, up or down, along the grain; it stays before it splits the mask."""
    place = hand.between(-0.8, 0.8) * carving.shape.width
    way = 1 if hand.chance(0.6) else -1
    v = carving.y * way
    line = carving.x - place - 0.20 * (noise(hand, carving.n, 9, 2) - 0.5)
    line = line - hand.between(-0.14, 0.14) * carving.y
    length = smooth(hand.between(0.1, 0.8), -0.9, v)
    crack = smooth(0.040, 0.012, np.abs(line) + 0.035 * (1 - length)) * smooth(0, 0.15, length)
    crack = crack * carving.head
    carving.height -= 0.10 * crack
    carving.pierced = np.maximum(carving.pierced, 0.85 * crack)


def _bite(carving: Carving, hand: Hand) -> None:
    """A piece broken off the rim of cheek or jaw; the break is raw."""
    turn, size = hand.between(1.9, 2.85) * (1 if hand.chance(0.5) else -1), hand.between(0.13, 0.22)
    across, down = np.sin(turn), -np.cos(turn)
    # Where the ray from the middle of the face leaves the head.
    towards = carving.u * across + carving.v * down
    beside = carving.u * down - carving.v * across
    ragged = 0.10 * (noise(hand, carving.n, 22) - 0.5) + 0.06 * (noise(hand, carving.n, 9) - 0.5)
    deep = np.hypot(beside * 0.8, (carving.radius - 1) * carving.shape.width * 1.3)
    deep = np.where(towards > 0, deep + ragged, 9)
    lost = smooth(size * 0.7 + carving.pixel, size * 0.7 - carving.pixel, deep)
    edge = smooth(size + 0.05, size + 0.02, deep + ragged) * carving.head
    carving.height -= 0.05 * edge
    carving.raw = np.maximum(carving.raw, edge)
    carving.head = carving.head * (1 - lost)
    carving.height *= 1 - 0.8 * lost


def _pits(carving: Carving, hand: Hand) -> None:
    """Holes of worm, bubbles or rust, thick in places; the skin between them bleached."""
    n = carving.n
    where = smooth(0.25, 0.7, noise(hand, n, 5))
    holes = smooth(0.84, 0.94, noise(hand, n, 48) + 0.16 * where) * (0.25 + 0.75 * where)
    holes = holes * carving.head
    carving.height -= 0.05 * holes
    carving.pierced = np.maximum(carving.pierced, 0.8 * holes)
    carving.raw = np.maximum(carving.raw, 0.4 * where * carving.head * (1 - holes))
