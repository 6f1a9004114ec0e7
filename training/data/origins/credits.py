"""Who made each picture, where it came from, and what may be done with it.

What is said of one picture counts before what is said of a folder, and a nearer folder's word
before a farther one's; what a person wrote counts before what the file says of itself. Each of
the three fields is looked for by itself:

1. the picture's line in a `credits.csv`, in its folder or one above, or beside the source;
2. its line in the source's `pictures.csv`;
3. what is embedded in it: XMP, then EXIF (``training.data.origins.embedded``);
4. the nearest LICENCE and CREDITS at or above it; at the root, `--licence` and `--credits`;
5. a statement of rights embedded in it that names no licence.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.data.sources.listing import wholes

BESIDE_PICTURES = "credits.csv"
"""The table's name."""

MAX_FIELD = 500  # characters; what a line of a model's card holds
BETWEEN = "; "  # licences on a card, authors of one picture

_FIELDS = ("source", "author", "licence")
_HEADINGS = {
    "file": ("file", "filename", "path", "picture", "image"),
    "source": ("source", "url", "link", "from"),
    "author": ("author", "artist", "creator", "credit", "credits", "photographer"),
    "licence": ("licence", "license", "rights"),
}
_MOST_NAMED = 20  # lines of one table that are complained of by themselves
_MOST_MISSING = 3  # further names in the sentence that counts the rest

