"""Ctrl-C and a polite kill: at once, or when the work has been put away."""

import signal
import threading

import pytest

from explorer.core.ending import postponed, unwound


def test_a_polite_kill_lets_go_of_what_is_held() -> None:
    let_go = []

    def hold() -> None:
        with unwound():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                let_go.append(True)

    with pytest.raises(SystemExit) as ended:
        hold()

    assert ended.value.code == 128 + signal.SIGTERM
    assert let_go
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("number", "answer"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_waits_for_the_end_and_is_answered_then(
    number: signal.Signals, answer: type[BaseException]
) -> None:
    told: list[str] = []

    def work() -> None:
        with postponed(lambda: told.append("heard")) as waits:
            assert not waits()
            signal.raise_signal(number)
            assert waits()
            told.append("saved")

    with pytest.raises(answer):
        work()

    assert told == ["heard", "saved"]


def test_a_second_signal_does_not_wait() -> None:
    def work() -> None:
        with postponed(lambda: None):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("went on")

    with pytest.raises(KeyboardInterrupt):
        work()


def test_an_error_is_not_hidden_by_a_signal_that_waited() -> None:
    def work() -> None:
        with postponed(lambda: None):
            signal.raise_signal(signal.SIGINT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with postponed(lambda: None):
        pass

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_none_is_heard() -> None:
    heard = []

    def work() -> None:
        with unwound(), postponed(lambda: None) as waits:
            heard.append(waits())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert heard == [False]
