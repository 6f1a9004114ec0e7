"""``manifest.jsonl``: what an export has finished, one line a picture; also where it goes on from."""

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.gallery.recipe import Recipe

MANIFEST = "manifest.jsonl"


class Line(BaseModel):
    """One finished picture. ``bytes`` and ``sha256`` are the file's; the pixels' are the recipe's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    title: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    bytes: int = Field(ge=1)
    sha256: str
    recipe: Recipe


class Manifest:
    """The lines of the pictures that are there, in the file in the order they were finished.

    A line is written after its picture. On opening, what a crash tore, what makes no sense and
    what tells of a picture that is gone is dropped, and that picture is painted again: to the
    same bytes, so that nobody can see from the folder how often this happened.
    """

    def __init__(self, folder: Path, wanted: Sequence[str]) -> None:
        """Read what is there.

        Args:
            folder: where the pictures lie.
            wanted: their names, in the order of the export.

        Raises:
            KnownError: the manifest can't be read, or not be mended.
        """
        self._path = folder / MANIFEST
        self._wanted = wanted
        self._lines: dict[str, bytes] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        try:
            written = self._path.read_bytes() if self._path.exists() else b""
        except OSError as error:
            raise KnownError(f"{self._path} can't be read: {error.strerror}.") from error
        known = set(wanted)
        for encoded in written.splitlines(keepends=True):
            line = _parse(encoded)
            if line is not None and line.file in known and _is_there(folder, line):
                self._remember(line, encoded)
        self._rewrite_unless(written)

    def __contains__(self, file: str) -> bool:
        return file in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def size(self, file: str) -> tuple[int, int]:
        """Width and height of a finished picture, in pixels."""
        return self._sizes[file]

    def append(self, lines: Sequence[Line]) -> None:
        """Write down finished pictures, whose files are safe on the disk.

        Raises:
            KnownError: the disk refuses; what was half written is dropped on the next opening.
        """
        encoded = [line.model_dump_json().encode() + b"\n" for line in lines]
        try:
            with self._path.open("ab") as file:
                file.write(b"".join(encoded))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            reason = error.strerror or str(error)
            raise KnownError(
                f"{self._path} can't be written: {reason}; free some space and run it again."
            ) from error
        for line, content in zip(lines, encoded, strict=True):
            self._remember(line, content)

    def put_in_order(self) -> None:
        """Bring the lines into the order of the export, which repairs may have left."""
        before = b"".join(self._lines.values())
        self._lines = {file: self._lines[file] for file in self._wanted if file in self._lines}
        self._rewrite_unless(before)

    def _remember(self, line: Line, encoded: bytes) -> None:
        self._lines.pop(line.file, None)  # the later line counts, and stands where it was written
        self._lines[line.file] = encoded
        self._sizes[line.file] = (line.width, line.height)

    def _rewrite_unless(self, written: bytes) -> None:
        whole = b"".join(self._lines.values())
        if whole != written:
            write_bytes(self._path, whole)


def _parse(encoded: bytes) -> Line | None:
    if not encoded.endswith(b"\n"):
        return None
    try:
        return Line.model_validate_json(encoded)
    except ValidationError:
        return None


def _is_there(folder: Path, line: Line) -> bool:
    try:
        return (folder / line.file).stat().st_size == line.bytes
    except OSError:
        return False
