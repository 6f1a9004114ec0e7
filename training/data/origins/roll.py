"""A credits roll: who made the pictures that a model learned from, as text or as a page."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from textwrap import wrap

from explorer import __version__
from explorer.core.errors import KnownError
from training.data.card import TABLE, check_table, read_dataset
from training.data.origins.credits import Credit, clean, credit_of, pictures

_MOST_SOURCES = 3  # named under each person; the table beside the records names all
_ROLL = 72  # characters a line
_ADDRESSES = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "PDM-1.0": "https://creativecommons.org/publicdomain/mark/1.0/",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who made pictures, and what of theirs is in the dataset."""

    name: str
    works: tuple[tuple[int, str], ...]  # pictures, under which licence
    sources: tuple[str, ...]  # each once, those of most pictures first


@dataclass(frozen=True, slots=True)
class Roll:
    """All that a dataset knows about the origin of its pictures, most pictures first."""

    name: str
    count: int
    people: tuple[Person, ...]
    thanks: tuple[str, ...]  # lines of the card that name no one in ``people``
    licences: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]  # of pictures whose author is not known
    authorless: int  # pictures that don't say who made them
    unlicensed: int


def read_roll(dataset: Path) -> Roll:
    """What a prepared dataset knows of its pictures' origin.

    Raises:
        KnownError: it is no dataset, or its table is missing or broken.
    """
    card = read_dataset(dataset)
    counts: Counter[Credit] = Counter()
    try:
        check_table(dataset / TABLE)
        with (dataset / TABLE).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                counts[credit_of({k: v for k, v in row.items() if k and isinstance(v, str)})] += 1
    except FileNotFoundError as error:
        raise KnownError(f"{dataset} lacks its {TABLE}; prepare it again.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KnownError(f"{dataset / TABLE} can't be read: {error}; prepare it again.") from error
    if counts.total() != card.count:
        raise KnownError(
            f"{dataset / TABLE} does not list the {pictures(card.count)} of its card; prepare it "
            "again."
        )
    return _roll(clean(card.name), counts, tuple(map(clean, card.credits)))


def as_text(roll: Roll) -> str:
    """The roll for a terminal or a text file."""
    return "\n".join(_text_lines(roll)) + "\n"


def as_page(roll: Roll) -> str:
    """The roll as HTML that needs no network, like the end of a film."""
    template = (
        resources.files("training.data.origins").joinpath("roll.html").read_text(encoding="utf-8")
    )
    return Template(template).substitute(
        title=escape(roll.name),
        about=escape(f"learned from {pictures(roll.count)}"),
        body="\n".join(_sections(roll)),
        seconds=max(20, len(roll.people) + len(roll.thanks) + len(roll.licences)),
        software=escape(f"masquerade {__version__}"),
    )


def _roll(name: str, counts: Counter[Credit], told: tuple[str, ...]) -> Roll:
    works: dict[str, Counter[str]] = {}
    sources: dict[str, Counter[str]] = {}
    licences: Counter[str] = Counter()
    for credit, count in counts.items():
        works.setdefault(credit.author, Counter())[credit.licence] += count
        sources.setdefault(credit.author, Counter())[credit.source] += count
        licences[credit.licence] += count
    nobody = works.pop("", Counter())
    people = [
        Person(
            author,
            tuple((count, licence) for licence, count in _most_first(licensed)),
            tuple(source for source, _ in _most_first(sources[author]) if source),
        )
        for author, licensed in works.items()
    ]
    unlicensed = licences.pop("", 0)
    named = tuple(f"{person.name}:" for person in people)  # as the card's own lines begin
    return Roll(
        name,
        counts.total(),
        tuple(sorted(people, key=lambda each: (-sum(n for n, _ in each.works), each.name))),
        tuple(line for line in told if line not in works and not line.startswith(named)),
        tuple(_most_first(licences)),
        tuple(each for each in _most_first(sources.get("", Counter())) if each[0]),
        nobody.total(),
        unlicensed,
    )


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _works(person: Person) -> str:
    return "; ".join(
        f"{pictures(n)}{f', {licence}' if licence else ''}" for n, licence in person.works
    )


def _address(licence: str) -> str:
    """Where a Creative Commons licence can be read; empty for others."""
    kind, _, version = licence.removeprefix("CC-").rpartition("-")
    if licence.startswith("CC-BY") and kind and version:
        return f"https://creativecommons.org/licenses/{kind.lower()}/{version}/"
    return _ADDRESSES.get(licence, "")


def _unsaid(roll: Roll) -> str:
    """What the dataset does not know, in a sentence."""
    missing = [
        f"{pictures(count)} {'does' if count == 1 else 'do'} not say {what}"
        for count, what in (
            (roll.authorless, "who made them"),
            (roll.unlicensed, "what may be done with them"),
        )
        if count
    ]
    return f"{', and '.join(missing)}." if missing else ""


def _text_lines(roll: Roll) -> Iterator[str]:
    spaced = " ".join(roll.name.upper())
    yield ""
    yield (spaced if len(spaced) <= _ROLL else roll.name).center(_ROLL).rstrip()
    yield f"learned from {pictures(roll.count)}".center(_ROLL).rstrip()
    if roll.people:
        yield from _heading("Pictures by")
    for person in roll.people:
        yield _leader(person.name, _works(person))
        yield from (f"    {source}" for source in person.sources[:_MOST_SOURCES])
        if len(person.sources) > _MOST_SOURCES:
            yield f"    and {len(person.sources) - _MOST_SOURCES:,} more, named in {TABLE}"
    if roll.sources:
        yield from _heading("Pictures from")
        yield from (_leader(source, pictures(count)) for source, count in roll.sources)
    if roll.thanks:
        yield from _heading("With thanks")
        yield from (each for line in roll.thanks for each in _wrapped(line))
    if roll.licences:
        yield from _heading("Licences")
    for licence, count in roll.licences:
        yield _leader(licence, pictures(count))
        if address := _address(licence):
            yield f"    {address}"
    if sentence := _unsaid(roll):
        yield from ("", *_wrapped(sentence))


def _heading(text: str) -> tuple[str, str, str]:
    return "", text.upper().center(_ROLL).rstrip(), ""


def _wrapped(text: str) -> list[str]:
    return wrap(text, _ROLL, initial_indent="  ", subsequent_indent="  ")


def _leader(left: str, right: str) -> str:
    """Dots between a name and what stands to its right, on a line of its own if need be."""
    dots = _ROLL - len(left) - len(right) - 4
    if dots >= 3:
        return f"  {left} {'.' * dots} {right}"
    return f"  {left}\n{right.rjust(_ROLL)}"


def _sections(roll: Roll) -> Iterator[str]:
    rows = []
    for person in roll.people:
        sources = [escape(source) for source in person.sources[:_MOST_SOURCES]]
        if len(person.sources) > _MOST_SOURCES:
            sources.append(f"and {len(person.sources) - _MOST_SOURCES:,} more")
        below = "".join(f"<small>{source}</small>" for source in sources)
        rows.append(_row(escape(_works(person)), f"{escape(person.name)}{below}"))
    yield _section("Pictures by", rows)
    yield _section(
        "Pictures from", [_row(escape(pictures(n)), escape(source)) for source, n in roll.sources]
    )
    yield _section("With thanks", [f"<p>{escape(line)}</p>" for line in roll.thanks])
    rows = []
    for licence, count in roll.licences:
        address = escape(_address(licence))
        below = f"<small>{address}</small>" if address else ""
        rows.append(_row(escape(pictures(count)), f"{escape(licence)}{below}"))
    yield _section("Licences", rows)
    if sentence := _unsaid(roll):
        yield f'<section><p class="unsaid">{escape(sentence)}</p></section>'


def _row(left: str, right: str) -> str:
    return f"<div><dt>{left}</dt><dd>{right}</dd></div>"


def _section(title: str, rows: list[str]) -> str:
    if not rows:
        return ""
    inside = "".join(rows)
    listed = f"<dl>{inside}</dl>" if rows[0].startswith("<div>") else inside
    return f"<section><h2>{title}</h2>{listed}</section>"
