"""Real children, which die, freeze, and leave."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.studio.watch import HOPELESS, LEFT, Heart, Patience, watch

SOON = Patience(start_s=20.0, beat_s=1.0, settled_s=60.0, pause_s=0.01, longest_pause_s=0.02)

CHILD = """
import os, sys, time
from pathlib import Path
starts = Path(sys.argv[1])
with starts.open("a") as file:
    file.write(f"{os.getpid()}\\n")
number = len(starts.read_text().splitlines())
def beat():
    os.write(1, b".")
"""


def child(tmp_path: Path, body: str) -> list[str]:
    return [sys.executable, "-I", "-c", CHILD + body, str(tmp_path / "starts")]


def starts(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "starts").read_text().splitlines()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_left_on_purpose_is_not_started_again(tmp_path: Path) -> None:
    assert watch(child(tmp_path, f"beat(); sys.exit({LEFT})"), SOON) == 0
    assert len(starts(tmp_path)) == 1


@pytest.mark.parametrize(
    "death",
    ["os.kill(os.getpid(), 9)", "os.abort()", "sys.exit(0)", "sys.exit(1)", "raise MemoryError"],
)
def test_a_child_that_dies_is_started_again(tmp_path: Path, death: str) -> None:
    body = f"beat()\nif number > 2: sys.exit({LEFT})\nsys.stderr.close()\n{death}"
    assert watch(child(tmp_path, body), SOON) == 0
    assert len(starts(tmp_path)) == 3


@pytest.mark.parametrize("ice", ["time.sleep(60)", "os.close(1); time.sleep(60)"])
def test_a_child_that_freezes_is_killed_and_started_again(tmp_path: Path, ice: str) -> None:
    body = f"beat()\nif number > 1: sys.exit({LEFT})\n{ice}"
    assert watch(child(tmp_path, body), SOON) == 0
    first, _ = starts(tmp_path)
    assert not is_running(first)


def test_a_child_that_never_wakes_is_given_up_after_the_start(tmp_path: Path) -> None:
    body = f"if number > 1: sys.exit({LEFT})\ntime.sleep(60)"
    assert watch(child(tmp_path, body), Patience(start_s=3.0, pause_s=0.01)) == 0
    assert len(starts(tmp_path)) == 2


def test_a_child_that_beats_is_left_alone(tmp_path: Path) -> None:
    body = f"for _ in range(30): beat(); time.sleep(0.05)\nsys.exit({LEFT})"
    assert watch(child(tmp_path, body), SOON) == 0  # 1.5 s of life, patience of 1 s
    assert len(starts(tmp_path)) == 1


def test_a_kiosk_that_can_not_begin_ends_with_a_failure_and_is_not_tried_again(
    tmp_path: Path,
) -> None:
    assert watch(child(tmp_path, f"sys.exit({HOPELESS})"), SOON) == 1
    assert len(starts(tmp_path)) == 1


def test_a_kiosk_that_never_lived_is_given_up_in_the_end(tmp_path: Path) -> None:
    patience = Patience(pause_s=0.01, longest_pause_s=0.01, tries=3)
    assert watch(child(tmp_path, "sys.exit(3)"), patience) == 1
    assert len(starts(tmp_path)) == 3


def test_a_kiosk_that_ran_before_is_tried_again_even_when_it_can_not_begin(tmp_path: Path) -> None:
    body = f"number == 1 and beat()\nsys.exit({LEFT} if number > 3 else {HOPELESS})"
    assert watch(child(tmp_path, body), SOON) == 0
    assert len(starts(tmp_path)) == 4


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to answer")
def test_a_parent_asked_to_end_takes_its_child_along(tmp_path: Path) -> None:
    program = "import sys; from explorer.studio.watch import watch; watch(sys.argv[1:])"
    command = child(tmp_path, "\nwhile True: beat(); time.sleep(0.05)")
    parent = subprocess.Popen([sys.executable, "-c", program, *command])
    until(lambda: (tmp_path / "starts").exists() and bool(starts(tmp_path)))
    parent.terminate()
    assert parent.wait(20) == 128 + signal.SIGTERM
    (pid,) = starts(tmp_path)
    until(lambda: not is_running(pid))


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a child without asking")
def test_a_child_asked_to_end_may_finish_what_it_keeps(tmp_path: Path) -> None:
    program = "import sys; from explorer.studio.watch import watch; watch(sys.argv[1:])"
    ready, kept = tmp_path / "ready", tmp_path / "kept"
    body = f"""
import signal
def keep(*_):
    open({str(kept)!r}, "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, keep)
open({str(ready)!r}, "w").close()
while True: beat(); time.sleep(0.05)"""
    parent = subprocess.Popen([sys.executable, "-c", program, *child(tmp_path, body)])
    until(ready.exists)
    parent.terminate()
    assert parent.wait(20) == 128 + signal.SIGTERM
    assert kept.exists()


def test_the_watch_needs_no_window_system() -> None:
    program = "import sys, explorer.studio.watch; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    watch(child(tmp_path, f"beat(); sys.exit({LEFT})"), SOON)
    assert not set(threading.enumerate()) - before


@given(st.integers(min_value=0, max_value=10_000))
def test_the_pause_never_shrinks_and_never_passes_its_longest(deaths: int) -> None:
    patience = Patience()
    assert patience.pause(deaths) <= patience.pause(deaths + 1) <= patience.longest_pause_s
    assert patience.pause(0) == 0


def test_a_heart_hears_that_nobody_listens() -> None:
    listening, beating = os.pipe()
    heart = Heart(beating)
    assert heart.beat()
    assert os.read(listening, 10) == b"."
    os.close(listening)
    assert not heart.beat()
    os.close(beating)


@pytest.mark.skipif(os.name != "posix", reason="Windows pipes always wait")
def test_a_heart_never_waits_for_a_parent_that_stopped_reading() -> None:
    listening, beating = os.pipe()
    heart = Heart(beating)
    assert all(heart.beat() for _ in range(100_000))  # a pipe holds 65,536
    os.close(listening)
    os.close(beating)


def until(is_so: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
