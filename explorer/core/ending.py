"""A polite kill ends a process as Ctrl-C does: what it holds is let go of."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def unwound() -> Iterator[None]:
    """Let SIGTERM, as systemd sends it, unwind this process; it then exits with 143.

    In another thread than the main one, which signals don't reach, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: _answer(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def postponed(say: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM wait for the end of the block; a second one does not wait.

    Yields whether one waits. Once the block has ended well, it is answered as ever: by
    KeyboardInterrupt, or by exit 143. In another thread than the main one, which signals don't
    reach, none ever waits.

    Args:
        say: called as soon as one waits.
    """
    asked: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        if asked:
            _answer(number)
        asked.append(number)
        say()

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        _answer(asked[0])


def _answer(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
