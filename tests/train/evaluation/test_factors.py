"""What linear classifiers say of painted pictures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.likeness.features import Features
from training.evaluation.factors import Eye, condition, factor, teach, values_of


def seen(kinds: list[int], seed: int) -> Features:
    """Features in which the kind shows, among numbers that mean nothing."""
    rng = np.random.default_rng(seed)
    late = rng.standard_normal((len(kinds), 40)).astype(np.float32)
    late[np.arange(len(kinds)), kinds] += 4
    return Features(rng.standard_normal((len(kinds), 12)).astype(np.float32), late)


def test_a_missing_value_is_named_and_the_shares_overlap_by_the_rest() -> None:
    real = [i % 4 for i in range(400)]
    eye = Eye(seen(real, 0))
    taught = teach(eye(seen(real, 0)), [f"k{kind}" for kind in real], seed=0)
    assert taught is not None
    assert taught.accuracy > 0.9
    assert 0.2 < taught.chance < 0.4
    painted = factor("kind", taught, eye(seen([i % 3 for i in range(300)], 1)))
    assert painted.missing == ("k3",)
    assert 0.65 < painted.coverage < 0.85
    same = factor("kind", taught, eye(seen(real, 2)))
    assert same.missing == ()
    assert same.coverage > 0.9


def test_the_classifier_admits_what_it_cannot_see() -> None:
    rng = np.random.default_rng(0)
    features = seen([0] * 300, 0)
    taught = teach(Eye(features)(features), list(rng.choice(["a", "b"], 300)), seed=0)
    assert taught is not None
    assert taught.accuracy < 0.65


def test_pictures_of_another_class_than_asked_are_counted() -> None:
    real = [i % 2 for i in range(200)]
    eye = Eye(seen(real, 0))
    taught = teach(eye(seen(real, 0)), ["ab"[kind] for kind in real], seed=0)
    assert taught is not None
    told = condition(taught, eye(seen(real, 1)), ["ab"[kind] for kind in real])
    assert told.accuracy.value > 0.95
    wrong = condition(taught, eye(seen(real, 1)), ["a"] * 200)
    assert 0.4 < wrong.accuracy.value < 0.6
    assert wrong.by_class.keys() == {"a"}


def test_measured_factors_become_quarters_and_names_are_left_alone() -> None:
    numbers = [f"{x:.4f}" for x in np.random.default_rng(0).uniform(0, 1, 200)]
    kinds = values_of(numbers)
    assert kinds is not None
    assert len(kinds[0]) == 4
    assert np.bincount(kinds[1]).tolist() == [50] * 4
    assert values_of([f"picture {i}" for i in range(200)]) is None
    assert values_of([str(1000 + i) for i in range(200)]) is None  # numbers that only name
    assert values_of(["wood"] * 200) is None
    assert values_of(["wood"] * 197 + ["iron"] * 3) is None
    assert values_of(["nan"] * 30 + [str(i) for i in range(30)]) is None


@given(st.lists(st.text(max_size=3), min_size=1, max_size=80))
def test_any_column_makes_kinds_or_none(values: list[str]) -> None:
    kinds = values_of(values)
    if kinds is not None:
        names, codes = kinds
        assert len(codes) == len(values)
        assert len(names) >= 2
        assert -1 <= codes.min() <= codes.max() < len(names)
