"""Where pictures come from, seen one way whether folder, archive, array, film or dataset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from training.data.card import Framing
from training.data.fitting.decode import to_png
from training.data.fitting.fit import Fit, Pixels
from training.data.fitting.steps import Load, Plan
from training.data.origins.credits import Credit, Known, credit_of
from training.data.sources.listing import wholes

UNSORTED = "unsorted"
"""The class of pictures that lie beside the class folders."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that is there but not yet read, or a film full of them.

    ``load`` gives the file's bytes, or pixels where there is no file, or raises ``Skipped``; it
    may be called on any thread and, pickled, in another process of this machine.
    """

    file: str  # its name inside the source, "/" between folders
    load: Load
    film: Path | None = None  # where its frames are to be read from

    def content(self) -> bytes:
        """Its file as it lies there, or a PNG of it; raises ``Skipped``."""
        raw = self.load()
        return raw if isinstance(raw, bytes) else to_png(raw)

    def read(self, fit: Fit) -> Pixels:
        """The picture alone as a dataset of this ``fit`` would hold it; raises ``Skipped``."""
        return Plan(fit).pixels(self.load())[0]


class Pictures(Sequence[Picture]):
    """So many, each made by ``at`` when it is asked for: a hundred thousand of them weigh."""

    def __init__(self, count: int, at: Callable[[int], Picture]) -> None:
        self._range, self._at = range(count), at

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, number: int) -> Picture: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Picture]: ...
    def __getitem__(self, number: int | slice) -> Picture | Sequence[Picture]:
        if isinstance(number, slice):
            return [self._at(n) for n in self._range[number]]
        return self._at(self._range[number])


@dataclass(frozen=True, slots=True)
class Source:
    """What a source holds, in order of name, and what is known of it."""

    pictures: Sequence[Picture]
    skipped: Sequence[tuple[str, str]] = ()  # file, reason
    columns: Sequence[str] = ()  # of the table that lies beside the pictures
    table: Mapping[str, Sequence[str]] = field(default_factory=dict)  # file -> a value a column
    classes: Mapping[str, str] | None = None  # file -> class, where the source itself says so
    framing: Framing | None = None  # where all were prepared before, and by us
    known: Known = field(default_factory=Known)  # whose the pictures are
    licence: str = ""  # of all, where nothing nearer speaks
    credits: Sequence[str] = ()
    roots: Sequence[str] = ("",)  # folders that hold everything; a zip may be wrapped in one

    def row(self, file: str) -> dict[str, str]:
        """What the table says of a picture, or of the picture that it is a part of."""
        rows = (self.table[name] for name in wholes(file) if name in self.table)
        return dict(zip(self.columns, next(rows, ()), strict=False))

    def told(self, file: str) -> Credit:
        """What the table says of a picture's origin."""
        return credit_of(self.row(file))


def classes(files: Sequence[str], is_picture: Callable[[int], bool]) -> dict[str, str]:
    """Find the class of every folder: maps a file's name to its class, or is empty.

    The folders at the highest level that has several are the classes, so that a zip which
    wraps everything in one folder changes nothing. A folder without a readable picture is
    no class; ``is_picture`` is asked until it says yes once for each folder.
    """
    within = ""
    while True:
        groups: dict[str | None, list[int]] = {}
        for number, file in enumerate(files):
            if file.startswith(within):
                folder, slash, _ = file[len(within) :].partition("/")
                groups.setdefault(folder if slash else None, []).append(number)
        alive = {name: group for name, group in groups.items() if any(map(is_picture, group))}
        if len(alive) > 1:
            return {files[n]: name or UNSORTED for name, group in alive.items() for n in group}
        if not alive or None in alive:
            return {}
        within += f"{next(iter(alive))}/"
