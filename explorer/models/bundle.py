"""A generator's files: a folder, or the same files in one zip. Both come from strangers."""

import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from explorer.core.beside import unfinished
from explorer.core.errors import KnownError
from explorer.core.files import parse_json, sync_folder
from explorer.models.card import FORMAT, Card
from explorer.models.directions import LATENTS, Latents
from explorer.models.sources import MAX_FILE, Source, open_source, whole

CARD = "card.json"

_RUN = "run.json"  # training's own card
_MAX_CARD = 4 << 20  # bytes; a thousand classes and their credits fit many times
_MAX_LATENTS = 256 << 20  # bytes
_MAX_TOTAL = 6 << 30  # bytes
_FORMAT = re.compile(rb'"format"\s*:\s*([0-9]{1,9})\b')


class Bundle:
    """A bundle whose every file is what its card says."""

    def __init__(self, path: Path, card: Card, source: Source, latents: Latents) -> None:
        self.path = path
        self.card = card
        self.latents = latents
        self.painting_hash = _painting_hash(card, latents)
        self._source = source

    @classmethod
    def read(cls, path: Path) -> "Bundle":
        """Open a folder or a zip and check every file against the card.

        Raises:
            KnownError: something is missing, altered, unreadable, or from a newer version.
        """
        source = open_source(path)
        card = _read_card(source)
        _check_whole(source, card)
        for name, expected in card.files.items():
            if _sha256(source, name) != expected:
                raise KnownError(f"{path}: {name} is not the file its card lists; get it again.")
        return cls(path, card, source, _latents(source, card))

    @staticmethod
    def read_card(path: Path) -> Card:
        """Only the card, for listing; no other file is looked at."""
        return _read_card(open_source(path))

    def content(self, name: str) -> bytes:
        """The bytes of one file that the card lists.

        Raises:
            KnownError: the card lists no such file, or it changed since it was checked.
        """
        expected = self.card.files.get(name)
        if expected is None:
            raise KnownError(f"{self.path} has no {name}; the model came without it.")
        found = whole(self._source, name)
        if hashlib.sha256(found).hexdigest() != expected:
            raise KnownError(f"{self.path}: {name} changed while it was in use; open it again.")
        return found


def write_bundle(out: Path, card: Card, files: Mapping[str, bytes]) -> Card:
    """Write a bundle's folder, whole or not at all, and give back the card with its hashes.

    Args:
        out: the folder to become; its parent is made where it is missing.
        card: its ``files`` are filled in here.
        files: name to content, without the card.

    Raises:
        KnownError: ``out`` exists already, the disk refuses, or the files make no bundle.
    """
    if out.exists() or out.is_symlink():
        raise KnownError(_exists(out))
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
    try:
        card = Card.model_validate(card.model_dump() | {"files": hashes})
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise KnownError(f"{out} can't become a model: {what}.") from error

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(out, "model") as beside:
            for name, content in files.items():
                _write(beside / name, content)
            _write(beside / CARD, (card.model_dump_json(indent=1) + "\n").encode())
            for folder in {(beside / name).parent for name in (*files, CARD)}:
                sync_folder(folder)
            Bundle.read(beside)
            beside.rename(out)
        sync_folder(out.parent)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and out.is_dir():  # another was as fast
            raise KnownError(_exists(out)) from error
        reason = error.strerror or str(error)
        raise KnownError(f"{out} can't be written: {reason}; choose another folder.") from error
    return card


def _exists(out: Path) -> str:
    return f"{out} exists already; choose another name or remove it first."


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_card(source: Source) -> Card:
    if source.size(CARD) is None and source.size(_RUN) is not None:
        raise KnownError(
            f"{source.path} is a training run and no model yet; make one of it: "
            "explorer-train export RUN."
        )
    text = whole(source, CARD, limit=_MAX_CARD)
    name = str(source.path / CARD)
    stated = _FORMAT.search(text)
    if stated is not None and int(stated[1]) > FORMAT:
        raise KnownError(f"{name} was made by a newer version; update this one to open it.")
    return parse_json(text, Card, name=name)


def _check_whole(source: Source, card: Card) -> None:
    needed = card.graph_files + ((LATENTS,) if card.space == "w" else ())
    unlisted = [name for name in needed if name not in card.files]
    if unlisted:
        raise KnownError(f"{source.path}: its card lists no {unlisted[0]}; it is no whole model.")
    total = 0
    for name in card.files:
        size = source.size(name)
        if size is None:
            raise KnownError(f"{source.path} has lost {name}; get the model again.")
        total += size
        if size > MAX_FILE or total > _MAX_TOTAL:
            raise KnownError(f"{source.path}: {name} makes it larger than any model; refused.")


def _sha256(source: Source, name: str) -> str:
    digest = hashlib.sha256()
    for piece in source.pieces(name):
        digest.update(piece)
    return digest.hexdigest()


def _painting_hash(card: Card, latents: Latents) -> str:
    """Changes when, and only when, a point would be painted differently."""
    lines = [f"{name}:{card.files[name]}" for name in card.graph_files]
    if latents.w_avg is not None and card.space == "w":
        lines.append(f"w_avg:{hashlib.sha256(latents.w_avg.astype('<f4').tobytes()).hexdigest()}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _latents(source: Source, card: Card) -> Latents:
    if LATENTS not in card.files:
        return Latents.none(card.dim)
    name = f"{source.path}: {LATENTS}"
    latents = Latents.read(whole(source, LATENTS, limit=_MAX_LATENTS), card.dim, name=name)
    if card.space == "w" and latents.w_avg is None:
        raise KnownError(f"{name} has no w_avg, which a stylegan2 needs; get the model again.")
    return latents
