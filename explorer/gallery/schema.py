"""The gallery's database: how it is made, brought up to date, and asked."""

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from explorer.core.errors import KnownError

Step = Callable[[sqlite3.Connection], None]

_APPLICATION: Final = 0x4D415351  # "MASQ", so that no other program's database is taken for ours
_BUSY_S: Final = 10.0

NAME: Final = "gallery.sqlite"


class GalleryTooNew(KnownError):
    """A newer version of the app wrote this gallery; opening it could lose work."""


def _create_artwork(db: sqlite3.Connection) -> None:
    db.execute(
        "CREATE TABLE artwork ("
        " number INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE,"
        " title TEXT NOT NULL, folded TEXT NOT NULL, note TEXT NOT NULL, tags TEXT NOT NULL,"
        " rating INTEGER NOT NULL, series TEXT NOT NULL, edition TEXT NOT NULL,"
        " made_at TEXT NOT NULL, recipe TEXT NOT NULL, model_id TEXT NOT NULL,"
        " painting_hash TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,"
        " file TEXT NOT NULL UNIQUE, novelty_early REAL, novelty_late REAL,"
        " binned_at TEXT, file_behind INTEGER NOT NULL DEFAULT 0)"
    )
    db.execute("CREATE INDEX hanging ON artwork (folded, number) WHERE binned_at IS NULL")
    db.execute("CREATE INDEX binned ON artwork (file) WHERE binned_at IS NOT NULL")
    db.execute("CREATE INDEX behind ON artwork (uuid) WHERE file_behind")
    # Symbols (So) are letters here, so that a work called by an emoji is found by it.
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5(title, note, tags, prefix='1 2 3',"
        " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co So'\")"
    )


STEPS: tuple[Step, ...] = (_create_artwork,)
"""Step n takes a gallery from schema n to n + 1. Append; shipped steps stay as they are."""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the database of ``folder``, making or migrating it. Hold the gallery's lock.

    Raises:
        GalleryTooNew: a newer version has written it.
        KnownError: it is damaged, not ours, or can't be written.
    """
    path = folder / NAME
    with told(path):
        db = sqlite3.connect(
            path,
            timeout=_BUSY_S,
            isolation_level=None,  # transactions only where written
            check_same_thread=False,  # the gallery has a lock of its own
        )
        try:
            # No WAL: a gallery may lie on a network or synchronised folder, where its shared
            # memory fails, and the one file must hold everything when the folder is copied.
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA trusted_schema = OFF")
            bring_up_to_date(db, path)
        except BaseException:
            db.close()
            raise
    return db


def bring_up_to_date(db: sqlite3.Connection, path: Path, steps: tuple[Step, ...] = STEPS) -> None:
    """Run the steps this gallery has not seen, each one whole or not at all.

    Raises:
        GalleryTooNew: the file has seen steps that this version does not know.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION:
        raise KnownError(f"{path} is another program's database; choose another folder.")
    if version > len(steps):
        raise GalleryTooNew(
            f"{path} was written by a newer Masquerade (schema {version}, this one knows "
            f"{len(steps)}); update Masquerade to open it."
        )
    for number, step in enumerate(steps[version:], start=version + 1):
        with transaction(db):
            step(db)
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(f"PRAGMA user_version = {number}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Everything in the block happens, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the database complains of, as one sentence for the person."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # our mistake
    except sqlite3.OperationalError as error:
        raise KnownError(
            f"{path} can't be used: {error}; free some space or choose another folder."
        ) from error
    except sqlite3.DatabaseError as error:
        raise KnownError(
            f"{path} is damaged ({error}); move it away and open the gallery again: "
            "it is made anew from the pictures, which hold their own recipes."
        ) from error


def match(text: str) -> str | None:
    """A full-text query for works that have, for every word of ``text``, one that begins so.

    None where no word has a letter, by which the index could know it: see ``signs``.
    """
    quoted = ['"' + word.replace('"', '""') + '"*' for word in _words(text) if _has_letter(word)]
    return " ".join(quoted) or None


def signs(text: str) -> str:
    """What to look for as it stands where ``match`` has no query: ∞, →, €; "" if that is nothing."""
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    # Lone surrogates can't be written in UTF-8, and no title holds one.
    return re.sub(r"[\0\ud800-\udfff]", " ", text).split()


def _has_letter(word: str) -> bool:
    return any(unicodedata.category(letter) in _LETTERS for letter in word)


_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Co", "So"})
