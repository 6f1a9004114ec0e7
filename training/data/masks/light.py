"""Three lamps and what they leave in shadow: a warm key, a cool fill, a rim from behind."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, blur, smooth
from training.data.masks.forms import Carving
from training.data.masks.materials import Colour, Surface

Vector: TypeAlias = tuple[float, float, float]
"""Of unit length: right, down, towards the viewer."""
Normal: TypeAlias = tuple[Field, Field, Field]
"""Unit vectors off the surface: right, down, towards the viewer."""

_REACHES = (0.02, 0.035, 0.055, 0.08, 0.11, 0.15, 0.20, 0.27, 0.36)  # head units
_AMBIENT = 0.15


@dataclass(frozen=True, slots=True)
class Lamps:
    """Where they hang, and their colours in linear light."""

    key: Vector
    fill: Vector
    rim: Vector
    key_colour: Colour
    fill_colour: Colour
    rim_colour: Colour


def hang_lamps(factors: MaskFactors) -> Lamps:
    """The key as the factor says; fill and rim on the other side."""
    hand = factors.hand("lamp")
    if factors.light == "above":
        key = (hand.between(-0.14, 0.14), hand.between(-1.0, -0.82), 0.56)
        side = 1.0 if hand.chance(0.5) else -1.0
    else:
        side = -1.0 if factors.light == "left" else 1.0
        key = (side * hand.between(0.58, 0.84), hand.between(-0.66, -0.40), 0.62)
    warm = hand.between(0.0, 1.0)
    return Lamps(
        _unit(*key),
        _unit(-0.8 * side, hand.between(-0.1, 0.3), 0.55),
        _unit(-0.85 * side, -0.42, -0.30),
        np.array([1.06 + 0.05 * warm, 1.0, 0.93 - 0.08 * warm], np.float32)
        * hand.between(1.45, 1.7),
        np.array([0.84, 0.96, 1.12], np.float32) * hand.between(0.16, 0.30),
        np.array([0.9 + 0.2 * warm, 0.98, 1.08 - 0.2 * warm], np.float32) * hand.between(0.5, 1.0),
    )


def _unit(x: float, y: float, z: float) -> Vector:
    length = float(np.sqrt(x * x + y * y + z * z))
    return x / length, y / length, z / length


def normals(height: Field, pixel: float) -> Normal:
    down, right = np.gradient(height, np.float32(pixel))
    length = 1 / np.sqrt(right**2 + down**2 + 1)
    return -right * length, -down * length, length


def cast_shadow(height: Field, pixel: float, lamp: Vector) -> Field:
    """1 where something between the point and the lamp stands higher, with a soft border."""
    n = height.shape[0]
    blocked = np.zeros_like(height)
    flat = 1 / float(np.hypot(lamp[0], lamp[1]))
    for reach in _REACHES:
        rows, columns = round(lamp[1] * flat * reach / pixel), round(lamp[0] * flat * reach / pixel)
        if not 0 < max(abs(rows), abs(columns)) < n:
            continue  # nearer than a pixel, or beyond the picture
        here = slice(max(-rows, 0), n - max(rows, 0)), slice(max(-columns, 0), n - max(columns, 0))
        there = slice(max(rows, 0), n + min(rows, 0)), slice(max(columns, 0), n + min(columns, 0))
        over = height[there] - height[here] - lamp[2] * flat * reach
        # What is far away and barely in the way leaves a softer edge.
        np.maximum(blocked[here], over * (0.11 / (0.05 + reach * 0.4)), out=blocked[here])
    return smooth(0.0, 0.10, blocked)


def light_up(carving: Carving, surface: Surface, lamps: Lamps) -> Colour:
    """Linear light off the mask, float32 (n, n, 3), about [0, 1]."""
    height, metal = carving.height, surface.metal
    normal = normals(height, carving.pixel)
    shadow = cast_shadow(height, carving.pixel, lamps.key)
    near, far = blur(height, 0.03), blur(height, 0.10)
    hollow = np.clip(near - height, 0, 1) * 5.0 + np.clip(far - height, 0, 1) * 2.4
    sky = 1 / (1 + 1.5 * hollow + 2.2 * hollow * hollow)  # how much of the room is seen

    key = np.clip(_facing(normal, lamps.key), 0, 1) * (1 - 0.93 * shadow) * (0.45 + 0.55 * sky)
    fill = np.clip(0.25 + 0.75 * _facing(normal, lamps.fill), 0, 1) * sky
    edge = np.square(np.clip(_facing(normal, lamps.rim), 0, 1)) * np.sqrt(sky)
    room = _AMBIENT * (1 - 0.35 * normal[1]) * sky

    matt = (1 - 0.55 * metal)[..., None]
    light = (
        key[..., None] * lamps.key_colour + fill[..., None] * lamps.fill_colour + room[..., None]
    )
    out = surface.colour * light * matt
    out += surface.colour * (metal * sky * _mirrored(normal, shadow, lamps))[..., None]
    # Metal colours what it reflects; everything else reflects it as it is.
    tint = 1 - metal[..., None] * (1 - np.clip(surface.colour * 2.4, 0, 1.3))
    glint = _glint(normal, lamps.key, surface.hardness) * (1 - 0.95 * shadow) * sky
    out += (glint * surface.gloss * 0.8)[..., None] * tint * lamps.key_colour
    soft = _glint(normal, lamps.fill, surface.hardness * 0.6) * sky
    out += (soft * surface.gloss * 0.6)[..., None] * tint * lamps.fill_colour
    out += (
        (edge * (0.16 + 0.5 * surface.gloss))[..., None]
        * lamps.rim_colour
        * (0.25 * tint + surface.colour)
    )
    seen: Colour = out * (1 - 0.97 * carving.pierced)[..., None]
    return seen


def _facing(normal: Normal, lamp: Vector) -> Field:
    share: Field = normal[0] * lamp[0] + normal[1] * lamp[1] + normal[2] * lamp[2]
    return share


def _glint(normal: Normal, lamp: Vector, hardness: float) -> Field:
    """Blinn and Phong's highlight."""
    half = _unit(lamp[0], lamp[1], lamp[2] + 1)
    return np.clip(_facing(normal, half), 0, 1) ** hardness


def _mirrored(normal: Normal, shadow: Field, lamps: Lamps) -> Field:
    """What metal shows: a bright window where the key comes from, a thin light beside, a dark floor."""
    x, y, z = normal
    to_x, to_y = 2 * z * x, 2 * z * y
    way = np.sign(lamps.key[0])
    up = -to_y + 0.45 * way * to_x
    window = smooth(0.2, 0.75, up) * smooth(1.3, 0.9, up)
    side = smooth(0.55, 0.8, -way * to_x) * smooth(1.0, 0.9, -way * to_x)
    return 0.08 + 1.25 * window * (1 - 0.7 * shadow) + 0.55 * side


def tone(light: Colour) -> Colour:
    """As film does: even up to 0.6, then ever less, so that no highlight burns out."""
    shoulder: Colour = 0.6 + 0.4 * (1 - np.exp((0.6 - light) * (1 / 0.45)))
    return np.where(light < 0.6, light, shoulder)
