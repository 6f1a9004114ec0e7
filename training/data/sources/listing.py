"""Files before it is known which of them are pictures."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.data.fitting.decode import Skipped

_NO_TEXT = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are no letters
MAX_BYTES = 128 << 20  # of one picture file; a longer one is a film or a bomb


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; ``content(limit)`` reads it, or raises ``Skipped``, here or in another process."""

    file: str
    content: Callable[[int], bytes]
    path: Path | None = None  # where it lies by itself on disk, if it may be a film


@dataclass(frozen=True, slots=True)
class Listing:
    """All that a folder or an archive holds."""

    entries: list[Entry]
    skipped: list[tuple[str, str]]  # file, reason


def plain_name(name: str) -> str:
    """A name as it can be written in UTF-8, the same whether a Mac or Linux stored it."""
    return unicodedata.normalize("NFC", _NO_TEXT.sub("\ufffd", name))


def wholes(file: str, last: str = "") -> Iterator[str]:
    """A picture's name, then that of what it is a part of (`a.png#2`, `a.png`), and so on.

    ``last`` ends it: the name of the file as it lies in the source, which may hold a `#` too.
    """
    while file:
        yield file
        file = "" if file == last else file.rpartition("#")[0]


def check_length(length: int, limit: int) -> None:
    """Raise ``Skipped`` where a file of so many bytes is not to be read."""
    if length > limit:
        raise Skipped(f"is longer than {limit >> 20} MB")
