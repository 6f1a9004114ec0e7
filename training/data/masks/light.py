"""One lamp, what it leaves in shadow, and the wall behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, blur, noise, smooth
from training.data.masks.forms import Carving
from training.data.masks.materials import Surface


@dataclass(frozen=True, slots=True)
class Lamp:
    """A direction of unit length: right, down, towards the viewer."""

    x: float
    y: float
    z: float


def hang_lamp(hand: Hand) -> Lamp:
    """Up and to the left, a little elsewhere in each picture."""
    across, up = hand.between(-0.72, -0.42), hand.between(-0.75, -0.5)
    length = float(np.sqrt(across**2 + up**2 + 0.7**2))
    return Lamp(across / length, up / length, 0.7 / length)


def normals(height: Field, pixel: float) -> tuple[Field, Field, Field]:
    """Unit vectors (right, down, towards the viewer) off the surface."""
    down, right = np.gradient(height, np.float32(pixel))
    length = 1 / np.sqrt(right**2 + down**2 + 1)
    return -right * length, -down * length, length


def cast_shadow(height: Field, pixel: float, lamp: Lamp) -> Field:
    """1 where something between the point and the lamp stands higher, with a soft border."""
    n = height.shape[0]
    blocked = np.zeros_like(height)
    for reach in (0.03, 0.05, 0.08, 0.12, 0.17, 0.24, 0.32):
        rows, columns = round(-lamp.y * reach / pixel), round(-lamp.x * reach / pixel)
        if 0 < max(rows, columns) < n:
            # The lamp is up and left: look at what lies that way from each point.
            over = height[: n - rows, : n - columns] - height[rows:, columns:] - lamp.z * reach
            np.maximum(blocked[rows:, columns:], over, out=blocked[rows:, columns:])
    return smooth(0.0, 0.09, blocked)


def light_up(carving: Carving, surface: Surface, lamp: Lamp) -> NDArray[np.float32]:
    """Linear light off the mask, float32 (n, n, 3), about [0, 1]."""
    x, y, z = normals(carving.height, carving.pixel)
    shadow = cast_shadow(carving.height, carving.pixel, lamp)
    facing = x * lamp.x + y * lamp.y + z * lamp.z
    lit = np.clip(facing, 0, 1) * (1 - 0.85 * shadow)
    hollow = np.clip(blur(carving.height, 0.05) - carving.height, 0, 1) * 4.5
    open_sky = np.clip(1 - hollow, 0.25, 1) * (0.75 + 0.25 * z)
    fill = np.clip(0.75 * x + 0.2 * y + 0.35 * z, 0, 1)
    diffuse = 1.18 * lit + (0.22 - 0.09 * y) * open_sky + 0.11 * fill * open_sky

    hx, hy, hz = lamp.x, lamp.y, lamp.z + 1
    length = float(np.sqrt(hx * hx + hy * hy + hz * hz))
    half = np.clip((x * hx + y * hy + z * hz) * (1 / length), 0, 1)
    glint = half**surface.hardness * (1 - 0.9 * shadow) * open_sky * surface.gloss
    # Polished metal mirrors a bright window above, a thin light at the side and a dark floor.
    to_x, to_y = 2 * z * x, 2 * z * y
    window = smooth(0.25, 0.7, -to_y - 0.35 * to_x) * smooth(1.25, 0.9, -to_y - 0.35 * to_x)
    side = smooth(0.6, 0.8, to_x) * smooth(1.0, 0.9, to_x)
    mirror = surface.metal * open_sky * (0.06 + 0.85 * window * (1 - 0.6 * shadow) + 0.45 * side)

    colour = surface.colour
    dull = diffuse * (1 - 0.35 * surface.metal)
    out = colour * (dull + mirror)[..., None]
    tint = 1 - surface.metal[..., None] * (1 - colour * 2.2)
    out += glint[..., None] * np.clip(tint, 0, 1)
    grey = out.mean(axis=2, keepdims=True)
    out += 0.10 * (grey - out)  # strong light washes colours out a little
    return out * (1 - 0.96 * carving.pierced)[..., None]


_WALLS = ((0.40, 0.385, 0.37), (0.46, 0.36, 0.27), (0.30, 0.34, 0.36), (0.42, 0.30, 0.24))
"""Linear: plaster, ochre, slate, clay."""


def background(carving: Carving, factors: MaskFactors, lamp: Lamp) -> NDArray[np.float32]:
    """The wall with the mask's shadow on it, linear float32 (n, n, 3)."""
    hand, n = factors.hand("background"), carving.n
    line = (np.arange(n, dtype=np.float32) + 0.5) * (2 / n) - 1
    x, y = np.meshgrid(line, line)
    pool = np.exp(-0.55 * ((x - lamp.x * 0.9) ** 2 + (y - lamp.y * 0.9) ** 2))
    if factors.background == "dark":
        warm = hand.between(0.85, 1.15)
        tone = np.array([0.013 * warm, 0.012, 0.012 / warm], np.float32)
        level = 0.35 + 1.3 * pool
    elif factors.background == "light":
        warm = hand.between(0.98, 1.03)
        tone = np.array([0.80 * warm, 0.78, 0.75 / warm], np.float32)
        level = 0.74 + 0.36 * pool
    else:
        wall = np.array(_WALLS[int(hand.rng.integers(len(_WALLS)))], np.float32)
        tone = wall * hand.between(0.55, 0.9)
        plaster = 0.5 * noise(hand, n, 28) + 0.5 * noise(hand, n, 9)
        level = (0.45 + 0.75 * pool) * (0.92 + 0.16 * plaster)
    cover = carving.cover
    near = _moved(blur(cover, 0.04), 0.03, lamp)
    far = _moved(blur(blur(cover, 0.06), 0.08), 0.085, lamp)
    level = level * (1 - 0.55 * near) * (1 - 0.5 * far)
    return level[..., None] * tone


def _moved(field: Field, by: float, lamp: Lamp) -> Field:
    """Shifted away from the lamp by a share of the side."""
    n = field.shape[0]
    flat = 1 / float(np.hypot(lamp.x, lamp.y))
    rows, columns = round(-lamp.y * flat * by * n), round(-lamp.x * flat * by * n)
    from_row = np.clip(np.arange(n) - rows, 0, n - 1)
    from_column = np.clip(np.arange(n) - columns, 0, n - 1)
    return np.clip(field[from_row][:, from_column], 0, 1)
