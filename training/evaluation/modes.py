"""How many of the kinds of pictures there are a model paints at all."""

import numpy as np
from numpy.typing import NDArray

from training.evaluation.measures import Double, Single, distances

Bins = NDArray[np.int64]

SELDOM = 0.2  # of its share; what is painted less often counts as missing
_MOST = 100  # bins
_EACH = 20  # pictures to a bin, about
_NUMBERS = 32  # of the features, after PCA
_ROUNDS = 25


def bins_of(real: Single, *others: Single, seed: int) -> tuple[int, list[Bins]]:
    """Sort pictures into kinds: cells around k-means of the real ones' features.

    As Richardson and Weiss 2018, section 3, but of features.

    Returns:
        How many kinds, and for ``real`` and each of the ``others`` the kind of each picture.
    """
    mean = real.mean(axis=0)
    _, _, basis = np.linalg.svd(real - mean, full_matrices=False)
    low, *rest = ((x - mean) @ basis[:_NUMBERS].T for x in (real, *others))
    count = int(np.clip(len(real) // _EACH, 2, _MOST))
    centres = _centres(low, count, np.random.default_rng(seed))
    return count, [distances(x, centres).argmin(axis=1) for x in (low, *rest)]


def reached(painted: Bins, real: Bins, count: int) -> int:
    """How many kinds are painted at least a fifth as often as they are among the real ones."""
    shares, wanted = (np.bincount(x, minlength=count) / len(x) for x in (painted, real))
    return int((shares > SELDOM * wanted).sum())


def _centres(rows: Single, count: int, rng: np.random.Generator) -> Single:
    """k-means by Lloyd's rounds, begun as k-means++ (Arthur and Vassilvitskii 2007)."""
    chosen = [int(rng.integers(len(rows)))]
    nearest: Double = np.full(len(rows), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.square(distances(rows, rows[chosen[-1:]])[:, 0]))
        total = nearest.sum()
        if total <= 0:  # fewer different pictures than kinds
            break
        chosen.append(int(rng.choice(len(rows), p=nearest / total)))
    centres = rows[chosen].copy()
    for _ in range(_ROUNDS):
        kinds = distances(rows, centres).argmin(axis=1)
        for kind in range(len(centres)):
            members = rows[kinds == kind]
            if len(members):
                centres[kind] = members.mean(axis=0)
    return centres
