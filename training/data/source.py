"""Where pictures come from, seen one way whether folder, archive or array."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from training.data.decode import Fit, Pixels

UNSORTED = "unsorted"
"""The class of pictures that lie beside the class folders."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that is there but not yet read.

    ``read`` gives uint8 ``(fit.size, fit.size, fit.channels)`` or raises ``Skipped``; it may
    be called on any thread.
    """

    file: str  # its name inside the source, "/" between folders
    read: Callable[[Fit], Pixels]
    # Its file as it lies there, or a PNG of it; raises ``Skipped``. None where there is neither.
    content: Callable[[], bytes] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What a folder, zip or array holds, in order of name, and what is known of it."""

    pictures: Sequence[Picture]
    skipped: Sequence[tuple[str, str]] = ()  # file, reason
    columns: Sequence[str] = ()  # of the table that lies beside the pictures
    table: Mapping[str, Sequence[str]] = field(default_factory=dict)  # file -> a value a column
    licence: str = ""
    credits: Sequence[str] = ()


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
