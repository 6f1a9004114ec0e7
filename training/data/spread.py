"""Spread work over threads, processes or a Dask cluster, and have answers in the order asked.

What is done is one function of a module, so that each of the three can run it; how many work
changes nothing about the answers or their order.
"""

import logging
import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, Protocol, TypeVar

from explorer.core.errors import KnownError

AHEAD = 4  # batches that each worker may be ahead of whoever takes the answers
_PATIENCE_S = 10  # for a scheduler to answer, and for its first worker
_LOOK_S = 2.0  # between two looks whether there is still somebody to answer

Q = TypeVar("Q")
A = TypeVar("A")
LOCAL = "local"


class Answer(Protocol):
    """What is to come, as from ``concurrent.futures`` or Dask."""

    def result(self) -> Any: ...


class Hands(Protocol):
    """Who works: an executor, or a Dask client behind the same two words."""

    workers: int

    def submit(self, work: Callable[[Q], A], question: Q) -> Answer: ...


def in_order(hands: Hands, work: Callable[[Q], A], questions: Iterable[Q]) -> Iterator[tuple[Q, A]]:
    """Questions with their answers, in order; only a few are held at a time."""
    waiting: deque[tuple[Q, Answer]] = deque()
    for question in questions:
        waiting.append((question, hands.submit(work, question)))
        if len(waiting) > hands.workers * AHEAD:
            asked, answer = waiting.popleft()
            yield asked, answer.result()
    while waiting:
        asked, answer = waiting.popleft()
        yield asked, answer.result()


class _Threads:
    def __init__(self, pool: ThreadPoolExecutor, workers: int) -> None:
        self._pool, self.workers = pool, workers

    def submit(self, work: Callable[[Q], A], question: Q) -> Answer:
        return self._pool.submit(work, question)


class _Processes:
    """A pool that says so whenever a worker died, be it while another question was asked.

    Python 3.11 takes such a question, and never answers it.
    """

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self._pool, self.workers = pool, workers

    def submit(self, work: Callable[[Q], A], question: Q) -> Answer:
        try:
            return _FromProcess(self._pool.submit(work, question), self.check)
        except OSError:  # a worker was just starting, and found its pipes closed
            self.check()
            raise

    def check(self) -> None:
        """See whether all are alive.

        Raises:
            BrokenProcessPool: a worker is gone.
        """
        self._pool.submit(int)


class _FromProcess:
    def __init__(self, answer: Future[A], check: Callable[[], None]) -> None:
        self._answer, self._check = answer, check

    def result(self) -> Any:
        while not wait([self._answer], timeout=_LOOK_S).done:
            self._check()
        return self._answer.result()


@contextmanager
def threads(workers: int) -> Iterator[Hands]:
    """For little work: nothing has to start."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield _Threads(pool, workers)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def processes(workers: int) -> Iterator[Hands]:
    """For much work: Python does one thing at a time, and packing a PNG is one thing.

    Raises:
        KnownError: a worker was ended from outside.
    """
    theirs, ours = Pipe(duplex=False)  # nothing passes through; workers end when it closes
    # Spawned, not forked: the parent may hold TensorFlow's threads, the children never load it.
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(theirs,)
    )
    try:
        yield _Processes(pool, workers)
    except BrokenProcessPool as error:
        ours.close()  # the pool may not know of a worker that was just starting
        raise KnownError(
            "A worker of prepare was ended from outside, perhaps for want of memory; run it again "
            "with fewer --workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()


def _begin(parent: Connection) -> None:
    """Ctrl-C reaches the whole process group; the parent decides, the children finish a batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", module="PIL")  # damaged files end up in `skipped`
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Connection) -> None:
    """A killed parent can't say goodbye, and its queue would be waited at for ever."""
    with suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)


class _Cluster:
    def __init__(self, client: Any, workers: int) -> None:
        self._client, self.workers = client, workers

    def submit(self, work: Callable[[Q], A], question: Q) -> Answer:
        # Scattered, since what stands in a task itself passes through the scheduler's own queue.
        there = self._client.scatter(question, hash=False)
        answer: Answer = self._client.submit(work, there, pure=False)
        return answer


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Hands]:
    """The workers of a Dask scheduler, or ``workers`` processes of this machine for "local".

    Raises:
        KnownError: Dask is missing, the scheduler does not answer or has no worker, or a worker
            failed for reasons of its own.
    """
    try:
        dask: Any = import_module("distributed")  # typed by halves
        closed: Any = import_module("distributed.comm.core").CommClosedError
    except ModuleNotFoundError as error:
        raise KnownError(
            f'--scheduler needs {error.name}: pip install "masquerade[data]".'
        ) from error

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions at the far end: we look ourselves
        here = None
        try:
            if address == LOCAL:
                here = dask.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            client = dask.Client(here or address, timeout=_PATIENCE_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            if here is not None:
                here.close()
            raise KnownError(
                f"--scheduler {address} does not answer; start one with `dask scheduler`, or "
                "leave the option out to use this machine's cores."
            ) from error
        try:
            count = len(client.scheduler_info(n_workers=-1)["workers"])
            if not count:
                client.wait_for_workers(1, timeout=_PATIENCE_S)
                count = len(client.scheduler_info(n_workers=-1)["workers"])
            yield _Cluster(client, count)
        except TimeoutError as error:
            raise KnownError(
                f"--scheduler {address} has no worker; start some with `dask worker {address}`."
            ) from error
        except (dask.KilledWorker, closed) as error:
            raise KnownError(
                f"--scheduler {address} lost the workers that prepared these pictures; see their "
                "own log, and run it again."
            ) from error
        except ModuleNotFoundError as error:
            raise KnownError(
                f"The workers of --scheduler {address} lack {error.name}; install Masquerade there "
                "too."
            ) from error
        finally:
            client.close()
            if here is not None:
                here.close()


def cores() -> int:
    """How many this process may use, eight at most."""
    if hasattr(os, "sched_getaffinity"):
        return min(8, len(os.sched_getaffinity(0)))
    return min(8, os.cpu_count() or 1)
