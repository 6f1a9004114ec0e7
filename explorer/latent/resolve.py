"""From the tree to the point: where an expression meets the space of one model."""

from typing import Literal, Protocol

import numpy as np

from explorer.core.errors import KnownError
from explorer.latent.expression import (
    Artwork,
    Between,
    Direction,
    Expression,
    Layers,
    Mean,
    Mix,
    OwnDirection,
    Point,
    Seed,
    Shift,
    Sum,
)
from explorer.latent.paths import lerp, slerp
from explorer.latent.seeds import Latent


class Space(Protocol):
    """What arithmetic needs to know of a model: z for a DCGAN, w for a StyleGAN2."""

    @property
    def name(self) -> Literal["z", "w"]: ...
    @property
    def dim(self) -> int: ...
    @property
    def num_ws(self) -> int | None: ...
    def seed_point(self, seed: int) -> Latent:
        """float32 ``(dim,)``."""
        ...

    def direction(self, kind: Literal["pca", "sefa"], index: int) -> Latent:
        """float32 ``(dim,)``: how far one unit of ``amount`` goes. Raises KnownError."""
        ...


def resolve(expression: Expression, space: Space) -> Latent:
    """Compute the point: float32 ``(dim,)``, or ``(num_ws, dim)`` where its layers differ.

    Raises:
        KnownError: it holds a point of another space or size, layers in a model that has
            none, a direction the model lacks, or it leaves the finite numbers.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        point = _point(expression, space)
    if not np.isfinite(point).all():
        raise KnownError("The expression leads to numbers too large to paint; lower its weights.")
    return point


def _point(expression: Expression, space: Space) -> Latent:
    """As ``resolve``; recursion is safe since no tree is deeper than 64."""
    match expression:
        case Seed():
            return space.seed_point(expression.seed)
        case Point():
            return _given(expression, space)
        case Artwork():
            return _remembered(expression, space)
        case Mean():
            return _weighted([(1 / len(expression.of), _point(p, space)) for p in expression.of])
        case Sum():
            total = _weighted([(t.weight, _point(t.point, space)) for t in expression.terms])
            if space.name == "z" and expression.norm == "typical":
                return _typical(total)
            return total
        case Between():
            return _between(expression, space)
        case Shift():
            return _shifted(expression, space)
        case Mix():
            return _mixed(expression, space)


def _given(point: Point, space: Space) -> Latent:
    fits = {
        "z": space.name == "z" and point.shape == (space.dim,),
        "w": space.name == "w" and point.shape == (space.dim,),
        "ws": space.name == "w" and point.shape == (space.num_ws, space.dim),
    }
    if not fits[point.space]:
        raise KnownError(
            f"The point is {_size(point.shape)} numbers in {point.space} and this model's are "
            f"{space.dim} in {space.name}; it belongs to another model."
        )
    return point.array()


def _remembered(artwork: Artwork, space: Space) -> Latent:
    try:
        return _point(artwork.was, space)
    except KnownError as error:
        raise KnownError(f"“{artwork.title}” can't be used with this model: {error}") from error


def _weighted(terms: list[tuple[float, Latent]]) -> Latent:
    shape = np.broadcast_shapes(*(point.shape for _, point in terms))
    total = np.zeros(shape)  # float64, so that the order of terms hardly matters
    for weight, point in terms:
        total += weight * point.astype(np.float64)
    return total.astype(np.float32)


def _typical(point: Latent) -> Latent:
    """Bring ``point`` in z to length sqrt(dim), where almost all seeds lie; nothing stays nothing."""
    length = np.linalg.norm(point.astype(np.float64))
    if length < 1e-6:
        return point
    brought: Latent = (point * (np.sqrt(point.size) / length)).astype(np.float32)
    return brought


def _between(expression: Between, space: Space) -> Latent:
    start, end = np.broadcast_arrays(_point(expression.start, space), _point(expression.end, space))
    if expression.path == "lerp":
        return lerp(start, end, expression.t)
    try:
        if start.ndim == 1:
            return slerp(start, end, expression.t)
        return np.stack([slerp(a, b, expression.t) for a, b in zip(start, end, strict=True)])
    except ValueError as error:
        raise KnownError(
            "The two points lie exactly opposite, so no way between them is shortest; "
            "add a point on the way."
        ) from error


def _shifted(expression: Shift, space: Space) -> Latent:
    point = _point(expression.point, space)
    direction = _direction(expression.direction, space)
    step = (expression.amount * direction.astype(np.float64)).astype(np.float32)
    if expression.layers is None:
        return point + step
    shifted = _per_layer(point, space)
    first, last = _rows(expression.layers, space)
    shifted[first:last] += step
    return shifted


def _direction(direction: Direction | OwnDirection, space: Space) -> Latent:
    if isinstance(direction, Direction):
        return space.direction(direction.kind, direction.index)
    array = direction.array()
    if array.shape != (space.dim,):
        raise KnownError(
            f"The direction “{direction.title}” has {array.size} numbers and this model's points "
            f"have {space.dim}; it belongs to another model."
        )
    return array


def _mixed(expression: Mix, space: Space) -> Latent:
    num_ws = _layers_of(space)
    mixed = np.full((num_ws, space.dim), np.nan, np.float32)
    covered = np.zeros(num_ws, bool)
    for part in expression.parts:
        first, last = (0, num_ws) if part.layers is None else _rows(part.layers, space)
        mixed[first:last] = _per_layer(_point(part.point, space), space)[first:last]
        covered[first:last] = True
    if not covered.all():
        raise KnownError(f"The mix leaves layer {int(covered.argmin())} without a point; add one.")
    return mixed


def _per_layer(point: Latent, space: Space) -> Latent:
    """A copy with one row per layer: float32 ``(num_ws, dim)``."""
    return np.broadcast_to(point, (_layers_of(space), space.dim)).copy()


def _rows(layers: Layers, space: Space) -> Layers:
    num_ws = _layers_of(space)
    if layers[1] > num_ws:
        raise KnownError(f"Layers {layers[0]} to {layers[1]} reach past this model's {num_ws}.")
    return layers


def _layers_of(space: Space) -> int:
    if space.num_ws is None:
        raise KnownError("This model has no layers to mix or shift apart; a StyleGAN2 has.")
    return space.num_ws


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)
