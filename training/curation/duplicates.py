"""Pictures that are there twice: the same file, the same pixels, or nearly the same picture.

Perceptual hashes and features say which pairs are worth a look; a pair counts only when one
picture, shifted, scaled, mirrored or brightened a little, lies on the other everywhere. A
face that differs in its mouth alone has the same hash and nearly the same features.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.progress import Progress
from training.curation.neighbours import Pairs, alike_hashes, as_pairs
from training.curation.survey import Survey, minis

BITS = 12
"""Of 64, in which the hashes of two pictures worth a look may differ."""

UNLIKE = 0.24
"""How far the worst part of two nearly equal pictures may be off, in parts of their contrast."""

_MEET = 8  # pictures whose hashes are the most alike, that each is compared with
_CLOSE = 0.75  # neighbours farther than so much of the usual distance between neighbours are not looked at
_PARTS = 5  # a side: a picture is compared in 25 parts
_LEAST = 0.02  # contrast in [0, 1] below which nothing can be said of a pair
_ROUGH = 0.6  # correlation of the 25 parts of two pictures that are worth aligning
_BORDER = 2  # pixels at the edge that a crop may have taken
_SOFT = 0.7  # pixels
_AT_ONCE = 4096  # pairs

Pixels: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pictures of which one is enough: the first of them."""

    kept: int
    others: tuple[int, ...]
    mirrored: frozenset[int]  # of the others
    exact: bool


