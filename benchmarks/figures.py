"""What a benchmark says: a figure, how it compares with a peer, and whether a budget is met."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of several measurements, and how far they lay apart."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Budget:
    """A line of the design's table of budgets."""

    rule: Literal["at least", "at most"]
    value: float
    of: Literal["figure", "ratio"] = "figure"

    def is_met(self, measured: float) -> bool:
        return measured >= self.value if self.rule == "at least" else measured <= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``unit`` is that of ``ours`` and ``peers``."""

    what: str
    unit: str
    ours: Spread
    peer: str = ""  # who; empty if there is none to compare with
    peers: Spread | None = None
    ratio: Spread | None = None  # how many times as fast as the peer, or as much
    budget: Budget | None = None

    @property
    def is_met(self) -> bool | None:
        """None where there is no budget, or it is a ratio and the peer is missing."""
        if self.budget is None:
            return None
        measured = self.ours if self.budget.of == "figure" else self.ratio
        return None if measured is None else self.budget.is_met(measured.middle)


def times_as_fast(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Seconds of blocks that alternated; each is compared only with its own neighbour."""
    return Spread.of([b / a for a, b in zip(ours, theirs, strict=True)])


def rates(seconds: Sequence[float], each: float = 1.0) -> list[float]:
    """Of ``each`` things in so many seconds, how many a second."""
    return [each / s for s in seconds]


def said(value: float) -> str:
    """Three digits, and no more than are true: 1234, 123, 12.3, 1.23, 0.123."""
    places = sum(abs(value) < edge for edge in (99.95, 9.995, 0.9995))
    return f"{value:.{places}f}"


def said_spread(spread: Spread | None, unit: str = "") -> str:
    """``12.3 ms (11.9 to 13.0)``."""
    if spread is None:
        return ""
    text = f"{said(spread.middle)} {unit}".rstrip()
    if spread.low == spread.high:
        return text
    return f"{text} ({said(spread.low)} to {said(spread.high)})"


def said_budget(figure: Figure) -> str:
    """``at least 60 pictures/s: met``."""
    if figure.budget is None:
        return ""
    unit = figure.unit if figure.budget.of == "figure" else "times"
    verdict = {True: "met", False: "NOT MET", None: "no peer to tell"}[figure.is_met]
    return f"{figure.budget.rule} {figure.budget.value:g} {unit}: {verdict}"
