"""Several sources as one, and the classes of its pictures."""

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeAlias

from explorer.core.errors import KnownError
from training.data.decisions import Decisions
from training.data.framing import common
from training.data.origins.credits import Known, Notices
from training.data.sources.folder import open_source
from training.data.sources.listing import plain_name
from training.data.sources.source import UNSORTED, Picture, Pictures, Source, classes

By: TypeAlias = Literal["auto", "folders", "sources", "none"]
"""What makes classes: folders inside the sources, or the sources themselves."""

_NO_FOLDER = re.compile(r"[/\\]|^\.{1,2}$|(?<=^[A-Za-z]):")  # in a name; the last is a drive's


@dataclass(frozen=True, slots=True)
class Part:
    """One of several sources."""

    name: str  # of its class, where sources are classes
    prefix: str  # of its files' names: "" for an only one, else ending in "/"
    source: Source

    def file(self, number: int) -> str:
        return self.prefix + self.source.pictures[number].file


@dataclass(frozen=True, slots=True)
class Sorted:
    """Classes; none, or at least two."""

    names: Sequence[str] = ()  # in the order of their labels
    of: Mapping[str, str] = field(default_factory=dict)  # a source's picture -> its class


@dataclass(frozen=True, slots=True)
class Named:
    """A source as it was asked for."""

    name: str
    path: Path


def named(source: Path) -> Named:
    """A source, which may be written as `name=path`; else it is called as it is on disk.

    Raises:
        KnownError: the name would not do for a folder.
    """
    name, equals, path = str(source).partition("=")
    if equals and name and path and not os.path.lexists(source):
        if _NO_FOLDER.search(name):
            raise KnownError(
                f"{source} is not there, and {name!r} does not do for the name of a source; "
                "put a word before the =, without / or \\."
            )
        return Named(plain_name(name), Path(path))
    name = source.resolve().name if _is_folder(source) else source.stem
    return Named(plain_name(_NO_FOLDER.sub("_", name)) or "_", source)


def prefixes(names: Sequence[str]) -> list[str]:
    """A folder for the files of each source: called as it is, or else as none of them is."""
    if len(names) == 1:
        return [""]
    taken = set(names)
    found: list[str] = []
    for name in names:
        folder, number = name, 1
        while f"{folder}/" in found or (number > 1 and folder in taken):
            number += 1
            folder = f"{name}-{number}"
        found.append(f"{folder}/")
    return found


@contextmanager
def open_sources(sources: Sequence[Named]) -> Iterator[list[Part]]:
    """Open them all.

    Raises:
        KnownError: one can't be read.
    """
    with ExitStack() as stack:
        yield [
            Part(one.name, prefix, stack.enter_context(open_source(one.path)))
            for one, prefix in zip(sources, prefixes([one.name for one in sources]), strict=True)
        ]


def joined(parts: Sequence[Part], licence: str, credits: Sequence[str]) -> Source:
    """All parts as one source; ``licence`` and ``credits`` stand in for those at the roots."""
    columns = list(dict.fromkeys(name for part in parts for name in part.source.columns))
    table: dict[str, Sequence[str]] = {}
    known = [_known(part, licence, credits) for part in parts]
    for part in parts:
        for file, row in part.source.table.items():
            told = dict(zip(part.source.columns, row, strict=False))
            same = list(part.source.columns) == columns
            table[part.prefix + file] = row if same else [told.get(name, "") for name in columns]
    licences = {f: x for each in known for f, x in each.notices.licences.items()}
    thanks = {f: x for each in known for f, x in each.notices.credits.items()}
    return Source(
        _one_after_another(parts),
        [(part.prefix + file, why) for part in parts for file, why in part.source.skipped],
        columns=columns,
        table=table,
        framing=common([part.source.framing for part in parts]),
        known=Known(
            {file: x for each in known for file, x in each.written.items()},
            Notices(licences, thanks),
        ),
        credits=tuple(credits)
        or tuple(dict.fromkeys(line for part in parts for line in part.source.credits)),
    )


