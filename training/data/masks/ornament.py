"""What is carved into forehead and cheeks, along the skin so that it follows the form."""

from collections.abc import Callable

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import (
    Field,
    bell,
    dome,
    from_nearest,
    oval,
    smooth,
    triangle,
    wave,
)
from training.data.masks.forms import Carving
from training.data.masks.places import Places

_BEND = 0.45  # how far a line is carried along where the skin rises: cut over nose and brow alike


def carve_ornament(carving: Carving, factors: MaskFactors, places: Places) -> None:
    carving.t = carving.t + _BEND * (carving.height - carving.base - 0.06) * carving.head
    if factors.forehead != "none":
        _FOREHEADS[factors.forehead](carving, factors.hand("forehead"), places)
    if factors.cheeks in _SKINS:
        _SKINS[factors.cheeks](carving, factors.hand("cheeks"), places)
    elif factors.cheeks != "none":
        _cheeks(carving, factors, places)


def _raise(carving: Carving, share: Field, by: float) -> None:
    carving.height += by * share * carving.head
    carving.pick_out(smooth(0.3, 0.7, share) * carving.head)


def _chip_carved(along: Field, across: Field, period: float, half: float) -> Field:
    """A band notched from both sides: the zigzag ridge that is left, within ``half`` of 0."""
    zigzag = triangle(along * (1 / period))
    ridge: Field = np.clip(1 - np.abs(across * (1 / half) - (2 * zigzag - 1) * 0.8) * 1.6, 0, 1)
    return ridge * smooth(half * 1.1, half, np.abs(across))


def _band(carving: Carving, hand: Hand, places: Places) -> None:
    u, v = carving.s, _on_forehead(carving, places)
    across = v - 0.12 * np.square(u * (1 / carving.wide))
    half = hand.between(0.11, 0.15)
    start, period = hand.between(0, 1), hand.between(0.15, 0.2)
    carving.swell(smooth(half * 1.3, half * 1.1, np.abs(across)), -0.03)
    _raise(carving, _chip_carved(u + start, across, period, half), 0.11)
    border = bell(np.abs(across) - half - 0.035, 0.02)
    _raise(carving, border * smooth(1.0, 0.9, carving.radius), 0.06)


