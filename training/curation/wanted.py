"""Mark a few pictures, and a classifier on the features sorts the rest.

The probabilities are calibrated (Platt 1999), because a person acts on them: of the pictures
said to be wanted with 0.8, about eight in ten should be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError

FEWEST = 20
"""Marks that a classifier can learn from."""

FEWEST_OF_A_KIND = 5

_REPEATS = 5  # of the cross-validation
_FOLDS = 5
_DRAWS = 1000  # of the bootstrap
_STRENGTHS = (0.001, 0.01, 0.1)  # how freely it may fit; the best by cross-validation is taken


@dataclass(frozen=True, slots=True)
class Expected:
    """A share that cross-validation found, and between what it lies in 90 of 100 draws."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%})"


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came out of a few marks."""

    wanted: NDArray[np.float64]  # (n,) probability that each picture is wanted
    marks: Mapping[int, bool]  # picture -> whether the person wants it
    precision: Expected  # of those it keeps, the share that is wanted
    recall: Expected  # of the wanted ones, the share that it keeps

    def uncertain(self, count: int) -> list[int]:
        """The pictures without a mark that it knows least about, the worst first."""
        order = np.argsort(np.abs(self.wanted - 0.5), kind="stable").tolist()
        return [n for n in order if n not in self.marks][:count]


def sort_by(features: NDArray[np.float32], marks: Mapping[int, bool]) -> Sorted:
    """Learn from the marks, judge all.

    Args:
        features: (n, d) of all pictures.
        marks: of some, whether they are wanted.

    Raises:
        KnownError: there are too few marks, or of one kind too few.
    """
    import sklearn.linear_model  # noqa: F401  # it brings the threads that are limited below
    from threadpoolctl import threadpool_limits

    kinds = [sum(marks.values()), len(marks) - sum(marks.values())]
    if min(kinds) < FEWEST_OF_A_KIND or len(marks) < FEWEST:
        raise KnownError(
            f"{kinds[0]} wanted and {kinds[1]} unwanted pictures are marked: mark at least "
            f"{FEWEST}, and {FEWEST_OF_A_KIND} or more of each kind."
        )
    which = np.array(sorted(marks))
    given = np.array([marks[n] for n in which.tolist()])
    with threadpool_limits(1):  # of hundreds of fits that small, more threads wait for each other
        strength, likely = _chosen(features[which], given)
        model = _calibrated(strength, given).fit(features[which], given)
        wanted: NDArray[np.float64] = model.predict_proba(features)[:, 1]
    return Sorted(wanted, dict(marks), *_expected(likely, given))


def _chosen(
    features: NDArray[np.float32], given: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]]:
    """The strength whose judgement of unseen marks is the best, and that judgement (r, m)."""
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for strength in _STRENGTHS:
        likely = np.stack([_unseen(strength, features, given, seed) for seed in range(_REPEATS)])
        right = np.clip(np.where(given, likely, 1 - likely), 1e-6, 1)
        loss = float(-np.log(right).mean())
        if best is None or loss < best[0]:
            best = (loss, strength, likely)
    if best is None:
        raise ValueError("there is no strength to choose from")
    return best[1:]


def _unseen(
    strength: float, features: NDArray[np.float32], given: NDArray[np.bool_], seed: int
) -> NDArray[np.float64]:
    """Probabilities (m,) of each mark by a classifier that did not see it."""
    from sklearn.model_selection import StratifiedKFold

    likely = np.empty(len(given))
    folds = StratifiedKFold(_folds(given), shuffle=True, random_state=seed)
    for seen, unseen in folds.split(features, given):
        model = _calibrated(strength, given[seen]).fit(features[seen], given[seen])
        likely[unseen] = model.predict_proba(features[unseen])[:, 1]
    return likely


def _calibrated(strength: float, given: NDArray[np.bool_]) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    linear = make_pipeline(
        StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=500)
    )
    folds = StratifiedKFold(_folds(given), shuffle=True, random_state=0)
    return CalibratedClassifierCV(linear, method="sigmoid", cv=folds, ensemble=False)


def _folds(given: NDArray[np.bool_]) -> int:
    return int(min(_FOLDS, given.sum(), (~given).sum()))


def _expected(likely: NDArray[np.float64], given: NDArray[np.bool_]) -> tuple[Expected, Expected]:
    """Precision and recall at a half, over all repeats; spread by drawing the marks anew."""
    kept = likely >= 0.5  # (repeats, marks)
    draws = np.random.default_rng(0).integers(0, len(given), (_DRAWS, len(given)))
    told = []
    for of in (kept, np.broadcast_to(given, kept.shape)):
        right = (kept & given).sum(axis=0, dtype=np.float64)
        all_ = of.sum(axis=0, dtype=np.float64)
        value = float(right.sum() / max(all_.sum(), 1e-9))
        drawn = right[draws].sum(axis=1) / np.maximum(all_[draws].sum(axis=1), 1e-9)
        low, high = np.percentile(drawn, [5, 95]).tolist()
        told.append(Expected(value, low, high))
    return told[0], told[1]
