"""Keep a process alive for months: start it again when it dies or freezes.

The child writes to its standard output while it is well; whatever it writes counts as a
heartbeat. A pipe needs nothing from the system that Windows, macOS and Linux don't all have,
and when the parent is gone it breaks, so that no child is left behind.
"""

import contextlib
import logging
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from explorer.core.ending import unwound

log = logging.getLogger(__name__)

LEFT = 64
"""The exit status of a child that was left on purpose: it is not started again."""
HOPELESS = 65
"""The exit status of a child that could not begin, having said why: tried again only if it
ever ran before, for a model that was there this morning may come back."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what; all in seconds."""

    start_s: float = 60.0  # for the first heartbeat: a cold disk, a large model
    beat_s: float = 15.0  # between heartbeats, before the child counts as frozen
    farewell_s: float = 20.0  # for a child that was asked to end
    settled_s: float = 60.0  # a child that lived this long did not die at once
    pause_s: float = 0.5  # before the first new start; doubled each time it dies at once
    longest_pause_s: float = 60.0
    tries: int = 10  # starts without any sign of life, before it is given up

    def pause(self, quick_deaths: int) -> float:
        """How long to wait before starting anew after so many children in a row died at once."""
        if quick_deaths == 0:
            return 0.0
        doublings = min(quick_deaths - 1, 32)  # 2 ** thousands is no float
        return min(self.pause_s * 2.0**doublings, self.longest_pause_s)


def watch(command: Sequence[str], patience: Patience = Patience()) -> int:
    """Run ``command`` until it is left on purpose; the exit status for whoever called.

    Raises:
        KeyboardInterrupt, SystemExit: this process was asked to end; the child is gone by then.
    """
    quick_deaths = 0
    ever_ran = False
    with unwound():
        while True:
            began = time.monotonic()
            status, beat = _run_once(command, patience)
            ever_ran = ever_ran or beat
            if status == LEFT:
                return 0
            lived_s = time.monotonic() - began
            quick_deaths = 0 if lived_s >= patience.settled_s else quick_deaths + 1
            if not ever_ran and (status == HOPELESS or quick_deaths >= patience.tries):
                return 1
            pause_s = patience.pause(quick_deaths)
            log.warning(
                "the kiosk ended (status %s) after %.0f s; starting it again in %.1f s",
                status,
                lived_s,
                pause_s,
            )
            time.sleep(pause_s)


def _run_once(command: Sequence[str], patience: Patience) -> tuple[int, bool]:
    """The status one child ended with, and whether it ever showed a sign of life."""
    child = subprocess.Popen(  # its own session: Ctrl-C is for the parent, who ends the child
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    if child.stdout is None:
        raise RuntimeError("a child was started without its pipe")
    beats: queue.Queue[bool] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(child.stdout, beats), daemon=True)
    listener.start()
    alive = False
    try:
        while beats.get(timeout=patience.beat_s if alive else patience.start_s):
            alive = True
        # The pipe closed. A child that lives on without it can't be watched, so it has to go.
        return child.wait(patience.beat_s), alive
    except (queue.Empty, subprocess.TimeoutExpired):
        log.warning("the kiosk gave no sign of life and is ended")
        child.kill()
        return child.wait(), alive
    except (KeyboardInterrupt, SystemExit):
        child.terminate()  # it may have a visitor's picture to keep before it goes
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience.farewell_s)
        raise
    finally:
        child.kill()  # does nothing to one that has ended
        child.wait()
        listener.join()
        child.stdout.close()


def _listen(pipe: IO[bytes], beats: "queue.Queue[bool]") -> None:
    while os.read(pipe.fileno(), 4096):
        beats.put(True)
    beats.put(False)


class Heart:
    """The child's side: ``beat`` every second or so, from the thread that must not freeze."""

    def __init__(self, pipe: int = 1) -> None:
        self._pipe = pipe
        if os.name == "posix":
            os.set_blocking(pipe, False)  # a parent that stopped reading must not stop us

    def beat(self) -> bool:
        """Show a sign of life; False where nobody listens any more."""
        try:
            os.write(self._pipe, b".")
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True
