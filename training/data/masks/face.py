"""The features of a face, in the order they are cut: planes, brows, eyes, nose, mouth."""

import numpy as np

from training.data.masks.eyes import carve_eyes
from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell, dome, oval, smooth
from training.data.masks.forms import Carving
from training.data.masks.mouth import carve_mouth
from training.data.masks.places import Places, below_brow, places_of
from training.data.masks.planes import carve_planes


def carve_face(carving: Carving, factors: MaskFactors) -> Places:
    places = places_of(factors, carving.wide)
    brow = below_brow(carving, factors, places)
    carve_planes(carving, factors, places, brow)
    _brows(carving, factors, brow)
    carve_eyes(carving, factors, level=places.eye, apart=places.eye_apart, width=places.eye_wide)
    _nose(carving, factors, places)
    carve_mouth(carving, factors, level=places.mouth)
    return places


def _brows(carving: Carving, factors: MaskFactors, brow: Field) -> None:
    hand, kind = factors.hand("brow ridges"), factors.brows
    if kind == "none":
        return
    across = np.abs(carving.u) * (1 / (0.86 * carving.wide))
    thick = hand.between(0.045, 0.065) * (1.5 if kind == "shelf" else 1.0)
    gap = 1.0 if kind in ("joined", "shelf") else smooth(0.03, 0.12, np.abs(carving.u))
    ends = smooth(1.03, 0.9, across) * gap * carving.head
    # Straight below, where the knife cut upwards to it, and rounded above.
    off = np.where(brow > 0, brow * 1.5, brow) * (1 / thick)
    ridge = dome(off) * ends
    carving.height += (0.17 if kind == "shelf" else 0.12) * ridge
    carving.pick_out(smooth(0.15, 0.5, ridge))


def _nose(carving: Carving, factors: MaskFactors, places: Places) -> None:
    """A bridge with two walls, left standing between the eyes, and the wings below."""
    hand, kind = factors.hand("nose"), factors.nose
    lean = hand.about(0.03)
    u = carving.u + hand.about(0.01) + lean * (carving.v - places.brow)
    v, wide, tip = carving.v, carving.wide, places.nose
    top = -0.78 if kind == "long" else places.brow - 0.06
    down = np.clip((v - top) * (1 / (tip - top)), 0, 1)
    slim, broad, back = {
        "straight": (0.09, 0.15, 0.045),
        "broad": (0.15, 0.36, 0.09),
        "long": (0.08, 0.14, 0.04),
        "wedge": (0.04, 0.31, 0.0),
        "hooked": (0.09, 0.15, 0.03),
    }[kind]
    flare = down if kind == "wedge" else down**2.2
    half = wide * hand.between(0.92, 1.1) * (slim + (broad - slim) * flare)
    rise = hand.between(0.19, 0.27)
    profile = 0.02 + rise * (0.25 + 0.75 * down)
    if kind == "hooked":
        profile = 0.03 + 1.5 * rise * np.sin(np.pi * np.clip(0.12 + 0.74 * down, 0, 1)) ** 0.8
    walls = np.clip((np.abs(u) - back * wide) / (half - back * wide), 0, 1.6)
    ends = smooth(top - 0.05, top + 0.07, v) * smooth(tip + 0.03, tip - 0.012, v) * carving.head
    if factors.face == "dished":
        profile = profile - 0.34 * carving.base * smooth(places.brow - 0.1, places.brow + 0.3, v)
    bridge = carving.base + 0.06 + profile - (rise + 0.22) * walls**1.25
    carving.add(ends, bridge)
    if kind != "wedge":
        wing = oval(np.abs(u) - wide * broad * 0.66, v - tip + 0.055, wide * broad * 0.46, 0.075)
        carving.height += carving.head * (0.09 if kind == "broad" else 0.06) * dome(wing)
    nostril = oval(np.abs(u) - wide * broad * 0.5, v - tip + 0.012, 0.045, 0.028)
    carving.height -= carving.head * 0.09 * smooth(1.2, 0.6, nostril)
    under = bell(np.hypot(u / (wide * broad * 1.1), (v - tip - 0.06) / 0.05), 1.0)
    carving.height -= carving.head * 0.05 * under
