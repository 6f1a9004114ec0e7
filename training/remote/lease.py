"""Who trains a run that lies where nothing can be locked: a file that must be renewed."""

import logging
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from training.remote.files import Remote

log = logging.getLogger(__name__)

VALID_S = 600.0
"""So long a lease counts after it was renewed; clocks of machines differ by less."""

_RENEW_S = 60.0


class Held(BaseModel):
    """What the file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str
    machine: str
    renewed: float  # seconds since 1970


class Lease:
    """Held for as long as the block runs.

    Not a lock: of two that begin within the same second, one learns only at its next look that it
    is not alone, and ends then, before it sends anything.

    Args:
        file: of the run, in its place.
        kept: where this machine notes what it called itself, so that it knows its own lease again
            after it was killed. One process at a time has it.
    """

    def __init__(self, file: Remote, kept: Path, *, run: Remote) -> None:
        self._file, self._run = file, run
        if not kept.exists():
            write_bytes(kept, uuid4().hex.encode())
        self._token = kept.read_text(encoding="ascii", errors="replace")
        self._over = threading.Event()
        self._renewing = threading.Thread(target=self._renew_on, name="lease", daemon=True)

    def __enter__(self) -> Self:
        held = self._read()
        if held is not None and held.token != self._token:
            left = held.renewed + VALID_S - time.time()
            if left > 0:
                raise KnownError(
                    f"The run {self._run} is in use by another process on {held.machine}; if that "
                    f"one has died, wait {left / 60:.0f} minutes or delete {self._file}."
                )
        self._renew()
        self._renewing.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._renewing.join()
        try:
            if self._is_ours():
                self._file.delete()
        except KnownError as failed:
            log.warning("lease: %s", failed)  # it runs out by itself

    def check(self) -> None:
        """See that the run is there and still ours.

        Raises:
            KnownError: it is gone, or another process has taken it, or it can't be reached.
        """
        held = self._read()
        if held is None:
            raise KnownError(f"{self._run} was deleted, or moved away, while it was trained")
        if held.token != self._token:
            raise KnownError(f"{self._run} was taken over by a process on {held.machine}")

    def _is_ours(self) -> bool:
        held = self._read()
        return held is not None and held.token == self._token

    def _read(self) -> Held | None:
        content = self._file.read()
        if content is None:
            return None
        try:
            return Held.model_validate_json(content)
        except ValidationError:
            return None  # cut off, or by someone else: nobody can be asked

    def _renew(self) -> None:
        held = Held(token=self._token, machine=socket.gethostname(), renewed=time.time())
        self._file.write(held.model_dump_json().encode())

    def _renew_on(self) -> None:
        while not self._over.wait(_RENEW_S):
            try:
                if self._is_ours():
                    self._renew()
            except KnownError as error:
                log.warning("lease: %s", error)  # the network may come back before it runs out
