"""Titles to begin with, until the artist finds better ones."""

from functools import cache
from importlib import resources


@cache
def names() -> list[str]:
    """The titles that ship, in a fixed order."""
    text = (resources.files("explorer.gallery") / "names.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]
