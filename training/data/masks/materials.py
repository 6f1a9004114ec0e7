"""What a mask is made of, and how its skin was finished."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, noise, smooth
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

    def lay(self, share: Field, colour: Colour, gloss: float | None = None) -> None:
        """Cover a share of the skin with a colour that is no metal."""
        share = np.clip(share, 0, 1)
        self.colour += (colour - self.colour) * share[..., None]
        self.metal *= 1 - share
        if gloss is not None:
            self.gloss += (gloss - self.gloss) * share


def paint(red: int, green: int, blue: int) -> Colour:
    """A colour named as on a screen (sRGB, 0 to 255), in linear light."""
    return (np.array([red, green, blue], np.float32) / 255) ** 2.2


@dataclass(frozen=True, slots=True)
class _Wood:
    colour: Colour
    years: float  # rings in a head unit
    contrast: float  # of the rings
    fibre: float  # contrast of the pores


_WOODS = {
    "ebony": _Wood(paint(58, 46, 42), 9, 0.30, 0.35),
    "padauk": _Wood(paint(124, 54, 40), 9, 0.45, 0.35),
    "iroko": _Wood(paint(150, 104, 58), 8, 0.60, 0.40),
    "wenge": _Wood(paint(98, 70, 50), 12, 0.85, 0.45),
    "kapok": _Wood(paint(192, 156, 106), 6, 0.36, 0.26),
}
_BRONZES = {
    "golden": paint(196, 150, 62),
    "copper": paint(168, 108, 74),
    "dark": paint(112, 92, 58),
}
_CLAYS = {
    "terracotta": paint(172, 98, 70),
    "buff": paint(202, 166, 122),
    "ash": paint(138, 130, 120),
}
_IRONS = {"grey": paint(116, 116, 118), "blued": paint(72, 88, 118), "black": paint(58, 58, 62)}
_SOOT = paint(42, 33, 29)
_DUST = paint(150, 132, 106)
_RAFFIA = (paint(196, 160, 104), paint(168, 128, 78), paint(120, 84, 50), paint(62, 46, 36))
_GLASS = (
    paint(44, 66, 128),
    paint(214, 206, 190),
    paint(150, 50, 40),
    paint(204, 160, 70),
    paint(48, 108, 100),
)
"""Blue, white, red, yellow, green."""


def material_of(carving: Carving, factors: MaskFactors, relief: Field) -> Surface:
    """The bare skin. ``relief`` is how far each point stands out of what surrounds it."""
    hand = factors.hand("material")
    make = {"wood": _wood, "bronze": _bronze, "clay": _clay, "iron": _iron}[factors.material]
    surface = make(carving, factors, hand, relief)
    if factors.finish == "aged":  # dust settles where no hand wipes it off
        surface.lay(0.35 * smooth(0.0, -0.06, relief), _DUST, 0.02)
    return surface


def dress(surface: Surface, carving: Carving, factors: MaskFactors) -> None:
    """What is on the skin whatever colour it has: breaks, shell, brass, glass, raffia."""
    hand = factors.hand("dress")
    raw = _broken(factors) * (0.7 + 0.6 * noise(hand, carving.n, 36))[..., None]
    surface.lay(0.9 * carving.soot, _SOOT, 0.15)
    surface.lay(0.85 * carving.raw, raw, 0.02)
    surface.lay(carving.shell, paint(230, 220, 198), 0.5)
    surface.lay(carving.glass, np.array(_GLASS)[carving.beads.astype(np.intp)], 0.9)
    surface.lay(carving.brass, paint(206, 160, 72), 0.9)
    surface.metal = np.maximum(surface.metal, carving.brass)
    straw = _RAFFIA[hand.whole(0, len(_RAFFIA) - 1)] * hand.between(0.85, 1.2)
    dry = 0.55 + 0.9 * noise(hand, carving.n, 30)
    surface.lay(carving.fibre, straw * dry[..., None], 0.04)


def _broken(factors: MaskFactors) -> Colour:
    if factors.material == "wood":
        return paint(190, 160, 120) * 0.6 + _WOODS[factors.stock].colour * 0.5
    if factors.material == "clay":
        return _CLAYS[factors.stock] * 1.25
    return paint(120, 124, 118) if factors.material == "bronze" else paint(128, 82, 58)


def _plain(carving: Carving, value: float) -> Field:
    return np.full((carving.n, carving.n), value, np.float32)


def _wood(carving: Carving, factors: MaskFactors, hand: Hand, relief: Field) -> Surface:
    """Cut out of a log whose years run through the mask, so the grain follows every bulge."""
    n, wood = carving.n, _WOODS[factors.stock]
    base = wood.colour * hand.between(0.85, 1.2)
    across = carving.x - hand.between(-0.5, 0.5) + hand.between(-0.2, 0.2) * carving.y
    across = across + 0.10 * (noise(hand, n, 5, 4) - 0.5)
    years = np.hypot(across, carving.height * 1.5 + hand.between(0.1, 0.5))
    ring = np.mod(years * (wood.years * hand.between(0.85, 1.15)), 1)
    grain = smooth(0.0, 0.75, ring) * smooth(1.0, 0.85, ring)
    fibres = noise(hand, n, 7, 60) - 0.5
    tone = (
        1 + wood.contrast * (0.45 - grain) + wood.fibre * fibres + 0.3 * (noise(hand, n, 5) - 0.5)
    )
    tone = tone * (1 + np.clip(relief * 2.4, -0.5, 0.4))
    gloss = np.clip(hand.between(0.05, 0.12) * (1 + 2 * fibres), 0.02, 1)
    surface = Surface(base * tone[..., None], gloss, _plain(carving, 0), 16.0)
    if factors.finish == "aged":
        soot = _SOOT * hand.between(0.7, 1.1)
        crust = smooth(0.3, 0.6, noise(hand, n, 14) - np.clip(relief * 6, -0.3, 0.5))
        surface.lay(0.50 + 0.36 * crust - 0.4 * smooth(0.01, 0.06, relief), soot, 0.10)
    elif (
        factors.finish == "polished"
    ):  # by hands and oil: deeper in colour, bright on what stands out
        surface.colour = 0.66 * surface.colour + 0.05 * surface.colour.mean(2, keepdims=True)
        surface.gloss = np.clip(0.42 + 4 * relief + 0.5 * fibres, 0.15, 0.85)
        surface.hardness = 34.0
    return surface


def _bronze(carving: Carving, factors: MaskFactors, hand: Hand, relief: Field) -> Surface:
    n = carving.n
    base = _BRONZES[factors.stock] * hand.between(0.85, 1.1)
    cloud = 0.6 * noise(hand, n, 8) + 0.4 * noise(hand, n, 26)
    surface = Surface(
        base * (0.72 + 0.5 * cloud)[..., None], 0.45 + 0.4 * cloud, _plain(carving, 0.92), 30.0
    )
    dark = smooth(0.015, -0.05, relief)
    if factors.finish == "polished":
        surface.gloss, surface.hardness = np.clip(surface.gloss + 0.35, 0, 1), 60.0
        surface.lay(0.5 * dark, paint(52, 36, 24), 0.15)
    elif factors.finish == "bare":
        surface.lay(0.12 + 0.6 * dark - 0.3 * smooth(0.0, 0.05, relief), base * 0.3, 0.22)
    else:
        green = paint(84, 152, 130) * (1 - 0.4 * hand.between(0, 1)) + paint(58, 104, 108) * 0.3
        surface.lay(0.4 + 0.5 * dark, base * 0.26, 0.15)
        share = smooth(0.42, 0.6, cloud + np.clip(-relief * 4, -0.2, 0.25) + hand.between(0, 0.16))
        share = share * smooth(0.06, 0.02, relief)
        surface.lay(0.9 * share, green * (0.7 + 0.6 * noise(hand, n, 30))[..., None], 0.03)
    return surface


def _clay(carving: Carving, factors: MaskFactors, hand: Hand, relief: Field) -> Surface:
    n = carving.n
    base = _CLAYS[factors.stock] * hand.between(0.88, 1.12)
    grit = noise(hand, n, 56) - 0.5
    tone = 0.95 + 0.24 * grit + 0.4 * (noise(hand, n, 6) - 0.5) + np.clip(relief * 2, -0.35, 0.25)
    surface = Surface(base * tone[..., None], _plain(carving, 0.03), _plain(carving, 0), 9.0)
    cloud = noise(hand, n, 4)
    if factors.finish == "aged":
        surface.lay(0.92 * smooth(0.15, 0.5, cloud + 0.3 * grit), paint(54, 46, 42), 0.12)
    else:
        # Where a flame licked it in the kiln.
        surface.lay(0.5 * smooth(0.62, 0.95, cloud), paint(70, 48, 40))
    if factors.finish == "polished":  # burnished with a pebble before firing
        surface.colour *= 0.80
        surface.gloss = np.clip(0.20 + 2 * relief + 0.8 * grit + 0.2 * (cloud - 0.5), 0.04, 0.5)
        surface.hardness = 15.0
    return surface


def _iron(carving: Carving, factors: MaskFactors, hand: Hand, relief: Field) -> Surface:
    n = carving.n
    cloud = 0.6 * noise(hand, n, 7) + 0.4 * noise(hand, n, 24)
    base = _IRONS[factors.stock] * hand.between(0.8, 1.1)
    colour = base * (0.62 + 0.6 * cloud + np.clip(relief * 3, -0.3, 0.5))[..., None]
    surface = Surface(colour, 0.3 + 0.3 * cloud, _plain(carving, 0.8), 22.0)
    if factors.finish == "polished":
        surface.gloss, surface.hardness = np.clip(surface.gloss + 0.4, 0, 1), 50.0
        surface.colour *= 1.25
        return surface
    wet = hand.between(0.04, 0.14) if factors.finish == "aged" else -0.2
    share = smooth(0.44, 0.68, cloud + np.clip(-relief * 3, -0.2, 0.2) + wet)
    rust = paint(126, 70, 40) * (0.5 + 0.85 * noise(hand, n, 32))[..., None]
    surface.lay(0.92 * share, rust, 0.02)
    return surface
