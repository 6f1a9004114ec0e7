"""All finders over one pile, and the report."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor
from training.curation.cache import Cache
from training.curation.duplicates import Cluster, exact_duplicates, near_duplicates
from training.curation.findings import Finding, Suggestion
from training.curation.neighbours import nearest
from training.curation.pile import open_pile
from training.curation.quality import odd_sizes, quality
from training.curation.report import CACHE, PAGE, TABLE, claim, write_page
from training.curation.sections import (
    SUGGESTED,
    Section,
    clusters_told,
    counted,
    findings_told,
    sorting_told,
    suggestions,
)
from training.curation.strangers import AROUND, drawings, outliers, wrong_classes
from training.curation.survey import Survey, survey
from training.curation.wanted import Sorted, sort_by
from training.data.decisions import Decision, Decisions, Verdict, read_decisions, write_decisions

_REST = 1000  # pictures without a finding that stand on the page, too


@dataclass(frozen=True, slots=True)
class Found:
    """What all finders found."""

    exact: list[Cluster]
    near: list[Cluster]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Curated:
    """What came of it."""

    page: Path
    table: Path
    count: int  # pictures that can be read
    unreadable: int
    sections: Mapping[str, tuple[str, int]]  # key -> title, pictures
    rejected: int  # suggested
    sorted: Sorted | None


def curate(
    source: Path,
    out: Path,
    *,
    wanted_from: Path | None = None,
    progress: Progress = Progress(),
    open_extractor: Callable[[], Extractor] = Extractor.open,
) -> Curated:
    """Look through pictures and write a report to act on at ``out``.

    Args:
        source: a folder, a zip of one, a `.npy` array, or a prepared dataset; nothing of it
            is changed.
        out: a folder that is new, or the report of the same source, where what was seen
            before is remembered.
        wanted_from: decisions by hand, to sort the other pictures by.
        progress: is told, and may stop the work at any time.
        open_extractor: gives the network that sees the pictures, if it is needed.

    Raises:
        KnownError: a file can't be read or written, or there are too few marks.
        Cancelled: ``progress`` was told to stop; what was seen is remembered.
    """
    _check_extra()
    decided = None if wanted_from is None else read_decisions(wanted_from)
    with open_pile(source) as pile, _quiet():
        card = claim(out, source, pile.name)
        with locked(out / "lock", what=f"The report {out}"):
            extractor = open_extractor()
            cache = Cache(out / CACHE, extractor=extractor.sha256)
            seen = survey(
                pile, cache, open_extractor=lambda: extractor, progress=progress.part(0.0, 0.8)
            )
            marks = {} if decided is None else _marks(decided, seen)
            wanted = {n: one.decision == "keep" for n, one in marks.items()}
            sorted_ = None if decided is None else sort_by(seen.features, wanted)
            found = find(seen, progress.part(0.8, 0.95))
            clusters = [*found.exact, *found.near]
            suggested = suggestions(clusters, found.findings, sorted_, seen.files)
            sections = _sections(seen, found, sorted_)
            write_decisions(out / TABLE, _decisions(seen, suggested, marks))
            write_page(
                out,
                card,
                pile,
                seen,
                sections,
                suggested,
                {one.picture: one.class_ for one in found.findings if one.class_},
                marks.values(),
                _lead(seen, sorted_),
                progress.part(0.95, 1.0),
            )
    counts = counted(sections)
    return Curated(
        page=out / PAGE,
        table=out / TABLE,
        count=len(seen),
        unreadable=len(seen.unreadable),
        sections={s.key: (s.title, counts[s.key]) for s in sections if s.key != "rest"},
        rejected=sum(not one.keep for one in suggested.values()),
        sorted=sorted_,
    )


def find(seen: Survey, progress: Progress = Progress()) -> Found:
    """Ask every finder."""
    order = np.lexsort((np.arange(len(seen)), -seen.lengths, -seen.sizes.prod(axis=1))).tolist()
    exact = exact_duplicates(seen.pixels, order)
    twice = {n for cluster in exact for n in cluster.others}
    once = [n for n in order if n not in twice]
    around, far = nearest(seen.features, AROUND, progress.part(0.0, 0.4))
    near = near_duplicates(seen, around, far, once, progress=progress.part(0.4, 0.9))
    findings = [
        *quality(seen),
        *drawings(seen),
        *wrong_classes(seen),
        *outliers(seen, around, far),
        *odd_sizes(seen),
    ]
    progress.reach(1.0)
    return Found(exact, near, findings)


def _sections(seen: Survey, found: Found, sorted_: Sorted | None) -> list[Section]:
    told = [clusters_told(clusters, seen.files) for clusters in (found.exact, found.near)]
    sections = sorting_told(sorted_) if sorted_ else []
    sections += [each for each in told if each]
    sections += findings_told(found.findings)
    on_page = {n for each in sections for group in each.groups for n, _ in group}
    rest = [n for n in range(len(seen)) if n not in on_page]
    if rest:
        step = -(-len(rest) // _REST)
        say = "Nobody stumbled over these." + (" Some of them, evenly chosen." if step > 1 else "")
        sections.append(Section("rest", "The others", say, [[(n, "") for n in rest[::step]]]))
    return sections


def _decisions(
    seen: Survey, suggested: Mapping[int, Suggestion], marks: Mapping[int, Decision]
) -> Iterator[Decision]:
    for n, one in suggested.items():
        verdict: Verdict = "keep" if one.keep else "reject"
        yield Decision(seen.files[n], verdict, one.class_, SUGGESTED + one.reason)
    yield from marks.values()


def _marks(decisions: Decisions, seen: Survey) -> dict[int, Decision]:
    """What a person decided of the pictures that can be read, class and all.

    Raises:
        KnownError: they speak of none of these pictures.
    """
    marks = {}
    for number, file in enumerate(seen.files):
        one = decisions.of(file)
        if one is not None and not one.reason.startswith(SUGGESTED):
            marks[number] = replace(one, file=file, reason=one.reason or "by hand")
    if not marks:
        raise KnownError(
            f"{decisions.path} holds no decision of yours on one of these pictures; mark some on the page, "
            "and download the file."
        )
    return marks


def _lead(seen: Survey, sorted_: Sorted | None) -> list[str]:
    classes = len(set(seen.classes) - {""})
    among = f" in {classes} classes" if classes else ""
    files = "file" if len(seen.unreadable) == 1 else "files"
    lost = f"; {len(seen.unreadable):,} {files} can’t be read" if seen.unreadable else ""
    lead = [f"{len(seen):,} pictures{among}{lost}."]
    if sorted_:
        lead.append(
            f"Sorted by {len(sorted_.marks)} marks. Of what it would keep, {sorted_.precision} should "
            f"be wanted; of what is wanted, it should keep {sorted_.recall}."
        )
    return lead


@contextmanager
def _quiet() -> Iterator[None]:
    """Damaged files end up in the report, not on the terminal."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        yield


def _check_extra() -> None:
    """See that the packages are there before hours are spent.

    Raises:
        KnownError: one is missing.
    """
    for module in ("cv2", "imagehash", "sklearn"):
        if find_spec(module) is None:
            raise KnownError(
                f"Curation needs {module}, which is not installed: pip install 'masquerade[data]'."
            )
