"""What a mask is: its factors, chosen by chance and yet always the same for (seed, index)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from zlib import crc32

import numpy as np


class Hand:
    """The carver's chance: draws that belong to one mask and one purpose.

    Each purpose has its own stream, so that a change to the mouths leaves all eyes as they were.
    """

    def __init__(self, seed: int, index: int, purpose: str) -> None:
        self.rng = np.random.default_rng([seed, index, crc32(purpose.encode())])

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def about(self, spread: float) -> float:
        """Normal around 0, cut at two spreads so that no slip of the hand ruins a mask."""
        return float(np.clip(self.rng.standard_normal(), -2, 2)) * spread

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, weights: Mapping[str, float]) -> str:
        """One of the keys, as often as its weight says."""
        edges = np.cumsum(list(weights.values()))
        place = np.searchsorted(edges, self.rng.random() * edges[-1], side="right")
        return list(weights)[min(int(place), len(weights) - 1)]


SHAPES = {
    "oval": 4,
    "oblong": 3,
    "round": 3,
    "almond": 3,
    "heart": 2,
    "shield": 3,
    "pear": 2,
    "lozenge": 2,
}
FACES = {"domed": 4, "dished": 3, "keeled": 2, "planed": 2}
MATERIALS = {"wood": 9, "bronze": 5, "clay": 4, "iron": 3}
FINISHES = {
    "wood": {"bare": 4, "aged": 2, "whitened": 3, "two_colours": 3, "three_colours": 3},
    "bronze": {"bare": 2, "aged": 3},
    "clay": {"bare": 4, "aged": 2, "whitened": 2, "two_colours": 2},
    "iron": {"bare": 2, "aged": 2},
}
"""Aged is smoked wood, patinated bronze, smoke-blackened clay or rusted iron."""
CRESTS = {
    "none": 4,
    "raffia": 3,
    "halo": 3,
    "comb": 3,
    "horns": 3,
    "ram": 2,
    "lobes": 2,
    "braids": 2,
    "beads": 2,
}
BEARDS = {"none": 6, "carved": 1, "raffia": 1}
EARS = {"none": 3, "small": 2, "discs": 1}
BROWS = {"arched": 3, "joined": 3, "shelf": 2, "frowning": 2, "none": 1}
EYES = {
    "slit": 3,
    "coffee_bean": 3,
    "round": 3,
    "almond": 2,
    "crescent": 2,
    "square": 1,
    "inlaid": 3,
}
NOSES = {"straight": 3, "broad": 3, "long": 2, "wedge": 2}
MOUTHS = {"oval": 3, "lips": 3, "teeth": 3, "ring": 2, "smile": 1, "slit": 2}
FOREHEADS = {"none": 4, "band": 2, "keloids": 2, "disc": 2, "stripes": 1, "lozenges": 1}
CHEEKS = {"none": 4, "spirals": 2, "keloids": 2, "tears": 2, "bands": 2, "rays": 1}
BACKGROUNDS = {"dark": 1, "light": 1, "wall": 1}


@dataclass(frozen=True, slots=True)
class MaskFactors:
    """Everything a word can be put to; lengths and angles are drawn from ``hand``."""

    seed: int
    index: int
    material: str
    finish: str
    shape: str
    face: str
    crest: str
    beard: str
    ears: str
    brows: str
    eyes: str
    nose: str
    mouth: str
    forehead: str
    cheeks: str
    background: str

    def hand(self, purpose: str) -> Hand:
        return Hand(self.seed, self.index, purpose)


FACTOR_NAMES = tuple(f.name for f in fields(MaskFactors))[2:]


def mask_factors(seed: int, index: int) -> MaskFactors:
    """The factors of picture ``index`` of ``seed``; both at least 0.

    Pure: neither the number of pictures, their order nor the process matters.
    """
    hand = Hand(seed, index, "factors")
    material = hand.pick(MATERIALS)
    crest = hand.pick(CRESTS)
    return MaskFactors(
        seed=seed,
        index=index,
        material=material,
        finish=hand.pick(FINISHES[material]),
        shape=hand.pick(SHAPES),
        face=hand.pick(FACES),
        crest=crest,
        beard="raffia" if crest == "raffia" else hand.pick(BEARDS),
        ears=hand.pick(EARS),
        brows=hand.pick(BROWS),
        eyes=hand.pick(EYES),
        nose=hand.pick(NOSES),
        mouth=hand.pick(MOUTHS),
        forehead=hand.pick(FOREHEADS),
        cheeks=hand.pick(CHEEKS),
        background=hand.pick(BACKGROUNDS),
    )
