"""Small functions on fields: one number for every point of a picture."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.masks.factors import Hand

Field: TypeAlias = NDArray[np.floating[Any]]
"""float32 (n, n); named loosely because numpy's stubs take float32 times float for float64."""
Point: TypeAlias = tuple[float, float]


def smooth(start: float, end: float, x: Field) -> Field:
    """0 before ``start``, 1 past ``end``, an even slope between; ``start`` may be the larger."""
    t: Field = np.clip((x - start) * (1 / (end - start)), 0, 1)
    return t * t * (3 - 2 * t)


def bell(x: Field, width: float) -> Field:
    """1 at 0, falling softly to nothing about two widths away."""
    height: Field = np.exp(-np.square(x * (1 / width)))
    return height


def oval(u: Field, v: Field, width: float, height: float) -> Field:
    """Distance from the middle, as a share of the way to the rim of an ellipse."""
    radius: Field = np.sqrt(np.square(u * (1 / width)) + np.square(v * (1 / height)))
    return radius


def dome(radius: Field) -> Field:
    """A half sphere over ``radius`` < 1."""
    return np.sqrt(np.clip(1 - radius * radius, 0, 1))


def box(u: Field, v: Field, width: float, height: float) -> Field:
    """Signed distance to a rectangle of these half sides."""
    return np.maximum(np.abs(u) - width, np.abs(v) - height)


def triangle(x: Field) -> Field:
    """A zigzag between 0 (at whole numbers) and 1 (half way between them)."""
    return 1 - 2 * np.abs(np.mod(x, 1) - 0.5)


def wave(phase: Field) -> Field:
    """Rounded ridges, one for each 2 pi, between 0 and 1."""
    return 0.5 + 0.5 * np.cos(phase)


def from_nearest(x: Field, step: float, first: float, last: float) -> Field:
    """How far from the nearest of the places ``first``, ``first`` + 1, ... ``last`` times ``step``."""
    return x - (np.clip(np.round(x / step - first), 0, last - first) + first) * step


def segment(u: Field, v: Field, a: Point, b: Point) -> tuple[Field, Field]:
    """Distance to the line from ``a`` to ``b``, and how far along it the nearest point is, 0 to 1."""
    du, dv = b[0] - a[0], b[1] - a[1]
    along = np.clip(((u - a[0]) * du + (v - a[1]) * dv) * (1 / (du * du + dv * dv)), 0, 1)
    return np.hypot(u - a[0] - along * du, v - a[1] - along * dv), along


def limb(
    u: Field, v: Field, path: Sequence[Point], thick: Sequence[float]
) -> tuple[Field, Field, Field]:
    """A round limb along a path, ``thick[i]`` its radius at ``path[i]``.

    Returns how far from its middle line, as a share of the radius; how far along, in points; and
    the radius there.
    """
    nearest = np.full_like(u, 99.0)
    along, radius = np.zeros_like(u), np.full_like(u, thick[0])
    for i in range(len(path) - 1):
        distance, share = segment(u, v, path[i], path[i + 1])
        here = thick[i] + (thick[i + 1] - thick[i]) * share
        relative = distance / here
        closer = relative < nearest
        nearest = np.where(closer, relative, nearest)
        along = np.where(closer, i + share, along)
        radius = np.where(closer, here, radius)
    return nearest, along, radius


def curve(start: Point, bend: Point, end: Point, steps: int = 7) -> list[Point]:
    """Points of a quadratic Bézier curve."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    a, b, c = (np.array(point) for point in (start, bend, end))
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    return [(float(x), float(y)) for x, y in points]


def noise(hand: Hand, n: int, rows: int, columns: int | None = None) -> Field:
    """Soft noise about [0, 1], of as many humps as asked for, whatever the size."""
    lattice = hand.rng.random((rows, columns or rows), dtype=np.float32)
    return np.asarray(Image.fromarray(lattice).resize((n, n), Image.Resampling.BICUBIC))


def blur(field: Field, share: float) -> Field:
    """Smooth over ``share`` of the picture's side."""
    n = field.shape[0]
    few = max(2, round(1 / share))
    small = Image.fromarray(field).resize((few, few), Image.Resampling.HAMMING)
    return np.asarray(small.resize((n, n), Image.Resampling.BICUBIC))
