"""Faces and eyes by the cascades that come with OpenCV (Viola and Jones 2001), human and cat."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.data.align.faces import Face, Landmarks, Point, Subject
from training.data.align.mirrored import mirrored_eyes
from training.data.fitting.fit import Pixels

Grey: TypeAlias = NDArray[Any]  # uint8 (height, width)
Box: TypeAlias = tuple[int, int, int, int]  # left, top, width, height
Affine: TypeAlias = NDArray[Any]  # float64 (2, 3)

_FACES: dict[Subject, tuple[str, ...]] = {  # all of them have to agree
    "human": ("haarcascade_frontalface_alt2.xml",),
    "cat": ("haarcascade_frontalcatface_extended.xml", "haarcascade_frontalcatface.xml"),
}
_EYES = ("haarcascade_eye.xml", "haarcascade_eye_tree_eyeglasses.xml")

# Pixels of the longer and the shorter side: pictures are searched at a size between these. A cat's
# face has fur, in which large pictures have many chance finds.
_LONG: dict[Subject, int] = {"human": 1000, "cat": 600}
_SHORT = 240
_BORDER = 0.15  # of the picture, repeated around it: a face that fills it has no room else
_TILTS: dict[Subject, tuple[int, ...]] = {  # degrees, tried where nothing is found level
    "human": (15, -15, 30, -30),
    "cat": (10, -10, 20, -20, 30, -30),
}
_SURE: dict[Subject, int] = {"human": 6, "cat": 1}  # overlapping finds that make a face
_SMALLEST = 24  # pixels
# Of the picture's longer side: turning is slow, chance finds are small, and cats' are many.
_SMALLEST_TILTED = 0.12
_SMALLEST_CAT = 0.18
_AGREE = 0.5  # of what two finds cover together, what both cover

_PATCH = 160  # pixels that a face is brought to before eyes are looked for
_EYES_FROM, _EYES_TO = 0.15, 0.62  # of a face's height
_EYE_SMALLEST, _EYE_LARGEST = 20, 70  # pixels of the patch
_APART = (0.28, 0.62)  # between eyes, in widths of the face
_MIDDLE = 0.12  # how far between the eyes may be from the middle of the face, in its widths
_STEEPEST = 0.45  # fall of the line through both eyes


@dataclass(frozen=True, slots=True)
class Cascades:
    """Settings that open OpenCV's cascades for a subject."""

    subject: Subject

    @property
    def told(self) -> str:
        return "by OpenCV's cascades"

    def open(self) -> Landmarks:
        return _Opened(self.subject)


@dataclass(frozen=True, slots=True)
class _Eye:
    """Where an eye may be, in a patch of ``_PATCH`` pixels."""

    at: Point
    size: float
    weight: float


class _Opened:
    """Not for two threads at once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._faces = [_cascade(name) for name in _FACES[subject]]
        self._eyes = [_cascade(name) for name in _EYES]

    def faces(self, pixels: Pixels) -> Sequence[Face]:
        grey, to_picture = _searched(pixels, _LONG[self._subject])
        least = _SMALLEST_CAT if self._subject == "cat" else 0.0
        smallest = max(_SMALLEST, round(least * max(grey.shape)))
        level = [_moved(face, to_picture) for face in self._level_faces(grey, smallest)]
        if any(map(_is_whole, level)):
            return _largest_first(level)
        smallest = max(smallest, round(_SMALLEST_TILTED * max(grey.shape)))
        for tilt in _TILTS[self._subject]:
            turned, back = _turned(grey, tilt)
            way = _after(to_picture, back)
            found = [_moved(face, way) for face in self._level_faces(turned, smallest)]
            if any(map(_is_whole, found)):
                return _largest_first(filter(_is_whole, found))
        return _largest_first(level)

    def _level_faces(self, grey: Grey, smallest: int) -> list[Face]:
        sure = _SURE[self._subject]
        first, *others = (
            _boxes(cascade.detectMultiScale(grey, 1.1, sure, minSize=(smallest, smallest)))
            for cascade in self._faces
        )
        agreed = [
            box
            for box in first
            if all(any(_shared(box, other) > _AGREE for other in found) for found in others)
        ]
        return [self._face(grey, box) for box in _apart(agreed)]

    def _face(self, grey: Grey, box: Box) -> Face:
        import cv2

        left, top, width, height = box
        patch = cv2.resize(grey[top : top + height, left : left + width], (_PATCH, _PATCH))
        one, other = self._pair(patch)
        if self._subject == "cat" and not (one and other):
            one, other = mirrored_eyes(patch)

        def place(eye: Point | None) -> Point | None:
            scale = width / _PATCH
            return eye and (left + eye[0] * scale, top + eye[1] * scale)

        return Face(place(one), place(other), width, aside=_looks_aside(one, other))

    def _pair(self, patch: Grey) -> tuple[Point | None, Point | None]:
        """Both eyes, or the one that was found."""
        eyes = [eye for cascade in self._eyes for eye in _eyes_in(cascade, patch)]
        lefts = [eye for eye in eyes if eye.at[0] < _PATCH / 2]
        rights = [eye for eye in eyes if eye.at[0] >= _PATCH / 2]
        pairs = [pair for pair in product(lefts, rights) if _could_be_a_pair(*pair)]
        if pairs:
            left, right = max(pairs, key=lambda pair: pair[0].weight + pair[1].weight)
            return left.at, right.at
        surest = max(eyes, key=lambda eye: eye.weight, default=None)
        if surest is None:
            return None, None
        return (surest.at, None) if surest in lefts else (None, surest.at)


def _eyes_in(cascade: Any, patch: Grey) -> list[_Eye]:
    top, bottom = round(_EYES_FROM * _PATCH), round(_EYES_TO * _PATCH)
    boxes, _, weights = cascade.detectMultiScale3(
        patch[top:bottom],
        scaleFactor=1.05,
        minNeighbors=3,
        minSize=(_EYE_SMALLEST, _EYE_SMALLEST),
        maxSize=(_EYE_LARGEST, _EYE_LARGEST),
        outputRejectLevels=True,
    )
    return [
        _Eye((float(x + w / 2), float(top + y + h / 2)), float(w), float(weight))
        for (x, y, w, h), weight in zip(boxes, np.ravel(weights), strict=True)
    ]


def _could_be_a_pair(left: _Eye, right: _Eye) -> bool:
    across, down = right.at[0] - left.at[0], right.at[1] - left.at[1]
    return (
        0.15 * _PATCH < across < _APART[1] * _PATCH
        and abs(down) < _STEEPEST * across
        and max(left.size, right.size) < 1.8 * min(left.size, right.size)
    )


def _looks_aside(left: Point | None, right: Point | None) -> bool:
    """Whether eyes in a patch stand as they do in a face that is turned away."""
    if left is None or right is None:
        return False
    off = abs((left[0] + right[0]) / 2 - _PATCH / 2)
    return off > _MIDDLE * _PATCH or math.dist(left, right) < _APART[0] * _PATCH


def _searched(pixels: Pixels, longest: int) -> tuple[Grey, Affine]:
    """The picture as it is searched, and the way back to the picture's own pixels."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    scale = max(scale, min(_SHORT / min(height, width), longest / max(height, width)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    border = round(_BORDER * max(size))
    grey = cv2.copyMakeBorder(grey, border, border, border, border, cv2.BORDER_REPLICATE)
    across, down = width / size[0], height / size[1]
    return grey, np.array([[across, 0, -border * across], [0, down, -border * down]])


