"""A process for one cell: begun, asked to stop, and ended with the one that began it."""

import multiprocessing
import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from explorer.core.ending import unwound

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""With which a process ends that was asked to, as a shell has it."""

_ORPHANED = 1
_GRACE_S = 1.0  # in which a signal that was sent to all reaches all


def ended(
    work: Callable[[str, Connection], None], told: str, waits: Callable[[], None] = lambda: None
) -> int:
    """Do ``work`` in a process of its own, and give the status with which it ended.

    Ctrl-C and SIGTERM ask it to stop, and are answered when it has; a second one ends it.

    Args:
        waits: called as soon as it was asked.

    Raises:
        KeyboardInterrupt, SystemExit: one of them came, and the process is no more.
    """
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(told, theirs))
    try:
        child.start()
        child.join()
    except (KeyboardInterrupt, SystemExit):
        if child.pid is not None:
            with suppress(OSError):  # it ended meanwhile
                ours.send(None)
            _end(child, waits)
        raise
    finally:
        ours.close()
        theirs.close()
    status = child.exitcode or 0
    return status if status >= 0 else 128 - status


def _end(child: multiprocessing.context.SpawnProcess, waits: Callable[[], None]) -> None:
    try:
        waits()
        child.join()
    except (KeyboardInterrupt, SystemExit):
        child.kill()
        child.join()
        raise


def obeyed(parent: Connection, work: Callable[[], int]) -> int:
    """Do ``work`` in this process, which ``ended`` began, and give the status to end with.

    It may be asked to stop by a signal of its own, or by the parent. A terminal sends Ctrl-C to
    both of them and systemd SIGTERM, and two requests would mean that it must not save first:
    so what the parent asks counts only where no signal came.

    Raises:
        SystemExit: it was asked to stop by SIGTERM.
    """
    heard, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(parent, heard, wakes), daemon=True).start()
    try:
        with unwound():
            return work()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _listen(parent: Connection, heard: socket.socket, wakes: socket.socket) -> None:
    """``wakes`` must stay open: it gets a byte for every signal."""
    while True:
        try:
            parent.recv()
        except (EOFError, OSError):  # it was killed; we would train beside its successor
            os._exit(_ORPHANED)
        if not select.select([heard], [], [], _GRACE_S)[0]:
            signal.raise_signal(signal.SIGTERM)
