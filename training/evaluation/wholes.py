"""Two sets of pictures compared as wholes, by shape, with what real ones would get in the place."""

from collections.abc import Mapping

import numpy as np

from explorer.core.progress import Progress
from explorer.likeness.features import Features
from training.evaluation import measures
from training.evaluation.modes import Bins, bins_of, reached
from training.evaluation.spread import HALVES, Rows, spread
from training.evaluation.told import Figure
from training.evaluation.words import MEANINGS

_BOUNDED = ("precision", "recall", "coverage", "distinct")  # shares of pictures


def as_wholes(
    painted: Features,
    real: Features,
    *,
    seed: int,
    halves: int = HALVES,
    progress: Progress = Progress(),
) -> tuple[int, dict[str, Figure]]:
    """The figures that compare two sets of pictures, with what real ones would get.

    The number in front says into how many kinds the real pictures were sorted.

    Most of these figures depend on how many pictures there are, so each is measured on as many
    real pictures as painted ones, and what real ones get on as many again. Where there are not
    twice as many real pictures as painted ones, both are cut in two: the figures are the mean of
    two comparisons of halves, and what real ones get is one half against the other.
    """
    rng = np.random.default_rng(seed)
    n = len(painted)
    order = rng.permutation(len(real))
    a, b = painted.late[rng.permutation(n)], real.late[order[:n]]
    others = real.late[order[n : 2 * n]]
    parts = 1 if len(others) == n else 2
    kinds, (of_b, of_a, of_others) = bins_of(b, a, others if parts == 1 else b, seed=seed)

    def measured(rows: Rows, against: Rows) -> Mapping[str, float]:
        compared = [
            _compared(a[x], b[y], of_a[x], of_b[y], kinds)
            for x, y in ((rows[part::parts], against[part::parts]) for part in range(parts))
        ]
        means = {name: float(np.mean([each[name] for each in compared])) for name in compared[0]}
        return _alone(a[rows], b[against]) | means

    found = spread(measured, n, len(b), seed=seed, halves=halves, progress=progress.part(0.0, 0.9))
    if parts == 1:
        usual = _compared(others, b, of_others, of_b, kinds) | _alone(others, b)
    else:
        usual = _compared(b[::2], b[1::2], of_b[::2], of_b[1::2], kinds) | _alone(b[::2], b[1::2])
        usual["distinct"] = measures.distinct(b, b)  # halves have fewer doubles
    progress.reach(1.0)
    return kinds, {name: _within(name, found[name], usual[name]) for name in MEANINGS}


def _alone(painted: measures.Single, real: measures.Single) -> dict[str, float]:
    """What can be compared whatever the number of real pictures."""
    n = min(len(painted), len(real))
    return {
        "kid": measures.kid(painted, real),
        "diversity": measures.diversity(painted[:n], real[:n]),
        "distinct": measures.distinct(painted[:n], real[:n]),
    }


def _compared(
    painted: measures.Single, real: measures.Single, of_painted: Bins, of_real: Bins, kinds: int
) -> dict[str, float]:
    """What depends on how many there are: as many of both are taken."""
    n = min(len(painted), len(real))
    found = measures.manifolds(painted[:n], real[:n])
    return {
        "frechet": measures.frechet(painted[:n], real[:n]),
        "precision": found.precision,
        "recall": found.recall,
        "density": found.density,
        "coverage": found.coverage,
        "modes": float(reached(of_painted, of_real, kinds)),
    }


def _within(name: str, figure: Figure, usual: float) -> Figure:
    low = max(0.0, figure.low) if name != "kid" else figure.low
    high = min(1.0, figure.high) if name in _BOUNDED else figure.high
    return figure.model_copy(update={"low": low, "high": high, "real": usual})