def sort(
    parts: Sequence[Part], by: By, decisions: Decisions, kept: Callable[[int], Iterable[str]]
) -> Sorted:
    """Find the classes, and that of every picture that may be used.

    Args:
        parts: the sources.
        by: what makes classes.
        decisions: may leave pictures out, or give them or parts of them another class.
        kept: what would be kept of the n-th picture of all, itself or its parts, by name; asked
            until each class is known to have something.
    """
    found: dict[str, str] = {}
    numbers: dict[str, int] = {}
    without: list[str] = []
    start = 0
    by_source = by == "sources" or (by == "auto" and len(parts) > 1)
    for part in parts:
        here = [(start + n, part.source.pictures[n].file) for n in range(len(part.source.pictures))]
        start += len(here)
        here = [each for each in here if not _is_out(decisions, part.prefix + each[1])]
        numbers |= {part.prefix + file: number for number, file in here}
        of_part: dict[str, str] = {}
        if by == "none":
            pass
        elif by_source:
            of_part = {file: part.name for _, file in here}
        elif part.source.classes is not None:
            of_part = {file: part.source.classes.get(file, UNSORTED) for _, file in here}
        else:
            places = [number for number, _ in here]
            of_part = classes([file for _, file in here], _is_usable(places, kept))
        if not of_part:
            without += [part.prefix + file for _, file in here]
        found |= {part.prefix + file: name for file, name in of_part.items()}
    moved = {file: name for file in numbers if (name := decisions.class_of(file, file))}
    if found or moved or any(map(decisions.classes_within, numbers)):
        found = {**dict.fromkeys(without, UNSORTED), **found, **moved}
    return _alive(found, numbers, decisions, kept)


def _is_usable(
    places: Sequence[int], kept: Callable[[int], Iterable[str]]
) -> Callable[[int], bool]:
    return lambda number: any(True for _ in kept(places[number]))


def _is_out(decisions: Decisions, file: str) -> bool:
    return decisions.rejects(file, file) and not decisions.has_parts(file)


def _alive(
    found: dict[str, str],
    numbers: dict[str, int],
    decisions: Decisions,
    kept: Callable[[int], Iterable[str]],
) -> Sorted:
    """Without the classes that would have no picture; nothing where only one is left."""
    alive: set[str] = set()
    for file, name in found.items():
        wanted = {name, *decisions.classes_within(file)} - alive
        for part in kept(numbers[file]) if wanted else ():
            alive.add(decisions.class_of(part, file) or name)
            if wanted <= alive:
                break
    if len(alive) < 2:
        return Sorted()
    return Sorted(sorted(alive), {file: name for file, name in found.items() if name in alive})


def _known(part: Part, licence: str, credits: Sequence[str]) -> Known:
    source = part.source
    licences, thanks = dict(source.known.notices.licences), dict(source.known.notices.credits)
    for root in source.roots:
        if licence:
            licences.pop(root, None)
        if credits:
            thanks.pop(root, None)
    if licence:
        licences.setdefault("", licence)
    if credits:
        thanks.setdefault("", tuple(credits))
    return Known(
        {part.prefix + file: credit for file, credit in source.known.written.items()},
        Notices(
            {part.prefix + folder: name for folder, name in licences.items()},
            {part.prefix + folder: lines for folder, lines in thanks.items()},
        ),
    )


def _one_after_another(parts: Sequence[Part]) -> Pictures:
    starts = list(accumulate((len(part.source.pictures) for part in parts), initial=0))

    def picture(number: int) -> Picture:
        at = bisect_right(starts, number) - 1  # the last that begins there or before: not empty
        part = parts[at]
        one = part.source.pictures[number - starts[at]]
        return Picture(part.prefix + one.file, one.load, one.film) if part.prefix else one

    return Pictures(starts[-1], picture)


def check_apart(sources: Sequence[Named], out: Path) -> None:
    """See that what is written does not become part of what is read.

    Raises:
        KnownError: ``out`` lies inside a source, or a source is named twice.
    """
    seen: set[Path] = set()
    for one in sources:
        path = Path(os.path.realpath(one.path))  # which takes a circle of links, too
        if _is_folder(one.path) and out.resolve().is_relative_to(path):
            raise KnownError(f"{out} lies inside {one.path}; put the dataset somewhere else.")
        if path in seen:
            raise KnownError(f"{one.path} is named twice; name every source once.")
        seen.add(path)


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # a name too long, of which opening it will complain
        return path.is_dir()
    return False
