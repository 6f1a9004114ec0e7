"""Workers that make the same thing wait for one another."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.core.lock import locked

_LOOK_S = 1.0  # between two looks at whether another worker is ready


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Wait until no other worker makes ``name`` in ``folder``, and keep them from it."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(locked(folder / f"{name}.lock", what=name))
                break
            except KnownError:
                time.sleep(_LOOK_S)
        yield
