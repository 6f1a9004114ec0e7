"""What a study's figures come to, in sentences: each is held against how much seeds differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.evaluation.words import shown
from training.studies.plan import Study, Value, said
from training.studies.work import Result


@dataclass(frozen=True, slots=True)
class Point:
    """One figure at one value of what is varied: over all seeds and everything else."""

    value: Value
    numbers: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.numbers))


FIGURES = {
    "kid": ("Kernel distance", "to real pictures that no run learned from; lower is better"),
    "precision": ("Precision", "painted pictures that look as a real one could; higher is better"),
    "recall": ("Recall", "real pictures that could have been painted; higher is better"),
    "coverage": ("Coverage", "real pictures that have a painted one nearby; higher is better"),
    "distinct": ("Distinct", "painted pictures that are no double of another; higher is better"),
    "nearer": (
        "Nearer than real",
        "chance that a painted picture is nearer to one it learned "
        "from than a real one is; 0.5 as real ones, towards 1 it learns by heart",
    ),
    "minutes": ("Minutes", "that training took"),
}


def number(result: Result, figure: str) -> float:
    """A result's figure by the name in ``FIGURES``."""
    if figure == "minutes":
        return result.seconds / 60
    if figure == "nearer":
        return result.memory.both.nearer if result.memory else 0.5
    return result.figures[figure].value


def points(study: Study, results: Sequence[Result], axis: str, figure: str) -> list[Point]:
    """The figure over the values of ``axis``, in their order; values without a result are left out."""
    (one,) = (each for each in study.varied if each.name == axis)
    found = []
    for value in one.values:
        numbers = tuple(number(r, figure) for r in results if r.cell.values[axis] == value)
        if numbers:
            found.append(Point(value, numbers))
    return found


def answers(study: Study, results: Sequence[Result]) -> list[tuple[str, str]]:
    """A question and what the runs say to it, for everything that was varied."""
    found = _budget(results)
    is_enough = not found
    for one in study.varied:
        said_ = _steps(study, results, one.name, is_enough)
        if said_:
            found.append(
                (_QUESTIONS.get(one.name, f"What does {one.name.replace('_', ' ')} do?"), said_)
            )
        if one.name == "size":
            heart = _by_heart(study, results)
            if heart:
                found.append(("Does it learn by heart?", heart))
        cost = _cost(study, results, one.name)
        if cost:
            found.append((f"What does {one.name.replace('_', ' ')} cost?", cost))
    return found


_LEARNED = 0.1  # of the precision of real pictures, below which nothing was learned yet
_AS_DEAR = ("size", "noise")  # a step costs the same whatever pictures it takes

_QUESTIONS = {
    "size": "How much data is enough?",
    "noise": "Does curation matter?",
    "resolution": "What does resolution do?",
}


def _budget(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Said first where every run was too short or too small to answer anything."""
    if not results:
        return []
    best = max(results, key=lambda result: result.figures["precision"].value)
    precision = best.figures["precision"]
    if precision.value > _LEARNED * (precision.real or 1.0):
        return []
    return [
        (
            "Was the budget enough?",
            f"No: at most {precision.value:.1%} of a run's pictures lie among real ones (of real "
            f"pictures {precision.real or 0:.0%} do), so that what differs between the runs is what "
            "they can learn in so short a time, and no more.",
        )
    ]


def _steps(study: Study, results: Sequence[Result], axis: str, is_enough: bool) -> str:
    """What each step from one value to the next does to nearness and variety.

    What more pictures would do is said only of runs whose budget was enough to learn from them.
    """
    sentences = []
    near, varied = (points(study, results, axis, figure) for figure in ("kid", "coverage"))
    for (a, b), (c, d) in zip(pairwise(near), pairwise(varied), strict=True):
        sentences.append(
            f"From {said(a.value)} to {said(b.value)} the kernel distance "
            f"{_moved(a, b)}, and coverage {_moved(c, d)}."
        )
    if (
        axis == "size"
        and is_enough
        and len(near) > 1
        and min(len(one.numbers) for one in near[-2:]) > 1
    ):
        sentences.append(
            "More pictures would probably still help."
            if _is_clear(near[-2], near[-1]) and near[-1].mean < near[-2].mean
            else "With this budget, more pictures would hardly help."
        )
    return " ".join(sentences)


def _moved(a: Point, b: Point) -> str:
    before, after = shown(a.mean), shown(b.mean)
    if before == after:
        return f"stays at {after}"
    clear = "" if _is_clear(a, b) else ", no more than seeds differ"
    return f"{'falls' if b.mean < a.mean else 'rises'} from {before} to {after}{clear}"


def _is_clear(a: Point, b: Point) -> bool:
    """Whether two values differ by more than their seeds do; one seed says nothing."""
    if min(len(a.numbers), len(b.numbers)) < 2:
        return False
    spread = max(np.ptp(a.numbers), np.ptp(b.numbers))
    return abs(a.mean - b.mean) > float(spread)


def _by_heart(study: Study, results: Sequence[Result]) -> str:
    found = points(study, results, "size", "nearer")
    if len(found) < 2:
        return ""
    told = ", ".join(f"{shown(one.mean)} with {said(one.value)}" for one in found)
    worst = max(found, key=lambda one: one.mean)
    end = (
        f"with {said(worst.value)} pictures it does."
        if worst.mean > 0.6
        else "none of them comes nearer to its pictures than real ones do."
    )
    return (
        f"The chance that a painted picture is nearer to one it learned from than a real one is: "
        f"{told}. 0.5 would be as real pictures; {end}"
    )


def _cost(study: Study, results: Sequence[Result], axis: str) -> str:
    found = points(study, results, axis, "minutes")
    if len(found) < 2 or study.budget.steps is None or axis in _AS_DEAR:
        return ""
    low, high = min(one.mean for one in found), max(one.mean for one in found)
    if high < 1.25 * low:
        return ""
    told = ", ".join(f"{one.mean:.1f} minutes at {said(one.value)}" for one in found)
    return f"A run of {study.budget.steps:,} steps took {told}, on the machines that ran it."
