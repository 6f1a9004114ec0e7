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
    carving.accent = np.maximum(carving.accent, smooth(0.3, 0.7, share) * carving.head)


def _triangles(along: Field, across: Field, period: float, half: float) -> Field:
    """A chip-carved band: triangular notches from both sides of ``across`` = 0, 1 on the ridge left between them."""
    wave = np.abs(np.mod(along * (1 / period), 1) - 0.5) * 2
    ridge = 1 - np.abs(across * (1 / half) - (2 * wave - 1) * 0.8) * 1.6
    return np.clip(ridge, 0, 1) * smooth(half * 1.1, half, np.abs(across))


def _forehead(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("forehead"), factors.forehead
    u, v, wide = carving.u, carving.v, carving.shape.width
    middle = (places.brow - 0.12 - 0.85) / 2
    if kind == "band":
        across = v - middle - 0.10 * np.square(u * (1 / wide))
        half = hand.between(0.09, 0.12)
        border = bell(np.abs(across) - half - 0.035, 0.02)
        _raise(
            carving, _triangles(u + hand.between(0, 1), across, hand.between(0.15, 0.2), half), 0.06
        )
        _raise(carving, border * smooth(1.0, 0.9, carving.radius), 0.05)
    elif kind == "keloids":
        size = hand.between(0.05, 0.062)
        arch = v - middle - 0.14 * np.square(u * (1 / wide))
        rows = int(hand.rng.integers(1, 4))
        off = arch - np.clip(np.round(arch / 0.13), -(rows // 2), (rows - 1) // 2) * 0.13
        count = int(hand.rng.integers(2, 4))
        step = 0.155
        along = u - np.clip(np.round(u / step), -count, count) * step
        _raise(carving, dome(np.hypot(along, off) / size), 0.08)
    elif kind == "disc":
        size = hand.between(0.13, 0.17)
        far = np.hypot(u + hand.about(0.012), v - middle)
        if hand.chance(0.5):
            rings = 0.5 + 0.5 * np.cos(far * (2 * np.pi / (size * 0.48)))
        else:
            rays = int(hand.rng.integers(6, 9))
            rings = 0.5 + 0.5 * np.cos(np.arctan2(u, v - middle) * rays)
        _raise(carving, (0.5 + 0.5 * rings) * smooth(size, size - 0.02, far), 0.08)
    elif kind == "stripes":
        lines = 0.5 + 0.5 * np.cos((v - middle - 0.2 * np.abs(u)) * (2 * np.pi / 0.12))
        _raise(
            carving,
            lines * smooth(0.24, 0.2, np.abs(v - middle)) * smooth(0.8, 0.7, np.abs(u) / wide),
            0.05,
        )
    elif kind == "lozenges":
        period = hand.between(0.2, 0.25)
        along = np.abs(np.mod(u / period + 0.5, 1) - 0.5) * period
        diamond = (along + np.abs(v - middle) * 0.8) * (1 / (period * 0.5))
        step = np.abs(np.mod(diamond * 2, 1) - 0.5) * 2
        _raise(carving, (0.35 + 0.65 * step) * smooth(1.0, 0.92, diamond), 0.07)


def _cheeks(carving: Carving, factors: MaskFactors, places: Layout) -> None:
    hand, kind = factors.hand("cheeks"), factors.cheeks
    wide = carving.shape.width
    low = (places.eye + places.mouth) / 2 + 0.1
    rim = wide * (1 - carving.shape.chin * low**2)
    u = np.abs(carving.u + hand.about(0.01)) - rim * 0.62
    v = carving.v - low - np.sign(carving.u) * hand.about(0.014)
    if kind == "spirals":
        size = min(0.2, rim * 0.28)
        far = np.hypot(u, v)
        turn = far * (1 / (size * 0.52)) - np.arctan2(v, u) * (1 / (2 * np.pi))
        _raise(
            carving, (0.5 + 0.5 * np.cos(2 * np.pi * turn)) * smooth(size, size - 0.03, far), 0.075
        )
    elif kind == "keloids":
        size = hand.between(0.046, 0.056)
        step = hand.between(0.125, 0.145)
        columns, rows = int(hand.rng.integers(1, 3)), int(hand.rng.integers(2, 4))
        across = (
            u
            - (np.clip(np.round(u / step + columns / 2 - 0.5), 0, columns - 1) - columns / 2 + 0.5)
            * step
        )
        down = (
            v - (np.clip(np.round(v / step + rows / 2 - 0.5), 0, rows - 1) - rows / 2 + 0.5) * step
        )
        _raise(carving, dome(np.hypot(across, down) / size), 0.08)
    elif kind == "tears":
        count = int(hand.rng.integers(2, 4))
        step = 0.105
        nearest = np.clip(np.round(u / step + 0.5), 1 - count // 2, (count + 1) // 2) - 0.5
        length = smooth(-0.26, -0.22, v) * smooth(hand.between(0.16, 0.26), 0.1, v)
        _raise(carving, bell(u - nearest * step, 0.03) * length, 0.075)
    elif kind == "bands":
        along, across = v * 0.9 + u * 0.3, u - v * hand.between(-0.25, 0.25)
        inside = smooth(0.26, 0.22, np.abs(v))
        _raise(carving, _triangles(along, across, hand.between(0.14, 0.18), 0.085) * inside, 0.065)
        _raise(carving, bell(np.abs(across) - 0.115, 0.02) * inside, 0.05)
    elif kind == "rays":
        mouth = carving.v - places.mouth
        angle = np.arctan2(mouth, np.abs(carving.u))
        far = oval(carving.u, mouth, wide * 0.52, 0.25)
        ring = smooth(1.0, 1.1, far) * smooth(1.75, 1.6, far) * smooth(-0.9, -0.7, angle)
        _raise(carving, (0.5 + 0.5 * np.cos(angle * hand.between(10, 13))) * ring, 0.055)


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
    side = 1 if hand.chance(0.5) else -1
    place = side * carving.shape.width * hand.between(0.3, 0.6)
    line = carving.u - place - 0.16 * (noise(hand, carving.n, 7, 2) - 0.5) - 0.08 * carving.v * side
    length = hand.between(0.3, 0.6)
    from_top = smooth(length, 0.0, carving.v + 1)
    crack = smooth(0.026, 0.008, np.abs(line) + 0.02 * (1 - from_top)) * from_top * carving.head
    carving.height -= 0.08 * crack
    carving.pierced = np.maximum(carving.pierced, 0.75 * crack)
