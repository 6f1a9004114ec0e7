"""Threads, processes, a Dask cluster: the same bytes, in the same order, with bounded memory."""

import os
import socket
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from training.data import prepare as preparing
from training.data.prepare import prepare
from training.data.spread import AHEAD, Hands, cluster, in_order, processes, threads


def slow_first(number: int) -> int:
    """Later questions are answered sooner."""
    time.sleep(0.002 * (7 - number % 8))
    return number * number


def die(number: int) -> int:
    os._exit(9)


def test_answers_come_in_the_order_of_the_questions() -> None:
    with threads(4) as hands:
        found = list(in_order(hands, slow_first, range(40)))
    assert found == [(n, n * n) for n in range(40)]


def test_only_a_few_questions_wait_at_a_time() -> None:
    asked = 0

    def questions() -> Iterator[int]:
        nonlocal asked
        for number in range(200):
            asked += 1
            yield number

    with threads(3) as hands:
        for done, _ in enumerate(in_order(hands, slow_first, questions())):
            assert asked - done <= 3 * AHEAD + 2


def test_a_worker_that_is_ended_from_outside_is_one_sentence() -> None:
    with pytest.raises(KnownError, match="ended from outside"), processes(2) as hands:
        list(in_order(hands, die, range(9)))


def forget_and_wait(hands: Hands) -> None:
    """Let the only worker die, and lose its answer as Python 3.11 does at a bad moment."""
    answer = hands.submit(os._exit, 9)
    vars(answer)["_answer"] = Future()
    answer.result()


def test_a_question_that_was_forgotten_when_a_worker_died_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.data.spread._LOOK_S", 0.05)
    with pytest.raises(KnownError, match="ended from outside"), processes(1) as hands:
        forget_and_wait(hands)


def array(path: Path, count: int = 40, size: int = 16) -> Path:
    rng = np.random.default_rng(count)
    np.save(path, rng.integers(0, 256, (count, size, size, 3)).astype(np.uint8))
    return path


def test_threads_and_any_number_of_processes_write_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = array(tmp_path / "a.npy")
    few = prepare(source, tmp_path / "threads", size=8, workers=3)
    monkeypatch.setattr(preparing, "_MANY", 1)
    for workers in (1, 2):
        many = prepare(source, tmp_path / f"p{workers}", size=8, workers=workers)
        assert few == many
        for file in (tmp_path / "threads").iterdir():
            assert file.read_bytes() == (tmp_path / f"p{workers}" / file.name).read_bytes()


def test_processes_hear_that_they_are_no_longer_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_MANY", 1)
    source = array(tmp_path / "a.npy", count=400)
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        prepare(
            source,
            tmp_path / "out",
            size=8,
            workers=2,
            progress=Progress(is_cancelled=lambda: next(asked, True)),
        )
    assert [each.name for each in tmp_path.iterdir()] == ["a.npy"]


def test_a_long_source_weighs_no_more_than_a_short_one(tmp_path: Path) -> None:
    """A sparse array: 180 MB of black pictures that take no room on disk."""
    rows = np.lib.format.open_memmap(tmp_path / "long.npy", "w+", np.uint8, (60, 1024, 1024, 3))
    rows[0] = 255
    del rows
    tracemalloc.start()
    card = prepare(tmp_path / "long.npy", tmp_path / "out", size=8, workers=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert card.count == 60
    assert peak < 40 << 20


@pytest.mark.slow
def test_a_dask_cluster_writes_the_same_bytes(tmp_path: Path) -> None:
    dask = pytest.importorskip("distributed")
    source = array(tmp_path / "a.npy", count=60)
    here = prepare(source, tmp_path / "here", size=8)
    with (
        dask.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
    ):
        address = local.scheduler_address
        there = prepare(source, tmp_path / "there", size=8, scheduler=address)
    assert here == there
    for file in (tmp_path / "here").iterdir():
        assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes()


def test_a_scheduler_that_does_not_answer_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("training.data.spread._PATIENCE_S", 0.5)
    source = array(tmp_path / "a.npy")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = closed.getsockname()[1]
        for address in (f"tcp://127.0.0.1:{port}", "nonsense://x"):
            with pytest.raises(KnownError, match="does not answer") as refused:
                prepare(source, tmp_path / "out", size=8, scheduler=address)
            assert "\n" not in str(refused.value)
    assert [each.name for each in tmp_path.iterdir()] == ["a.npy"]


@pytest.mark.slow
def test_a_scheduler_without_workers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("distributed")
    monkeypatch.setattr("training.data.spread._PATIENCE_S", 1)
    with (
        dask.LocalCluster(n_workers=0, dashboard_address=None) as local,
        pytest.raises(KnownError, match="has no worker; start some with `dask worker tcp://"),
        cluster(local.scheduler_address, 2),
    ):
        pass


def test_no_worker_at_all_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="--workers -1 makes no sense"):
        prepare(array(tmp_path / "a.npy"), tmp_path / "out", size=8, workers=-1)
