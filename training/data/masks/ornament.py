"""Cuts and keloids: what is carved into forehead and cheeks, and the marks of the tool itself."""

import numpy as np

from training.data.masks.face import Layout
from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, bell, dome, noise, oval, smooth
from training.data.masks.forms import Carving


def carve_ornament(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    if factors.crest != "braids":  # plaits cover the forehead
        _forehead(carving, factors, places)
    _cheeks(carving, factors, places)
    _tool_marks(carving, factors)


def _raise(carving: Carving, share: Field, by: float) -> None:
    carving.height += by * share * carving.head
    carving.pick_out(smooth(0.3, 0.7, share) * carving.head)


def _wave(phase: Field) -> Field:
    """Rounded ridges, one for each 2 pi, between 0 and 1."""
    return 0.5 + 0.5 * np.cos(phase)


def _from_nearest(x: Field, step: float, first: float, last: float) -> Field:
    """How far from the nearest of the places ``first``, ``first`` + 1, ... ``last`` times ``step``."""
    return x - (np.clip(np.round(x / step - first), 0, last - first) + first) * step


def _chip_carved(along: Field, across: Field, period: float, half: float) -> Field:
    """A band notched from both sides: the zigzag ridge that is left, within ``half`` of 0."""
    zigzag = np.abs(np.mod(along * (1 / period), 1) - 0.5) * 2
    ridge: Field = np.clip(1 - np.abs(across * (1 / half) - (2 * zigzag - 1) * 0.8) * 1.6, 0, 1)
    return ridge * smooth(half * 1.1, half, np.abs(across))


def _forehead(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("forehead"), factors.forehead
    wide = carving.shape.width
    u, v = carving.u, carving.v - (places.brow - 0.12 - 0.85) / 2
    if kind == "band":
        across = v - 0.10 * np.square(u * (1 / wide))
        half = hand.between(0.09, 0.12)
        start, period = hand.between(0, 1), hand.between(0.15, 0.2)
        _raise(carving, _chip_carved(u + start, across, period, half), 0.06)
        border = bell(np.abs(across) - half - 0.035, 0.02)
        _raise(carving, border * smooth(1.0, 0.9, carving.radius), 0.05)
    elif kind == "keloids":
        size = hand.between(0.05, 0.062)
        rows, count = int(hand.rng.integers(1, 4)), int(hand.rng.integers(2, 4))
        arch = v - 0.14 * np.square(u * (1 / wide))
        down = _from_nearest(arch, 0.13, -(rows // 2), (rows - 1) // 2)
        _raise(carving, dome(np.hypot(_from_nearest(u, 0.155, -count, count), down) / size), 0.08)
    elif kind == "disc":
        size = hand.between(0.13, 0.17)
        far = np.hypot(u + hand.about(0.012), v)
        if hand.chance(0.5):
            cuts = _wave(far * (2 * np.pi / (size * 0.48)))
        else:
            cuts = _wave(np.arctan2(u, v) * int(hand.rng.integers(6, 9)))
        _raise(carving, (0.5 + 0.5 * cuts) * smooth(size, size - 0.02, far), 0.08)
    elif kind == "stripes":
        lines = _wave((v - 0.2 * np.abs(u)) * (2 * np.pi / 0.12))
        ends = smooth(0.24, 0.2, np.abs(v)) * smooth(0.8, 0.7, np.abs(u) / wide)
        _raise(carving, lines * ends, 0.05)
    elif kind == "lozenges":
        period = hand.between(0.2, 0.25)
        along = np.abs(np.mod(u / period + 0.5, 1) - 0.5) * period
        diamond = (along + np.abs(v) * 0.8) * (1 / (period * 0.5))
        steps = np.abs(np.mod(diamond * 2, 1) - 0.5) * 2
        _raise(carving, (0.35 + 0.65 * steps) * smooth(1.0, 0.92, diamond), 0.07)


def _cheeks(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("cheeks"), factors.cheeks
    low = (places.eye + places.mouth) / 2 + 0.1
    rim = carving.shape.width * (1 - carving.shape.chin * low**2)
    u = np.abs(carving.u + hand.about(0.01)) - rim * 0.62
    v = carving.v - low - np.sign(carving.u) * hand.about(0.014)
    if kind == "spirals":
        size = min(0.2, rim * 0.28)
        far = np.hypot(u, v)
        turn = far * (1 / (size * 0.52)) - np.arctan2(v, u) * (1 / (2 * np.pi))
        _raise(carving, _wave(2 * np.pi * turn) * smooth(size, size - 0.03, far), 0.075)
    elif kind == "keloids":
        size, step = hand.between(0.046, 0.056), hand.between(0.125, 0.145)
        columns, rows = int(hand.rng.integers(1, 3)), int(hand.rng.integers(2, 4))
        across = _from_nearest(u, step, (1 - columns) / 2, (columns - 1) / 2)
        down = _from_nearest(v, step, (1 - rows) / 2, (rows - 1) / 2)
        _raise(carving, dome(np.hypot(across, down) / size), 0.08)
    elif kind == "tears":
        count, step = int(hand.rng.integers(2, 4)), 0.105
        across = _from_nearest(u, step, 0.5 - count // 2, (count + 1) // 2 - 0.5)
        length = smooth(-0.26, -0.22, v) * smooth(hand.between(0.16, 0.26), 0.1, v)
        _raise(carving, bell(across, 0.03) * length, 0.075)
    elif kind == "bands":
        across = u - v * hand.between(-0.25, 0.25)
        inside = smooth(0.26, 0.22, np.abs(v))
        zigzag = _chip_carved(v * 0.9 + u * 0.3, across, hand.between(0.14, 0.18), 0.085)
        _raise(carving, zigzag * inside, 0.065)
        _raise(carving, bell(np.abs(across) - 0.115, 0.02) * inside, 0.05)
    elif kind == "rays":
        _rays_round_mouth(carving, places, hand)


def _rays_round_mouth(carving: Carving, places: Layout, hand: Hand) -> None:
    v = carving.v - places.mouth
    angle = np.arctan2(v, np.abs(carving.u))
    far = oval(carving.u, v, carving.shape.width * 0.52, 0.25)
    ring = smooth(1.0, 1.1, far) * smooth(1.75, 1.6, far) * smooth(-0.9, -0.7, angle)
    _raise(carving, _wave(angle * hand.between(10, 13)) * ring, 0.055)


def _tool_marks(carving: Carving, factors: MaskFactors) -> None:
    """Facets of the adze, the smith's hammer or the potter's thumb; sometimes a drying crack."""
    hand, n = factors.hand("tool"), carving.n
    amount = {"wood": 0.026, "bronze": 0.010, "clay": 0.016, "iron": 0.028}[factors.material]
    amount *= hand.between(0.4, 1.4)
    cells = 13 if factors.material == "iron" else 15
    facets = np.abs(noise(hand, n, cells) - 0.5) + np.abs(noise(hand, n, cells + 3) - 0.5)
    carving.height -= amount * facets * 2 * carving.cover
    carving.height += 0.05 * (noise(hand, n, 4) - 0.5) * carving.head
    if factors.material in ("wood", "clay") and hand.chance(0.3):
        _crack(carving, hand)


def _crack(carving: Carving, hand: Hand) -> None:
    """From the rim of the forehead down, beside the middle; it stays before it splits the mask."""
    side = 1 if hand.chance(0.5) else -1
    place = side * carving.shape.width * hand.between(0.3, 0.6)
    line = carving.u - place - 0.16 * (noise(hand, carving.n, 7, 2) - 0.5) - 0.08 * carving.v * side
    from_top = smooth(hand.between(0.3, 0.6), 0.0, carving.v + 1)
    crack = smooth(0.026, 0.008, np.abs(line) + 0.02 * (1 - from_top)) * from_top * carving.head
    carving.height -= 0.08 * crack
    carving.pierced = np.maximum(carving.pierced, 0.75 * crack)
