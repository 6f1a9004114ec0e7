"""The words of an expression, each with the column it stands in."""

import re
from dataclasses import dataclass

from explorer.core.errors import KnownError

_MAX_TEXT = 20_000  # characters; a thousand seeds in one mean

_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SEED = re.compile(r"@([0-9]+)", re.ASCII)
_BARE_NAME = re.compile(r"#(\w+)")
_QUOTED_NAME = re.compile(r'#"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+")
_SIGNS = {sign: sign for sign in "+-*(),"} | {"−": "-", "×": "*"}  # as word processors write them


class ExpressionError(KnownError):
    """The text is no expression; ``column`` counts from 0, the sentence from 1."""

    def __init__(self, what: str, column: int) -> None:
        super().__init__(f"column {column + 1}: {what}")
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is number, seed, name, word, end, or the sign itself."""

    kind: str
    text: str  # a name without its quotes, a word in small letters
    column: int
    number: float = 0.0

    @property
    def shown(self) -> str:
        """How a complaint quotes it."""
        short = self.text if len(self.text) <= 40 else self.text[:39] + "…"
        return f"'{short}'" if self.kind != "end" else "the end"


def tokens(text: str) -> list[Token]:
    """Cut the text; the last token is the end.

    Raises:
        ExpressionError: something in it belongs to no expression.
    """
    if len(text) > _MAX_TEXT:
        raise ExpressionError(f"the text goes on past {_MAX_TEXT:,} characters", _MAX_TEXT)
    found: list[Token] = []
    at = _skip_blank(text, 0)
    while at < len(text):
        token, at = _token(text, at)
        found.append(token)
        at = _skip_blank(text, at)
    found.append(Token("end", "", len(text)))
    return found


def name_as_text(title: str) -> str:
    """How a work of this title is called in an expression."""
    bare = f"#{title}"
    if _BARE_NAME.fullmatch(bare):
        return bare
    escaped = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'#"{escaped}"'


def _token(text: str, at: int) -> tuple[Token, int]:
    """The token that starts at ``at``, and where it ends."""
    sign = _SIGNS.get(text[at])
    if sign is not None:
        return Token(sign, sign, at), at + 1
    if match := _NUMBER.match(text, at):
        return Token("number", match[0], at, float(match[0])), match.end()
    if match := _SEED.match(text, at):
        return Token("seed", match[0], at, float(match[1])), match.end()
    if match := _QUOTED_NAME.match(text, at):
        return Token("name", _ESCAPED.sub(r"\1", match[1]), at), match.end()
    if match := _BARE_NAME.match(text, at):
        return Token("name", match[1], at), match.end()
    if match := _WORD.match(text, at):
        return Token("word", match[0].lower(), at), match.end()
    if text[at] == "@":
        raise ExpressionError("a seed is @ and a whole number, such as @12", at)
    if text.startswith('#"', at):
        raise ExpressionError("the name that begins here has no closing quote", at)
    if text[at] == "#":
        raise ExpressionError('a work is # and its name, such as #moon or #"blue moon"', at)
    raise ExpressionError(f"{text[at]!r} means nothing here", at)


def _skip_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
