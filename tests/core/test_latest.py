import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event, get_ident
from typing import Any

import pytest

from explorer.core.latest import LatestOnly


class Later(Executor):
    """Collects jobs and runs them when told, so that threads need no waiting."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs.append(lambda: fn(*args, **kwargs))
        return Future()

    def run_all(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


class Answers:
    """What was told, in order."""

    def __init__(self, work: Callable[[int], int], executor: Executor) -> None:
        self.told: list[tuple[int, int | Exception]] = []
        self.renders: LatestOnly[int, int] = LatestOnly(
            work,
            executor,
            answered=lambda q, a: self.told.append((q, a)),
            failed=lambda q, e: self.told.append((q, e)),
        )


def test_waiting_questions_are_replaced_by_the_newest() -> None:
    executor = Later()
    answers = Answers(lambda q: q * 10, executor)
    for question in (1, 2, 3):
        answers.renders.ask(question)
    executor.run_all()
    assert answers.told == [(3, 30)]


def test_a_question_asked_while_another_is_worked_on_is_answered_after_it() -> None:
    executor = Later()

    def work(question: int) -> int:
        if question == 1:
            for newer in (2, 3):
                answers.renders.ask(newer)
        return question

    answers = Answers(work, executor)
    answers.renders.ask(1)
    executor.run_all()
    assert answers.told == [(1, 1), (3, 3)]  # 1 was finished, so it is shown


def test_one_job_at_a_time_is_on_the_executor_and_idle_ends_it() -> None:
    executor = Later()
    answers = Answers(lambda q: q, executor)
    for _ in range(3):
        answers.renders.ask(1)
        answers.renders.ask(2)
        assert len(executor.jobs) == 1
        executor.run_all()
    assert [question for question, _ in answers.told] == [2, 2, 2]


def test_a_failure_comes_with_its_question_and_the_next_is_answered() -> None:
    executor = Later()
    answers = Answers(lambda q: 6 // q, executor)
    answers.renders.ask(0)
    executor.run_all()
    answers.renders.ask(3)
    executor.run_all()
    (question, error), last = answers.told
    assert question == 0
    assert isinstance(error, ZeroDivisionError)
    assert last == (3, 2)


def test_none_is_a_question_like_any_other() -> None:
    executor = Later()
    told: list[str] = []
    renders: LatestOnly[None, str] = LatestOnly(
        lambda q: "painted",
        executor,
        answered=lambda q, a: told.append(a),
        failed=lambda q, e: None,
    )
    renders.ask(None)
    executor.run_all()
    assert told == ["painted"]


def test_a_listener_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    executor = Later()

    def closed(question: int, answer: int) -> None:
        raise RuntimeError("the window is closed")

    renders: LatestOnly[int, int] = LatestOnly(
        lambda q: q, executor, answered=closed, failed=lambda q, e: None
    )
    for question in (1, 2):
        renders.ask(question)
        with caplog.at_level(logging.ERROR):
            executor.run_all()
    assert [record.message for record in caplog.records] == ["a listener failed"] * 2


def test_with_a_real_thread_the_newest_question_is_always_answered() -> None:
    last, done = 500, Event()
    threads: set[int] = set()

    def answered(question: int, answer: int) -> None:
        threads.add(get_ident())
        if question == last:
            done.set()

    with ThreadPoolExecutor(1) as executor:
        renders: LatestOnly[int, int] = LatestOnly(
            lambda q: q, executor, answered=answered, failed=lambda q, e: None
        )
        for question in range(last + 1):
            renders.ask(question)
        assert done.wait(10)
    assert get_ident() not in threads
