"""Slow things done elsewhere, and their answers brought back to whoever sent for them."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from explorer.core.errors import KnownError
from explorer.studio.in_view import Post

T = TypeVar("T")
log = logging.getLogger(__name__)


class Errands:
    """Answers arrive on the thread that ``post`` leads to, unless it is closed by then."""

    def __init__(self, post: Post, complain: Callable[[Exception], None]) -> None:
        self._post = post
        self._complain = complain
        self._closed = False

    def post(self, run: Callable[[], None]) -> None:
        self._post(lambda: None if self._closed else run())

    def close(self) -> None:
        """Send for nothing more, and bring nothing back; what is under way goes on."""
        self._closed = True

    def send(
        self,
        hand: Executor,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Have ``work`` done by ``hand``; the rest happens back on this thread."""
        if self._closed:
            return
        refuse = failed or self._complain

        def run() -> None:
            try:
                answer = work()
            except Exception as error:
                refusal = error
                if self._closed:  # a save at the door: nobody is left to be told
                    log.error("not done before closing", exc_info=error)
                self.post(lambda: refuse(refusal))
            else:
                self.post(lambda: done(answer))

        hand.submit(run)


def sentence(error: Exception) -> str:
    """What the world did in its own sentence; what we did wrong goes to the log."""
    if isinstance(error, KnownError):
        return str(error)
    log.error("unexpected", exc_info=error)
    return "Something went wrong on our side; the log tells what (explorer doctor)."
