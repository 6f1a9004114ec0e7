"""Where the mask stands in its picture, and whose face each point belongs to."""

from dataclasses import dataclass

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell, noise, smooth

FILLED = 0.9
"""The share of the frame that the longest of crest, head and beard may fill."""

_SHAPES = {  # half width, exponent of the outline, narrowing of the chin and of the crown
    "oval": (0.70, 2.1, 0.12, 0.0),
    "oblong": (0.56, 3.8, 0.0, 0.02),
    "round": (0.95, 2.1, 0.0, 0.0),
    "almond": (0.64, 1.8, 0.36, 0.16),
    "heart": (0.88, 2.2, 0.56, 0.0),
    "shield": (0.76, 3.4, 0.46, 0.0),
    "pear": (0.80, 2.4, 0.0, 0.42),
    "lozenge": (0.84, 1.35, 0.04, 0.0),
}
_TOP = {
    "none": 0.0,
    "raffia": 0.10,
    "halo": 0.34,
    "comb": 0.42,
    "horns": 0.60,
    "ram": 0.16,
    "lobes": 0.36,
    "braids": 0.06,
    "beads": 0.22,
    "board": 0.66,
    "bird": 0.68,
    "antelope": 0.86,
    "snake": 0.36,
}
_SIDE = {"raffia": 0.30, "halo": 0.30, "ram": 0.38, "lobes": 0.06, "beads": 0.18, "snake": 0.22}
_BEARD = {"none": 0.0, "carved": 0.28, "raffia": 0.34, "plaited": 0.44}
_EARS = {"none": 0.0, "small": 0.12, "discs": 0.26, "hoops": 0.22}
_TURN = 0.62  # radians from the middle to the nose of a face of a janus
_UPPER, _LOWER = (-0.52, 0.56), (0.42, 0.80)  # of two stacked heads: middle and scale


@dataclass(frozen=True, slots=True)
class Proportions:
    """Lengths in head units: 1 is half the height of the head."""

    width: float  # half, at the widest
    exponent: float  # 2 an ellipse, more towards a rectangle, less towards a lozenge
    chin: float
    crown: float
    notch: float  # how deep the crown of a heart is cut
    top: float  # how far the crest stands over the head
    bottom: float  # how far the beard hangs below it
    side: float  # how far crest or ears stand out
    depth: float

    @property
    def crown_v(self) -> float:
        """Where the middle line leaves the head above."""
        return -1 / (1 + self.notch)


