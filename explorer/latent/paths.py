"""Moving about in latent space. Nothing here knows which model will paint the result."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.latent.seeds import Latent

Walk: TypeAlias = NDArray[np.float32]
"""Points in the order they are visited, shape ``(n, dim)``."""

_PARALLEL = 1e-4  # radians; below this the arc and the chord agree to float32
_NOWHERE = 1e-12  # a point this near the origin has no direction


def lerp(a: Latent, b: Latent, t: float) -> Latent:
    """Walk the straight line from ``a`` (t=0) to ``b`` (t=1)."""
    point: Latent = ((1 - t) * a.astype(np.float64) + t * b).astype(np.float32)
    return point


def slerp(a: Latent, b: Latent, t: float) -> Latent:
    """Walk the arc from ``a`` (t=0) to ``b`` (t=1).

    The direction turns at a steady rate and the length changes evenly, so a halfway
    point is as likely under the Gaussian prior as its ends. The straight line would
    dip towards the origin, where generators paint grey averages. From or to the origin
    itself, which has no direction, the walk is straight.

    Raises:
        ValueError: ``a`` and ``b`` point exactly opposite ways, so no arc is shortest.
    """
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    length_a, length_b = np.linalg.norm(a64), np.linalg.norm(b64)
    if min(length_a, length_b) < _NOWHERE:
        return lerp(a, b, t)
    cosine = float(np.dot(a64 / length_a, b64 / length_b))
    angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    if angle < _PARALLEL:
        return lerp(a, b, t)
    if np.pi - angle < _PARALLEL:
        raise ValueError("opposite latents have no shortest arc; add a waypoint")

    length = (1 - t) * length_a + t * length_b
    towards_a = np.sin((1 - t) * angle) / np.sin(angle) * (a64 / length_a)
    towards_b = np.sin(t * angle) / np.sin(angle) * (b64 / length_b)
    point: Latent = (length * (towards_a + towards_b)).astype(np.float32)
    return point


def closed_loop(points: Walk, frames: int) -> Walk:
    """Visit every point on arcs and come home: ``frames`` steps, the last leads to the first.

    Args:
        points: ``(k, dim)``, k at least 1; each lies on the loop.
        frames: how many points to give back; the first of them is ``points[0]``.

    Raises:
        ValueError: there are no points or no frames, or two neighbours are exact opposites.
    """
    if len(points) == 0 or frames < 1:
        raise ValueError("a loop needs a point and a frame")
    legs = len(points)
    walk = np.empty((frames, points.shape[1]), np.float32)
    for frame in range(frames):
        leg, passed = divmod(frame * legs, frames)
        walk[frame] = slerp(points[leg], points[(leg + 1) % legs], passed / frames)
    return walk
