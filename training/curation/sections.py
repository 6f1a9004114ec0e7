"""What stands on the page, and in which order; and what is suggested of each picture."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from training.curation.duplicates import Cluster
from training.curation.findings import Finding, Kind, Suggestion
from training.curation.wanted import Sorted

SUGGESTED = "suggested: "
"""How the reason of a decision begins that no person has confirmed."""

ASKED = 48
"""Pictures that a person is asked about at a time."""

TITLES: dict[Kind, tuple[str, str]] = {
    "exact": ("The same twice", "The same file or the same pixels. The first of each is kept."),
    "near": (
        "Nearly the same",
        "The same picture in another size or quality, cropped, brightened or mirrored. The largest stands first.",
    ),
    "drawing": (
        "Drawn or photographed",
        "Vector graphics and drawings among photographs, or the other way round.",
    ),
    "class": (
        "Another class?",
        "A classifier that never saw these would put them elsewhere. M moves a picture, K says that it lies right.",
    ),
    "outlier": (
        "Unlike the others",
        "Far from all their neighbours, the farthest first. Odd is not bad: nothing is suggested here.",
    ),
    "dark": ("Too dark", "The darkest first."),
    "bright": ("Too bright", "The palest first."),
    "blurry": ("Blurred", "At the size at which a network would see them, the softest first."),
    "empty": ("Hardly anything on it", "The emptiest first."),
    "size": (
        "Odd sizes",
        "Far smaller, larger, wider or higher than the others. Nothing is suggested here.",
    ),
}
"""Kinds of findings in the order of the page: a title, and what to know."""


@dataclass(frozen=True, slots=True)
class Section:
    """Pictures with one thing in common, each with a note, in groups if they belong together."""

    key: str
    title: str
    say: str
    groups: Sequence[Sequence[tuple[int, str]]]  # picture, note
    clusters: bool = False


def clusters_told(clusters: Sequence[Cluster], files: Sequence[str]) -> Section | None:
    """A section of duplicates, the largest groups first."""
    if not clusters:
        return None
    kind: Kind = "exact" if clusters[0].exact else "near"
    groups = []
    for cluster in sorted(clusters, key=lambda c: (-len(c.others), files[c.kept])):
        others = [(n, "mirrored" if n in cluster.mirrored else "") for n in cluster.others]
        groups.append([(cluster.kept, "the one to keep"), *others])
    return Section(kind, *TITLES[kind], groups, clusters=True)


def findings_told(findings: Iterable[Finding]) -> list[Section]:
    """A section for each kind of finding, in the order of the page."""
    by_kind: dict[Kind, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[finding.kind].append(finding)
    return [
        Section(kind, *TITLES[kind], [[(one.picture, one.note) for one in by_kind[kind]]])
        for kind in TITLES
        if by_kind[kind]
    ]


def sorting_told(found: Sorted) -> list[Section]:
    """What a classifier asks, and how it would sort what bears no mark."""
    order = found.wanted.argsort(kind="stable").tolist()
    rest = [n for n in order if n not in found.marks]
    out = [n for n in rest if found.wanted[n] < 0.5]
    kept = [n for n in reversed(rest) if found.wanted[n] >= 0.5]
    told = (
        ("ask", "Please decide", found.uncertain(ASKED), "It knows least about these: your word on them teaches it most. Download, and run this again with the file."),
        ("unwanted", "It would leave out", out, "The least wanted first."),
        ("wanted", "It would keep", kept, "The most wanted first."),
    )  # fmt: skip
    return [
        Section(key, title, say, [[(n, f"wanted {found.wanted[n]:.0%}") for n in which]])
        for key, title, which, say in told
        if which
    ]


def suggestions(
    clusters: Iterable[Cluster],
    findings: Iterable[Finding],
    found: Sorted | None,
    files: Sequence[str],
) -> dict[int, Suggestion]:
    """At most one for each picture: duplicates first, then what was marked, then the rest."""
    out: dict[int, Suggestion] = {}
    for cluster in clusters:
        for number in cluster.others:
            how = "mirrored copy" if number in cluster.mirrored else "copy"
            nearly = "" if cluster.exact else "nearly a "
            reason = f"{nearly}{how} of {files[cluster.kept]}"
            out.setdefault(number, Suggestion(keep=False, reason=reason))
    if found is not None:
        for number, chance in enumerate(found.wanted.tolist()):
            if number not in found.marks:
                said = Suggestion(keep=chance >= 0.5, reason=f"wanted {chance:.2f}")
                out.setdefault(number, said)
        return {number: one for number, one in out.items() if number not in found.marks}
    for finding in findings:
        if finding.suggestion:
            out.setdefault(finding.picture, finding.suggestion)
    return out


def counted(sections: Iterable[Section]) -> Mapping[str, int]:
    """How many pictures each section holds; of clusters those that are too many."""
    return {each.key: sum(len(group) - each.clusters for group in each.groups) for each in sections}
