"""A polite kill ends a process as Ctrl-C does: what it holds is let go of."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def unwound() -> Iterator[None]:
    """Let SIGTERM, as systemd sends it, unwind this process; it then exits with 143.

    In another thread than the main one, which signals don't reach, it does nothing.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