_CC_ADDRESS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/(\d\.\d)\S*",
    re.IGNORECASE,
)
_CC_NAME = re.compile(
    r"(?:CC|Creative Commons)[ -](BY(?:[ -](?:NC|SA|ND))*)[ -](\d\.\d)", re.IGNORECASE
)
_CC_ZERO = re.compile(r"CC[ -]?0(?:[ -]1\.0)?(?: Universal)?", re.IGNORECASE)
_CC_TITLE = re.compile(
    r"\bAttribution(-Non-?Commercial)?(-Share-?Alike|-No-?Deriv(?:ative)?s)?\s+(\d\.\d)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Credit:
    """What is known of one picture's origin; empty where nothing is."""

    source: str = ""
    author: str = ""
    licence: str = ""

    def or_else(self, other: "Credit") -> "Credit":
        """Take from ``other`` what this one doesn't say."""
        return Credit(
            self.source or other.source,
            self.author or other.author,
            self.licence or other.licence,
        )

    def __bool__(self) -> bool:
        return bool(self.source or self.author or self.licence)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a picture says of itself; ``rights`` is a statement that names no known licence."""

    credit: Credit = Credit()
    rights: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """What LICENCE and CREDITS files say, by folder: "" is the root, others end in "/"."""

    licences: Mapping[str, str] = field(default_factory=dict)
    credits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, file: str) -> Credit:
        """The nearest folder's word on ``file``, for each field by itself."""
        above = list(_folders(file))
        licence = next((self.licences[f] for f in above if f in self.licences), "")
        thanked = next((self.credits[f] for f in above if f in self.credits), ())
        return Credit(author=clean(BETWEEN.join(thanked)), licence=licence)


@dataclass(frozen=True, slots=True)
class Known:
    """All that a source says of its pictures from outside of them."""

    written: Mapping[str, Credit] = field(default_factory=dict)  # by file, from credits.csv
    notices: Notices = Notices()

    def of(self, file: str, table: Credit = Credit(), inside: Embedded = Embedded()) -> Credit:
        """The credit of ``file``, in the order of this module's first lines.

        A part of a picture (``a.png#2``) has the credit of the whole, unless it has its own.
        """
        found = Credit()
        for name in wholes(file):
            found = found.or_else(self.written.get(name, Credit()))
        for next_best in (table, inside.credit, self.notices.of(file)):
            found = found.or_else(next_best)
        return found.or_else(Credit(licence=inside.rights))


def read_credits(content: bytes, folder: str = "") -> tuple[dict[str, Credit], list[str]]:
    """Read a `credits.csv`: columns `file` and any of `source`, `author`, `licence`.

    Names are relative to ``folder``, where the table lies. A line that can't be used is left
    out and complained of; of two that contradict each other the first counts.

    Returns:
        Credits by the file's full name, and complaints, each to follow the table's name.
    """
    text, strange = plain_text(content)
    complaints = [strange] if strange else []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    found: dict[str, Credit] = {}
    first_line: dict[str, int] = {}
    wrong: list[str] = []
    try:
        columns = _columns(next(rows, []))
    except csv.Error as error:
        return {}, [f"is no table: {error}"]
    if "file" not in columns or len(columns) == 1:
        return {}, ["is no table with the columns file, source, author, licence"]
    while True:
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:  # the next line is read again from its beginning
            wrong.append(f"line {rows.line_num}: {error}")
            continue
        told = {name: row[at] for name, at in columns.items() if at < len(row)}
        if not any(value.strip() for value in told.values()):
            continue
        file = plain_name(told.pop("file", ""))
        credit = credit_of(told)
        if not file or ".." in file.split("/"):
            wrong.append(f"line {rows.line_num}: it names no file")
        elif found.setdefault(folder + file, credit) != credit:
            wrong.append(
                f"line {rows.line_num} contradicts line {first_line[file]} about {file!r}, "
                "and the first counts"
            )
        first_line.setdefault(file, rows.line_num)
    return found, complaints + _shortened(wrong)


def unknown_files(written: Iterable[str], known: Iterable[str], does: str = "credits") -> list[str]:
    """Complain of files that a table names and that don't exist; ``known`` are the source's."""
    there = set(known)
    there.update({file.rpartition("#")[0] for file in there if "#" in file})
    # Which parts there will be is not known yet.
    missing = [file for file in written if not any(whole in there for whole in wholes(file))]
    return _shortened([f"{does} {file!r}, which is not there" for file in missing])


def credit_of(row: Mapping[str, str]) -> Credit:
    """The credit in a table's row; what it doesn't say is empty."""
    return Credit(
        clean(row.get("source", "")),
        clean(row.get("author", "")),
        licence_of(row.get("licence", "")),
    )


def licence_of(text: str) -> str:
    """A licence as it was named; a Creative Commons one by its SPDX name."""
    return known_licence(text) or clean(text)


def known_licence(text: str) -> str:
    """The SPDX name of a Creative Commons licence, where ``text`` is its name or address."""
    text = clean(text)
    if _CC_ZERO.fullmatch(text):
        return "CC0-1.0"
    if match := _CC_NAME.fullmatch(text):
        return f"CC-{match[1].upper().replace(' ', '-')}-{match[2]}"
    if match := _CC_ADDRESS.fullmatch(text):
        kind = match[1].lower()
        special = {"zero": "CC0", "mark": "PDM"}
        return f"{special.get(kind, f'CC-{kind.upper()}')}-{match[2]}"
    return "public domain" if text.lower().rstrip(".") == "public domain" else ""


def licence_of_notice(text: str) -> str:
    """What a LICENCE file grants: its first line, or the licence whose text it holds."""
    lines = [line for line in map(clean, text[:8000].splitlines()) if line]
    if not lines:
        return ""
    head = " ".join(lines[:8])
    legal = len(lines) > 3  # a person writes a line, lawyers write pages
    if legal and "CC0 1.0 Universal" in head:
        return "CC0-1.0"
    if legal and (match := _CC_TITLE.search(head)):
        parts = ["CC-BY", "NC" if match[1] else ""]
        parts += ["SA" if "share" in (match[2] or "").lower() else "ND" if match[2] else ""]
        return "-".join([*filter(None, parts), match[3]])
    if legal and lines[0] == "Apache License" and "Version 2.0" in head:
        return "Apache-2.0"
    return licence_of(lines[0])


def lines_of_notice(text: str) -> tuple[str, ...]:
    """Whom a CREDITS file thanks, a line each."""
    return tuple(line for line in map(clean, text.splitlines()) if line)


def clean(text: str) -> str:
    """One line that steers no terminal and no page, of at most ``MAX_FIELD`` characters."""
    head = text[: 4 * MAX_FIELD]  # a field may be megabytes long
    printable = "".join(c if c.isprintable() else " " for c in head)
    line = " ".join(printable.split())
    return line if len(line) <= MAX_FIELD else f"{line[: MAX_FIELD - 1]}…"


def plain_name(name: str) -> str:
    """A file's name in a table as we write it: "/" between folders, composed letters."""
    parts = unicodedata.normalize("NFC", name).replace("\\", "/").split("/")
    return "/".join(part for part in parts if part.strip() not in ("", ".")).strip()


def plain_text(content: bytes) -> tuple[str, str]:
    """Text in whatever encoding spreadsheets write, and a complaint where it had to be guessed."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, "replace"), ""
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "is not UTF-8, and was read as Windows-1252"


def delimiter(text: str) -> str:
    """What stands between the columns: spreadsheets of half the world write semicolons."""
    heading = text[:2000].splitlines()[0] if text.strip() else ""
    return max(",;\t", key=heading.count)


def summary(
    counts: Mapping[Credit, int], *, thanks: Sequence[str] = ()
) -> tuple[str, tuple[str, ...]]:
    """What a dataset's card says of its pictures' credits.

    Args:
        counts: pictures by author and licence; sources are left to `pictures.csv`.
        thanks: lines that stand there in any case, before the authors'.

    Returns:
        All licences, most pictures first, and a line for each author and licence.
    """
    total = sum(counts.values())
    licences: Counter[str] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    for credit, count in counts.items():
        licences[credit.licence] += count
        people[credit.author, credit.licence] += count
    silent = licences.pop("", 0)
    said = [name for name, _ in _most_first(licences)]
    if said and silent:
        said.append(f"not stated for {silent:,} of {total:,} pictures")
    already = {*thanks, clean(BETWEEN.join(thanks))}
    lines = [
        clean(f"{author}: {pictures(count)}{f', {licence}' if licence else ''}")
        for (author, licence), count in _most_first(people)
        if author and author not in already
    ]
    return BETWEEN.join(said), (*thanks, *lines)


def pictures(count: int) -> str:
    """A number of them, in words."""
    return "1 picture" if count == 1 else f"{count:,} pictures"


def _most_first(counts: Mapping[str, int] | Mapping[tuple[str, str], int]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _folders(file: str) -> Iterator[str]:
    """The folders that a file lies in, the nearest first and the root last."""
    while file:
        file = file.rstrip("/").rpartition("/")[0]
        yield f"{file}/" if file else ""


def _columns(heading: Sequence[str]) -> dict[str, int]:
    """Where each of our columns stands; the first of several that could be it."""
    places: dict[str, int] = {}
    for at, title in enumerate(heading):
        for name, titles in _HEADINGS.items():
            if clean(title).lower() in titles:
                places.setdefault(name, at)
    return places


def _shortened(complaints: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    if len(complaints) <= _MOST_NAMED:
        return complaints
    rest = complaints[_MOST_NAMED:]
    more = "; ".join(rest[:_MOST_MISSING]) + ("; ..." if len(rest) > _MOST_MISSING else "")
    return [*complaints[:_MOST_NAMED], f"and {len(rest):,} more: {more}"]
