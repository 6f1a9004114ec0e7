"""Named files from a folder or a zip. Nothing is unpacked to disk."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from explorer.core.errors import KnownError
from explorer.core.files import inside

MAX_FILE = 2 << 30  # bytes; an ONNX file can't be larger
_MAX_ENTRIES = 100_000
_MAX_RATIO = 200  # of what a zip unpacks to; weights hardly shrink, only bombs reach it
_PIECE = 1 << 20  # bytes


class Source(Protocol):
    @property
    def path(self) -> Path: ...

    def size(self, name: str) -> int | None:
        """Bytes, or None where there is no such file. Raises KnownError."""
        ...

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content in order, never more than ``size`` said. Raises KnownError."""
        ...


def open_source(path: Path) -> Source:
    """Look into a folder or a zip.

    Raises:
        KnownError: it is neither, or can't be read.
    """
    try:
        if path.is_dir():
            return _Folder(path)
        if path.is_file() and path.suffix.lower() == ".onnx":
            raise KnownError(f"{path} is no whole model; add it first: explorer models add FILE.")
        if path.is_file():
            return _Zip(path)
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}; check its rights.") from error
    what = "is no folder and no file" if os.path.lexists(path) else "does not exist"
    raise KnownError(f"{path} {what}; a model is a folder or a zip with a card.json.")


def whole(source: Source, name: str, *, limit: int = MAX_FILE) -> bytes:
    """The whole of one file of at most ``limit`` bytes."""
    size = source.size(name)
    if size is None:
        raise KnownError(f"{source.path} has no {name}; get it again, whole.")
    if size > limit:
        raise KnownError(f"{source.path}: {name} is larger than {limit >> 20} MB; refused.")
    return b"".join(source.pieces(name))


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self, name: str) -> int | None:
        try:
            found = inside(self.path, name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(self.path, name, error) from error
        if not stat.S_ISREG(found.st_mode):  # reading a pipe would wait for ever
            raise KnownError(f"{self.path}: {name} is not a regular file; get the model again.")
        return found.st_size

    def pieces(self, name: str) -> Iterator[bytes]:
        left = self.size(name) or 0
        try:
            with inside(self.path, name).open("rb") as file:
                yield from _pieces(file, left)
        except OSError as error:
            raise _unreadable(self.path, name, error) from error


class _Zip:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise KnownError(f"{path} is no zip file, or a damaged one; get it again.") from error
        if len(infos) > _MAX_ENTRIES:
            raise KnownError(f"{path} holds more files than any model; refused.")
        root = _root(info.filename for info in infos)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename.removeprefix(root)
            if name in self._infos:
                raise KnownError(f"{path} holds {name[:80]!r} twice; pack it again.")
            self._infos[name] = info

    def size(self, name: str) -> int | None:
        info = self._infos.get(name)
        if info is None or info.is_dir():
            return None
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise KnownError(f"{self.path}: {name} is packed in a rare way; pack it as plain zip.")
        if info.file_size > max(_PIECE, _MAX_RATIO * info.compress_size):
            raise KnownError(f"{self.path}: {name} unpacks to far more than any model; refused.")
        return info.file_size

    def pieces(self, name: str) -> Iterator[bytes]:
        info = self._infos[name]
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(info) as file:
                yield from _pieces(file, info.file_size)
        except OSError as error:
            raise _unreadable(self.path, name, error) from error
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            RuntimeError,
            ValueError,  # a name that is not the UTF-8 it claims to be
        ) as error:
            raise KnownError(f"{self.path}: {name} is damaged or locked; get it again.") from error


def _root(names: Iterable[str]) -> str:
    """The folder that a zipped folder begins with, ``""`` where its files lie at the top."""
    cards = [name for name in names if name.count("/") <= 1 and name.endswith("card.json")]
    if "card.json" in cards or len(cards) != 1:
        return ""
    folder, _, name = cards[0].rpartition("/")
    return f"{folder}/" if name == "card.json" else ""


def _pieces(file: IO[bytes], left: int) -> Iterator[bytes]:
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece


def _unreadable(path: Path, name: str, error: OSError) -> KnownError:
    return KnownError(f"{path}: {name} can't be read: {error.strerror or error}; check its rights.")
