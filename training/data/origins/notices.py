"""What lies among the pictures to say something of them: whose they are, and what they show."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from sys import intern

from training.data.card import TABLE, Framing
from training.data.fitting.decode import Skipped
from training.data.origins.credits import (
    BESIDE_PICTURES,
    Credit,
    Known,
    Notices,
    licence_of_notice,
    lines_of_notice,
    plain_text,
    read_credits,
    unknown_files,
)
from training.data.sources.listing import MAX_BYTES, Entry, check_length, plain_name
from training.data.sources.stylegan import LABELS, classes_of, read_framing, read_labels

OURS = re.compile(
    r"(pictures\.csv|credits\.csv|dataset\.json|(licen[cs]e|credits)(\.txt|\.md)?)", re.IGNORECASE
)
"""Files that are read instead of shown."""

_MAX_NOTICE = 1 << 20  # bytes of a LICENCE or CREDITS file


@dataclass(slots=True)
class Said:
    """All of it; ``skipped`` has what could not be understood, and why."""

    columns: Sequence[str] = ()
    table: Mapping[str, Sequence[str]] = field(default_factory=dict)
    classes: Mapping[str, str] | None = None
    framing: Framing | None = None
    known: Known = field(default_factory=Known)
    licence: str = ""
    credits: Sequence[str] = ()
    roots: Sequence[str] = ("",)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def read_notices(ours: Sequence[Entry], files: Sequence[str], source: Path) -> Said:
    """Read what lies among ``files``, in order of name, and a `credits.csv` beside ``source``.

    A LICENCE, a CREDITS and a `credits.csv` speak for their folder and those below; `pictures.csv`
    and `dataset.json` only at the root, since they speak of classes and columns for all.
    """
    said = Said()
    ends = [files[at] for at in (0, -1) if files]  # what begins both begins all
    root = [entry for entry in ours if all(end.startswith(_folder(entry)) for end in ends)]
    table, labels = _highest(root, TABLE), _highest(root, LABELS)
    for entry in ours:
        name = PurePosixPath(entry.file).name.lower()
        if name in (TABLE, LABELS) and entry not in (table, labels):
            reason = "is not read: the source's own has to lie at its root"
            said.skipped.append((entry.file, reason))
    if table is not None:
        said.columns, said.table = _read_table(table, said.skipped)
    if labels is not None:
        _read_labels(said, labels, files)
    _read_credits(said, ours, root, files, source)
    return said


def _read_credits(
    said: Said, ours: Sequence[Entry], root: Sequence[Entry], files: Sequence[str], source: Path
) -> None:
    licences: dict[str, str] = {}
    thanks: dict[str, tuple[str, ...]] = {}
    written: dict[str, Credit] = {}
    for entry in sorted(ours, key=lambda entry: -entry.file.count("/")):  # the nearest first
        name = PurePosixPath(entry.file).name.lower()
        if name in (TABLE, LABELS):
            continue
        content = _content(entry, said.skipped)
        if content is None:
            continue
        if name == BESIDE_PICTURES:
            found, complaints = read_credits(content, _folder(entry))
            written = {**found, **written}
            complaints += unknown_files(found, files)
            said.skipped += [(entry.file, complaint) for complaint in complaints]
        elif name.startswith("credits"):
            thanks.setdefault(_folder(entry), lines_of_notice(plain_text(content)[0]))
        else:
            licences.setdefault(_folder(entry), licence_of_notice(plain_text(content)[0]))
    written = {**_beside(said, files, source), **written}
    said.known = Known(written, Notices(licences, thanks))
    wraps = sorted({_folder(entry) for entry in root}, key=len)  # a zip may wrap all in a folder
    said.roots = tuple(wraps) or ("",)
    said.licence = next((licences[f] for f in wraps if licences.get(f)), "")
    said.credits = next((thanks[f] for f in wraps if thanks.get(f)), ())


def _beside(said: Said, files: Sequence[str], source: Path) -> dict[str, Credit]:
    """What a `credits.csv` that lies beside the source says; names may begin with the source's."""
    path = source.absolute().parent / BESIDE_PICTURES
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        check_length(len(content), MAX_BYTES)
    except Skipped as reason:
        said.skipped.append((f"../{BESIDE_PICTURES}", str(reason)))
        return {}
    except OSError as error:
        said.skipped.append((f"../{BESIDE_PICTURES}", f"can't be read: {error.strerror}"))
        return {}
    found, complaints = read_credits(content)
    there = set(files)
    own = {}
    for name, credit in found.items():
        short = name.removeprefix(f"{plain_name(source.name)}/")
        own[short if short in there else name] = credit
    complaints += unknown_files(own, files) if len(own.keys() & there) else []
    said.skipped += [(f"../{BESIDE_PICTURES}", complaint) for complaint in complaints]
    return own


def _content(entry: Entry, skipped: list[tuple[str, str]]) -> bytes | None:
    limit = MAX_BYTES if entry.file.lower().endswith(".csv") else _MAX_NOTICE
    try:
        return entry.content(limit)
    except Skipped as reason:
        skipped.append((entry.file, str(reason)))
        return None


def _folder(entry: Entry) -> str:
    return entry.file[: -len(PurePosixPath(entry.file).name)]


def _highest(root: Sequence[Entry], name: str) -> Entry | None:
    """The file of this name nearest the root; a zip may wrap everything in one folder."""
    found = [entry for entry in root if PurePosixPath(entry.file).name.lower() == name]
    return min(found, key=lambda entry: entry.file.count("/"), default=None)


def _read_labels(said: Said, entry: Entry, files: Sequence[str]) -> None:
    try:
        content = entry.content(MAX_BYTES)
        labels = read_labels(content, _folder(entry))
        if labels is not None:
            wrong = unknown_files(labels, files, "labels")
            said.skipped += [(entry.file, complaint) for complaint in wrong]
            said.classes = classes_of(labels, files)
        said.framing = read_framing(content)
    except (Skipped, ValueError) as reason:
        said.skipped.append((entry.file, str(reason)))


def _read_table(
    entry: Entry, skipped: list[tuple[str, str]]
) -> tuple[list[str], dict[str, list[str]]]:
    """The table beside the pictures: its columns but `file`, and each file's row."""
    folder = _folder(entry)
    try:
        text = entry.content(MAX_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = [name for name in rows.fieldnames or () if name != "file"]
        table = {
            # Factors repeat; one string for all of them keeps a long table small.
            plain_name(folder + row["file"]): [intern(row[name] or "") for name in columns]
            for row in rows
        }
    except Skipped as reason:
        skipped.append((entry.file, str(reason)))
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError) as error:
        skipped.append((entry.file, f"is no table with a column `file`: {error}"))
    else:
        return columns, table
    return [], {}
