"""What painted pictures are, in words that the dataset knows: its factors and classes.

A linear classifier is trained on real pictures at the model's own sharpness, told how often it is
right on real pictures that it had not seen, and then asked about painted ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.likeness.features import Features
from training.evaluation.measures import Double, Single
from training.evaluation.modes import SELDOM
from training.evaluation.pictures import Places
from training.evaluation.spread import share
from training.evaluation.told import Condition, Factor

_NUMBERS = 192  # of the features, after PCA
_EACH = 10  # pictures that a value needs to be learned
_VALUES = 24  # that a factor may have; more are names, not kinds
_NAMES = 0.5  # of the pictures that have a whole number of their own: then they are numbered
_QUARTERS = 4  # into which measured factors are cut
_SHRINK = 0.05  # of the covariance towards a ball
_TAUGHT = 0.7  # of the real pictures; the others examine


class Eye:
    """Features of both depths, made comparable and few."""

    def __init__(self, real: Features) -> None:
        self._mean, self._scale = _both(real).mean(axis=0), _both(real).std(axis=0) + 1e-6
        rows = self._even(real)
        if len(rows) > rows.shape[1]:
            _, vectors = np.linalg.eigh(rows.T @ rows)
            basis = vectors[:, ::-1].T
        else:
            _, _, basis = np.linalg.svd(rows, full_matrices=False)
        self._basis = basis[: min(_NUMBERS, max(2, len(rows) // _EACH))]

    def __call__(self, features: Features) -> Double:
        """(n, numbers)."""
        found: Double = (self._even(features) @ self._basis.T).astype(np.float64)
        return found

    def _even(self, features: Features) -> Single:
        found: Single = (_both(features) - self._mean) / self._scale
        return found


@dataclass(frozen=True, slots=True)
class Taught:
    """A linear classifier, and how good it is on real pictures that it had not seen."""

    values: tuple[str, ...]
    weights: Double  # (numbers, values)
    offsets: Double  # (values,)
    accuracy: float
    chance: float  # of always saying the commonest
    examined: Places  # (n,) what it says of those pictures

    def __call__(self, rows: Double) -> Places:
        said: Places = (rows @ self.weights + self.offsets).argmax(axis=1)
        return said


def teach(rows: Double, values: Sequence[str], *, seed: int) -> Taught | None:
    """Learn ``values`` from ``rows`` by linear discriminant analysis (Fisher 1936).

    None where there are not two values with enough pictures each.
    """
    kinds = values_of(values)
    if kinds is None:
        return None
    names, codes = kinds
    known = np.flatnonzero(codes >= 0)
    order = np.random.default_rng(seed).permutation(known)
    lessons, examination = np.split(order, [round(_TAUGHT * len(order))])
    if any((codes[lessons] == kind).sum() < 2 for kind in range(len(names))):
        return None
    weights, offsets = _discriminant(rows[lessons], codes[lessons], len(names))
    said = (rows[examination] @ weights + offsets).argmax(axis=1)
    truth = codes[examination]
    return Taught(
        names,
        weights,
        offsets,
        accuracy=float((said == truth).mean()),
        chance=float(np.bincount(truth, minlength=len(names)).max() / len(truth)),
        examined=said,
    )


def factor(name: str, taught: Taught, painted: Double) -> Factor:
    """How the values are shared out among painted pictures, beside unseen real ones."""
    count = len(taught.values)
    real, found = (
        np.bincount(said, minlength=count) / len(said)
        for said in (taught.examined, taught(painted))
    )
    return Factor(
        name=name,
        accuracy=taught.accuracy,
        chance=taught.chance,
        coverage=float(np.minimum(real, found).sum()),
        missing=tuple(
            value
            for value, a, b in zip(taught.values, real, found, strict=True)
            if a >= 1 / (_EACH * count) and b < SELDOM * a
        ),
        values={
            value: (float(a), float(b))
            for value, a, b in zip(taught.values, real, found, strict=True)
        },
    )


def condition(taught: Taught, painted: Double, asked: Sequence[str]) -> Condition:
    """Whether painted pictures are what they were asked to be."""
    said = np.array(taught.values)[taught(painted)]
    right = said == np.array(asked)
    return Condition(
        accuracy=share(right),
        of_classifier=taught.accuracy,
        by_class={
            name: float(right[here].mean())
            for name in taught.values
            if (here := np.array(asked) == name).any()
        },
    )


def values_of(values: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]] | None:
    """A factor's kinds, and each picture's: -1 where its kind is too rare. None without kinds.

    What was measured is cut into quarters with as many pictures each. Whole numbers of which nearly
    every picture has its own are names.
    """
    distinct = sorted(set(values))
    if len(distinct) > _VALUES:
        numbers = _numbers(values)
        if numbers is None:
            return None
        if len(distinct) > _NAMES * len(values) and (numbers == np.rint(numbers)).all():
            return None
        cuts = np.quantile(numbers, np.arange(1, _QUARTERS) / _QUARTERS)
        ends = np.quantile(numbers, np.arange(_QUARTERS + 1) / _QUARTERS)
        names = tuple(f"{a:.3g} to {b:.3g}" for a, b in pairwise(ends))
        codes = np.searchsorted(cuts, numbers, side="right").astype(np.int64)
        return (names, codes) if len(set(names)) == _QUARTERS else None
    common = [v for v in distinct if sum(one == v for one in values) >= _EACH]
    if len(common) < 2:
        return None
    place: Mapping[str, int] = {value: at for at, value in enumerate(common)}
    return tuple(common), np.array([place.get(value, -1) for value in values], np.int64)


def _numbers(values: Sequence[str]) -> Double | None:
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _discriminant(rows: Double, codes: Places, count: int) -> tuple[Double, Double]:
    means = np.stack([rows[codes == kind].mean(axis=0) for kind in range(count)])
    off = rows - means[codes]
    covariance = off.T @ off / max(1, len(rows) - count)
    ball = np.trace(covariance) / len(covariance) or 1.0
    covariance = (1 - _SHRINK) * covariance + _SHRINK * ball * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    shares = np.bincount(codes, minlength=count) / len(codes)
    offsets: Double = np.log(shares) - (means.T * weights).sum(axis=0) / 2
    return weights, offsets


def _both(features: Features) -> Single:
    return np.concatenate([features.late, features.early], axis=1)
