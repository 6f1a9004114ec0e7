"""Signals reach a cell's process once, it saves, and nothing trains on without its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no polite kill")

_PATIENCE_S = 60.0

# Works in small steps and saves when it is asked to stop, as a run does; "deaf" never ends.
_NIGHT = """
import os, sys, time
from contextlib import suppress
from pathlib import Path
from explorer.core.ending import postponed
from training.studies.child import ended, obeyed

def night(told, parent):
    here = Path(told)
    def save():
        with (here / "asked").open("a") as file:
            file.write("asked ")
    def work():
        with postponed(save) as waits:
            (here / "pid").write_text(str(os.getpid()))
            while not waits() or here.name == "deaf":
                time.sleep(0.01)
            time.sleep(0.2 if here.name == "slow" else 0)
            (here / "saved").write_text("yes")
        return 0
    sys.exit(obeyed(parent, work))

if __name__ == "__main__":
    from explorer.core.ending import unwound
    with unwound():
        print(ended(night, sys.argv[1]), flush=True)
"""


def until(happens: Callable[[], bool]) -> None:
    """Wait for another process; fails instead of hanging."""
    deadline = time.monotonic() + _PATIENCE_S
    pause = Event()
    while not happens():
        assert time.monotonic() < deadline
        pause.wait(0.02)


@contextmanager
def night(here: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A parent at work, and the id of its child."""
    here.mkdir()
    script = here.parent / "night.py"
    script.write_text(_NIGHT)
    with subprocess.Popen(
        [sys.executable, str(script), str(here)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            until(lambda: (here / "pid").exists() and (here / "pid").read_text() != "")
            yield parent, int((here / "pid").read_text())
        finally:
            if parent.poll() is None:
                os.killpg(parent.pid, signal.SIGKILL)


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)]
)
@pytest.mark.parametrize("to_all", [False, True], ids=["parent", "group"])
def test_a_signal_lets_the_work_be_saved_whoever_else_got_it(
    tmp_path: Path, to_all: bool, number: signal.Signals, status: int
) -> None:
    here = tmp_path / "slow"
    with night(here) as (parent, child):
        (os.killpg if to_all else os.kill)(parent.pid, number)
        assert parent.wait(_PATIENCE_S) == status
        assert (here / "saved").exists()
        assert (here / "asked").read_text() == "asked "  # a second time would not wait
        assert not lives(child)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_to_the_child_alone_is_told_as_stopped(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with night(tmp_path / "quick") as (parent, child):
        os.kill(child, number)
        assert parent.communicate(timeout=_PATIENCE_S)[0] == f"{status}\n"
        assert (tmp_path / "quick" / "saved").exists()


def test_a_second_signal_ends_both_at_once(tmp_path: Path) -> None:
    with night(tmp_path / "deaf") as (parent, child):
        os.kill(parent.pid, signal.SIGTERM)
        until((tmp_path / "deaf" / "asked").exists)
        os.kill(parent.pid, signal.SIGTERM)
        assert parent.wait(_PATIENCE_S) == 143
        assert not lives(child)
        assert not (tmp_path / "deaf" / "saved").exists()


def test_a_child_does_not_go_on_when_its_parent_is_killed(tmp_path: Path) -> None:
    with night(tmp_path / "deaf") as (parent, child):
        parent.kill()
        until(lambda: not lives(child))
