"""The report: a page like a light table, its thumbnails, and the decisions as a table."""

import base64
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, read_json, write_bytes
from explorer.core.progress import Progress
from explorer.core.words import printable
from training.curation.findings import Suggestion
from training.curation.pile import Pile, image_of, load
from training.curation.sections import SUGGESTED, Section
from training.curation.survey import Survey
from training.data.decisions import Decision
from training.data.fitting.fit import Skipped

SCRIPTS = ("marks.js", "page.js")  # one after the other
CARD, PAGE, TABLE, CACHE = "report.json", "index.html", "decisions.csv", "seen.bin"

SHOWN = 6000
"""Pictures on the page at most, the worst of each kind first; the table has them all."""

_LONGEST = 320  # pixels of a thumbnail


class ReportCard(BaseModel):
    """`report.json`: that this folder is a report, and of what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    id: str = Field(pattern=r"^[0-9a-f]{32}$")  # the page keeps a person's marks under it
    name: str
    source: str = Field(pattern=r"^[0-9a-f]{64}$")  # sha256 of where it lies


def claim(out: Path, source: Path, name: str) -> ReportCard:
    """Make the report's folder, or go on in the one that is there.

    Raises:
        KnownError: it can't be written, holds something else, or is another source's.
    """
    source = source.resolve()
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()
    if source.is_dir() and out.resolve().is_relative_to(source):
        raise KnownError(f"{out} lies inside {source}; put the report somewhere else.")
    if (out / CARD).is_file():
        card = read_json(out / CARD, ReportCard)
        if card.source != digest:
            raise KnownError(
                f"{out} is the report of another source, “{printable(card.name)}”; "
                "choose another folder."
            )
        return card
    try:
        if out.exists() and any(not path.name.startswith(BESIDE) for path in out.iterdir()):
            raise KnownError(f"{out} holds something else than a report; choose another folder.")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror}; choose another folder."
        ) from error
    card = ReportCard(id=uuid.uuid4().hex, name=name, source=digest)
    write_bytes(out / CARD, card.model_dump_json(indent=1).encode())
    return card


def write_page(
    out: Path,
    card: ReportCard,
    pile: Pile,
    found: Survey,
    sections: Sequence[Section],
    suggested: Mapping[int, Suggestion],
    looks_like: Mapping[int, str],
    marks: Iterable[Decision],
    lead: Sequence[str],
    progress: Progress = Progress(),
) -> None:
    """Write `index.html` and the thumbnails that it shows.

    Args:
        out: the report's folder.
        card: of the report.
        pile: gives the pictures once more, for their thumbnails.
        found: what is known of them.
        sections: in the order of the page.
        suggested: picture -> what a finder would do.
        looks_like: picture -> another class, which a person may move it to by one key.
        marks: what a person decided already.
        lead: sentences that stand on top.
        progress: is told how many thumbnails are there.

    Raises:
        KnownError: the disk refuses.
    """
    sections = _cut(sections)
    shown = sorted({number for each in sections for group in each.groups for number, _ in group})
    place_of = {number: place for place, number in enumerate(shown)}
    pictures = []
    for done, number in enumerate(shown, start=1):
        thumb = _thumbnail(out, pile, found, number)
        width, height = found.sizes[number].tolist()
        told = _proposal(suggested.get(number))
        other = looks_like.get(number, "")
        lies = found.files[number], found.classes[number]
        pictures.append([*lies, thumb, width, height, told, other])
        progress.reach(done / len(shown))
    others = [
        [found.files[number], *(_proposal(one) or ())]
        for number, one in suggested.items()
        if number not in place_of and _proposal(one)
    ]
    data = {
        "id": card.id,
        "suggested": SUGGESTED,
        "pictures": pictures,
        "others": others,
        "marks": {one.file: [one.decision, one.class_name, one.reason] for one in marks},
        "unreadable": [[file, reason] for file, reason in found.unreadable],
        "sections": [
            {
                "key": each.key,
                "title": each.title,
                "say": each.say,
                "clusters": each.clusters,
                "groups": [[[place_of[n], note] for n, note in g] for g in each.groups],
            }
            for each in sections
        ],
    }
    here = resources.files("training.curation")
    script = "".join((here / name).read_text(encoding="utf-8") for name in SCRIPTS)
    content = Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(printable(pile.name)),
        lead="\n".join(f'<p class="lead">{escape(printable(each))}</p>' for each in lead),
        software=escape(f"masquerade {__version__}"),
        data=_as_text(data),
        script=script,
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    write_bytes(out / PAGE, content.encode("utf-8", "replace"))


def _proposal(one: Suggestion | None) -> list[str] | None:
    """As the page knows it: decision, other class, why; nothing where it would just be kept."""
    if one is None or (one.keep and not one.class_):
        return None
    return ["keep" if one.keep else "reject", one.class_, one.reason]


def _as_text(data: object) -> str:
    """JSON that can't end the element it stands in."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _cut(sections: Sequence[Section]) -> list[Section]:
    """The worst of each kind, where they are too many for one page."""
    room = SHOWN
    out = []
    for number, each in enumerate(sections):
        share = room // (len(sections) - number)
        groups, taken = [], 0
        for group in each.groups:
            if taken >= share:
                break
            groups.append(group[: share - taken])
            taken += len(groups[-1])
        room -= taken
        count = sum(map(len, each.groups))
        say = each.say if taken == count else f"{each.say} {taken:,} of {count:,} are shown."
        out.append(Section(each.key, each.title, say, groups, each.clusters))
    return out


def _thumbnail(out: Path, pile: Pile, found: Survey, number: int) -> str:
    """Its path beside the page; made unless it is there."""
    name = found.contents[number].hex()[:24]
    path = out / "thumbs" / name[:2] / f"{name}.webp"
    if not path.is_file():
        try:
            image, _ = image_of(load(pile.pictures[found.places[number]]))
        except Skipped:  # it could be read a minute ago
            image = Image.new("RGB", (1, 1))
        image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
        content = io.BytesIO()
        image.save(content, "WEBP", quality=86, method=2)
        beside = path.with_name(f"{BESIDE}{name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(content.getvalue())
            beside.replace(path)  # not synced: what is lost is drawn again
        except OSError as error:
            raise KnownError(
                f"{path} can't be written: {error.strerror}; free some space and run this again."
            ) from error
    return path.relative_to(out).as_posix()
