"""Where the features sit, the brows and the nose."""

from dataclasses import dataclass

import numpy as np

from training.data.masks.eyes import carve_eyes
from training.data.masks.factors import MaskFactors
from training.data.masks.fields import bell, dome, oval, smooth
from training.data.masks.forms import Carving
from training.data.masks.mouth import carve_mouth


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the features sit, in head units."""

    brow: float
    eye: float
    eye_apart: float
    eye_wide: float
    nose: float  # its lower end
    mouth: float


def layout(factors: MaskFactors, wide: float) -> Layout:
    hand = factors.hand("layout")
    brow = hand.between(-0.34, -0.22)
    eye = brow + hand.between(0.16, 0.22)
    nose = eye + hand.between(0.30, 0.42)
    return Layout(
        brow=brow,
        eye=eye,
        eye_apart=wide * hand.between(0.42, 0.48),
        eye_wide=min(0.27, wide * hand.between(0.29, 0.36)),
        nose=nose,
        mouth=nose + hand.between(0.22, 0.30),
    )


def carve_face(carving: Carving, factors: MaskFactors) -> Layout:
    places = layout(factors, carving.shape.width)
    _brows(carving, factors, places)
    carve_eyes(carving, factors, level=places.eye, apart=places.eye_apart, width=places.eye_wide)
    _nose(carving, factors, places)
    carve_mouth(carving, factors, level=places.mouth)
    return places


def _brows(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("brows"), factors.brows
    u, v, wide = carving.u, carving.v, carving.shape.width
    across = np.abs(u) * (1 / (0.86 * wide))
    side = np.sign(u) * hand.about(0.012)
    # Below the brow the face steps back: the shadow there is most of a carved look.
    socket = oval(np.abs(u) - places.eye_apart, v - places.eye, places.eye_wide * 1.55, 0.20)
    carving.height -= carving.head * hand.between(0.06, 0.11) * bell(socket, 0.9)
    if kind == "none":
        return
    sag = {"arched": 0.16, "joined": 0.10, "shelf": 0.02, "frowning": -0.14}[kind]
    line = places.brow + sag * (across - 0.5) ** 2 * 4 - 0.5 * sag + side
    if kind == "frowning":
        line = places.brow + 0.06 - 0.17 * across + side
    if kind == "joined":
        line = line + 0.10 * bell(u, 0.12 * wide)
    thick = hand.between(0.045, 0.065) * (1.35 if kind == "shelf" else 1.0)
    gap = 1.0 if kind in ("joined", "shelf") else smooth(0.04, 0.14, np.abs(u))
    ridge = dome((v - line) * (1 / thick)) * smooth(1.02, 0.86, across) * gap * carving.head
    carving.height += 0.13 * ridge
    carving.pick_out(smooth(0.15, 0.5, ridge))


def _nose(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("nose"), factors.nose
    u, v, wide = carving.u + hand.about(0.008), carving.v, carving.shape.width
    top = -0.72 if kind == "long" else places.brow - 0.02
    down = np.clip((v - top) * (1 / (places.nose - top)), 0, 1)
    slim, broad = {
        "straight": (0.10, 0.17),
        "broad": (0.11, 0.27),
        "long": (0.09, 0.17),
        "wedge": (0.05, 0.24),
    }[kind]
    flare = down if kind == "wedge" else down**2.5
    half = wide * hand.between(0.9, 1.1) * (slim + (broad - slim) * flare)
    rise = hand.between(0.16, 0.22)
    ends = smooth(top - 0.06, top + 0.04, v) * smooth(places.nose + 0.035, places.nose - 0.015, v)
    across = np.abs(u) / half
    back = (
        np.clip(1 - across, 0, 1) * 1.25
        if kind == "wedge"
        else dome(across) * smooth(1.0, 0.8, across)
    )
    carving.height += carving.head * rise * (0.45 + 0.55 * down) * np.minimum(back, 1.0) * ends
    nostril = oval(np.abs(u) - wide * broad * 0.55, v - places.nose + 0.01, 0.05, 0.03)
    carving.height -= carving.head * 0.07 * smooth(1.2, 0.6, nostril)
