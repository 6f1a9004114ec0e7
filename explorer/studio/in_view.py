"""Small pictures for long lists: made in batches in the background, those in view first."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from explorer.core.errors import KnownError
from explorer.studio.announcement import Announcement

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

log = logging.getLogger(__name__)

Post = Callable[[Callable[[], None]], None]
"""Runs a closure on the thread that owns the studio, soon."""


class InView(Generic[K, V]):
    """Remembers what was made and makes what is looked at; whoever scrolls past waits for nothing.

    One batch is out at a time, chosen anew from the newest wish when the last one came home, so
    a fast scroll through a million seeds leaves no queue behind. ``make`` runs on the executor;
    everything else belongs to the studio's thread.
    """

    def __init__(
        self,
        make: Callable[[Sequence[K]], Sequence[V]],
        executor: Executor,
        post: Post,
        *,
        batch: int = 12,
        keep: int = 4096,
    ) -> None:
        self.arrived: Announcement[[Sequence[K]]] = Announcement()
        self.failed: Announcement[[Exception]] = Announcement()
        self._make = make
        self._executor = executor
        self._post = post
        self._batch = batch
        self._keep = keep
        self._made: OrderedDict[K, V] = OrderedDict()
        self._refused: set[K] = set()
        self._wanted: Sequence[K] = ()
        self._out = False
        self._closed = False

    def want(self, keys: Sequence[K]) -> None:
        """Wish for ``keys``, the most urgent first; an earlier wish is forgotten."""
        self._wanted = keys
        self._send()

    def get(self, key: K) -> V | None:
        return self._made.get(key)

    def forget(self, keys: Sequence[K] | None = None) -> None:
        """Let go of ``keys``, or of everything, so that the next wish makes them anew."""
        for key in list(self._made) if keys is None else keys:
            self._made.pop(key, None)
        self._refused.clear()

    def close(self) -> None:
        self._closed = True

    def _send(self) -> None:
        if self._out or self._closed:
            return
        batch: list[K] = []
        for key in self._wanted:
            if key not in self._made and key not in self._refused and key not in batch:
                batch.append(key)
                if len(batch) == self._batch:
                    break
        if batch:
            self._out = True
            self._executor.submit(self._work, tuple(batch))

    def _work(self, batch: tuple[K, ...]) -> None:
        try:
            made = self._make(batch)
        except Exception as error:
            if not isinstance(error, KnownError):
                log.exception("a batch of small pictures failed")
            refusal = error
            self._post(lambda: self._refuse(batch, refusal))
        else:
            self._post(lambda: self._take_in(batch, made))

    def _take_in(self, batch: tuple[K, ...], made: Sequence[V]) -> None:
        self._out = False
        for key, value in zip(batch, made, strict=True):
            self._made[key] = value
        while len(self._made) > self._keep:
            self._made.popitem(last=False)
        self.arrived(batch)
        self._send()

    def _refuse(self, batch: tuple[K, ...], error: Exception) -> None:
        self._out = False
        self._refused.update(batch)
        self.failed(error)
        self._send()
