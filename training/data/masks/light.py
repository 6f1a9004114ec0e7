"""One lamp, what it leaves in shadow, and the wall behind."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from training.data.masks.factors import Hand, MaskFactors
from training.data.masks.fields import Field, blur, noise, smooth
from training.data.masks.forms import Carving
from training.data.masks.materials import Colour, Surface

Normal: TypeAlias = tuple[Field, Field, Field]
"""Unit vectors off the surface: right, down, towards the viewer."""


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


def normals(height: Field, pixel: float) -> Normal:
    down, right = np.gradient(height, np.float32(pixel))
    length = 1 / np.sqrt(right**2 + down**2 + 1)
    return -right * length, -down * length, length


def cast_shadow(height: Field, pixel: float, lamp: Lamp) -> Field:
    """1 where something between the point and the lamp stands higher, with a soft border."""
    n = height.shape[0]
    blocked = np.zeros_like(height)
    for reach in (0.03, 0.05, 0.08, 0.12, 0.17, 0.24, 0.32):
        rows, columns = round(-lamp.y * reach / pixel), round(-lamp.x * reach / pixel)
        if 0 < max(rows, columns) < n:  # else nearer than a pixel, or beyond the picture
            # The lamp is up and left: look at what lies that way from each point.
            over = height[: n - rows, : n - columns] - height[rows:, columns:] - lamp.z * reach
            np.maximum(blocked[rows:, columns:], over, out=blocked[rows:, columns:])
    return smooth(0.0, 0.09, blocked)


def light_up(carving: Carving, surface: Surface, lamp: Lamp) -> Colour:
    """Linear light off the mask, float32 (n, n, 3), about [0, 1]."""
    normal = normals(carving.height, carving.pixel)
    shadow = cast_shadow(carving.height, carving.pixel, lamp)
    hollow = np.clip(blur(carving.height, 0.05) - carving.height, 0, 1) * 4.5
    open_sky = np.clip(1 - hollow, 0.25, 1) * (0.75 + 0.25 * normal[2])

    metal = surface.metal
    diffuse = _diffuse(normal, shadow, open_sky, lamp) * (1 - 0.35 * metal)
    mirror = metal * open_sky * _mirrored(normal, shadow)
    out = surface.colour * (diffuse + mirror)[..., None]

    glint = _glint(normal, lamp, surface.hardness) * (1 - 0.9 * shadow) * open_sky
    tint = 1 - metal[..., None] * (1 - surface.colour * 2.2)  # metal colours what it reflects
    out += (glint * surface.gloss)[..., None] * np.clip(tint, 0, 1)

    out += 0.10 * (out.mean(axis=2, keepdims=True) - out)  # strong light washes colours out
    seen: Colour = out * (1 - 0.96 * carving.pierced)[..., None]
    return seen


def _diffuse(normal: Normal, shadow: Field, open_sky: Field, lamp: Lamp) -> Field:
    """The lamp, a sky, and a weak light from the other side that keeps the outline legible."""
    x, y, z = normal
    lit = np.clip(x * lamp.x + y * lamp.y + z * lamp.z, 0, 1) * (1 - 0.85 * shadow)
    fill = np.clip(0.75 * x + 0.2 * y + 0.35 * z, 0, 1)
    light: Field = 1.18 * lit + (0.22 - 0.09 * y) * open_sky + 0.11 * fill * open_sky
    return light


def _glint(normal: Normal, lamp: Lamp, hardness: float) -> Field:
    """Blinn and Phong's highlight."""
    x, y, z = normal
    hx, hy, hz = lamp.x, lamp.y, lamp.z + 1
    length = float(np.sqrt(hx * hx + hy * hy + hz * hz))
    facing: Field = np.clip((x * hx + y * hy + z * hz) * (1 / length), 0, 1)
    return facing**hardness


def _mirrored(normal: Normal, shadow: Field) -> Field:
    """What polished metal shows: a bright window above, a thin light beside, a dark floor."""
    x, y, z = normal
    to_x, to_y = 2 * z * x, 2 * z * y
    window = smooth(0.25, 0.7, -to_y - 0.35 * to_x) * smooth(1.25, 0.9, -to_y - 0.35 * to_x)
    side = smooth(0.6, 0.8, to_x) * smooth(1.0, 0.9, to_x)
    return 0.06 + 0.85 * window * (1 - 0.6 * shadow) + 0.45 * side


_WALLS = ((0.40, 0.385, 0.37), (0.46, 0.36, 0.27), (0.30, 0.34, 0.36), (0.42, 0.30, 0.24))
"""Linear: plaster, ochre, slate, clay."""


def background(carving: Carving, factors: MaskFactors, lamp: Lamp) -> Colour:
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
    wall_light: Colour = level[..., None] * tone
    return wall_light


def _moved(field: Field, by: float, lamp: Lamp) -> Field:
    """Shifted away from the lamp by a share of the side."""
    n = field.shape[0]
    flat = 1 / float(np.hypot(lamp.x, lamp.y))
    rows, columns = round(-lamp.y * flat * by * n), round(-lamp.x * flat * by * n)
    from_row = np.clip(np.arange(n) - rows, 0, n - 1)
    from_column = np.clip(np.arange(n) - columns, 0, n - 1)
    moved: Field = np.clip(field[from_row][:, from_column], 0, 1)
    return moved