def proportions(factors: MaskFactors) -> Proportions:
    hand = factors.hand("proportions")
    width, exponent, chin, crown = _SHAPES[factors.shape]
    if factors.heads == "twins":
        width = 0.24 + 0.46 * width
    elif factors.heads == "janus":
        width = 0.48 + 0.56 * width
    elif factors.heads == "stacked":
        width = 0.20 + 0.82 * width
    top = _TOP[factors.crest] * hand.between(0.88, 1.1)
    bottom = _BEARD[factors.beard] * hand.between(0.8, 1.1)
    fit = min(1.0, 0.84 / max(top + bottom, 0.1))  # a face must stay legible under tall horns
    return Proportions(
        width=width * hand.between(0.94, 1.06),
        exponent=exponent * hand.between(0.95, 1.06),
        chin=chin + hand.between(0, 0.06),
        crown=crown + hand.between(0, 0.04),
        notch=0.34 if factors.shape == "heart" else 0.0,
        top=top * fit,
        bottom=bottom * fit,
        side=max(_SIDE.get(factors.crest, 0.0), _EARS[factors.ears]),
        depth=hand.between(0.50, 0.64),
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """Coordinates, float32 (n, n), in head units.

    ``x`` to the right and ``y`` down, across the whole picture; ``u`` and ``v`` the same from the
    middle of the face that a point belongs to, whose half width is ``wide``; ``radius`` the share
    of the way to its head's outline; ``scale`` how large that head is carved.
    """

    x: Field
    y: Field
    u: Field
    v: Field
    radius: Field
    scale: Field | float
    wide: float
    pixel: float
    shape: Proportions


def head_radius(u: Field, v: Field, shape: Proportions) -> Field:
    """Share of the way from the middle to the outline: 1 on it."""
    below, above = np.clip(v, 0, 1.1), np.clip(-v, 0, 1.1)
    width = shape.width * (1 - shape.chin * below**2 - shape.crown * above**2)
    tall = np.abs(v)
    if shape.notch:
        tall = tall * (1 + shape.notch * bell(u, 0.34 * shape.width) * smooth(0.1, -0.6, v))
    p = shape.exponent
    return (np.abs(u / width) ** p + tall**p) ** (1 / p)


def frame(factors: MaskFactors, n: int) -> Frame:
    """Set so that crest, heads and beard together are in the middle of the picture."""
    hand, shape = factors.hand("block"), proportions(factors)
    half, lift = _extent(factors.heads, shape)
    line = ((np.arange(n, dtype=np.float32) + 0.5) * (2 / n) - 1) * half
    x, y = np.meshgrid(line, line + lift)
    # No hand is a compass: a slow waver of both directions, and a lean of the whole.
    fade = bell(np.maximum(np.abs(x) - 0.6, 0), 0.5) * bell(np.maximum(np.abs(y) - 0.7, 0), 0.5)
    x = x + (0.08 * (noise(hand, n, 4) - 0.5) + hand.about(0.016) * y) * fade
    y = y + (0.07 * (noise(hand, n, 4) - 0.5) + hand.about(0.016) * x) * fade
    pixel = 2 * half / n
    if factors.heads == "twins":
        # Mirrored, and yet of two minds: one sits a little lower.
        u = np.abs(x) - _beside(shape)
        v = y + smooth(-0.3, 0.3, x) * hand.between(-0.05, 0.05)
        return Frame(x, y, u, v, head_radius(u, v, shape), 1.0, shape.width, pixel, shape)
    if factors.heads == "janus":
        wide = 0.66 * shape.width
        turn = np.arcsin(np.clip(np.abs(x) * (1 / (1.04 * shape.width)), 0, 0.985))
        u = (turn - _TURN) * (1.02 * shape.width)
        return Frame(x, y, u, y, head_radius(x, y, shape), 1.0, wide, pixel, shape)
    if factors.heads == "stacked":
        return _stacked(x, y, pixel, shape)
    return Frame(x, y, x, y, head_radius(x, y, shape), 1.0, shape.width, pixel, shape)


def _beside(shape: Proportions) -> float:
    """How far from the middle a twin stands: near enough to share a cheek."""
    return 0.80 * shape.width


def _extent(heads: str, shape: Proportions) -> tuple[float, float]:
    """Half the side of the picture, and how far below the origin its middle is."""
    above, below, side = 1 + shape.top, 1 + shape.bottom, shape.width + shape.side
    if heads == "twins":
        side += _beside(shape)
    elif heads == "stacked":
        above = _UPPER[1] * above - _UPPER[0]
        below = _LOWER[1] * below + _LOWER[0]
        side *= _LOWER[1]
    return max((above + below) / 2, side) / FILLED, (below - above) / 2


def _stacked(x: Field, y: Field, pixel: float, shape: Proportions) -> Frame:
    """A small head over a large one; what lies outside both goes to the nearer."""
    (high, small), (low, large) = _UPPER, _LOWER
    over, under = (
        (x * (1 / small), (y - high) * (1 / small)),
        (x * (1 / large), (y - low) * (1 / large)),
    )
    radius_over, radius_under = head_radius(*over, shape), head_radius(*under, shape)
    upper = (radius_over < 1) | ((y < low - 0.96 * large) & (radius_under > 1))
    return Frame(
        x,
        y,
        np.where(upper, over[0], under[0]),
        np.where(upper, over[1], under[1]),
        np.where(upper, radius_over, radius_under),
        np.where(upper, np.float32(small), np.float32(large)),
        shape.width,
        pixel / large,
        shape,
    )
