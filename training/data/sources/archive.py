"""What lies in a zip, read without unpacking it to disk."""

import re
import threading
import zipfile
import zlib
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from training.data.fitting.decode import Skipped
from training.data.sources.listing import Entry, Listing, check_length, plain_name

_MAX_RATIO = 200  # unpacked to packed, for files above _SMALL bytes; else it is a zip bomb
_SMALL = 16 << 20
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack whole, whatever they announce
_DRIVE = re.compile(r"[A-Za-z]:")


class Archive:
    """An open zip. Sent to another process, it is opened there once and kept."""

    def __init__(self, path: Path) -> None:
        """Open it; raises what ``zipfile`` does."""
        self._path = path
        self._zip = zipfile.ZipFile(path)
        self._members = self._zip.infolist()

    def listing(self) -> Listing:
        """Every file in it, and those whose names can't be used."""
        entries: list[Entry] = []
        skipped: list[tuple[str, str]] = []
        for number, member in enumerate(self._members):
            name = plain_name(member.filename.replace("\\", "/"))
            if member.is_dir():
                continue
            # Nothing is unpacked, but names go on into our tables, and whoever reads those may.
            if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
                skipped.append((name, "has a name that leads out of the archive"))
            else:
                entries.append(Entry(name, partial(self.content, number)))
        return Listing(entries, skipped)

    def content(self, number: int, limit: int) -> bytes:
        """Unpack a member in memory.

        Raises:
            Skipped: it is longer than ``limit``, encrypted, damaged or a bomb.
        """
        member = self._members[number]
        if member.flag_bits & 1:
            raise Skipped("is encrypted")
        if member.compress_type not in _BOUNDED:
            raise Skipped("is packed in a way that is not read here; zip it as usual (deflate)")
        check_length(member.file_size, limit)
        if member.file_size > max(_SMALL, member.compress_size * _MAX_RATIO):
            raise Skipped(f"unpacks to more than {_MAX_RATIO} times its size, as no picture does")
        try:
            with self._zip.open(member) as file:  # stops at file_size, whatever the data would give
                return file.read()
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise Skipped(f"is damaged in the archive: {error}") from error
        except (NotImplementedError, RuntimeError) as error:
            raise Skipped(f"can't be unpacked: {error}") from error

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *about: object) -> None:
        self._zip.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept_open, (self._path,)


_opening = threading.Lock()


def _kept_open(path: Path) -> Archive:
    with _opening:
        return _opened(path)


@lru_cache(maxsize=8)
def _opened(path: Path) -> Archive:
    return Archive(path)
