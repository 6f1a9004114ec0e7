"""Pictures that are unlike the others: drawings among photographs, outliers, wrong classes."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.curation.findings import Finding, Suggestion
from training.curation.quality import far
from training.curation.survey import Survey

AROUND = 8
"""Neighbours that a picture is compared with."""

_MINORITY = 0.4  # of all pictures; where more are drawings, they are what the pile is of
_PHOTOGRAPHED = 0.15  # drawn less than so much: a soft drawing is no photograph yet
_FEW = 20  # pictures; of fewer nothing is said
_FOLDS = 5
_LEAST = 8  # pictures of a class, to be judged
_SURE = 0.9  # probability from which on another class is suggested


def drawings(found: Survey) -> Iterator[Finding]:
    """Vector graphics and drawings among photographs, or the other way round.

    A photograph changes little by little nearly everywhere; a drawing is even or jumps, and
    has few colours.
    """
    if len(found) < _FEW:
        return
    drawn = drawn_score(found)
    is_drawn = drawn > 0.5
    if is_drawn.mean() <= _MINORITY:
        which, said = is_drawn, "a drawing among photographs"
    elif is_drawn.mean() >= 1 - _MINORITY:
        which, said = drawn < _PHOTOGRAPHED, ""
    else:
        return
    score = np.abs(drawn - 0.5)
    for n in np.flatnonzero(which)[np.argsort(-score[which], kind="stable")].tolist():
        note = f"{found.measured('soft')[n]:.0%} of its steps are soft, {found.measured('few')[n]:.0%} in 8 colours"
        suggestion = Suggestion(keep=False, reason=said) if said else None
        yield Finding("drawing", n, float(score[n]), note, suggestion)


def drawn_score(found: Survey) -> NDArray[np.float64]:
    """How much each picture is drawn, (n,) in [0, 1]; a half is the border."""
    soft, few = found.measured("soft"), found.measured("few")
    score: NDArray[np.float64] = 1 / (1 + np.exp(12 * (soft - 0.55) - 6 * (few - 0.6)))
    return score


def outliers(
    found: Survey, neighbours: NDArray[np.int64], distances: NDArray[np.float32]
) -> Iterator[Finding]:
    """Pictures far from their neighbours, where their neighbours are near theirs.

    In the manner of the local outlier factor (Breunig et al. 2000), with mean distances.
    """
    if len(found) < _FEW:
        return
    k = min(AROUND, distances.shape[1])
    own = distances[:, :k].mean(axis=1, dtype=np.float64)
    theirs = own[neighbours[:, :k]].mean(axis=1)
    usual = max(float(np.median(own)), 1e-9)
    ratio = own / np.maximum(theirs, 0.25 * usual)
    odd = (far(np.log(np.maximum(own, 1e-9) / usual)) > 3.0) & (ratio > 1.15)
    score = own / usual
    for n in np.flatnonzero(odd)[np.argsort(-score[odd], kind="stable")].tolist():
        yield Finding(
            "outlier",
            n,
            float(score[n]),
            f"{score[n]:.1f} times as far from its neighbours as usual",
        )


def wrong_classes(found: Survey) -> Iterator[Finding]:
    """Pictures that a classifier, which never saw them, would put into another class.

    Confident learning (Northcutt et al. 2021, section 3.1): the other class must be as
    likely as it is on average for the pictures that lie in it.
    """
    counts = Counter(found.classes)
    names = sorted(name for name, count in counts.items() if name and count >= _LEAST)
    if len(names) < 2:
        return
    label_of = {name: label for label, name in enumerate(names)}
    which = np.array([n for n, name in enumerate(found.classes) if name in label_of])
    given = np.array([label_of[found.classes[n]] for n in which])
    likely = cross_validated(found.features[which], given)
    usual = np.array([likely[given == label, label].mean() for label in range(len(names))])
    own = likely[np.arange(len(which)), given]
    reaches = np.where(likely >= usual, likely, -1.0)
    reaches[np.arange(len(which)), given] = -1.0
    other = reaches.argmax(axis=1)
    chance = likely[np.arange(len(which)), other]
    odd = (reaches.max(axis=1) > 0) & (chance > own)
    for at in np.flatnonzero(odd)[np.argsort(-(chance - own)[odd], kind="stable")].tolist():
        name, now = names[other[at]], names[given[at]]
        note = f"looks like “{name}” ({chance[at]:.0%}), lies in “{now}” ({own[at]:.0%})"
        sure = Suggestion(keep=True, reason=f"looks like {name}, not {now}", class_=name)
        yield Finding(
            "class",
            int(which[at]),
            float(chance[at] - own[at]),
            note,
            sure if chance[at] >= _SURE else None,
            name,
        )


def cross_validated(features: NDArray[np.float32], given: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities (n, classes) by a classifier that learnt from the others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=500))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    likely: NDArray[np.float64] = cross_val_predict(
        model, features, given, cv=folds, method="predict_proba"
    )
    return likely
