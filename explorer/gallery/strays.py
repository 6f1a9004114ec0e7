"""Pictures and database brought together again after a crash."""

import logging
import os
import sqlite3
import uuid as uuids
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, inside
from explorer.gallery.artwork import picture_name
from explorer.gallery.caption import Caption
from explorer.gallery.pictures import read_caption, read_picture, recaption
from explorer.gallery.recipe import Recipe
from explorer.gallery.schema import transaction

Insert = Callable[[str, Recipe, Caption, datetime, tuple[int, int]], None]
"""Takes uuid, recipe, caption, time and (width, height)."""

_AT_ONCE: Final = 64  # strays in one transaction

log = logging.getLogger(__name__)


def tidy(folder: Path, db: sqlite3.Connection, insert: Insert) -> None:
    """Finish what a crash interrupted; hold the gallery's lock.

    Unfinished files go, finished ones without a row are taken in, deleted works still hanging
    go to the bin, and so does every PNG that can't be read. Names are only listed, not looked
    up, so that 100,000 pictures take a fraction of a second.
    """
    _finish_renames(folder, db)
    known = {name for (name,) in db.execute("SELECT file FROM artwork")}
    binned = {name for (name,) in db.execute("SELECT file FROM artwork WHERE binned_at NOT NULL")}
    strays: list[Path] = []
    for name in _files(folder):
        if name in known and name not in binned:
            continue
        path = folder / name
        if path.name.startswith(BESIDE):
            with suppress(OSError):
                path.unlink()
        elif name in binned:
            to_bin(folder, path)
        elif path.suffix.lower() == ".png":
            strays.append(path)
    strays.sort(key=_age)
    for start in range(0, len(strays), _AT_ONCE):
        with transaction(db):
            for path in strays[start : start + _AT_ONCE]:
                _adopt(folder, path, insert, taken=known)


def to_bin(folder: Path, path: Path) -> None:
    """Move a file to the bin; nothing that lies there is overwritten."""
    goal = folder / "bin" / path.name
    if goal.exists():
        goal = goal.with_stem(f"{goal.stem}-{uuids.uuid4().hex[:8]}")
    try:
        path.replace(goal)
    except OSError as error:
        log.warning("%s stays where it is: %s", path, error)


def _files(folder: Path) -> Iterator[str]:
    """Everything two folders deep, as the database spells it."""
    for shelf in os.scandir(folder / "pictures"):
        if shelf.is_dir(follow_symlinks=False):
            for name in os.listdir(shelf.path):  # noqa: PTH208 - names alone, 100,000 of them
                yield f"pictures/{shelf.name}/{name}"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _adopt(folder: Path, path: Path, insert: Insert, *, taken: set[str]) -> None:
    try:
        pixels, recipe, caption = read_picture(path)
        made_at = datetime.fromtimestamp(_age(path), UTC)
        uuid = _uuid(path)
        if path != folder / picture_name(uuid) or picture_name(uuid) in taken:
            uuid = str(uuids.uuid4())
            goal = folder / picture_name(uuid)
            goal.parent.mkdir(exist_ok=True)
            path.replace(goal)
        insert(uuid, recipe, caption, made_at, (pixels.shape[1], pixels.shape[0]))
        log.info("took %s in again", path)
    except (KnownError, OSError) as error:
        log.warning("%s goes to the bin: %s", path, error)
        to_bin(folder, path)


def _uuid(path: Path) -> str:
    """The uuid a file is named by, or a new one."""
    try:
        return str(uuids.UUID(path.stem))
    except ValueError:
        return str(uuids.uuid4())


def _finish_renames(folder: Path, db: sqlite3.Connection) -> None:
    """Write the title of the database into files that were about to get it."""
    behind = db.execute("SELECT uuid, title FROM artwork WHERE file_behind").fetchall()
    for uuid, title in behind:
        try:
            path = inside(folder, picture_name(uuid))
            recaption(path, read_caption(path).called(title))
        except KnownError as error:
            log.warning("%s keeps its old title: %s", uuid, error)
            continue
        db.execute("UPDATE artwork SET file_behind = 0 WHERE uuid = ?", (uuid,))
