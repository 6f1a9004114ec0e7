"""Two eyes of a face that no cascade for eyes knows: round, alike, and mirrored by the face."""

from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.data.align.faces import Point

Grey: TypeAlias = NDArray[Any]  # uint8 (height, width)
Map: TypeAlias = NDArray[Any]  # float32 (height, width)

_SIDE = 96  # pixels that a face is brought to
_RADII = (4, 6, 8, 10)  # of an eye or its pupil
_CANDIDATES = 14
_FROM, _TO = 0.25, 0.52  # of a face's height: eyes lie between
_APART = (0.36, 0.6)  # in widths of the face
_STEEPEST = 0.35
_MIDDLE = 0.1  # between the eyes and the middle of the face, in its widths
_ALIKE = 0.1  # correlation of a half face with its mirror image, at least


def mirrored_eyes(patch: Grey) -> tuple[Point | None, Point | None]:
    """Both eyes of a face that fills a square patch, or neither, in its pixels.

    Candidates are maxima of the fast radial symmetry transform (Loy and Zelinsky 2003); of their
    pairs that one is taken about whose middle the face is most like its mirror image.
    """
    import cv2

    face = cv2.equalizeHist(cv2.resize(patch, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
    round_ = _roundness(face)
    candidates = _maxima(round_)
    best: tuple[float, Point, Point] | None = None
    for one, other in combinations(sorted(candidates), 2):
        across, down = other[0] - one[0], other[1] - one[1]
        off = abs((one[0] + other[0]) / 2 - _SIDE / 2)
        if (
            not _APART[0] * _SIDE < across < _APART[1] * _SIDE
            or abs(down) > _STEEPEST * across
            or off > _MIDDLE * _SIDE
        ):
            continue
        alike = _likeness(face, one, other)
        score = alike + round_[one[1], one[0]] + round_[other[1], other[0]]
        if alike >= _ALIKE and (best is None or score > best[0]):
            best = (score, one, other)
    if best is None:
        return None, None
    scale = patch.shape[0] / _SIDE
    left, right = (((x + 0.5) * scale, (y + 0.5) * scale) for x, y in best[1:])
    return left, right


def _roundness(face: Grey) -> Map:
    """How much of what surrounds a pixel points to it or away from it: (side, side), at most 1."""
    import cv2

    across = cv2.Sobel(face, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(face, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    ys, xs = np.nonzero(strength > 40)
    ux, uy = across[ys, xs] / strength[ys, xs], down[ys, xs] / strength[ys, xs]
    total = np.zeros(face.shape, np.float32)
    for radius in _RADII:
        votes = np.zeros(face.shape, np.float32)
        for sign in (1, -1):
            x = xs + np.rint(sign * ux * radius).astype(int)
            y = ys + np.rint(sign * uy * radius).astype(int)
            inside = (x >= 0) & (x < _SIDE) & (y >= 0) & (y < _SIDE)
            np.add.at(votes, (y[inside], x[inside]), sign)
        # A pupil draws votes of one sign together; a stripe's cancel out along it.
        total += cv2.GaussianBlur(np.abs(votes), (0, 0), radius / 3) / radius
    peak = float(total.max())
    return total / peak if peak > 0 else total


def _maxima(round_: Map) -> list[tuple[int, int]]:
    """The highest points (x, y) of the part in which eyes lie."""
    import cv2

    top, bottom = round(_FROM * _SIDE), round(_TO * _SIDE)
    peaks = (round_ == cv2.dilate(round_, np.ones((9, 9), np.uint8))) & (round_ > 0.25)
    peaks[:top] = peaks[bottom:] = False
    ys, xs = np.nonzero(peaks)
    order = np.argsort(-round_[ys, xs], kind="stable")[:_CANDIDATES]
    return [(int(xs[i]), int(ys[i])) for i in order]


def _likeness(face: Grey, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Correlation of the face, levelled between these eyes, with its mirror image."""
    import cv2

    apart = np.hypot(other[0] - one[0], other[1] - one[1])
    c, s = (other[0] - one[0]) / apart, (other[1] - one[1]) / apart
    middle = np.add(one, other) / 2
    side = round(1.9 * apart) // 2 * 2 + 1
    half = side // 2
    corner = middle - half * np.array([c - s, s + c])
    level: Map = cv2.warpAffine(
        face,
        np.array([[c, -s, corner[0]], [s, c, corner[1]]]),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    level = cv2.GaussianBlur(level, (0, 0), 1.5)
    left, right = level[:, :half], level[:, : -half - 1 : -1]
    left, right = left - left.mean(), right - right.mean()
    length = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / length if length > 0 else 0.0
