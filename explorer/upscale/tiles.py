"""Cut a picture too big for memory into pieces, and know where each piece goes."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; ``right`` and ``bottom`` are just outside it."""

    left: int
    top: int
    right: int
    bottom: int

    def grown(self, margin: int, within: "Box") -> "Box":
        """This box with ``margin`` more pixels on each side that has room for them."""
        return Box(
            max(self.left - margin, within.left),
            max(self.top - margin, within.top),
            min(self.right + margin, within.right),
            min(self.bottom + margin, within.bottom),
        )


@dataclass(frozen=True, slots=True)
class Tile:
    """Read ``seen``, upscale it, and keep only the part that covers ``kept``."""

    seen: Box
    kept: Box


def tiles(width: int, height: int, *, side: int, margin: int) -> Iterator[Tile]:
    """Cover the picture with tiles, row by row; every pixel is kept exactly once.

    ``kept`` is at most ``side`` pixels a side; ``seen`` adds up to ``margin`` around it
    so that convolutions have real neighbours to look at.
    """
    picture = Box(0, 0, width, height)
    for top in range(0, height, side):
        for left in range(0, width, side):
            right, bottom = min(left + side, width), min(top + side, height)
            kept = Box(left, top, right, bottom)
            yield Tile(seen=kept.grown(margin, within=picture), kept=kept)
