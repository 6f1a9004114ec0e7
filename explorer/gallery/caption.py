"""What people say about a picture, in words that every file format can hold."""

import re
from dataclasses import dataclass, replace

MAX_TITLE = 500  # characters
MAX_TEXT = 20_000
MAX_TAGS = 200

# What XML 1.0 cannot say, escaped or not; PNG forbids NUL; SQLite and UTF-8 lone surrogates.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture's label on the wall. Whatever is typed is kept, but for control characters."""

    title: str = ""
    creator: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    rights: str = ""
    rating: int = 0  # 0 to 5

    def __post_init__(self) -> None:
        for name, most in (("title", MAX_TITLE), ("creator", MAX_TITLE), ("rights", MAX_TITLE)):
            object.__setattr__(self, name, one_line(getattr(self, name))[:most].strip())
        object.__setattr__(self, "description", speakable(self.description)[:MAX_TEXT].strip())
        tags = (one_line(tag)[:MAX_TITLE].strip() for tag in self.tags)
        object.__setattr__(self, "tags", tuple(dict.fromkeys(filter(None, tags)))[:MAX_TAGS])
        object.__setattr__(self, "rating", min(5, max(0, self.rating)))

    def called(self, title: str) -> "Caption":
        """The same under another title."""
        return replace(self, title=title)


def speakable(text: str) -> str:
    """Text without what XML, PNG or UTF-8 can't hold; line ends become line feeds."""
    return _UNSPEAKABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    return " ".join(speakable(text).split())


UNTITLED = Caption()
