"""One writer at a time: a lock on a file that the system lets go of when its holder dies."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from explorer.core.errors import KnownError


@contextmanager
def locked(path: Path, *, what: str) -> Iterator[None]:
    """Hold ``path`` for as long as the block runs; the file itself stays and means nothing.

    Raises:
        KnownError: another process holds it (``what`` is what it is said to be busy with),
            or the file can't be made.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise KnownError(
            f"{path} can't be written: {error.strerror}; choose another folder."
        ) from error
    with file:
        if not _take(file):
            raise KnownError(f"{what} is in use by another process ({path} is locked).")
        yield


if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
