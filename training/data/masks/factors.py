"""What a mask is: its factors, chosen by chance and yet always the same for (seed, index)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
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

    def whole(self, low: int, high: int) -> int:
        """One of ``low`` to ``high``, both included."""
        return int(self.rng.integers(low, high + 1))

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


def _even(*names: str, **heavier: float) -> dict[str, float]:
    return {name: heavier.get(name, 1.0) for name in names}


MATERIALS = _even("wood", "bronze", "clay", "iron", wood=1.4)
STOCKS = {
    "wood": _even("ebony", "padauk", "iroko", "wenge", "kapok"),
    "bronze": _even("golden", "copper", "dark", golden=3, dark=2),
    "clay": _even("terracotta", "buff", "ash", terracotta=4, buff=2),
    "iron": _even("grey", "blued", "black"),
}
"""What there was to carve, cast, model or forge: the wood's species, the alloy, the earth."""
FINISHES = _even("bare", "aged", "polished")
"""Aged is smoked wood, patinated bronze, smoke-blackened clay or rusted iron."""
_PATTERNS = ("none", "kaolin", "halves", "eye_band", "stripes", "chequers", "dots")
PAINTS = {
    "wood": _even(*_PATTERNS, none=6),
    "bronze": _even(*_PATTERNS, none=40),
    "clay": _even(*_PATTERNS, none=9),
    "iron": _even(*_PATTERNS, none=40),
}
"""Bronze and iron are seldom painted: what they are of should be seen."""
_CALM = ("none", "kaolin", "halves", "eye_band")
"""What may be painted over furrows or a lattice: two patterns on one cheek are none."""
SHAPES = _even("oval", "oblong", "round", "almond", "heart", "shield", "pear", "lozenge")
HEADS = _even("one", "twins", "janus", "stacked", one=5)
"""Twins stand side by side, janus looks both ways, stacked is one face over another."""
FACES = _even("domed", "dished", "keeled", "planed")
CRESTS = _even(
    *("none", "raffia", "halo", "comb", "horns", "ram", "lobes", "braids", "beads"),
    *("board", "bird", "antelope", "snake"),
)
BEARDS = _even("none", "carved", "raffia", "plaited", none=2)
EARS = _even("none", "small", "discs", "hoops")
BROWS = _even("arched", "joined", "shelf", "frowning", "none")
EYES = _even("slit", "coffee_bean", "round", "almond", "crescent", "square", "inlaid")
NOSES = _even("straight", "broad", "long", "wedge", "hooked")
MOUTHS = _even("oval", "lips", "teeth", "ring", "smile", "slit")
FOREHEADS = _even("none", "band", "keloids", "disc", "stripes", "lozenges", none=2)
CHEEKS = _even(
    *("none", "spirals", "keloids", "tears", "bands", "rays", "furrows", "lattice", "border"),
    none=2,
)
INLAYS = _even("none", "cowries", "studs", "glass", none=3)
WEARS = _even("sound", "cracked", "chipped", "pitted")
LIGHTS = _even("left", "right", "above")
BACKGROUNDS = _even("dark", "light", "wall")


@dataclass(frozen=True, slots=True)
class MaskFactors:
    """Everything a word can be put to; lengths and angles are drawn from ``hand``."""

    seed: int
    index: int
    material: str
    stock: str
    finish: str
    paint: str
    shape: str
    heads: str
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
    inlay: str
    wear: str
    light: str
    background: str

    def hand(self, purpose: str) -> Hand:
        return Hand(self.seed, self.index, purpose)


FACTOR_NAMES = tuple(f.name for f in fields(MaskFactors))[2:]


def mask_factors(seed: int, index: int, *, plain: bool = False) -> MaskFactors:
    """The factors of picture ``index`` of ``seed``; both at least 0.

    Pure: neither the number of pictures, their order nor the process matters. A ``plain`` one is the
    same with one head and no paint: what a small network can learn in an evening.
    """
    hand = Hand(seed, index, "factors")
    material = hand.pick(MATERIALS)
    crest = hand.pick(CRESTS)
    beard, forehead, cheeks = hand.pick(BEARDS), hand.pick(FOREHEADS), hand.pick(CHEEKS)
    paints = PAINTS[material]
    if cheeks in ("furrows", "lattice"):
        paints = {name: paints[name] for name in _CALM}
    factors = MaskFactors(
        seed=seed,
        index=index,
        material=material,
        stock=hand.pick(STOCKS[material]),
        finish=hand.pick(FINISHES),
        paint=hand.pick(paints),
        shape=hand.pick(SHAPES),
        heads=hand.pick(HEADS),
        face=hand.pick(FACES),
        crest=crest,
        beard="raffia" if crest == "raffia" else beard,  # a mane goes all round
        ears=hand.pick(EARS),
        brows=hand.pick(BROWS),
        eyes=hand.pick(EYES),
        nose=hand.pick(NOSES),
        mouth=hand.pick(MOUTHS),
        forehead="none" if crest == "braids" else forehead,  # plaits cover it
        cheeks=cheeks,
        inlay=hand.pick(INLAYS),
        wear=hand.pick(WEARS),
        light=hand.pick(LIGHTS),
        background=hand.pick(BACKGROUNDS),
    )
    return replace(factors, heads="one", paint="none") if plain else factors
