import pytest
from hypothesis import given
from hypothesis.strategies import floats

from explorer.core.progress import Cancelled, Progress

fractions = floats(0, 1)


def test_progress_reaches_no_one_by_default() -> None:
    Progress().reach(0.5)


@given(a=fractions, b=fractions, fraction=fractions)
def test_a_part_fills_only_its_stretch(a: float, b: float, fraction: float) -> None:
    start, end = sorted((a, b))
    told: list[float] = []
    Progress(told.append).part(start, end).reach(fraction)
    assert start - 1e-9 <= told[0] <= end + 1e-9


def test_parts_of_parts_compose() -> None:
    told: list[float] = []
    second_half = Progress(told.append).part(0.5, 1.0)
    second_half.part(0.0, 0.5).reach(1.0)
    second_half.part(0.5, 1.0).reach(1.0)
    assert told == [0.75, 1.0]


def test_cancelling_reaches_every_part() -> None:
    told: list[float] = []
    stopped = Progress(told.append, is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        stopped.part(0.0, 0.5).reach(0.1)
    assert told == []