def _turned(grey: Grey, degrees: int) -> tuple[Grey, Affine]:
    """The picture, turned on a canvas that holds it whole, and the way back."""
    import cv2

    if not degrees:
        return grey, np.eye(2, 3)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    c, s = np.abs(turn[0, :2])
    across, down = round(width * c + height * s), round(width * s + height * c)
    turn[:, 2] += (across - width) / 2, (down - height) / 2
    canvas = cv2.warpAffine(grey, turn, (across, down), borderMode=cv2.BORDER_REPLICATE)
    return canvas, cv2.invertAffineTransform(turn)


def _after(outer: Affine, inner: Affine) -> Affine:
    """First ``inner``, then ``outer``."""
    whole = np.vstack([inner, [0, 0, 1]])
    product: Affine = outer @ whole
    return product


def _moved(face: Face, way: Affine) -> Face:
    def move(point: Point | None) -> Point | None:
        if point is None:
            return None
        x, y = way @ (*point, 1.0)
        return float(x), float(y)

    scale = math.sqrt(abs(np.linalg.det(way[:, :2])))
    return replace(face, left=move(face.left), right=move(face.right), width=face.width * scale)


def _apart(boxes: Sequence[Box]) -> list[Box]:
    """Those that don't lie within or mostly over a larger one; the order does not matter."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: (-b[2], b[:2])):
        if all(_common(box, other) < 0.4 * box[2] * box[3] for other in kept):
            kept.append(box)
    return kept


def _boxes(found: Any) -> list[Box]:
    return [(int(left), int(top), int(width), int(height)) for left, top, width, height in found]


def _common(one: Box, other: Box) -> int:
    """Pixels that lie in both."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)


def _shared(one: Box, other: Box) -> float:
    """The share of what both cover together that each covers."""
    common = _common(one, other)
    return common / (one[2] * one[3] + other[2] * other[3] - common)


def _is_whole(face: Face) -> bool:
    return bool(face.left and face.right and not face.aside)


def _largest_first(faces: Iterable[Face]) -> list[Face]:
    return sorted(faces, key=lambda face: (-face.width, face.left or (0, 0)))


def _cascade(name: str) -> Any:
    """One of OpenCV's own cascades.

    Raises:
        KnownError: OpenCV is not installed, or comes without it, as from version 5 on.
    """
    try:
        import cv2
    except ImportError as error:
        raise KnownError(
            "To find faces, OpenCV has to be installed: pip install 'masquerade[data]'."
        ) from error
    cv2.setNumThreads(1)  # there is a worker a core, and so the same finds in the same order
    if not hasattr(cv2, "CascadeClassifier"):
        raise KnownError(
            f"OpenCV {cv2.__version__} came without the cascades that find faces: "
            "pip install 'opencv-python-headless>=4.10,<5'."
        )
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
    if cascade.empty():
        raise KnownError(f"OpenCV's {name} is missing: install opencv-python-headless 4 again.")
    return cascade