def exact_duplicates(pixels: Sequence[bytes], order: Iterable[int]) -> list[Cluster]:
    """Groups of equal pictures; the first in ``order`` is kept."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number in order:
        groups[pixels[number]].append(number)
    return [
        Cluster(first, tuple(others), frozenset(), exact=True)
        for first, *others in groups.values()
        if others
    ]


def near_duplicates(
    found: Survey,
    neighbours: NDArray[np.int64],
    distances: NDArray[np.float32],
    order: Sequence[int],
    *,
    progress: Progress = Progress(),
) -> list[Cluster]:
    """Groups of nearly equal pictures among those in ``order``, the best of which comes first."""
    plain, mirrored = candidates(found, neighbours, distances, progress.part(0.0, 0.4))
    alive = np.zeros(len(found), bool)
    alive[list(order)] = True
    links: dict[int, dict[int, bool]] = defaultdict(dict)
    for number, (pairs, flip) in enumerate(((plain, False), (mirrored, True))):
        pairs = pairs[alive[pairs].all(axis=1)]
        part = progress.part(0.4 + 0.3 * number, 0.7 + 0.3 * number)
        same = pairs[unlikeness(found, pairs, flip=flip, progress=part) <= UNLIKE]
        for a, b in same.tolist():
            links[a].setdefault(b, flip)
            links[b].setdefault(a, flip)
    return clusters(links, order)


def candidates(
    found: Survey,
    neighbours: NDArray[np.int64],
    distances: NDArray[np.float32],
    progress: Progress = Progress(),
) -> tuple[Pairs, Pairs]:
    """Pairs worth a look, as they are and mirrored: by hash, and by features."""
    plain, mirrored = alike_hashes(found.hashes, BITS, _MEET, progress)
    if neighbours.shape[1]:
        close = distances <= _CLOSE * np.median(distances[:, 0])
        near = as_pairs(np.where(close, neighbours, np.arange(len(found))[:, None]))
        near = near[near[:, 0] != near[:, 1]]
        plain, mirrored = (np.concatenate([pairs, near]) for pairs in (plain, mirrored))
    return np.unique(plain, axis=0), np.unique(mirrored, axis=0)


def clusters(links: dict[int, dict[int, bool]], order: Sequence[int]) -> list[Cluster]:
    """Stars, not chains: whoever is left out lies directly next to the one that is kept.

    Args:
        links: of each picture, those nearly equal to it and whether mirrored.
        order: the pictures, the best first.
    """
    taken: set[int] = set()
    out = []
    for number in order:
        if number in taken:
            continue
        taken.add(number)
        others = [other for other in sorted(links.get(number, ())) if other not in taken]
        taken.update(others)
        if others:
            mirrored = frozenset(other for other in others if links[number][other])
            out.append(Cluster(number, tuple(others), mirrored, exact=False))
    return out


def unlikeness(
    found: Survey, pairs: Pairs, *, flip: bool, progress: Progress = Progress()
) -> NDArray[np.float64]:
    """How far each pair is apart, (m,): 0 the same picture, about 1 another."""
    out = np.ones(len(pairs))
    with _one_thread():
        for start in range(0, len(pairs), _AT_ONCE):
            block = pairs[start : start + _AT_ONCE]
            which, places = np.unique(block, return_inverse=True)
            small = minis(found, which)
            for number, (a, b) in enumerate(places.reshape(-1, 2)):
                other = small[b][:, ::-1] if flip else small[b]
                out[start + number] = compared(small[a], other)
            progress.reach(min(1.0, (start + len(block)) / len(pairs)))
    return out


@contextmanager
def _one_thread() -> Iterator[None]:
    """Pictures of 40 pixels are done before a second thread is awake."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def compared(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The worst part of two small pictures uint8 (h, w, 3), once one is laid on the other."""
    import cv2

    a, b = (_unit(each) for each in (first, second))
    grey_a, grey_b = a.mean(axis=2), b.mean(axis=2)
    if min(grey_a.std(), grey_b.std()) < _LEAST:
        return float(np.abs(a - b).max() * 12)  # nothing to lay on one another but the colour
    rough_a, rough_b = (_summed(each) for each in (grey_a, grey_b))
    patterned = min(rough_a.std(), rough_b.std()) > _LEAST
    if patterned and np.corrcoef(rough_a.ravel(), rough_b.ravel())[0, 1] < _ROUGH:
        return 1.0
    height, width = grey_a.shape
    warp: Any = np.eye(2, 3, dtype=np.float32)
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 3e-4)
    try:
        _, warp = cv2.findTransformECC(
            grey_a, grey_b, warp, cv2.MOTION_AFFINE, enough, np.ones_like(grey_a, np.uint8) * 255, 3
        )
    except cv2.error:
        return 1.0  # they don't converge
    if np.abs(warp[:, :2] - np.eye(2)).max() > 0.15 or np.abs(warp[:, 2]).max() > 0.12 * width:
        return 1.0  # that is no crop of a few per cent
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid: Any = cv2.warpAffine(
        b, warp, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    there: Any = cv2.warpAffine(
        np.ones((height, width), np.float32), warp, (width, height), flags=flags
    )
    inside: NDArray[np.bool_] = there > 0.99
    inside[:_BORDER] = inside[-_BORDER:] = inside[:, :_BORDER] = inside[:, -_BORDER:] = False
    # Softened, since a line that was drawn anew lies half a pixel beside the old one.
    soft: Any = cv2.GaussianBlur(a, (0, 0), _SOFT)
    laid = cv2.GaussianBlur(laid, (0, 0), _SOFT)
    return _worst_part(soft, _as_bright(laid, soft, inside), inside)


def _unit(picture: NDArray[np.uint8]) -> Pixels:
    unit: Pixels = picture.astype(np.float32) / np.float32(255)
    return unit


def _as_bright(picture: Pixels, other: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """With one gain and offset for all channels, so that another colour stays another colour."""
    x, y = picture[inside].ravel(), other[inside].ravel()
    spread = float(x.var())
    gain = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 1e-6 else 1.0
    gain = min(max(gain, 0.5), 2.0)
    brightened: Pixels = gain * (picture - x.mean()) + y.mean()
    return brightened


def _worst_part(a: Pixels, b: Pixels, inside: NDArray[np.bool_]) -> float:
    """Of 25 parts, the one in which two pictures differ most, in parts of their contrast."""
    contrast = max(float(a[inside].std()), _LEAST)
    there = _summed(inside.astype(np.float32))
    wrong = _summed(np.where(inside, np.square(a - b).mean(axis=2), 0))
    enough = there > 0.3 * inside.size / _PARTS**2
    if not enough.any():
        return 1.0
    return float(np.sqrt((wrong[enough] / there[enough]).max())) / contrast


def _summed(picture: Pixels) -> Pixels:
    """The sums of each of 25 parts, of (h, w); both can be divided by five."""
    height, width = picture.shape
    parts = picture.reshape(_PARTS, height // _PARTS, _PARTS, width // _PARTS)
    sums: Pixels = parts.sum(axis=(1, 3))
    return sums
