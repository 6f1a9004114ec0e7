"""Figures on the features of pictures: how near two sets are, as wholes and one by one.

Features are float32 (n, d), one picture a row; numpy is all that is needed here. Which network they
are of is the caller's business: figures of one network can't be compared with those of another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Single = NDArray[np.float32]
Double = NDArray[np.float64]

PRECISION_K = 3  # Kynkäänniemi et al. 2019, section 3.1
DENSITY_K = 5  # Naeem et al. 2020, section 4
DOUBLE = 0.5  # nearer than so much of what lies between neighbours is a picture painted twice


def distances(a: Single, b: Single) -> Double:
    """Euclidean, between each row of ``a`` (n, d) and each of ``b`` (m, d): (n, m)."""
    lengths_a, lengths_b = (np.square(x, dtype=np.float64).sum(axis=1) for x in (a, b))
    squares = lengths_a[:, None] + lengths_b - 2 * (a @ b.T).astype(np.float64)
    found: Double = np.sqrt(np.maximum(squares, 0))
    return found


def count_distinct(between: Double, *, nearer_than: float) -> int:
    """How many pictures have no earlier one ``nearer_than`` so much, of distances (n, n)."""
    kept: list[int] = []
    for i, row in enumerate(between):
        if not kept or row[kept].min() >= nearer_than:
            kept.append(i)
    return len(kept)


def kernel(a: Single, b: Single) -> Double:
    """The cubic polynomial one of Bińkowski et al. 2018, section 4: (n, m)."""
    found: Double = ((a @ b.T).astype(np.float64) / a.shape[1] + 1) ** 3
    return found


def kid(painted: Single, real: Single) -> float:
    """Squared maximum mean discrepancy, unbiased, under the cubic polynomial kernel.

    Bińkowski et al. 2018, section 4 and equation 4, on all pictures at once instead of blocks of
    a thousand: the same expectation with less spread. 0 where the two can't be told apart; chance
    may bring it a little below.
    """
    within = mean_of_others(kernel(painted, painted)) + mean_of_others(kernel(real, real))
    return within - 2 * float(kernel(painted, real).mean())


def frechet(painted: Single, real: Single) -> float:
    """Squared Fréchet distance between normal distributions with the sets' means and covariances.

    Heusel et al. 2017, equation 6. The trace of the root of the covariances' product is the sum of
    the singular values of one set's centred rows times the other's, so that no root of a matrix
    has to be found, and fewer pictures than features are no trouble. It grows with fewer pictures:
    compare only figures of as many.
    """
    mean_a, mean_b = (x.mean(axis=0, dtype=np.float64) for x in (painted, real))
    a, b = _centred(painted), _centred(real)
    across = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    spread = np.square(a).sum() + np.square(b).sum() - 2 * across
    return float(np.square(mean_a - mean_b).sum() + spread)


def _centred(features: Single) -> Double:
    """Rows whose products are the covariance: (min(n, d), d)."""
    rows: Double = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    rows /= np.sqrt(max(1, len(rows) - 1))
    if len(rows) <= rows.shape[1]:
        return rows
    found: Double = np.asarray(np.linalg.qr(rows, mode="r"), np.float64)
    return found


@dataclass(frozen=True, slots=True)
class Manifolds:
    """What balls around each picture, reaching to its k-th neighbour, say of two sets."""

    precision: float  # share of painted pictures that lie among real ones
    recall: float  # share of real pictures that lie among painted ones
    density: float  # how many real pictures' balls a painted one lies in, of k; may exceed 1
    coverage: float  # share of real pictures that have a painted one in their ball


def manifolds(painted: Single, real: Single) -> Manifolds:
    """Improved precision and recall, density and coverage; of more than ``DENSITY_K`` each.

    Kynkäänniemi et al. 2019, section 3.1, and Naeem et al. 2020, section 4.
    """
    across = distances(painted, real)
    of_real, of_painted = distances(real, real), distances(painted, painted)
    among_real = across <= nearest(of_real, PRECISION_K)
    among_painted = across <= nearest(of_painted, PRECISION_K)[:, None]
    dense = across <= nearest(of_real, DENSITY_K)
    return Manifolds(
        precision=float(among_real.any(axis=1).mean()),
        recall=float(among_painted.any(axis=0).mean()),
        density=float(dense.sum(axis=1).mean()) / DENSITY_K,
        coverage=float(dense.any(axis=0).mean()),
    )


def nearest(between: Double, k: int) -> Double:
    """Each picture's distance to its k-th nearest other one, of distances (n, n): (n,)."""
    others = between.copy()
    np.fill_diagonal(others, np.inf)
    found: Double = np.partition(others, k - 1, axis=1)[:, k - 1]
    return found


def between_neighbours(between: Double) -> float:
    """How far it typically is from a picture to the nearest other one, of distances (n, n)."""
    return float(np.median(nearest(between, 1)))


def mean_of_others(pairs: Double) -> float:
    """The mean of a square without its diagonal, where everything meets itself."""
    n = len(pairs)
    return float((pairs.sum() - np.trace(pairs)) / (n * (n - 1)))


def diversity(painted: Single, real: Single) -> float:
    """Mean distance between painted pictures; 1 as between real ones, 0 all the same."""
    of_painted, of_real = (mean_of_others(distances(x, x)) for x in (painted, real))
    return ratio(of_painted, of_real)


def distinct(painted: Single, real: Single) -> float:
    """Share of the painted pictures that are no near double of another; as many of each."""
    nearer_than = DOUBLE * between_neighbours(distances(real, real))
    found = count_distinct(distances(painted, painted), nearer_than=nearer_than)
    return found / len(painted)


def ratio(painted: float, real: float) -> float:
    """1 where the real pictures are all the same, since then nothing can be said."""
    return painted / real if real > 0 else 1.0


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` places from all over ``count``, since classes lie one after another."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)
