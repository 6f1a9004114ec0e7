"""A folder is written beside its place and renamed when it is complete; what was killed is swept."""

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from explorer.core.files import BESIDE


@contextmanager
def unfinished(out: Path, kind: str) -> Iterator[Path]:
    """Lend a new folder beside ``out``, and remove it afterwards unless it was renamed.

    Those of its ``kind`` (a word) whose commands were killed are removed first; one that another
    process writes is held by it, and stays.

    Raises:
        OSError: it can't be made.
    """
    for old in out.parent.glob(f"{BESIDE}{kind}-*"):
        _sweep(old)
    folder, hold = _new(out.parent, kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if hold is not None:
            os.close(hold)


def _new(parent: Path, kind: str) -> tuple[Path, int | None]:
    while True:
        folder = parent / f"{BESIDE}{kind}-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        hold = _hold(folder)
        if folder.is_dir():  # else somebody swept it before it was held
            return folder, hold
        if hold is not None:
            os.close(hold)


def _sweep(folder: Path) -> None:
    hold = _hold(folder)
    if hold is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(hold)


if sys.platform == "win32":

    def _hold(folder: Path) -> int | None:
        return None  # Windows locks no folders: nothing is swept there

else:
    import fcntl

    def _hold(folder: Path) -> int | None:
        """Lock a folder for as long as this process lives; None where another one has."""
        with suppress(OSError):  # gone meanwhile, or on a disk without locks
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                raise
            return handle
        return None
