import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.seeing.chart import Axis, Line, legend, plot, short, smoothed, upright

NUMBERS = st.floats(-1e29, 1e29)


@given(NUMBERS, NUMBERS, st.integers(3, 8))
def test_ticks_are_few_and_rising_and_lie_on_the_axis(low: float, high: float, most: int) -> None:
    axis = upright([Line("", 1, False, np.arange(2.0), np.array([low, high]))])
    ticks = axis.ticks(most)

    assert len(ticks) <= most
    assert all(a < b for a, b in pairwise(ticks))
    assert all(-1e-6 <= place <= 1 + 1e-6 for place in axis.place(np.array(ticks)))


@given(st.floats(1, 1e6), st.floats(1.2, 1e9), st.integers(3, 8))
def test_logarithmic_ticks_are_round_numbers(low: float, factor: float, most: int) -> None:
    ticks = Axis(low, low * factor, log=True).ticks(most)

    assert len(ticks) <= most
    assert all(f"{tick:.0e}"[0] in "1235" for tick in ticks)


@given(st.lists(NUMBERS, min_size=1, max_size=50), st.booleans())
def test_any_curve_is_drawn_in_finite_numbers(values: list[float], log: bool) -> None:
    line = Line("x", 1, True, np.arange(1.0, len(values) + 1), np.array(values))
    drawn = plot([line], Axis(1.0, 60.0, log)) + legend([line])

    assert not re.search(r"nan|inf", drawn)
    assert drawn.count('class="line dashed"') == 1


def test_one_wild_run_does_not_flatten_the_others() -> None:
    steps = np.arange(100.0)
    calm = Line("calm", 1, False, steps, 1 + np.sin(steps) / 10)
    wild = Line("wild", 2, False, steps, np.where(steps > 85, 1e9, 1 + np.cos(steps) / 10))

    axis = upright([calm, wild])

    assert axis.low < 0.9 < 1.1 < axis.high < 20


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(0, 20))
def test_smoothing_stays_within_what_was_told_and_keeps_the_beginning(
    values: list[float], window: int
) -> None:
    told = np.array(values)
    calm = smoothed(told, window)

    assert len(calm) == len(told)
    assert calm.min() >= told.min() - 1e-3
    assert calm.max() <= told.max() + 1e-3
    if len(told) > 1:
        assert calm[0] == pytest.approx(told[0], abs=1e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1058.4, "1,058"),
        (214.4, "214"),
        (0.969, "0.969"),
        (-0.5, "-0.5"),
        (1.0, "1"),
        (0.0008, "0.0008"),
        (3e-8, "3e-8"),
        (3.9e7, "3.9e7"),
        (100.0, "100"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_a_single_value_is_a_dot_and_very_many_stay_a_few_hundred_places() -> None:
    dot = plot([Line("x", 1, False, np.array([5.0]), np.array([1.0]))], Axis(0.0, 10.0))
    assert 'd="M500 500L500 500"' in dot

    steps = np.arange(1.0, 200_001)
    noise = np.random.RandomState(0).standard_normal(len(steps))
    many = plot([Line("x", 1, False, steps, noise)], Axis(0.0, steps[-1]))
    assert len(many) < 40_000
