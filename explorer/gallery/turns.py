"""One process at a time changes a gallery; the others wait for their turn."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from explorer.core.errors import KnownError
from explorer.core.lock import locked

_PATIENCE_S: Final = 10.0  # a save takes a tenth of a second
_PAUSE_S: Final = 0.01


@contextmanager
def taking_turns(folder: Path) -> Iterator[None]:
    """Hold the gallery's ``lock``, which the system lets go of when its holder dies.

    Raises:
        KnownError: another process does not let go, or the folder can't be written.
    """
    path = folder / "lock"
    try:
        path.touch()
    except OSError as error:
        raise KnownError(
            f"{folder} can't be written: {error.strerror}; choose another folder."
        ) from error
    patient_until = time.monotonic() + _PATIENCE_S
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(locked(path, what=f"The gallery {folder}"))
                break
            except KnownError:
                if time.monotonic() > patient_until:
                    raise
            time.sleep(_PAUSE_S)
        yield
