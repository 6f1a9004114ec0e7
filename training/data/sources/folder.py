"""What lies in a folder or a zip: which files are pictures to try, and what is said of them."""

import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from explorer.core.errors import KnownError
from training.data.card import CARD, TABLE
from training.data.fitting.decode import Skipped
from training.data.origins.notices import OURS, read_notices
from training.data.sources.archive import Archive
from training.data.sources.arrays import array_source, is_array
from training.data.sources.film import ENDINGS, is_film
from training.data.sources.listing import MAX_BYTES, Entry, Listing, check_length, plain_name
from training.data.sources.prepared import prepared_source
from training.data.sources.source import Picture, Pictures, Source

_OF_THE_SYSTEM = re.compile(r"(\..*|__MACOSX|Thumbs\.db|desktop\.ini)", re.IGNORECASE)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a folder, a zip of one, a `.npy` array, a film or what `prepare` wrote.

    Nothing is unpacked to disk.

    Raises:
        KnownError: it is none of these, or can't be read.
    """
    with ExitStack() as stack:
        yield _opened(path, stack)


def _opened(path: Path, stack: ExitStack) -> Source:
    try:
        if path.is_dir():
            if (path / CARD).is_file() and (path / TABLE).is_file():
                return prepared_source(path)
            if (path / CARD).is_file() and any(path.glob("*.tfrecord")):
                raise KnownError(f"{path} lacks its {TABLE}; prepare the dataset again.")
            return _source(_in_folder(path), path)
        if not path.exists():
            raise KnownError(f"{path} is not there; name a folder, a zip of one or a .npy array.")
        if not path.is_file():  # opening a named pipe would wait for ever
            raise KnownError(f"{path} is neither a folder nor a plain file; copy it to one.")
        if not path.stat().st_size:
            raise KnownError(f"{path} is empty; get it again.")
        if zipfile.is_zipfile(path):
            return _source(stack.enter_context(Archive(path)).listing(), path)
        if is_array(path):
            return array_source(path)
        if is_film(path):
            film = Entry(plain_name(path.name), partial(_read_file, path.parent, path.name), path)
            return _source(Listing([film], []), path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise KnownError(f"{path} can't be read: {error}.") from error
    raise KnownError(
        f"{path} is neither a folder, nor a zip of one, nor a .npy array, nor a film "
        f"({', '.join(ENDINGS)})."
    )


def _in_folder(root: Path) -> Listing:
    entries: list[Entry] = []
    skipped: list[tuple[str, str]] = []

    def unreadable(error: OSError) -> None:
        skipped.append((plain_name(os.path.relpath(error.filename, root)), _cannot(error)))

    for folder, folders, files in os.walk(root, onerror=unreadable):
        folders[:] = [name for name in folders if not _OF_THE_SYSTEM.fullmatch(name)]
        within = Path(folder).relative_to(root)
        for name in folders:  # os.walk goes into none that is a link, and does not say so
            if Path(folder, name).is_symlink():
                file = plain_name((within / name).as_posix())
                skipped.append((file, "is a link to a folder, which is not followed; copy it here"))
        for name in files:
            file = plain_name((within / name).as_posix())
            path = Path(folder, name) if is_film(file) else None
            entries.append(Entry(file, partial(_read_file, folder, name), path))
    return Listing(entries, skipped)


def _read_file(folder: str | Path, name: str, limit: int) -> bytes:
    path = Path(folder, name)  # made late, since a hundred thousand of them weigh
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):  # opening a named pipe would wait for ever
            raise Skipped("is not a plain file")
        check_length(about.st_size, limit)
        return path.read_bytes()
    except OSError as error:
        raise Skipped(_cannot(error)) from error


def _source(listing: Listing, path: Path) -> Source:
    entries: list[Entry] = []
    ours: list[Entry] = []
    skipped = listing.skipped
    last = None
    for entry in sorted(listing.entries, key=lambda entry: entry.file):
        *folders, name = entry.file.split("/")
        if any(map(_OF_THE_SYSTEM.fullmatch, [*folders, name])):
            continue
        if entry.file == last:
            skipped.append((entry.file, "has the same name as another file"))
        else:
            (ours if OURS.fullmatch(name) else entries).append(entry)
        last = entry.file
    said = read_notices(ours, [entry.file for entry in entries], path)
    return Source(
        Pictures(len(entries), lambda number: _picture(entries[number])),
        [*skipped, *said.skipped],
        columns=said.columns,
        table=said.table,
        classes=said.classes,
        framing=said.framing,
        known=said.known,
        licence=said.licence,
        credits=said.credits,
        roots=said.roots,
    )


def _picture(entry: Entry) -> Picture:
    if is_film(entry.file):
        return Picture(entry.file, _a_film, entry.path)
    return Picture(entry.file, partial(entry.content, MAX_BYTES))


def _a_film() -> bytes:
    raise Skipped("is a film; lay it beside the archive, since its frames are read from disk")


def _cannot(error: OSError) -> str:
    return f"can't be read: {error.strerror or error}"
