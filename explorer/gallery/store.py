"""The gallery on disk: one SQLite file, and a folder of PNGs beside it."""

import json
import os
import sqlite3
import uuid as uuids
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.files import inside, sync_folder
from explorer.gallery.artwork import Artwork, picture_name, thumbnail_name
from explorer.gallery.caption import UNTITLED, Caption
from explorer.gallery.pictures import (
    encode_picture,
    put_picture,
    read_caption,
    read_pixels,
    recaption,
)
from explorer.gallery.recipe import Recipe
from explorer.gallery.schema import NAME, connect, match, signs, told, transaction
from explorer.gallery.strays import tidy
from explorer.gallery.thumbnails import thumbnail_jpeg
from explorer.gallery.turns import taking_turns

Pixels = NDArray[np.uint8]

_COLUMNS: Final = (
    "number, uuid, title, note, tags, rating, series, edition, made_at, recipe, model_id,"
    " painting_hash, width, height, file, novelty_early, novelty_late"
)


class Gallery:
    """What the artist keeps in one folder. Several threads and processes may use it at once.

    Whoever changes files or rows holds the folder's ``lock`` for that moment, so that nobody
    takes a picture that is just being saved for a stray.
    """

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self.folder = folder
        self._db = db
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the gallery of this folder, making it where there is none.

        Pictures that a crash left without a row are taken in again, what can't be read goes
        to ``bin/``.

        Raises:
            GalleryTooNew: a newer version of the app has written it.
            KnownError: the folder can't be used, or its database is damaged.
        """
        try:
            for name in ("pictures", "thumbnails", "bin"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KnownError(
                f"{folder} can't hold a gallery: {error.strerror}; choose another folder."
            ) from error
        with taking_turns(folder):
            gallery = cls(folder, connect(folder))
            try:
                with told(folder / NAME):
                    tidy(folder, gallery._db, gallery._insert)
            except OSError as error:
                gallery.close()
                raise KnownError(
                    f"{error.filename or folder} can't be read: {error.strerror}; "
                    "make it readable or choose another folder."
                ) from error
            except BaseException:
                gallery.close()
                raise
        return gallery

    def save(self, pixels: Pixels, recipe: Recipe, caption: Caption = UNTITLED) -> Artwork:
        """Keep a picture, uint8 (h, w, 3) or grey (h, w, 1).

        It is on disk, readable, and in the database when this returns.

        Raises:
            KnownError: the folder or disk is full or can't be written; nothing was kept.
        """
        content = encode_picture(pixels, recipe, caption)
        uuid = str(uuids.uuid4())
        path = self.folder / picture_name(uuid)
        with self._changing():
            _make_folder(path.parent)
            put_picture(path, content, recipe.picture.sha256)
            try:
                with transaction(self._db):
                    self._insert(uuid, recipe, caption, datetime.now(UTC), _size(pixels))
            except BaseException:
                with suppress(OSError):
                    path.unlink()  # else the next start would take in what we say wasn't kept
                raise
        with suppress(KnownError, OSError):  # it is made again when looked at
            self._write_thumbnail(uuid, pixels)
        return self.get(uuid)

    def rename(self, uuid: str, title: str) -> Artwork:
        """Call a work by another name, in the database and in its file, or in neither.

        Raises:
            KnownError: there is no such work, or its file can't be written.
        """
        artwork = self.get(uuid)
        path = self.picture_path(artwork)
        with self._changing():
            caption = read_caption(path).called(title)
            # Should we die between the two, the next start brings the file up to the row.
            self._retitle(artwork, caption.title, file_behind=True)
            try:
                recaption(path, caption)
                os.utime(path, (artwork.made_at.timestamp(),) * 2)
            except BaseException:
                self._retitle(artwork, artwork.title, file_behind=False)
                raise
            self._retitle(artwork, caption.title, file_behind=False)
        return self.get(uuid)

    def delete(self, uuid: str) -> None:
        """Move a work to the bin, from which ``restore`` brings it back."""
        artwork = self.get(uuid)
        path = self.picture_path(artwork)
        with self._changing():
            with transaction(self._db):
                self._db.execute(
                    "UPDATE artwork SET binned_at = ? WHERE uuid = ?",
                    (_stamp(datetime.now(UTC)), uuid),
                )
                self._db.execute("DELETE FROM words WHERE rowid = ?", (artwork.number,))
            # If this is as far as we come, the next start finishes it.
            with suppress(FileNotFoundError):
                path.replace(self.folder / "bin" / path.name)

    def restore(self, uuid: str) -> Artwork:
        """Hang a work from the bin again.

        Raises:
            KnownError: it isn't in the bin.
        """
        with self._changing():
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM artwork WHERE uuid = ? AND binned_at IS NOT NULL",
                (uuid,),
            ).fetchone()
            if row is None:
                raise KnownError(f"The work {uuid} is not in the bin of {self.folder}.")
            artwork = self._artwork(row)
            path = self.picture_path(artwork)
            binned = self.folder / "bin" / path.name
            if not path.exists() and not binned.exists():
                raise KnownError(f"{binned} is gone, so the work can't be restored.")
            with transaction(self._db):
                self._db.execute("UPDATE artwork SET binned_at = NULL WHERE uuid = ?", (uuid,))
                self._index(artwork.number, artwork.title, artwork.note, artwork.tags)
                _make_folder(path.parent)
                with suppress(FileNotFoundError):
                    binned.replace(path)
        return self.get(uuid)

    def get(self, uuid: str) -> Artwork:
        """The work of this uuid.

        Raises:
            KnownError: there is none, or it lies in the bin.
        """
        row = self._one(
            f"SELECT {_COLUMNS} FROM artwork WHERE uuid = ? AND binned_at IS NULL", (uuid,)
        )
        if row is None:
            raise KnownError(f"There is no work {uuid} in {self.folder}; it may be in the bin.")
        return self._artwork(row)

    def named(self, title: str) -> Artwork | None:
        """The newest work of this title, whatever the case."""
        row = self._one(
            f"SELECT {_COLUMNS} FROM artwork WHERE folded = ? AND binned_at IS NULL"
            " ORDER BY number DESC LIMIT 1",
            (Caption(title).title.casefold(),),
        )
        return None if row is None else self._artwork(row)

    def search(
        self, text: str = "", *, after: Artwork | None = None, limit: int = 60
    ) -> list[Artwork]:
        """Works whose title, note or tags have words that begin as those of ``text``.

        A text without a letter, as ∞ or →, has to stand there as it is. Newest first.
        ``after`` is the last work of the page before. Any text is legal.
        """
        before = after.number if after is not None else 1 << 62
        query, where = match(text), "words MATCH ?"
        if query is None:  # the index knows words only, so every work is looked at
            query, where = signs(text), "instr(title || char(10) || note || char(10) || tags, ?)"
        if not query:
            sql = (
                f"SELECT {_COLUMNS} FROM artwork WHERE binned_at IS NULL AND number < ?"
                " ORDER BY number DESC LIMIT ?"
            )
            return [self._artwork(row) for row in self._all(sql, (before, limit))]
        sql = (
            f"SELECT {_COLUMNS} FROM artwork WHERE number IN (SELECT rowid FROM words"
            f" WHERE {where} AND rowid < ? ORDER BY rowid DESC LIMIT ?)"
            " ORDER BY number DESC"
        )
        return [self._artwork(row) for row in self._all(sql, (query, before, limit))]

    def count(self) -> int:
        row = self._one("SELECT count(*) FROM artwork WHERE binned_at IS NULL", ())
        return int(row[0]) if row else 0

    def picture_path(self, artwork: Artwork) -> Path:
        """Where the PNG lies."""
        return inside(self.folder, artwork.file)

    def thumbnail(self, artwork: Artwork) -> bytes:
        """A JPEG of at most 256 px a side, made again where it is missing.

        Raises:
            KnownError: the picture itself is gone or damaged.
        """
        path = inside(self.folder, thumbnail_name(artwork.uuid))
        with suppress(OSError):
            content = path.read_bytes()
            if content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9"):
                return content
        return self._write_thumbnail(artwork.uuid, read_pixels(self.picture_path(artwork)))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _insert(
        self,
        uuid: str,
        recipe: Recipe,
        caption: Caption,
        made_at: datetime,
        size: tuple[int, int],
    ) -> None:
        """Give a picture its row; call it in a transaction."""
        cursor = self._db.execute(
            "INSERT INTO artwork (uuid, title, folded, note, tags, rating, series, edition,"
            " made_at, recipe, model_id, painting_hash, width, height, file)"
            " VALUES (?, ?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, ?)",
            (
                uuid,
                caption.title,
                caption.title.casefold(),
                caption.description,
                json.dumps(caption.tags, ensure_ascii=False),
                caption.rating,
                _stamp(made_at),
                recipe.to_json(),
                recipe.model.id,
                recipe.model.sha256,
                *size,
                picture_name(uuid),
            ),
        )
        if cursor.lastrowid is not None:
            self._index(cursor.lastrowid, caption.title, caption.description, caption.tags)

    def _index(self, number: int, title: str, note: str, tags: tuple[str, ...]) -> None:
        self._db.execute(
            "INSERT INTO words (rowid, title, note, tags) VALUES (?, ?, ?, ?)",
            (number, title, note, "\n".join(tags)),
        )

    def _retitle(self, artwork: Artwork, title: str, *, file_behind: bool) -> None:
        with transaction(self._db):
            self._db.execute(
                "UPDATE artwork SET title = ?, folded = ?, file_behind = ? WHERE uuid = ?",
                (title, title.casefold(), file_behind, artwork.uuid),
            )
            self._db.execute("UPDATE words SET title = ? WHERE rowid = ?", (title, artwork.number))

    def _write_thumbnail(self, uuid: str, pixels: Pixels) -> bytes:
        """Not written whole: a thumbnail cut short is known by its end, and made again."""
        content = thumbnail_jpeg(pixels)
        path = inside(self.folder, thumbnail_name(uuid))
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        return content

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock, taking_turns(self.folder), told(self.folder / NAME):
            try:
                yield
            except OSError as error:
                raise KnownError(
                    f"{self.folder} can't be changed: {error.strerror}; "
                    "free some space or choose another folder."
                ) from error

    def _artwork(self, row: tuple[Any, ...]) -> Artwork:
        try:
            return _artwork(row)
        except (TypeError, ValueError) as error:  # a stranger's gallery may say anything
            raise KnownError(
                f"{self.folder / NAME} says of the work {row[1]!r} what makes no sense ({error}); "
                "move it away and open the gallery again: it is made anew from the pictures."
            ) from error

    def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None

    def _all(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock, told(self.folder / NAME):
            return self._db.execute(sql, values).fetchall()


def _artwork(row: tuple[Any, ...]) -> Artwork:
    number, uuid, title, note, tags, rating, series, edition, made_at, recipe = row[:10]
    model_id, painting_hash, width, height, file, early, late = row[10:]
    return Artwork(
        number=number,
        uuid=uuid,
        title=title,
        note=note,
        tags=tuple(json.loads(tags)),
        rating=rating,
        series=series,
        edition=edition,
        made_at=datetime.fromisoformat(made_at),
        recipe_json=recipe,
        model_id=model_id,
        painting_hash=painting_hash,
        width=width,
        height=height,
        file=file,
        novelty_early=early,
        novelty_late=late,
    )


def _size(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _make_folder(folder: Path) -> None:
    """Make a shelf that outlives a power cut with what is put on it."""
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
