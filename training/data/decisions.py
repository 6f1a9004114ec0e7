"""What a person decided of every picture: kept or rejected, and of which class it is.

A CSV with the columns `file`, `decision`, `class` and `reason`, one line a picture; written by
curation, by hand or by a spreadsheet. Files are called as in the dataset's `pictures.csv`; a
line for a picture that was cut into parts (`photo.jpg`) speaks for all of them, unless a part
(`photo.jpg#2`) has a line of its own. Nothing is ever deleted: what is rejected is left out.
"""

import csv
import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.core.tables import table_line
from training.data.origins.credits import clean, delimiter, plain_text
from training.data.sources.listing import plain_name, wholes

Verdict: TypeAlias = Literal["keep", "reject"]

COLUMNS = ("file", "decision", "class", "reason")
_MAX_BYTES = 128 << 20


@dataclass(frozen=True, slots=True)
class Decision:
    """Of one picture."""

    file: str
    decision: Verdict
    class_name: str = ""  # empty: the class that it has
    reason: str = ""  # for people; nothing depends on it


@dataclass(frozen=True, slots=True)
class Decisions:
    """All of a file, by picture."""

    by_file: Mapping[str, Decision] = field(default_factory=dict)
    sha256: str | None = None  # of the file
    path: Path | None = None
    _within: Mapping[str, Set[str]] = field(init=False, repr=False)  # whole -> parts' classes

    def __post_init__(self) -> None:
        within: dict[str, set[str]] = {}
        for name, one in self.by_file.items():
            for whole in islice(wholes(name), 1, None):
                into = within.setdefault(whole, set())
                if one.class_name and one.decision == "keep":
                    into.add(one.class_name)
        object.__setattr__(self, "_within", within)

    def of(self, file: str, whole: str = "") -> Decision | None:
        """What was decided of a picture, or of the one that it is a part of.

        ``whole`` is the file that it comes from; what that one's name may begin with is no matter.
        """
        return next((self.by_file[n] for n in wholes(file, whole) if n in self.by_file), None)

    def rejects(self, file: str, whole: str = "") -> bool:
        found = self.of(file, whole)
        return found is not None and found.decision == "reject"

    def class_of(self, file: str, whole: str = "") -> str:
        """The class that was decided on, or nothing."""
        found = self.of(file, whole)
        return "" if found is None else found.class_name

    def has_parts(self, file: str) -> bool:
        """Whether a part of this picture has a line of its own, so that it must be looked at."""
        return file in self._within

    def classes_within(self, file: str) -> Set[str]:
        """The classes that parts of this picture were given by lines of their own."""
        return self._within.get(file, frozenset())

    def check_known(self, files: Collection[str]) -> None:
        """See that every line is about one of ``files`` or, perhaps, a part of one.

        Raises:
            KnownError: one is not.
        """
        for name in self.by_file:
            if not any(whole in files for whole in wholes(name)):
                raise self._unknown(name, next((f for f in files if f.endswith(f"/{name}")), ""))

    def check_met(
        self, files: Collection[str], met: Collection[str], left_out: Collection[str]
    ) -> None:
        """See that parts which were decided on did come up.

        Args:
            files: the source's.
            met: the parts that did.
            left_out: what could not be used, so that nobody knows of its parts.

        Raises:
            KnownError: one did not.
        """
        for name in self.by_file:
            if name in files or name in met:
                continue
            if not any(whole in left_out for whole in wholes(name)):
                raise self._unknown(name)

    def _unknown(self, name: str, alike: str = "") -> KnownError:
        missing = f"{self.path} decides on {name!r}, which is not among the pictures"
        if alike:
            return KnownError(
                f"{missing}, though {alike!r} is; decide on all that you prepare together: "
                "prepare the same sources once without decisions, and curate that dataset."
            )
        return KnownError(
            f"{missing}; decide on the source that you prepare, or take the line out."
        )


def read_decisions(path: Path) -> Decisions:
    """Read a decision file.

    Raises:
        KnownError: it can't be read, lacks a column, holds a word that is no decision, or says two
            different things of one picture.
    """
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
            raise KnownError(f"{path} is no file; name the one that `explorer-train curate` wrote.")
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise KnownError(
            f"{path} can't be read: {error.strerror}; name the file that `explorer-train curate` "
            "wrote."
        ) from error
    if len(content) > _MAX_BYTES:
        raise KnownError(
            f"{path} is longer than {_MAX_BYTES >> 20} MB, which no list of decisions is."
        )
    text, strange = plain_text(content)
    if strange:
        raise KnownError(f"{path} {strange.split(',')[0]}; save it as UTF-8.")
    found: dict[str, Decision] = {}
    lines: dict[str, int] = {}
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    try:
        places = _places(path, next(rows, []))
        for row in rows:
            if not any(row):
                continue
            one = _decision(path, rows.line_num, places, row)
            if (before := found.setdefault(one.file, one)) != one and (
                (before.decision, before.class_name) != (one.decision, one.class_name)
            ):
                raise KnownError(
                    f"{path} contradicts itself about {one.file!r} in lines {lines[one.file]} and "
                    f"{rows.line_num}; keep one of the two."
                )
            lines.setdefault(one.file, rows.line_num)
    except csv.Error as error:
        raise KnownError(f"{path} can't be read in line {rows.line_num}: {error}.") from error
    return Decisions(found, hashlib.sha256(content).hexdigest(), path)


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write them, in order of file, whole or not at all.

    Raises:
        KnownError: the file can't be written.
    """
    lines = [table_line(COLUMNS)]
    for one in sorted(decisions, key=lambda one: one.file):
        lines.append(table_line((one.file, one.decision, one.class_name, one.reason)))
    write_bytes(path, "".join(lines).encode())


def _places(path: Path, heading: list[str]) -> dict[str, int]:
    named = [clean(title).lower() for title in heading]
    for needed in COLUMNS[:2]:
        if needed not in named:
            raise KnownError(
                f"{path} has no column {needed!r}; a decision file has the columns "
                f"{', '.join(COLUMNS)}."
            )
    return {name: named.index(name) for name in COLUMNS if name in named}


def _decision(path: Path, line: int, places: Mapping[str, int], row: list[str]) -> Decision:
    told = {name: row[at] if at < len(row) else "" for name, at in places.items()}
    file = plain_name(told["file"])
    word = told["decision"].strip().lower()
    if not file:
        raise KnownError(f"{path} names no file in line {line}; fill it in or take the line out.")
    for verdict in get_args(Verdict):
        if word == verdict:
            class_name = clean(told.get("class", ""))
            return Decision(file, verdict, class_name, clean(told.get("reason", "")))
    raise KnownError(
        f"{path} says {clean(word)!r} of {file!r} in line {line}; a decision is keep or reject."
    )
