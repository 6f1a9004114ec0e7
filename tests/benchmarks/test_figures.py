import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import report
from benchmarks.figures import Budget, Figure, Spread, said, said_budget, times_as_fast
from benchmarks.machine import Machine, processor
from benchmarks.rounds import Effort, alternate, calls_in, warm_up

MACHINE = Machine(
    processor="A processor",
    cores=2,
    memory_gb=None,
    system="Linux",
    load=0.1,
    measured_at="2026-01-01 00:00",
    versions={"numpy": "2"},
)


class Log:
    """Takes so many seconds a call, and writes down who was asked."""

    def __init__(self, name: str, seconds: float, asked: list[str]) -> None:
        self.name, self.seconds, self.asked = name, seconds, asked

    def time(self, warm: int, calls: int) -> Sequence[float]:
        self.asked.append(self.name)
        return [self.seconds] * calls


def test_workers_take_turns_and_each_is_measured_in_every_round() -> None:
    asked: list[str] = []
    workers = {name: Log(name, s, asked) for name, s in (("ours", 0.1), ("peer", 0.3))}
    found = alternate(workers, Effort(rounds=3, block_s=1.0), rest_s=0.0)
    assert asked == ["ours", "peer"] * 4
    assert found == {"ours": [0.1] * 3, "peer": [0.3] * 3}


def test_a_ratio_compares_neighbours_so_that_a_slow_minute_cancels_out() -> None:
    ours, theirs = [1.0, 5.0, 1.0], [2.0, 10.0, 2.0]
    assert times_as_fast(ours, theirs) == Spread(2.0, 2.0, 2.0)


@given(st.floats(0.001, 100), st.floats(1e-9, 1000))
def test_a_block_has_at_least_one_call_and_ends(block_s: float, call_s: float) -> None:
    calls = calls_in(block_s, call_s)
    assert 1 <= calls <= 1000
    assert 1 <= warm_up(calls) <= 10


@pytest.mark.parametrize(
    ("budget", "met"),
    [
        (Budget("at least", 60), True),
        (Budget("at least", 61), False),
        (Budget("at most", 60), True),
        (Budget("at most", 59.9), False),
        (Budget("at least", 4, of="ratio"), None),
        (None, None),
    ],
)
def test_a_budget_is_met_missed_or_can_not_be_told(budget: Budget | None, met: bool | None) -> None:
    figure = Figure("painting", "pictures/s", Spread.of([50, 60, 70]), budget=budget)
    assert figure.is_met is met


def test_a_ratio_budget_looks_at_the_ratio() -> None:
    figure = Figure(
        "upscaling",
        "pictures/s",
        Spread.of([1]),
        ratio=Spread.of([4]),
        budget=Budget("at least", 4, of="ratio"),
    )
    assert said_budget(figure) == "at least 4 times: met"


@pytest.mark.parametrize(
    ("value", "text"), [(1234.4, "1234"), (99.96, "100"), (12.34, "12.3"), (0.1234, "0.123")]
)
def test_figures_are_said_with_three_digits(value: float, text: str) -> None:
    assert said(value) == text


def test_what_was_written_is_read_back_and_put_into_the_page(tmp_path: Path) -> None:
    figure = Figure(
        "a | b", "ms", Spread(2, 1, 3), peer="PyTorch", peers=Spread.of([4]), ratio=Spread.of([2])
    )
    runs = {"paint": report.Run(machine=MACHINE, command="python -m benchmarks", figures=(figure,))}
    report.write(tmp_path / "results.json", runs)
    assert report.read(tmp_path / "results.json") == runs
    assert json.loads((tmp_path / "results.json").read_text())["paint"]["machine"]["cores"] == 2
    page = "before <!-- figures --> old <!-- end of figures --> after"
    section = report.markdown(runs)
    once = report.put_into(page, section)
    assert report.put_into(once, section) == once
    assert once.startswith("before ")
    assert once.endswith(" after")
    assert "old" not in once
    assert "| a \\| b | 2.00 ms (1.00 to 3.00) | 4.00 ms, PyTorch | 2.00 |  |" in once


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="figures"):
        report.put_into("a page", "figures")


def test_figures_of_a_busy_machine_are_marked() -> None:
    busy = MACHINE.model_copy(update={"load": 3.0})
    runs = {"step": report.Run(machine=busy, command="", figures=())}
    assert "The machine was busy" in report.markdown(runs)


def test_the_processor_is_named_even_where_the_system_does_not_tell(tmp_path: Path) -> None:
    assert processor(tmp_path / "missing")
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name : A chip\n")
    assert processor(tmp_path / "cpuinfo") == "A chip"
