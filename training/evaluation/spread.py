"""How far a figure may be off by chance, told by the figures of random halves."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from explorer.core.progress import Progress
from training.evaluation.told import Figure

Rows = NDArray[np.int64]

HALVES = 16
_SURE = 1.96  # standard errors to either side: 95 %


def spread(
    measure: Callable[[Rows, Rows], Mapping[str, float]],
    painted: int,
    real: int,
    *,
    seed: int,
    halves: int = HALVES,
    progress: Progress = Progress(),
) -> dict[str, Figure]:
    """Measure on all pictures, and on random halves of both sets for the intervals.

    The spread of the figures of halves without repetition is that of the figure of all (the
    delete-half jackknife; Shao and Wu 1989, section 2). Repetitions, as of a bootstrap, would
    count as pictures painted twice.

    Args:
        measure: figures by name of the rows of painted and of real pictures that it is given.
        painted: so many rows, ``real`` likewise.
        seed: of the halves; the same gives the same intervals.

    Raises:
        Cancelled: between two halves, if someone asked for it.
    """
    rng = np.random.default_rng(seed)
    values = measure(np.arange(painted), np.arange(real))
    found: dict[str, list[float]] = {name: [] for name in values}
    for number in range(halves):
        progress.reach((number + 1) / (halves + 1))
        for name, value in measure(_half(rng, painted), _half(rng, real)).items():
            found[name].append(value)
    progress.reach(1.0)
    errors = {name: _SURE * float(np.std(each)) for name, each in found.items()}
    return {
        name: Figure(value=value, low=value - errors[name], high=value + errors[name])
        for name, value in values.items()
    }


def share(hits: NDArray[np.bool_]) -> Figure:
    """How many of independent pictures: Wilson's interval (1927), which 0 of 100 has too."""
    n, value = len(hits), float(hits.mean())
    squared = _SURE**2 / n
    middle = (value + squared / 2) / (1 + squared)
    reach = _SURE / (1 + squared) * float(np.sqrt(value * (1 - value) / n + squared / (4 * n)))
    return Figure(
        value=value,
        low=min(value, max(0.0, middle - reach)),
        high=max(value, min(1.0, middle + reach)),
    )


def _half(rng: np.random.Generator, count: int) -> Rows:
    return np.sort(rng.permutation(count)[: max(1, count // 2)])
