"""An exhibition in one file: pictures hung in a page that opens without a server or a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import quote

from explorer.core.files import write_bytes
from explorer.gallery.caption import one_line, speakable
from explorer.gallery.recipe import software

LARGE: Final = 256  # pixels of the longer side from which a picture gets a wall of its own

_FRAMED: Final = 192  # pixels on the page that smaller pictures are brought near to
_ABREAST: Final = 4  # small works in a row, or nearly as many where that makes rows even


@dataclass(frozen=True, slots=True)
class Work:
    """One picture on the wall; ``file`` is relative to the page, with forward slashes."""

    file: str
    title: str
    caption: str
    width: int  # pixels
    height: int

    @property
    def is_large(self) -> bool:
        return max(self.width, self.height) >= LARGE


def write_site(
    out: Path, works: Sequence[Work], *, title: str, text: str = "", credit: Sequence[str] = ()
) -> None:
    """Write ``index.html`` into ``out``, whole or not at all; raises as ``write_bytes`` does."""
    content = page(works, title=title, text=text, credit=credit)
    write_bytes(out / "index.html", content.encode())


def page(works: Sequence[Work], *, title: str, text: str = "", credit: Sequence[str] = ()) -> str:
    """The page as HTML.

    Args:
        works: in the order they come to mind; ``hang`` spreads the large ones.
        title: of the exhibition.
        text: the words on the first wall; blank lines part paragraphs.
        credit: lines for the model's makers, licences and the origin of what it learnt from.
    """
    template = (resources.files("explorer.gallery") / "site.html").read_text(encoding="utf-8")
    paragraphs = filter(None, (part.strip() for part in speakable(text).split("\n\n")))
    return Template(template).substitute(
        title=escape(one_line(title)),
        software=escape(software()),
        text="\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs),
        count="One work" if len(works) == 1 else f"{len(works)} works",
        walls="\n".join(_wall(wall, number) for number, wall in enumerate(hang(works))),
        credit="\n".join(f"<li>{escape(one_line(line))}</li>" for line in credit),
    )


def hang(works: Sequence[Work]) -> list[list[Work]]:
    """Walls in the order of a walk: each large work alone, the small ones in groups between.

    The small ones are shared out evenly, so that the eye rests after every large one; both keep
    their order.
    """
    large = [work for work in works if work.is_large]
    small = [work for work in works if not work.is_large]
    walls: list[list[Work]] = []
    for number in range(max(1, len(large))):
        walls.append(large[number : number + 1])
        start, end = (len(small) * step // max(1, len(large)) for step in (number, number + 1))
        walls.append(small[start:end])
    return [wall for wall in walls if wall]


def _wall(works: Sequence[Work], number: int) -> str:
    if works[0].is_large:
        side = "large left" if number % 4 == 2 else "large"
        return "\n".join(_figure(work, side) for work in works)
    figures = "\n".join(_figure(work, "small") for work in works)
    rows = math.ceil(len(works) / _ABREAST)
    return (
        f'<section class="cabinet" style="--abreast: {math.ceil(len(works) / rows)}">\n'
        f"{figures}\n</section>"
    )


def _figure(work: Work, kind: str) -> str:
    title = one_line(work.title)
    label = one_line(work.caption)
    file = escape(quote(work.file))
    scale = 1 if work.is_large else max(1, round(_FRAMED / max(work.width, work.height)))
    shape = f"{work.width / work.height:.4f}"
    crisp = "" if work.is_large else ' class="crisp"'
    return (
        f'<figure class="{kind}"><a href="{file}"><img src="{file}"{crisp}'
        f' alt="{escape(", ".join(filter(None, (title or "Untitled", label))))}"'
        f' width="{work.width * scale}" height="{work.height * scale}"'
        f' data-width="{work.width}" data-height="{work.height}"'
        f' style="--shape: {shape}" loading="lazy"></a>'
        f'<figcaption><span class="title">{escape(title or "Untitled")}</span>'
        f'<span class="label">{escape(label)}</span></figcaption></figure>'
    )
