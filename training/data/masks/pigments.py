"""Painted patterns: earth colours laid on along the skin, and what the years left of them."""

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, noise, smooth, triangle
from training.data.masks.forms import Carving
from training.data.masks.materials import Colour, Surface, paint
from training.data.masks.places import Places

_KAOLIN = paint(216, 208, 192)
_OCHRE = paint(146, 56, 38)
_SOOT = paint(38, 33, 31)
_INDIGO = paint(46, 66, 100)
_YELLOW = paint(194, 148, 70)
_GREEN = paint(74, 100, 78)
_PAIRS = (  # ground, figure, and what stands out
    (_KAOLIN, _OCHRE, _SOOT),
    (_KAOLIN, _SOOT, _OCHRE),
    (_KAOLIN, _INDIGO, _OCHRE),
    (_OCHRE, _KAOLIN, _SOOT),
    (_SOOT, _KAOLIN, _OCHRE),
    (_SOOT, _YELLOW, _KAOLIN),
    (_YELLOW, _SOOT, _KAOLIN),
    (_YELLOW, _OCHRE, _KAOLIN),
    (_INDIGO, _KAOLIN, _YELLOW),
    (_OCHRE, _YELLOW, _SOOT),
    (_GREEN, _KAOLIN, _OCHRE),
    (_OCHRE, _INDIGO, _KAOLIN),
)
_STAIN = paint(50, 37, 30)


def lay_paint(
    surface: Surface, carving: Carving, factors: MaskFactors, places: Places, relief: Field
) -> None:
    hand = factors.hand("paint")
    if factors.paint == "none":
        if hand.chance(0.5):
            surface.lay(*_ornament_only(factors, carving, hand))
        return
    held = _held(carving, factors, hand, relief)
    ground, figure, raised = _PAIRS[hand.whole(0, len(_PAIRS) - 1)]
    if factors.paint == "kaolin":
        ground, raised = _KAOLIN, (_SOOT if hand.chance(0.6) else _OCHRE)
    streaks = 0.84 + 0.3 * (noise(hand, carving.n, 10, 18) - 0.3)
    surface.lay(0.94 * held, ground * streaks[..., None], 0.05)
    if factors.paint != "kaolin":
        waver = 0.03 * (noise(hand, carving.n, 11) - 0.5)
        where = carving.edge(_figure(factors, carving, hand, places) + waver, 1.5)
        surface.lay(0.92 * held * where, figure * (0.9 + 0.2 * streaks)[..., None], 0.05)
    if hand.chance(0.6):
        surface.lay(0.86 * held * carving.accent, raised, 0.06)
    if hand.chance(0.6):
        grown = (1 - carving.head) * carving.outgrowth
        surface.lay(0.88 * grown, raised if hand.chance(0.4) else _STAIN, 0.08)


def _ornament_only(
    factors: MaskFactors, carving: Carving, hand: Hand
) -> tuple[Field, Colour, float]:
    """Bare skin whose ornament was singed, rubbed with chalk or drawn with slip."""
    white = hand.chance(0.4)
    if factors.material in ("wood", "clay"):
        return 0.7 * carving.accent, _KAOLIN if white else _SOOT, 0.05
    return 0.6 * carving.accent, _KAOLIN if white else _OCHRE, 0.1


def _held(carving: Carving, factors: MaskFactors, hand: Hand, relief: Field) -> Field:
    """Where paint has held: rubbed off ridges, flaked in patches. 1 is whole."""
    n = carving.n
    flakes = 0.55 * noise(hand, n, 12) + 0.45 * noise(hand, n, 34)
    whole = hand.between(0.06, 0.20)
    if factors.finish == "aged":
        whole -= 0.07
    if factors.material in ("bronze", "iron"):
        whole -= 0.10  # nothing holds well on metal
    return smooth(0.20, 0.34, flakes - np.clip(relief * 3.2, -0.15, 0.3) + whole) * carving.head


def _figure(factors: MaskFactors, carving: Carving, hand: Hand, places: Places) -> Field:
    """Signed distance, negative inside what has the second colour."""
    s, t, kind = carving.s, carving.t, factors.paint
    inside: Field
    if kind == "halves":
        inside = carving.x if hand.chance(0.5) else -carving.x
        if factors.heads == "stacked" or hand.chance(0.25):  # above and below
            inside = places.brow + 0.02 + 0.4 * np.abs(s) - t
            if hand.chance(0.5):
                inside = t - places.mouth + 0.12
    elif kind == "eye_band":
        inside = np.abs(t - places.eye - 0.01) - hand.between(0.15, 0.19)
    elif kind == "stripes":
        period, slant = hand.between(0.26, 0.36), hand.between(-0.7, 0.7)
        along = s if hand.chance(0.3) else t + slant * np.abs(s)
        inside = (triangle(along * (1 / period)) - 0.5) * period * 0.5
    elif kind == "chequers":
        side = 2 * carving.wide / hand.whole(3, 4)
        a, b = triangle(s * (0.5 / side) + 0.25) - 0.5, triangle(t * (0.5 / side) + 0.1) - 0.5
        inside = -np.sign(a * b) * np.minimum(np.abs(a), np.abs(b)) * side
    else:  # dots, every second row moved by half a step
        step = hand.between(0.17, 0.23)
        row = np.round(t * (1 / step))
        across = s * (1 / step) + 0.5 * np.mod(row, 2)
        inside = (np.hypot(across - np.round(across), t * (1 / step) - row) - 0.30) * step
    return inside
