"""Brows, eyes, nose and mouth."""

from dataclasses import dataclass

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell, box, dome, oval, smooth
from training.data.masks.forms import Carving


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
    _eyes(carving, factors, places)
    _nose(carving, factors, places)
    _mouth(carving, factors, places)
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
    ridge = rounded_band(v - line, thick) * smooth(1.02, 0.86, across) * gap * carving.head
    carving.height += 0.13 * ridge
    carving.accent = np.maximum(carving.accent, smooth(0.15, 0.5, ridge))


def rounded_band(distance: Field, half: float) -> Field:
    return dome(np.abs(distance) * (1 / half))


def _eyes(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("eyes"), factors.eyes
    width = places.eye_wide
    tilt = hand.about(0.14)
    u = np.abs(carving.u + hand.about(0.008)) - places.eye_apart
    v = carving.v - places.eye - tilt * u + np.sign(carving.u) * hand.about(0.012)
    round_v = v - np.square(u * (1 / width)) * 0.03
    edge = carving.edge
    hole: Field
    if kind == "coffee_bean":
        bean = oval(u, v, width, width * 0.66)
        carving.height += 0.17 * dome(bean)
        carving.accent = np.maximum(carving.accent, smooth(1.0, 0.9, bean))
        hole = edge(box(u, v, width * 0.92, 0.024), 1.3)
    elif kind == "slit":
        lens = oval(u, v, width * 1.1, width * 0.52)
        carving.height += 0.10 * smooth(1.15, 0.5, lens)
        hole = edge(box(u, round_v, width * 0.86, 0.032), 1.3)
    elif kind == "round":
        ring = oval(u, v, width * 0.80, width * 0.80)
        carving.height += 0.17 * smooth(1.0, 0.86, ring)
        carving.accent = np.maximum(carving.accent, smooth(1.02, 0.94, ring))
        hole = edge((ring - 0.60) * width)
    elif kind == "square":
        carving.height += 0.10 * edge(box(u, v, width * 0.86, width * 0.58), 2.5)
        carving.accent = np.maximum(carving.accent, edge(box(u, v, width * 0.86, width * 0.58), 2))
        hole = edge(box(u, v, width * 0.60, width * 0.34))
    elif kind == "crescent":
        lid = oval(u, v, width, width * 0.72)
        carving.height += 0.16 * dome(lid)
        arc = v - width * 0.44 + np.square(u * (1 / width)) * width * 0.62
        hole = edge(np.maximum(np.abs(arc) - 0.030, np.abs(u) - width * 0.92), 1.3)
    else:
        lens = np.abs(v) * (1 / (width * 0.60)) + np.square(u * (1 / width))
        carving.height += 0.13 * smooth(1.5, 0.9, lens)
        carving.accent = np.maximum(
            carving.accent, smooth(1.45, 1.25, lens) * smooth(0.9, 1.0, lens)
        )
        opening = edge((lens - 0.9) * width * 0.5)
        if kind == "inlaid":
            pupil = oval(u, v, width * 0.36, width * 0.36)
            carving.shell = np.maximum(carving.shell, opening)
            carving.height += 0.05 * dome(lens)
            hole = edge((pupil - 1) * width * 0.36)
        else:
            hole = opening
    _pierce(carving, hole * carving.head)


def _pierce(carving: Carving, hole: Field) -> None:
    carving.height -= 0.12 * hole
    carving.pierced = np.maximum(carving.pierced, hole)


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


def _mouth(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("mouth"), factors.mouth
    wide = carving.shape.width
    u = carving.u + hand.about(0.012)
    v = carving.v - places.mouth - hand.about(0.05) * u
    edge, head = carving.edge, carving.head
    half = wide * hand.between(0.30, 0.42)
    hole: Field
    if kind == "oval":
        lips = oval(u, v, half * 0.85, 0.135)
        swell = smooth(1.1, 0.75, lips)
        hole = edge((lips - 0.56) * 0.135)
    elif kind == "ring":
        tube = wide * hand.between(0.20, 0.26)
        lips = oval(u, v, tube, tube)
        swell = smooth(1.05, 0.85, lips) * 1.6
        hole = edge((lips - 0.55) * tube)
    elif kind == "teeth":
        frame = box(u, v - 0.01, half, 0.105)
        swell = edge(frame, 3)
        hole = edge(box(u, v - 0.01, half * 0.84, 0.062))
        tooth = half * 0.84 / hand.rng.integers(2, 4)
        gaps = np.abs(np.mod(u * (1 / tooth) + 0.5, 1) - 0.5) * tooth
        teeth = hole * smooth(0.012, 0.026, gaps) * smooth(0.008, 0.02, np.abs(v - 0.01))
        carving.shell = np.maximum(carving.shell, teeth)
        carving.height += 0.06 * teeth
        hole = hole - teeth
    else:
        bow = np.square(u * (1 / half)) * (0.09 if kind == "smile" else -0.03)
        line = v + bow if kind == "smile" else v + bow - 0.02
        upper = oval(u, line + 0.055, half, 0.075)
        lower = oval(u, line - 0.06, half * 0.86, 0.085)
        swell = np.maximum(dome(upper), dome(lower)) * (0.6 if kind == "slit" else 1.15)
        hole = edge(
            np.maximum(
                np.abs(line) - (0.034 if kind == "slit" else 0.024), np.abs(u) - half * 0.92
            ),
            1.3,
        )
    carving.height += head * 0.12 * swell
    carving.accent = np.maximum(carving.accent, head * smooth(0.25, 0.6, swell))
    _pierce(carving, np.clip(hole, 0, 1) * head)
