"""Blocks that take turns: ours, theirs, ours, theirs, so that both meet the same machine."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

REST_S = 0.15
"""Before each block: a runtime's threads spin for a while after its last call."""


class Timed(Protocol):
    def time(self, warm: int, calls: int) -> Sequence[float]:
        """Seconds of each call."""
        ...


@dataclass(frozen=True)  # no slots: the defaults are read from the class
class Effort:
    """How much is measured."""

    rounds: int = 7  # blocks of each
    block_s: float = 2.0  # about how long a block is


def alternate(
    workers: Mapping[str, Timed], effort: Effort, rest_s: float = REST_S
) -> dict[str, list[float]]:
    """Seconds a call, the median of each block, one number a round for every worker.

    Each block is as many calls as fit into ``effort.block_s``, told from a first try.
    """
    calls: dict[str, int] = {}
    for name, worker in workers.items():
        time.sleep(rest_s)
        calls[name] = calls_in(effort.block_s, min(worker.time(1, 2)))
    found: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(effort.rounds):
        for name, worker in workers.items():
            time.sleep(rest_s)
            found[name].append(median(worker.time(warm_up(calls[name]), calls[name])))
    return found


def calls_in(block_s: float, call_s: float) -> int:
    """How many calls of ``call_s`` make a block: 1 to 1,000."""
    return max(1, min(1000, round(block_s / max(call_s, 1e-6))))


def warm_up(calls: int) -> int:
    """How many calls before the clock runs: one where a call is long, up to ten."""
    return max(1, min(10, calls // 4))
