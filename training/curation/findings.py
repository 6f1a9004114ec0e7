"""What the finders say, in one form for the report and the decisions."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "exact",
    "near",
    "drawing",
    "class",
    "outlier",
    "dark",
    "bright",
    "blurry",
    "empty",
    "size",
]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a finder would do; only a person decides."""

    keep: bool
    reason: str
    class_: str = ""  # another class that the picture should lie in


@dataclass(frozen=True, slots=True)
class Finding:
    """One picture that one finder stumbled over."""

    kind: Kind
    picture: int
    score: float  # the higher, the worse; compares within a kind only
    note: str  # what was seen, in a few words
    suggestion: Suggestion | None = None  # none where only a look can tell
    class_: str = ""  # another class that it looks like, sure enough to suggest it or not
