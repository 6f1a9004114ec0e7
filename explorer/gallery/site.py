"""An exhibition in one file: pictures hung in a page that opens without a server or a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from explorer.core.files import write_bytes


@dataclass(frozen=True, slots=True)
class Work:
    """One picture on the wall; ``file`` is relative to the page, with forward slashes."""

    file: str
    title: str
    caption: str
    width: int  # pixels
    height: int


def write_site(
    out: Path,
    works: Sequence[Work],
    *,
    title: str,
    text: str = "",
    credit: Sequence[str] = (),
) -> None:
    """Write ``index.html`` into ``out``, whole or not at all."""
    write_bytes(out / "index.html", page(works, title=title, text=text, credit=credit).encode())


def page(works: Sequence[Work], *, title: str, text: str = "", credit: Sequence[str] = ()) -> str:
    """The page as HTML."""
    hung = "\n".join(
        f'<figure><img src="{quote(work.file)}" alt="{escape(work.title)}" loading="lazy"'
        f' width="{work.width}" height="{work.height}"><figcaption>{escape(work.title)}'
        f"</figcaption></figure>"
        for work in works
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>{hung}'
    )
