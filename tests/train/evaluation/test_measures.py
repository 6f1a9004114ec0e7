"""Figures on numbers whose answer is known; no pictures, no network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.evaluation import measures
from training.evaluation.modes import bins_of, reached
from training.evaluation.spread import share, spread

Single = NDArray[np.float32]


def ball(n: int, seed: int, *, at: float = 0.0, wide: float = 1.0, numbers: int = 8) -> Single:
    rng = np.random.default_rng(seed)
    return (at + wide * rng.standard_normal((n, numbers))).astype(np.float32)


def test_the_frechet_distance_of_normal_distributions_is_the_formula() -> None:
    a, b = ball(20_000, 0), ball(20_000, 1, at=0.5, wide=2.0)
    # |m - m'|² + tr(C + C' - 2 (C C')^½) of 8 numbers: 8 · 0.25 + 8 · (1 + 4 - 2 · 2)
    assert measures.frechet(a, b) == pytest.approx(10.0, rel=0.03)
    assert measures.frechet(a, a) == pytest.approx(0.0, abs=1e-5)


def test_the_frechet_distance_needs_no_more_pictures_than_features() -> None:
    a, b = ball(40, 0, numbers=100), ball(40, 1, numbers=100)
    mean = np.square(a.mean(0) - b.mean(0)).sum()
    covariances = [np.cov(x.astype(np.float64), rowvar=False) for x in (a, b)]
    product = np.linalg.eigvals(covariances[0] @ covariances[1])
    root = np.sqrt(np.maximum(product.real, 0)).sum()
    expected = mean + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root
    assert measures.frechet(a, b) == pytest.approx(expected, rel=1e-3)


def test_kid_is_zero_on_average_for_the_same_distribution_and_grows_with_the_shift() -> None:
    same = [measures.kid(ball(100, i), ball(100, 100 + i)) for i in range(20)]
    assert abs(np.mean(same)) < 2 * np.std(same) / np.sqrt(20)
    shifted = [measures.kid(ball(100, 0), ball(100, 1, at=at)) for at in (0.4, 0.7, 1.0)]
    assert shifted == sorted(shifted)
    assert shifted[0] > max(same)


def test_kid_is_the_sum_over_pairs() -> None:
    a, b = ball(5, 0), ball(4, 1)

    def k(x: Single, y: Single) -> float:
        return float((float(x @ y) / 8 + 1) ** 3)

    within_a = np.mean([k(a[i], a[j]) for i in range(5) for j in range(5) if i != j])
    within_b = np.mean([k(b[i], b[j]) for i in range(4) for j in range(4) if i != j])
    across = np.mean([k(x, y) for x in a for y in b])
    assert measures.kid(a, b) == pytest.approx(float(within_a + within_b - 2 * across), rel=1e-4)


def test_manifolds_tell_quality_from_variety() -> None:
    real = np.concatenate([ball(150, 0, at=-6), ball(150, 1, at=6)])
    one_mode = measures.manifolds(ball(300, 2, at=6), real)
    assert one_mode.precision > 0.8
    assert one_mode.recall < 0.55
    assert one_mode.coverage < 0.55
    far = measures.manifolds(ball(300, 3, at=30), real)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)
    same = measures.manifolds(np.concatenate([ball(150, 4, at=-6), ball(150, 5, at=6)]), real)
    assert min(same.precision, same.recall, same.coverage) > 0.85
    assert same.density == pytest.approx(1, abs=0.15)


def test_manifolds_are_what_the_papers_define() -> None:
    painted, real = ball(12, 0), ball(10, 1, at=0.3)
    found = measures.manifolds(painted, real)

    def reach(x: Single, k: int) -> list[float]:
        return [sorted(float(np.linalg.norm(a - b)) for b in x)[k] for a in x]  # itself is 0

    def within(point: Single, centres: Single, radii: list[float]) -> list[bool]:
        return [float(np.linalg.norm(point - c)) <= r for c, r in zip(centres, radii, strict=True)]

    k3_real, k3_painted, k5_real = reach(real, 3), reach(painted, 3), reach(real, 5)
    assert found.precision == np.mean([any(within(p, real, k3_real)) for p in painted])
    assert found.recall == np.mean([any(within(r, painted, k3_painted)) for r in real])
    balls = np.array([within(p, real, k5_real) for p in painted])
    assert found.density == pytest.approx(balls.sum() / (5 * 12))
    assert found.coverage == balls.any(axis=0).mean()


def test_diversity_and_distinct_of_repeated_pictures() -> None:
    real = ball(200, 0)
    few = np.repeat(ball(20, 1), 10, axis=0) + ball(200, 2, wide=0.01)
    assert measures.diversity(few, real) == pytest.approx(1, abs=0.15)
    assert measures.distinct(few, real) == pytest.approx(0.1, abs=0.02)
    assert measures.distinct(ball(200, 3), real) > 0.9


def test_modes_that_are_not_painted_are_missed() -> None:
    real = np.concatenate([ball(60, i, at=10.0 * i, wide=0.3) for i in range(6)])
    count, (of_real, of_half) = bins_of(real, real[:180], seed=0)
    assert count == 18
    assert reached(of_real, of_real, count) == count
    assert reached(of_half, of_real, count) <= count // 2 + 1
    again, (_, repeated) = bins_of(real, real[:180], seed=0)
    assert again == count
    assert np.array_equal(repeated, of_half)


def test_modes_of_the_same_picture_over_and_over_still_give_a_number() -> None:
    flat = np.ones((60, 40), np.float32)
    count, (of_real, of_painted) = bins_of(flat, flat, seed=0)
    assert reached(of_painted, of_real, count) >= 1


def test_the_interval_of_a_mean_is_that_of_statistics() -> None:
    values = np.random.default_rng(0).standard_normal(400)
    found = spread(
        lambda rows, others: {"mean": float(values[rows].mean())}, 400, 400, seed=1, halves=400
    )["mean"]
    error = values.std() / np.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_the_same_seed_gives_the_same_interval() -> None:
    def measure(rows: NDArray[np.int64], others: NDArray[np.int64]) -> dict[str, float]:
        return {"x": float(rows.sum() - others.sum())}

    assert spread(measure, 50, 60, seed=3) == spread(measure, 50, 60, seed=3)
    assert spread(measure, 50, 60, seed=3) != spread(measure, 50, 60, seed=4)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_share_lies_in_its_interval_and_both_in_0_to_1(hits: list[bool]) -> None:
    found = share(np.array(hits))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
