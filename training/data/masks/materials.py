"""What a mask is made of and how its skin was finished."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, blur, noise, smooth
from training.data.masks.forms import Carving

Colour: TypeAlias = NDArray[np.floating[Any]]
"""Linear light, float32 (3,) or (n, n, 3)."""


@dataclass(slots=True)
class Surface:
    """``colour`` float32 (n, n, 3), linear; the rest (n, n) in [0, 1], but ``hardness`` the exponent of the glint."""

    colour: Colour
    gloss: Field
    metal: Field
    hardness: float


def paint(red: int, green: int, blue: int) -> Colour:
    """A colour named as on a screen (sRGB, 0 to 255), in linear light."""
    return (np.array([red, green, blue], np.float32) / 255) ** 2.2


KAOLIN = paint(214, 206, 190)
PIGMENTS = {
    "kaolin": KAOLIN,
    "red ochre": paint(142, 56, 38),
    "soot": paint(36, 31, 29),
    "indigo": paint(44, 62, 92),
    "yellow ochre": paint(190, 144, 70),
}
_WOODS = (
    paint(112, 76, 50),
    paint(138, 98, 64),
    paint(88, 58, 42),
    paint(162, 124, 84),
    paint(106, 62, 44),
)
_CLAYS = (paint(166, 96, 68), paint(182, 122, 88), paint(150, 76, 52), paint(196, 150, 108))
_BRONZES = (paint(150, 112, 64), paint(128, 88, 52), paint(168, 134, 82))
_RAFFIA = (paint(196, 160, 104), paint(168, 128, 78), paint(120, 84, 50), paint(62, 46, 36))


def surface_of(carving: Carving, factors: MaskFactors) -> Surface:
    hand = factors.hand("material")
    # Worn where it stands out, filled where it lies deep.
    relief = carving.height - blur(carving.height, 0.06)
    make = {"wood": _wood, "bronze": _bronze, "clay": _clay, "iron": _iron}[factors.material]
    surface = make(carving, hand, relief, factors.finish == "aged")
    if factors.finish == "whitened":
        _whiten(surface, carving, hand, relief)
    elif factors.finish in ("two_colours", "three_colours"):
        _paint_zones(
            surface, carving, hand, relief, colours=2 if factors.finish == "two_colours" else 3
        )
    elif factors.material == "wood" and hand.chance(0.35):
        _lay(surface, 0.7 * carving.accent, PIGMENTS["soot"], 0.25)  # charred ornament on bare wood
    _lay(surface, carving.shell, paint(228, 218, 196), 0.35)
    surface.metal *= 1 - carving.shell
    _raffia(surface, carving, hand)
    return surface


def _lay(surface: Surface, share: Field, colour: Colour, gloss: float | None = None) -> None:
    """Cover a share of the skin with a colour."""
    share = np.clip(share, 0, 1)
    surface.colour += (colour - surface.colour) * share[..., None]
    if gloss is not None:
        surface.gloss += (gloss - surface.gloss) * share


def _even(carving: Carving, value: float) -> Field:
    return np.full((carving.n, carving.n), value, np.float32)


def _wood(carving: Carving, hand: Hand, relief: Field, smoked: bool) -> Surface:
    """Cut out of a log whose years run through the mask, so the grain follows every bulge."""
    n = carving.n
    base = _WOODS[int(hand.rng.integers(len(_WOODS)))] * hand.between(0.8, 1.25)
    across = carving.u - hand.between(-0.5, 0.5) + hand.between(-0.2, 0.2) * carving.v
    across = across + 0.10 * (noise(hand, n, 5, 4) - 0.5)
    years = np.hypot(across, carving.height * 1.5 + hand.between(0.1, 0.5)) * hand.between(7, 11)
    ring = np.mod(years, 1)
    grain = smooth(0.0, 0.75, ring) * smooth(1.0, 0.85, ring)
    fibres = noise(hand, n, 7, 60)
    tone = 1.18 - 0.55 * grain + 0.22 * (fibres - 0.5) + 0.3 * (noise(hand, n, 5) - 0.5)
    tone = tone * (1 + np.clip(relief * 2.2, -0.45, 0.35))
    colour = base * tone[..., None]
    gloss = _even(carving, hand.between(0.05, 0.16))
    surface = Surface(colour, gloss, _even(carving, 0), 16.0)
    if smoked:
        soot = paint(46, 34, 28) * hand.between(0.7, 1.2)
        _lay(surface, 0.88 - smooth(0.01, 0.06, relief) * 0.5, soot, hand.between(0.3, 0.5))
    return surface


def _bronze(carving: Carving, hand: Hand, relief: Field, patinated: bool) -> Surface:
    n = carving.n
    base = _BRONZES[int(hand.rng.integers(len(_BRONZES)))] * hand.between(0.8, 1.1)
    cloud = 0.6 * noise(hand, n, 8) + 0.4 * noise(hand, n, 26)
    colour = base * (0.78 + 0.4 * cloud)[..., None]
    surface = Surface(colour, _even(carving, 0.8), _even(carving, 1.0), 40.0)
    _lay(surface, smooth(0.0, -0.05, relief) * 0.75, paint(52, 36, 24), 0.15)
    if patinated:
        green = paint(88, 142, 122) * (1 - 0.5 * hand.between(0, 1)) + paint(58, 104, 108) * 0.3
        share = smooth(
            0.50, 0.72, cloud + np.clip(-relief * 4, -0.2, 0.25) + hand.between(-0.08, 0.14)
        )
        share = share * smooth(0.05, 0.02, relief)
        _lay(surface, 0.88 * share, green * (0.75 + 0.5 * noise(hand, n, 30))[..., None], 0.05)
        surface.metal *= 1 - 0.9 * share
    return surface


def _clay(carving: Carving, hand: Hand, relief: Field, smoked: bool) -> Surface:
    n = carving.n
    base = _CLAYS[int(hand.rng.integers(len(_CLAYS)))] * hand.between(0.85, 1.15)
    grit = noise(hand, n, 42)
    tone = (
        0.92
        + 0.22 * (grit - 0.5)
        + 0.4 * (noise(hand, n, 6) - 0.5)
        + np.clip(relief * 2, -0.35, 0.25)
    )
    surface = Surface(base * tone[..., None], _even(carving, 0.05), _even(carving, 0), 9.0)
    cloud = noise(hand, n, 4)
    if smoked:
        _lay(surface, 0.95 * smooth(0.05, 0.4, cloud), paint(58, 50, 46), 0.22)
    else:
        fire_cloud = 0.5 * smooth(0.62, 0.95, cloud)  # where a flame licked it in the kiln
        _lay(surface, fire_cloud, paint(70, 48, 40))
    return surface


def _iron(carving: Carving, hand: Hand, relief: Field, rusted: bool) -> Surface:
    n = carving.n
    cloud = 0.6 * noise(hand, n, 7) + 0.4 * noise(hand, n, 24)
    base = paint(94, 94, 97) * hand.between(0.6, 1.1)
    colour = base * (0.7 + 0.55 * cloud + np.clip(relief * 3, -0.3, 0.5))[..., None]
    surface = Surface(colour, _even(carving, 0.5), _even(carving, 0.8), 24.0)
    wet = hand.between(0.0, 0.12) if rusted else -0.16
    share = smooth(0.46, 0.70, cloud + np.clip(-relief * 3, -0.2, 0.2) + wet)
    rust = paint(120, 68, 42) * (0.55 + 0.75 * noise(hand, n, 32))[..., None]
    _lay(surface, 0.9 * share, rust, 0.03)
    surface.metal *= 1 - 0.95 * share
    return surface


def _wear(carving: Carving, hand: Hand, relief: Field) -> Field:
    """Where paint has held: rubbed off ridges, flaked in patches. 1 is whole."""
    n = carving.n
    flakes = 0.55 * noise(hand, n, 12) + 0.45 * noise(hand, n, 34)
    return smooth(0.20, 0.34, flakes - np.clip(relief * 3.2, -0.15, 0.3) + hand.between(0.0, 0.14))


def _whiten(surface: Surface, carving: Carving, hand: Hand, relief: Field) -> None:
    """Kaolin over the face; often brows, lips and keloids are left dark."""
    held = _wear(carving, hand, relief) * carving.head
    streaks = 0.84 + 0.3 * (noise(hand, carving.n, 10, 16) - 0.3)
    _lay(surface, 0.93 * held, KAOLIN * streaks[..., None], 0.04)
    _lay(surface, _stained(carving, hand), paint(52, 38, 30), 0.12)
    if hand.chance(0.6):
        colour = PIGMENTS["soot" if hand.chance(0.6) else "red ochre"]
        _lay(surface, 0.85 * carving.accent * carving.head, colour, 0.08)


def _stained(carving: Carving, hand: Hand) -> Field:
    """Crest, ears and beard of a painted mask, where they are coloured too."""
    return (1 - carving.head) * carving.outgrowth * (0.9 if hand.chance(0.6) else 0.0)


def _paint_zones(
    surface: Surface, carving: Carving, hand: Hand, relief: Field, *, colours: int
) -> None:
    """Two or three earth colours: a ground, a zone, and the raised parts."""
    order = [list(PIGMENTS)[i] for i in hand.rng.permutation(len(PIGMENTS))]
    ground, zone, raised = (PIGMENTS[name] for name in order[:3])
    u, v, wide = carving.u, carving.v, carving.shape.width
    held = _wear(carving, hand, relief) * carving.head
    waver = 0.05 * (noise(hand, carving.n, 9) - 0.5)
    kind = hand.pick(
        {"halves": 2, "eye band": 3, "lower": 2, "forehead": 2, "centre": 2, "cheeks": 2}
    )
    distance = _zone(kind, u, v, wide)
    _lay(surface, 0.93 * held, ground * (0.85 + 0.3 * noise(hand, carving.n, 14))[..., None], 0.10)
    _lay(surface, 0.93 * held * carving.edge(distance + waver, 1.5), zone, 0.10)
    _lay(surface, _stained(carving, hand), raised if hand.chance(0.4) else paint(52, 38, 30), 0.12)
    if colours == 3:
        _lay(surface, 0.93 * held * carving.accent, raised, 0.10)


def _zone(kind: str, u: Field, v: Field, wide: float) -> Field:
    """Signed distance to the part of the face that has the second colour."""
    distance = u  # halves
    if kind == "eye band":
        distance = np.abs(v + 0.08) - 0.17
    elif kind == "lower":
        distance = 0.26 - v
    elif kind == "forehead":
        distance = v + 0.34 + 0.3 * np.abs(u)
    elif kind == "centre":
        distance = np.abs(u) - 0.20 * wide
    elif kind == "cheeks":
        distance = np.abs(np.abs(u) - 0.66 * wide) + np.abs(v - 0.22) * 0.8 - 0.24 * wide
    return distance


def _raffia(surface: Surface, carving: Carving, hand: Hand) -> None:
    straw = _RAFFIA[int(hand.rng.integers(len(_RAFFIA)))] * hand.between(0.85, 1.2)
    dry = 0.6 + 0.8 * noise(hand, carving.n, 30)
    _lay(surface, carving.fibre, straw * dry[..., None], 0.06)
    surface.metal *= 1 - np.clip(carving.fibre, 0, 1)
