"""Animals that a headdress carries. Invented, as the masks are."""

import numpy as np

from training.data.masks.factors import Hand
from training.data.masks.fields import Field, bell, curve, dome, limb, oval, smooth, wave
from training.data.masks.forms import Carving


def _grow(
    carving: Carving, nearest: Field, radius: Field | float, lift: float, by: Field | float
) -> Field:
    """A rounded limb or body behind what is there; returns where it now shows."""
    share = carving.edge((nearest - 1) * radius)
    free = share * (1 - carving.cover)
    carving.behind(share, lift + by * dome(nearest))
    return free


def _singe(carving: Carving, share: Field) -> None:
    """Burn in what must be dark whatever the mask's colours: eyes, scales, feathers."""
    carving.soot = np.maximum(carving.soot, share)


def bird(carving: Carving, hand: Hand) -> None:
    """Perched on the crown in profile, its long bill bent down; or from the front, wings spread."""
    if hand.chance(0.5):
        _perched(carving, hand)
    else:
        _spread(carving, hand)


def _perched(carving: Carving, hand: Hand) -> None:
    size = carving.shape.top * 0.60
    way = 1 if hand.chance(0.5) else -1
    a = carving.u * (way / size) + 0.12
    b = (carving.v - carving.shape.crown_v - 0.02) * (1 / size)  # 0 at the crown, negative above
    bill = curve((0.62, -1.36), (1.15, -1.36), (1.22, -0.62), 4)
    nearest, _, radius = limb(a, b, bill, (0.15, 0.14, 0.11, 0.08, 0.04))
    _grow(carving, nearest, radius * size, 0.10, 0.10)
    head = oval(a - 0.48, b + 1.28, 0.27, 0.25)
    shown = _grow(carving, head, 0.25 * size, 0.12, 0.14)
    eye = oval(a - 0.54, b + 1.32, 0.085, 0.085)
    _singe(carving, shown * smooth(1.2, 0.9, eye))
    neck, _, radius = limb(a, b, ((0.42, -1.2), (0.30, -0.75)), (0.18, 0.26))
    _grow(carving, neck, radius * size, 0.10, 0.14)
    body = oval(a + 0.05 + 0.35 * (b + 0.6), b + 0.58, 0.60, 0.38)
    shown = _grow(carving, body, 0.38 * size, 0.11, 0.20)
    wing = oval(a + 0.22 + 0.5 * (b + 0.62), b + 0.62, 0.44, 0.24)
    feathers = wave((a * 0.9 + b * 0.5) * 34) * smooth(1.0, 0.86, wing)
    carving.height += shown * (0.06 * smooth(1.05, 0.9, wing) + 0.04 * feathers - 0.02)
    carving.pick_out(shown * smooth(1.05, 0.95, wing))
    _singe(carving, 0.7 * shown * smooth(0.3, 0.1, feathers) * smooth(1.0, 0.9, wing))
    tail, _, radius = limb(a, b, ((-0.5, -0.45), (-1.25, -0.12)), (0.16, 0.24))
    _grow(carving, tail, radius * size, 0.08, 0.08)
    legs = np.abs(np.abs(a - 0.02) - 0.16)
    carving.behind(
        carving.edge((legs - 0.07) * size) * smooth(-0.5, -0.4, b) * smooth(0.5, 0.3, b),
        0.08 + 0 * a,
    )


def _spread(carving: Carving, hand: Hand) -> None:
    top, wide = carving.shape.top, carving.wide
    size = top * 0.62
    a, b = np.abs(carving.u) * (1 / size), (carving.v - carving.shape.crown_v) * (1 / size)
    bill, _, radius = limb(a, b, ((0.0, -1.02), (0.0, -0.45)), (0.15, 0.04))
    _grow(carving, bill, radius * size, 0.24, 0.08)
    head = oval(a, b + 1.16, 0.26, 0.30)
    shown = _grow(carving, head, 0.26 * size, 0.16, 0.16)
    _singe(carving, shown * smooth(1.3, 0.9, oval(a - 0.14, b + 1.22, 0.08, 0.08)))
    body = oval(a, b + 0.40, 0.36, 0.62)
    _grow(carving, body, 0.36 * size, 0.12, 0.18)
    reach = min(1.5, (wide + 0.1) / size)
    lift = hand.between(-1.35, -0.95)
    wing = curve((0.1, -0.5), (0.55 * reach, lift - 0.1), (reach, lift), 5)
    nearest, along, radius = limb(a, b + 0.0, wing, (0.20, 0.24, 0.26, 0.24, 0.2, 0.1))
    low = np.clip((b - lift) / (0.9 - 0.25 * a), 0, 1.4)  # feathers hang from the arm of the wing
    under = np.maximum(np.maximum(a - reach, low - 1), lift * 0.9 - b)
    feathers = wave(a * (2 * np.pi / 0.24))
    shown = _grow(carving, nearest, radius * size, 0.12, 0.10)
    hang = carving.edge((under + 0.08 * feathers) * size) * smooth(0.05, 0.12, a)
    free = hang * (1 - carving.cover)
    carving.behind(hang, 0.06 + 0.05 * feathers)
    carving.pick_out((free * smooth(0.55, 0.85, low) + shown * bell(along - 2.5, 0.4)) * 0.9)


