"""What lies in a folder or a zip: which files are pictures to try, and what is said of them."""

import csv
import io
import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from sys import intern

from explorer.core.errors import KnownError
from training.data.arrays import array_source, is_array
from training.data.card import TABLE
from training.data.decode import Fit, Pixels, Skipped, decode
from training.data.source import Picture, Source

MAX_BYTES = 128 << 20  # of one picture file; a longer one is a film or a bomb
_MAX_NOTICE = 1 << 20  # bytes of a LICENCE or CREDITS file
_MAX_RATIO = 200  # unpacked to packed, for files above _SMALL bytes; else it is a zip bomb
_SMALL = 16 << 20

_OURS = re.compile(r"(pictures\.csv|(licen[cs]e|credits)(\.txt|\.md)?)", re.IGNORECASE)
_OF_THE_SYSTEM = re.compile(r"(\..*|__MACOSX|Thumbs\.db|desktop\.ini)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file; ``content(limit)`` reads it, or raises ``Skipped``."""

    file: str
    content: Callable[[int], bytes]

    def picture(self, fit: Fit) -> Pixels:
        return decode(self.content(MAX_BYTES), fit)

    def whole(self) -> bytes:
        return self.content(MAX_BYTES)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a folder, a zip of one, or a `.npy` array; nothing is unpacked to disk.

    Raises:
        KnownError: it is none of these, or can't be read.
    """
    with ExitStack() as stack:
        yield _opened(path, stack)


def _opened(path: Path, stack: ExitStack) -> Source:
    try:
        if path.is_dir():
            return _source(*_in_folder(path))
        if zipfile.is_zipfile(path):
            return _source(*_in_zip(stack.enter_context(zipfile.ZipFile(path))))
        if is_array(path):
            return array_source(path)
        if not path.exists():
            raise KnownError(f"{path} is not there; name a folder, a zip of one or a .npy array.")
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise KnownError(f"{path} can't be read: {error}.") from error
    raise KnownError(f"{path} is neither a folder, nor a zip of one, nor a .npy array.")


def _in_folder(root: Path) -> tuple[list[_Entry], list[tuple[str, str]]]:
    entries: list[_Entry] = []
    skipped: list[tuple[str, str]] = []

    def unreadable(error: OSError) -> None:
        skipped.append((_plain_name(os.path.relpath(error.filename, root)), _cannot(error)))

    for folder, folders, files in os.walk(root, onerror=unreadable):
        folders[:] = [name for name in folders if not _OF_THE_SYSTEM.fullmatch(name)]
        within = Path(folder).relative_to(root)
        for name in folders:  # os.walk goes into none that is a link, and does not say so
            if Path(folder, name).is_symlink():
                file = _plain_name((within / name).as_posix())
                skipped.append((file, "is a link to a folder, which is not followed; copy it here"))
        for name in files:
            file = _plain_name((within / name).as_posix())
            entries.append(_Entry(file, partial(_read_file, folder, name)))
    return entries, skipped


def _read_file(folder: str, name: str, limit: int) -> bytes:
    path = Path(folder, name)  # made late, since a hundred thousand of them weigh
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a named pipe would wait for ever
            raise Skipped("is not a plain file")
        _check_length(about.st_size, limit)
        return path.read_bytes()
    except OSError as error:
        raise Skipped(_cannot(error)) from error


def _in_zip(archive: zipfile.ZipFile) -> tuple[list[_Entry], list[tuple[str, str]]]:
    entries: list[_Entry] = []
    skipped: list[tuple[str, str]] = []
    for member in archive.infolist():
        name = _plain_name(member.filename.replace("\\", "/"))
        if member.is_dir():
            continue
        # Nothing is unpacked, but names go on into our tables, and whoever reads those may.
        if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
            skipped.append((name, "has a name that leads out of the archive"))
        else:
            entries.append(_Entry(name, partial(_unpacked, archive, member)))
    return entries, skipped


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    if member.flag_bits & 1:
        raise Skipped("is encrypted")
    _check_length(member.file_size, limit)
    if member.file_size > max(_SMALL, member.compress_size * _MAX_RATIO):
        raise Skipped(f"unpacks to more than {_MAX_RATIO} times its size, as no picture does")
    try:
        with archive.open(member) as file:  # stops at file_size, whatever the data would give
            return file.read()
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise Skipped(f"is damaged in the archive: {error}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise Skipped(f"can't be unpacked: {error}") from error


def _source(entries: list[_Entry], skipped: list[tuple[str, str]]) -> Source:
    pictures: list[Picture] = []
    ours: list[_Entry] = []
    last = None
    for entry in sorted(entries, key=lambda entry: entry.file):
        *folders, name = entry.file.split("/")
        if any(map(_OF_THE_SYSTEM.fullmatch, [*folders, name])):
            continue
        if entry.file == last:
            skipped.append((entry.file, "has the same name as another file"))
        elif _OURS.fullmatch(name):
            ours.append(entry)
        else:
            pictures.append(Picture(entry.file, entry.picture, entry.whole))
        last = entry.file

    ends = [pictures[at].file for at in (0, -1) if pictures]  # what begins both begins all
    at_root = [entry for entry in ours if all(end.startswith(_folder(entry)) for end in ends)]
    notices = {start: _highest(at_root, start) for start in (TABLE, "licen", "credits")}
    skipped += [
        (entry.file, "is not read: the source's own has to lie at its root")
        for entry in ours
        if entry not in notices.values()
    ]
    columns, table = _read_table(notices[TABLE], skipped)
    licence = _lines(notices["licen"], skipped)
    return Source(
        pictures,
        skipped,
        columns,
        table,
        licence=licence[0] if licence else "",
        credits=_lines(notices["credits"], skipped),
    )


def _folder(entry: _Entry) -> str:
    return entry.file[: -len(PurePosixPath(entry.file).name)]


def _highest(at_root: list[_Entry], start: str) -> _Entry | None:
    """The file nearest the root whose name starts so; a zip may wrap everything in one folder."""
    found = [entry for entry in at_root if entry.file.split("/")[-1].lower().startswith(start)]
    return min(found, key=lambda entry: entry.file.count("/"), default=None)


def _lines(entry: _Entry | None, skipped: list[tuple[str, str]]) -> list[str]:
    if entry is None:
        return []
    try:
        text = entry.content(_MAX_NOTICE).decode("utf-8-sig", "replace")
    except Skipped as reason:
        skipped.append((entry.file, str(reason)))
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _read_table(
    entry: _Entry | None, skipped: list[tuple[str, str]]
) -> tuple[list[str], dict[str, list[str]]]:
    """The table beside the pictures: its columns but `file`, and each file's row."""
    if entry is None:
        return [], {}
    folder = _folder(entry)
    try:
        text = entry.content(MAX_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = [name for name in rows.fieldnames or () if name != "file"]
        table = {
            # Factors repeat; one string for all of them keeps a long table small.
            _plain_name(folder + row["file"]): [intern(row[name] or "") for name in columns]
            for row in rows
        }
    except Skipped as reason:
        skipped.append((entry.file, str(reason)))
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError) as error:
        skipped.append((entry.file, f"is no table with a column `file`: {error}"))
    else:
        return columns, table
    return [], {}


def _plain_name(name: str) -> str:
    """A name as it can be written in UTF-8, the same whether a Mac or Linux stored it."""
    readable = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", readable)


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise Skipped(f"is longer than {limit >> 20} MB")


def _cannot(error: OSError) -> str:
    return f"can't be read: {error.strerror or error}"
