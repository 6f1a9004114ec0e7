"""How the studio tells whoever listens, without knowing whether a window does."""

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Announcement(Generic[P]):
    """A plain list of callbacks, called in the order in which they were connected."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, None]] = []

    def connect(self, listener: Callable[P, None]) -> None:
        self._listeners.append(listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in tuple(self._listeners):
            listener(*args, **kwargs)
