"""A broken file never exists: write beside, make sure, rename."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from explorer.core.errors import KnownError

M = TypeVar("M", bound=BaseModel)

BESIDE = ".beside-"
"""How an unfinished file's name begins. Whoever finds one that nobody writes may delete it."""

_MAX_JSON = 64 << 20  # bytes; a recipe is under 1 MB, a dataset's skipped list the longest


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Lend a path beside ``path`` to write to; on leaving it becomes ``path``, whole and synced.

    Raises:
        KnownError: the folder can't be written, or the disk is full; ``path`` is as it was.
    """
    try:
        beside = path.parent / f"{BESIDE}{uuid.uuid4().hex}{path.suffix}"
        beside.open("xb").close()
    except OSError as error:
        raise KnownError(_cannot_write(path, error)) from error
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise KnownError(_cannot_write(path, error)) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, whole or not at all; raises as ``written_whole`` does."""
    with written_whole(path) as beside:
        beside.write_bytes(content)


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` outlive a power cut, where the system can."""
    if os.name == "nt":  # Windows has no handle to fsync on a folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_json(path: Path, kind: type[M]) -> M:
    """Read a JSON file that may come from a stranger.

    Raises:
        KnownError: it can't be read, is no such file, or holds keys or values we don't know.
    """
    try:
        if path.stat().st_size > _MAX_JSON:
            raise KnownError(f"{path} is larger than {_MAX_JSON >> 20} MB, which no such file is.")
        content = path.read_bytes()
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    return parse_json(content, kind, name=str(path))


def parse_json(content: bytes | str, kind: type[M], *, name: str) -> M:
    """Check JSON text against ``kind``; ``name`` is what a complaint calls it."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["loc"][-1:] == ("format",) and isinstance(first["input"], int):
            raise KnownError(
                f"{name} can't be used: it is of format {first['input']}, which this version "
                "does not know; update Masquerade."
            ) from error
        where = ".".join(str(part) for part in first["loc"])
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise KnownError(f"{name} can't be used: {what}.") from error


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(folder: Path, name: str) -> Path:
    """Resolve ``name`` inside ``folder``; names in files come from strangers.

    Raises:
        KnownError: the name leads out of the folder.
    """
    if not name or "\0" in name or Path(name).is_absolute():
        raise KnownError(f"{folder} names a file {name!r}, which is not a plain name inside it.")
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError) as error:  # Python 3.11 and 3.12 call a loop of links the latter
        raise KnownError(f"{folder} names a file {name!r}, which leads nowhere.") from error
    if not path.is_relative_to(folder.resolve()):
        raise KnownError(f"{folder} names a file {name!r}, which lies outside of it.")
    return path


def _cannot_write(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{path} can't be written: {reason}; free some space or choose another folder."
