"""Where the features of a face sit."""

from dataclasses import dataclass

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell
from training.data.masks.forms import Carving


@dataclass(frozen=True, slots=True)
class Places:
    """In head units, from the middle of the face."""

    brow: float
    eye: float
    eye_apart: float
    eye_wide: float
    nose: float  # its lower end
    mouth: float


def places_of(factors: MaskFactors, wide: float) -> Places:
    hand = factors.hand("layout")
    brow = hand.between(-0.36, -0.20)
    eye = brow + hand.between(0.17, 0.22)
    nose = eye + hand.between(0.28, 0.44)
    return Places(
        brow=brow,
        eye=eye,
        eye_apart=wide * hand.between(0.43, 0.49),
        eye_wide=min(0.28, wide * hand.between(0.31, 0.37)),
        nose=nose,
        mouth=min(nose + hand.between(0.22, 0.29), 0.70),
    )


def below_brow(carving: Carving, factors: MaskFactors, places: Places) -> Field:
    """How far each point lies below the line of the brows; above it, negative."""
    hand, kind = factors.hand("brows"), factors.brows
    u, wide = carving.u, carving.wide
    across = np.abs(u) * (1 / (0.86 * wide))
    line = places.brow + np.sign(u) * hand.about(0.014)
    if kind == "frowning":
        line = line + 0.08 - 0.20 * across
    elif kind != "shelf":
        sag = {"arched": 0.22, "joined": 0.12, "none": 0.10}[kind]
        line = line + sag * (np.square(across - 0.5) * 4 - 0.5)
    if kind == "joined":
        line = line + 0.12 * bell(u, 0.12 * wide)
    return carving.v - line