def _bosses(carving: Carving, hand: Hand, places: Places) -> None:
    size = hand.between(0.058, 0.07)
    rows, count = hand.whole(1, 3), hand.whole(2, 3)
    arch = _on_forehead(carving, places) - 0.14 * np.square(carving.s * (1 / carving.wide))
    down = from_nearest(arch, 0.13, -(rows // 2), (rows - 1) // 2)
    _raise(
        carving, dome(np.hypot(from_nearest(carving.s, 0.155, -count, count), down) / size), 0.09
    )


def _disc(carving: Carving, hand: Hand, places: Places) -> None:
    size = min(hand.between(0.19, 0.24), 0.44 * carving.wide)
    u, v = carving.s + hand.about(0.012), _on_forehead(carving, places)
    far = np.hypot(u, v)
    if hand.chance(0.5):
        cuts = wave(far * (2 * np.pi / (size * 0.48)))
    else:
        cuts = wave(np.arctan2(u, v) * hand.whole(6, 8))
    _raise(carving, (0.5 + 0.5 * cuts) * smooth(size, size - 0.02, far), 0.12)


def _stripes(carving: Carving, hand: Hand, places: Places) -> None:
    v = _on_forehead(carving, places)
    lines = wave((v - hand.between(-0.1, 0.45) * np.abs(carving.s)) * (2 * np.pi / 0.12))
    ends = smooth(0.26, 0.22, np.abs(v)) * smooth(0.86, 0.78, np.abs(carving.u) / carving.wide)
    _raise(carving, lines * ends, 0.09)


def _lozenges(carving: Carving, hand: Hand, places: Places) -> None:
    period = hand.between(0.26, 0.34)
    along = np.abs(np.mod(carving.s / period + 0.5, 1) - 0.5) * period
    diamond = (along + np.abs(_on_forehead(carving, places)) * 0.8) * (1 / (period * 0.5))
    steps = triangle(diamond * 2 + 0.5)
    _raise(carving, (0.35 + 0.65 * steps) * smooth(1.0, 0.92, diamond), 0.12)


def _on_forehead(carving: Carving, places: Places) -> Field:
    """Down the skin from the middle between brow and crown."""
    return carving.t - (places.brow - 0.14 - 0.95) / 2


_FOREHEADS: dict[str, Callable[[Carving, Hand, Places], None]] = {
    "band": _band,
    "keloids": _bosses,
    "disc": _disc,
    "stripes": _stripes,
    "lozenges": _lozenges,
}


def _cheeks(carving: Carving, factors: MaskFactors, places: Places) -> None:
    """What sits on each cheek."""
    hand, kind = factors.hand("cheeks"), factors.cheeks
    low = (places.eye + places.mouth) / 2 + 0.1
    rim = carving.wide * (1 - carving.shape.chin * low**2)
    u = np.abs(carving.s + hand.about(0.01)) - rim * 0.66
    v = carving.t - low - np.sign(carving.u) * hand.about(0.014)
    if kind == "spirals":
        size = min(0.22, rim * 0.32)
        far = np.hypot(u, v)
        turn = far * (1 / (size * 0.52)) - np.arctan2(v, u) * (1 / (2 * np.pi))
        _raise(carving, wave(2 * np.pi * turn) * smooth(size, size - 0.03, far), 0.09)
    elif kind == "keloids":
        size, step = hand.between(0.05, 0.06), hand.between(0.13, 0.15)
        columns, rows = hand.whole(1, 2), hand.whole(2, 3)
        across = from_nearest(u, step, (1 - columns) / 2, (columns - 1) / 2)
        down = from_nearest(v, step, (1 - rows) / 2, (rows - 1) / 2)
        _raise(carving, dome(np.hypot(across, down) / size), 0.09)
    elif kind == "tears":
        count, step = hand.whole(2, 3), 0.105
        across = from_nearest(u, step, 0.5 - count // 2, (count + 1) // 2 - 0.5)
        length = smooth(-0.26, -0.22, v) * smooth(hand.between(0.16, 0.26), 0.1, v)
        _raise(carving, bell(across, 0.03) * length, 0.09)
    elif kind == "bands":
        across = u - v * hand.between(-0.25, 0.25)
        inside = smooth(0.28, 0.24, np.abs(v))
        zigzag = _chip_carved(v * 0.9 + u * 0.3, across, hand.between(0.14, 0.18), 0.09)
        _raise(carving, zigzag * inside, 0.08)
        _raise(carving, bell(np.abs(across) - 0.12, 0.02) * inside, 0.06)


def _rays(carving: Carving, hand: Hand, places: Places) -> None:
    """Fanned out round the mouth."""
    v = carving.v - places.mouth
    angle = np.arctan2(v, np.abs(carving.u))
    far = oval(carving.u, v, carving.wide * 0.54, 0.25)
    ring = smooth(1.0, 1.1, far) * smooth(1.9, 1.7, far) * smooth(-0.9, -0.7, angle)
    _raise(carving, wave(angle * hand.between(11, 14)) * ring, 0.075)


def _furrows(carving: Carving, hand: Hand, places: Places) -> None:
    """Grooves that flow round eyes and mouth as water round stones."""
    eye = oval(np.abs(carving.s) - places.eye_apart, carving.t - places.eye, 0.9, 0.75)
    mouth = oval(carving.s, carving.t - places.mouth, 1.0, 0.8)
    away = -0.11 * np.log(np.exp(-eye / 0.11) + np.exp(-mouth / 0.11))
    period = hand.between(0.095, 0.12)
    start = smooth(places.eye_wide * 1.0, places.eye_wide * 1.25, away)
    place = smooth(places.brow - 0.04, places.brow + 0.12, carving.v) * smooth(
        0.99, 0.9, carving.radius
    )
    lines = wave(away * (2 * np.pi / period))
    carving.height += carving.head * 0.05 * (lines - 0.6) * start * place
    carving.pick_out(carving.head * smooth(0.55, 0.75, lines) * start * place * 0.8)


def _lattice(carving: Carving, hand: Hand, places: Places) -> None:
    """Diamonds chip-carved all over the lower face, between nose and rim."""
    period = hand.between(0.17, 0.21)
    a, b = carving.s + 0.7 * carving.t, carving.s - 0.7 * carving.t
    cut = np.minimum(triangle(a * (1 / period)), triangle(b * (1 / period)))
    eye = oval(
        np.abs(carving.u) - places.eye_apart, carving.v - places.eye, places.eye_wide * 1.3, 0.22
    )
    mouth = oval(carving.u, carving.v - places.mouth, carving.wide * 0.52, 0.22)
    nose = smooth(0.20, 0.28, np.abs(carving.u) / carving.wide)
    free = smooth(1.0, 1.12, np.minimum(eye, mouth)) * np.maximum(
        nose, smooth(0.1, 0.2, carving.v - places.mouth)
    )
    free = free * smooth(places.brow + 0.05, places.brow + 0.15, carving.v)
    free = free * smooth(0.98, 0.92, carving.radius)
    carving.height += carving.head * free * 0.11 * (np.minimum(cut * 1.5, 1) - 0.7)
    carving.pick_out(carving.head * free * smooth(0.3, 0.6, cut))


def _border(carving: Carving, hand: Hand, places: Places) -> None:
    """Triangles chip-carved all round the rim."""
    angle = np.arctan2(carving.u, -carving.v)
    count = hand.whole(26, 36)
    out = (carving.radius - 0.86) * 0.8
    carving.swell(bell(out, 0.09), -0.03)
    _raise(carving, _chip_carved(angle * (count / (2 * np.pi)), out, 1.0, 0.085), 0.085)
    _raise(carving, bell(np.abs(out) - 0.105, 0.016) * smooth(1.0, 0.97, carving.radius), 0.06)


_SKINS: dict[str, Callable[[Carving, Hand, Places], None]] = {
    "rays": _rays,
    "furrows": _furrows,
    "lattice": _lattice,
    "border": _border,
}
