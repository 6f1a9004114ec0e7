"""What real pictures get stands beside each figure, and is of as many pictures."""

import numpy as np
import pytest

from explorer.likeness.features import Features
from training.evaluation.wholes import as_wholes
from training.evaluation.words import MEANINGS

_MIX = np.random.default_rng(0).normal(size=(24, 200)) * np.linspace(1, 0.1, 24)[:, None]


def drawn(count: int, seed: int, *, at: float = 0.0) -> Features:
    rows = (at + np.random.default_rng(seed).normal(size=(count, 24))) @ _MIX
    return Features(rows[:, :8].astype(np.float32), rows.astype(np.float32))


@pytest.mark.parametrize(
    ("painted", "real"), [(200, 800), (200, 400), (200, 399), (200, 200), (400, 200), (50, 50)]
)
def test_the_same_hand_gets_what_real_pictures_get(painted: int, real: int) -> None:
    kinds, figures = as_wholes(drawn(painted, 1), drawn(real, 2), seed=0, halves=8)

    assert list(figures) == list(MEANINGS)
    for name, figure in figures.items():
        assert figure.real is not None
        reach = max(2 * (figure.high - figure.low), 0.12 * abs(figure.real), 0.05)
        if name == "modes":
            reach = max(2.0, 0.2 * kinds)
        assert figure.value == pytest.approx(figure.real, abs=reach), name


def test_fewer_real_pictures_than_painted_ones_flatter_nobody() -> None:
    """Fréchet distances grow with fewer pictures, so both are of as many."""
    for real in (200, 300, 600):
        _, figures = as_wholes(drawn(300, 1, at=0.4), drawn(real, 2), seed=0, halves=8)
        usual = figures["frechet"].real
        assert usual is not None
        assert figures["frechet"].value > usual


def test_pictures_that_lie_class_by_class_are_compared_whole() -> None:
    """Halves are drawn by chance: the first half of a folder is often one class."""
    rows = np.concatenate([drawn(100, 1).late, drawn(100, 2).late + 5])
    both = Features(rows[:, :8], rows)
    again = np.concatenate([drawn(100, 3).late, drawn(100, 4).late + 5])
    _, figures = as_wholes(Features(again[:, :8], again), both, seed=0, halves=8)

    assert figures["recall"].value > 0.5
    assert figures["recall"].real is not None
    assert figures["recall"].real > 0.5