def antelope(carving: Carving, hand: Hand) -> None:
    """A slender head on the crown, in profile or from the front, under long ringed horns."""
    size = carving.shape.top * 0.5
    front = hand.chance(0.45)
    a: Field = np.abs(carving.u) * (1 / size)
    if not front:
        a = carving.u * ((1 if hand.chance(0.5) else -1) / size) + 0.1
    b = (carving.v - carving.shape.crown_v - 0.02) * (1 / size)
    out = hand.between(0.25, 0.7)
    if front:
        horn = curve((0.16, -0.95), (0.16 + out, -1.4), (hand.between(0.1, 0.5), -1.98))
        nose = ((0.0, -0.85), (0.0, -0.1))
        ear = ((0.2, -0.9), (0.55, -0.78))
    else:
        horn = curve((-0.05, -0.95), (-0.75, -1.35), (hand.between(-0.5, 0.1), -1.98))
        nose = ((0.0, -0.85), (0.62, -0.32))
        ear = ((-0.15, -0.85), (-0.55, -0.66))
    muzzle, along, radius = limb(a, b, nose, (0.26, 0.14))
    shown = _grow(carving, muzzle, radius * size, 0.16, 0.16)
    at = (0.16, -0.80) if front else (0.12, -0.86)
    _singe(carving, shown * smooth(1.3, 0.9, oval(a - at[0], b - at[1], 0.08, 0.06)))
    carving.pick_out(shown * smooth(0.75, 0.85, along))
    nearest, place, radius = limb(a, b, horn, [0.15 * (1 - 0.11 * i) for i in range(8)])
    _grow(carving, nearest, radius * size, 0.10, 0.13 + 0.05 * np.cos(place * 7))
    if not front:  # the other horn, a little behind
        nearest, _, radius = limb(a + 0.2, b, horn, [0.13 * (1 - 0.11 * i) for i in range(8)])
        _grow(carving, nearest, radius * size, 0.05, 0.10)
    nearest, _, radius = limb(a, b, ear, (0.11, 0.04))
    _grow(carving, nearest, radius * size, 0.10, 0.06)
    neck = ((0.0, -0.7), (0.0, 0.3)) if front else ((0.0, -0.75), (-0.22, 0.3))
    nearest, _, radius = limb(a, b, neck, (0.24, 0.38))
    _grow(carving, nearest, radius * size, 0.08, 0.16)


def snake(carving: Carving, hand: Hand) -> None:
    """Laid round the crown in waves, its head raised on one side."""
    way = 1 if hand.chance(0.5) else -1
    angle = np.arctan2(carving.u * way, -carving.v)
    far = np.hypot(carving.u, carving.v)
    rim = far / np.maximum(carving.radius, 0.05)
    waves, spread = hand.between(6.0, 8.0), hand.between(1.3, 1.6)
    middle = 0.13 + 0.10 * np.sin(waves * angle)
    thick = 0.085 * smooth(-spread - 0.15, -spread + 1.1, angle) + 0.012
    slant = np.sqrt(1 + np.square(0.10 * waves * np.cos(waves * angle)))
    nearest = np.abs(far - rim - middle) / (thick * slant)
    nearest = (
        nearest
        + 9 * smooth(-spread, -spread - 0.1, angle)
        + 9 * smooth(spread, spread + 0.1, angle)
    )
    back = dome(nearest)
    head_out = 0.13 + 0.10 * np.sin(waves * spread)
    across, along = (angle - spread - 0.10) * far, far - rim - head_out - 0.02
    head = oval(across, along, 0.17, 0.12)
    shown = _grow(carving, head, 0.1, 0.16, 0.12)
    _singe(
        carving, shown * smooth(1.3, 0.8, oval(across - 0.02, np.abs(along) - 0.05, 0.035, 0.03))
    )
    scales = np.clip(np.cos(angle * 26), -0.3, 0.3)
    free = _grow(carving, nearest, 0.09, 0.08, 0.15)
    carving.height += free * 0.05 * scales * back
    _singe(carving, free * smooth(0.05, 0.25, scales))
