"""Faces on one level: which are kept, which part of the picture each becomes, and why not others.

A provider of landmarks says where faces and eyes are; everything else is decided here. Points are
(x, y) in pixels of the picture, from its upper left corner.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.fitting.fit import Pixels

Subject: TypeAlias = Literal["human", "cat"]
Which: TypeAlias = Literal["all", "largest"]
Point: TypeAlias = tuple[float, float]

SUBJECTS: tuple[Subject, ...] = get_args(Subject)
WHICH: tuple[Which, ...] = get_args(Which)

MARGIN = 0.25
"""Left around a face if nobody says otherwise, in sides of the face."""

_FACE: dict[Subject, float] = {"human": 3.0, "cat": 1.9}  # its square, in distances of its eyes
_EYES_AT: dict[Subject, float] = {"human": 0.4, "cat": 0.45}  # of the square, from its top
_CLOSE = 8.0  # pixels between eyes; nearer, a pixel's error would turn the face by 7 degrees
_CUT, _INVENTED = 0.03, 0.25  # of a face, of its whole crop, may lie outside of the picture
_ASIDE = 0.35  # how far a nose may stand from the middle between the eyes, in their distance
_SAMPLES = (np.arange(24) + 0.5) / 24


@dataclass(frozen=True, slots=True)
class Face:
    """What a provider found. Left and right are the beholder's."""

    left: Point | None  # middle of an eye; None where it was not found
    right: Point | None
    width: float  # pixels, about from cheek to cheek
    nose: Point | None = None  # its tip
    aside: bool = False  # looks away, as far as the provider can tell


class Landmarks(Protocol):
    """Finds faces in a picture; used by one thread at a time."""

    def faces(self, pixels: Pixels) -> Sequence[Face]:
        """All faces in uint8 ``(height, width, 3)``, the largest first."""
        ...


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square of the picture."""

    corner: Point  # upper left
    along: Point  # unit vector of its upper edge
    side: float  # pixels

    def at(self, across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the square, given in sides from its corner, in the picture: ``(..., 2)``."""
        (x, y), (c, s) = self.corner, self.along
        return np.stack(
            [x + self.side * (c * across - s * down), y + self.side * (s * across + c * down)], -1
        )


def level(left: Point, right: Point, subject: Subject, margin: float) -> tuple[Square, Square]:
    """The square that holds the face between these eyes, and the one with its margin."""
    apart = math.dist(left, right)
    along = ((right[0] - left[0]) / apart, (right[1] - left[1]) / apart)
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    face = _FACE[subject] * apart
    return tuple(  # type: ignore[return-value]  # two of them
        _around(middle, along, face * (1 + 2 * m), (_EYES_AT[subject] + m) / (1 + 2 * m))
        for m in (0.0, margin)
    )


def reason_to_drop(
    face: Face, width: int, height: int, subject: Subject, margin: float
) -> str | None:
    """Why a face in a picture of this size can't be used; None where it can."""
    if face.left is None or face.right is None:
        both = face.left is None and face.right is None
        return "has both eyes hidden or shut" if both else "has one eye hidden or shut"
    if math.dist(face.left, face.right) < _CLOSE:
        return "is too small to be levelled"
    if face.aside or _nose_aside(face.left, face.right, face.nose):
        return "is turned away"
    whole, crop = level(face.left, face.right, subject, margin)
    if _outside(whole, width, height) > _CUT:
        return "is cut by the picture's border"
    if _outside(crop, width, height) > _INVENTED:
        return "stands too near the picture's border for its margin"
    return None


def cut(pixels: Pixels, square: Square) -> Image.Image:
    """The square, turned level; what lies outside of the picture mirrors what lies inside."""
    import cv2

    side = max(1, round(square.side))
    c, s = square.along
    # Pixels are named by their middles, half a pixel from their corners.
    x = square.corner[0] + (c - s) / 2 - 0.5
    y = square.corner[1] + (s + c) / 2 - 0.5
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(
        pixels,
        np.array([[c, -s, x], [s, c, y]]),
        (side, side),
        flags=how,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return Image.fromarray(turned)


def in_words(reasons: Sequence[str]) -> str:
    """Why no face of a picture was used, as it follows the picture's name."""
    if not reasons:
        return "shows no face that was found"
    if len(reasons) == 1:
        return f"shows a face that {reasons[0]}"
    counted = Counter(reasons).items()
    told = [f"each of {n} {reason}" if n > 1 else f"one {reason}" for reason, n in counted]
    return f"shows {len(reasons)} faces, of which none can be used: {', '.join(told)}"


def _around(middle: Point, along: Point, side: float, eyes_at: float) -> Square:
    (x, y), (c, s) = middle, along
    left, up = side / 2, side * eyes_at
    return Square((x - c * left + s * up, y - s * left - c * up), along, side)


def _outside(square: Square, width: int, height: int) -> float:
    """The share of a square that lies outside of the picture, from a grid of points."""
    points = square.at(*np.meshgrid(_SAMPLES, _SAMPLES))
    inside = ((points >= 0) & (points <= (width, height))).all(axis=-1)
    return 1 - float(inside.mean())


def _nose_aside(left: Point, right: Point, nose: Point | None) -> bool:
    if nose is None:
        return False
    apart = math.dist(left, right)
    along = ((right[0] - left[0]) / apart, (right[1] - left[1]) / apart)
    middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    off = (nose[0] - middle[0]) * along[0] + (nose[1] - middle[1]) * along[1]
    return abs(off) > _ASIDE * apart
