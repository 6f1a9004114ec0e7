"""Who lies next to whom: every pair is looked at, a block at a time."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.progress import Progress

Pairs: TypeAlias = NDArray[np.int64]
"""(m, 2), the smaller place first, sorted, each pair once."""

_BLOCK = 1 << 24  # distances in memory at once: 64 MB


def nearest(
    features: NDArray[np.float32], count: int, progress: Progress = Progress()
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``count`` nearest others of each row of (n, d), nearest first.

    Returns:
        places int64 (n, k) and Euclidean distances float32 (n, k); k is at most n - 1.
    """
    n = len(features)
    k = min(count, n - 1)
    places, distances = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    if k < 1:
        return places, distances
    lengths = np.square(features).sum(axis=1)
    step = max(1, _BLOCK // n)
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        squares = lengths - 2 * (features[part] @ features.T)  # but for the row's own length
        rows = np.arange(part.stop - start)
        squares[rows, rows + start] = np.inf
        found = np.argpartition(squares, k - 1, axis=1)[:, :k]
        exact = np.square(features[part][:, None] - features[found]).sum(axis=2)
        order = np.lexsort((found, exact), axis=1)
        places[part] = np.take_along_axis(found, order, axis=1)
        distances[part] = np.sqrt(np.take_along_axis(exact, order, axis=1))
        progress.reach(part.stop / n)
    return places, distances


def alike_hashes(
    hashes: NDArray[np.uint64], most: int, count: int, progress: Progress = Progress()
) -> tuple[Pairs, Pairs]:
    """Pairs whose perceptual hashes differ in at most ``most`` bits, of (n, 2).

    Each picture meets the ``count`` most alike of those behind it, so that a pile of look-alikes
    does not make a pair of every two.

    Returns:
        the pairs as they are, and those of one with the mirrored other.
    """
    n = len(hashes)
    plain: list[Pairs] = []
    mirrored: list[Pairs] = []
    step = max(1, _BLOCK // 4 // max(1, n))
    for start in range(0, n, step):
        mine = hashes[start : start + step, 0]
        for column, pairs in ((0, plain), (1, mirrored)):
            theirs = hashes[start:, column]  # the earlier ones have met these before
            differ = np.bitwise_count(mine[:, None] ^ theirs)
            a, b = np.nonzero(differ <= most)
            bits, a, b = differ[a, b][a < b], a[a < b], b[a < b]
            order = np.lexsort((b, bits, a))
            a, b = a[order], b[order]
            rank = np.arange(len(a)) - np.searchsorted(a, a)
            pairs.append(np.stack([a, b], axis=1)[rank < count] + start)
        progress.reach(min(1.0, (start + step) / n))
    return np.concatenate(plain), np.concatenate(mirrored)


def as_pairs(places: NDArray[np.int64]) -> Pairs:
    """Each row with its neighbours (n, k), as pairs."""
    n, k = places.shape
    mine = np.repeat(np.arange(n), k)
    pairs = np.sort(np.stack([mine, places.ravel()], axis=1), axis=1)
    return np.unique(pairs, axis=0)
