"""What is looked at is made first, and what was scrolled past is not made at all."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from explorer.core.errors import KnownError
from explorer.studio.in_view import InView


class OneAtATime(Executor):
    def __init__(self) -> None:
        self.jobs: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs.append(lambda: fn(*args, **kwargs))
        return Future()

    def step(self) -> None:
        self.jobs.pop(0)()

    def run_all(self) -> None:
        while self.jobs:
            self.step()


def doubled(keys: Sequence[int]) -> list[int]:
    return [2 * key for key in keys]


def in_view(
    make: Callable[[Sequence[int]], list[int]], batch: int = 3, keep: int = 100
) -> tuple[InView[int, int], OneAtATime, list[tuple[int, ...]]]:
    executor = OneAtATime()
    arrived: list[tuple[int, ...]] = []
    made: InView[int, int] = InView(make, executor, lambda run: run(), batch=batch, keep=keep)
    made.arrived.connect(lambda keys: arrived.append(tuple(keys)))
    return made, executor, arrived


def test_the_first_wished_for_is_made_first_in_batches() -> None:
    small, executor, arrived = in_view(doubled)

    small.want(range(5, 0, -1))
    executor.run_all()

    assert arrived == [(5, 4, 3), (2, 1)]
    assert small.get(4) == 8


def test_a_fast_scroll_leaves_no_queue_behind() -> None:
    small, executor, arrived = in_view(doubled)

    for first in range(0, 1000, 10):
        small.want(range(first, first + 10))
    executor.run_all()

    assert arrived[0] == (0, 1, 2)  # was out already
    assert set().union(*arrived[1:]) == set(range(990, 1000))


def test_nothing_is_made_twice() -> None:
    calls: list[int] = []

    def make(keys: Sequence[int]) -> list[int]:
        calls.extend(keys)
        return doubled(keys)

    small, executor, _ = in_view(make)
    for _ in range(3):
        small.want([1, 2, 2, 1])
        executor.run_all()

    assert calls == [1, 2]


def test_a_failed_batch_is_told_once_and_not_tried_for_ever() -> None:
    def make(keys: Sequence[int]) -> list[int]:
        if 2 in keys:
            raise KnownError("The disk is gone.")
        return doubled(keys)

    small, executor, arrived = in_view(make, batch=2)
    told: list[Exception] = []
    small.failed.connect(told.append)

    small.want([1, 2, 3, 4])
    executor.run_all()

    assert [str(error) for error in told] == ["The disk is gone."]
    assert arrived == [(3, 4)]


def test_what_is_forgotten_is_made_anew() -> None:
    small, executor, arrived = in_view(doubled)
    small.want([1])
    executor.run_all()

    small.forget([1])
    small.want([1])
    executor.run_all()

    assert arrived == [(1,), (1,)]


def test_only_so_many_are_kept() -> None:
    small, executor, _ = in_view(doubled, keep=4)

    small.want(range(4))
    executor.run_all()
    small.want(range(4, 8))
    executor.run_all()

    assert small.get(0) is None
    assert small.get(7) == 14


def test_after_closing_nothing_more_is_begun() -> None:
    small, executor, _ = in_view(doubled)

    small.close()
    small.want([1])

    assert not executor.jobs
