"""The models a person has: those that ship, and those they added."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from os.path import realpath  # Path.resolve raises where links lead in a circle
from pathlib import Path
from threading import Lock

from explorer.core.errors import KnownError
from explorer.core.places import models_folder
from explorer.models.bundle import CARD, Bundle
from explorer.models.card import Card
from explorer.models.generator import Generator
from explorer.models.vet import let_in

FIRST = "masks-64-r2"
"""What is opened when nobody chose."""


def shipped_folder() -> Path:
    """Where the models lie that came with the app."""
    return Path(str(files("exported_models")))


def user_folder() -> Path:
    """Where a person's own models lie; it may not exist yet."""
    return models_folder()


@dataclass(frozen=True, slots=True)
class Entry:
    """A bundle that was found. One with a ``problem`` can't be opened by its id."""

    path: Path
    card: Card | None
    problem: str | None


class Library:
    """Bundles by id, over several folders; the first folder that has an id wins.

    A bundle itself may stand among the folders.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._folders = [shipped_folder(), user_folder()] if folders is None else list(folders)
        self._opened: dict[Path, Generator] = {}
        self._lock = Lock()

    def entries(self) -> list[Entry]:
        """Every bundle, broken ones too, by folder and name. Only cards are read."""
        entries: list[Entry] = []
        first: dict[str, Path] = {}
        for path in self._bundles():
            entry = _entry(path)
            if entry.card is not None:
                winner = first.setdefault(entry.card.id, path)
                if winner != path:
                    problem = f"{path} has the id {entry.card.id}, as {winner} has; it is hidden."
                    entry = replace(entry, problem=problem)
            entries.append(entry)
        return entries

    def open(self, id_or_path: str | Path) -> Generator:
        """The generator of an installed id, or of a bundle anywhere; opened once and kept.

        The first time, what did not ship is tried in a process of its own, which takes a second
        or more.

        Raises:
            KnownError: there is no such model, or it can't be opened.
        """
        path = Path(os.path.realpath(self.find(id_or_path)))  # raises never
        with self._lock:
            if path not in self._opened:
                bundle = Bundle.read(path)
                if not path.is_relative_to(realpath(shipped_folder())):
                    let_in(bundle)
                self._opened[path] = Generator.open(bundle)
            return self._opened[path]

    def find(self, id_or_path: str | Path) -> Path:
        """Where the bundle of an id lies, or the path itself; nothing of it is opened.

        Raises:
            KnownError: there is no such model.
        """
        if isinstance(id_or_path, Path):
            return id_or_path
        ids = self._ids()
        if id_or_path in ids:
            return ids[id_or_path]
        if id_or_path and os.path.exists(id_or_path):  # noqa: PTH110 - raises never
            return Path(id_or_path)
        there = ", ".join(ids) or "none"
        raise KnownError(f"There is no model {id_or_path[:200]!r}; installed: {there}.")

    def default_id(self) -> str:
        """The model to begin with.

        Raises:
            KnownError: no model is installed.
        """
        ids = self._ids()
        if not ids:
            folder = self._folders[-1] if self._folders else user_folder()
            raise KnownError(f"No model is installed; put one into {folder}.")
        return FIRST if FIRST in ids else next(iter(ids))

    def _ids(self) -> dict[str, Path]:
        return {
            entry.card.id: entry.path
            for entry in self.entries()
            if entry.card is not None and entry.problem is None
        }

    def _bundles(self) -> Iterator[Path]:
        seen: set[str] = set()  # one that is named may lie in a folder too
        for folder in self._folders:
            try:
                found = [folder] if _looks_like_a_bundle(folder) else sorted(folder.iterdir())
            except OSError:  # not there yet, which is how every installation begins
                continue
            for path in found:
                if _looks_like_a_bundle(path) and (whole := realpath(path)) not in seen:
                    seen.add(whole)
                    yield path


def _entry(path: Path) -> Entry:
    try:
        return Entry(path, Bundle.read_card(path), None)
    except KnownError as error:
        return Entry(path, None, str(error))


def _looks_like_a_bundle(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    try:
        if path.is_dir():
            return (path / CARD).exists() or any(path.glob("synthesis*.onnx"))
        return path.suffix.lower() == ".zip"
    except OSError:
        return False
