"""Expressions as people type them: ``mean(@12, @40) - 0.5 * @3 + #moon``.

    sum      = product { ("+" | "-") product }
    product  = signed { "*" signed }
    signed   = { "-" } atom
    atom     = NUMBER | SEED | NAME | "(" sum ")"
             | "mean" "(" sum { "," sum } ")" | "mix" "(" sum "," sum "," sum ")"

Parentheses only group: ``2 * (@1 - @3)`` is ``2 * @1 - 2 * @3``. A text is therefore one sum of
weighted points, and in z it is brought back to typical length once, at its end; so is each
argument of ``mean`` and ``mix``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias, TypeVar

from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.latent.expression import (
    MAX_DEPTH,
    MAX_NODES,
    Artwork,
    Between,
    Expression,
    Mean,
    Seed,
    Sum,
    Term,
)
from explorer.latent.seeds import MAX_SEED
from explorer.latent.tokens import ExpressionError, Token, name_as_text, tokens

__all__ = ["ExpressionError", "parse", "to_text"]

Path: TypeAlias = Literal["slerp", "lerp"]

_N = TypeVar("_N", bound=Mean | Between | Sum)


def parse(
    text: str, artwork: Callable[[str], Artwork | None], *, path: Path = "slerp"
) -> Expression:
    """Read a text.

    Args:
        text: what was typed.
        artwork: finds the work that a ``#name`` means; None where there is no such.
        path: how ``mix`` goes: an arc suits z, a straight line w.

    Raises:
        ExpressionError: it is no expression of points; the column is where that shows.
    """
    return _Parser(text, artwork, path).whole()


def to_text(expression: Expression, *, path: Path = "slerp") -> str:
    """Write a text that ``parse`` reads as an expression painting the same.

    Raises:
        KnownError: it holds what has no text, such as a picked point or a shift, or goes
            between two points on another ``path``.
    """
    match expression:
        case Seed():
            return f"@{expression.seed}"
        case Artwork():
            return name_as_text(expression.title)
        case Mean():
            return f"mean({', '.join(to_text(point, path=path) for point in expression.of)})"
        case Between() if expression.path == path:
            start, end = to_text(expression.start, path=path), to_text(expression.end, path=path)
            return f"mix({start}, {end}, {_signed_text(expression.t)})"
        case Sum() if expression.norm == "typical":
            return _sum_as_text(expression, path)
    raise KnownError(f"A {expression.op} can't be written as text; it is kept in the picture.")


def _sum_as_text(total: Sum, path: Path) -> str:
    text = ""
    for term in total.terms:
        minus = math.copysign(1, term.weight) < 0
        text += (" - " if minus else " + ") if text else ("-" if minus else "")
        if abs(term.weight) != 1 or len(total.terms) == 1:
            text += f"{_number_text(abs(term.weight))} * "
        text += _factor_as_text(term.point, path)
    return text


def _factor_as_text(point: Expression, path: Path) -> str:
    if not isinstance(point, Sum):
        return to_text(point, path=path)
    inside = _sum_as_text(point, path)
    # parentheses don't bring a sum back to typical length, an argument's end does
    return f"({inside})" if point.norm == "keep" else f"mean({inside})"


def _signed_text(number: float) -> str:
    return ("-" if math.copysign(1, number) < 0 else "") + _number_text(abs(number))


def _number_text(number: float) -> str:
    return repr(number).removesuffix(".0")


@dataclass(frozen=True, slots=True)
class _Number:
    value: float


@dataclass(frozen=True, slots=True)
class _Points:
    """Weighted points, added up; one alone is ``as_is`` until it is signed or scaled."""

    terms: tuple[tuple[float, Expression], ...]
    as_is: bool = False


class _Parser:
    """Recursive descent. Only parentheses make it recurse, and those are counted."""

    def __init__(self, text: str, artwork: Callable[[str], Artwork | None], path: Path) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._open = 0
        self._artwork = artwork
        self._path = path

    def whole(self) -> Expression:
        point = self._point()
        if self._next.kind != "end":
            self._expected("an operator such as +")
        return point

    def _point(self) -> Expression:
        first = self._next
        found = self._sum()
        if isinstance(found, _Number):
            _fail(first, "a number alone is no point; I expected a seed such as @12")
        if found.as_is:
            return found.terms[0][1]
        terms = tuple(Term(weight=weight, point=point) for weight, point in found.terms)
        return _built(first, lambda: Sum(terms=terms))

    def _sum(self) -> _Number | _Points:
        total = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            total = _added(total, _scaled(right, -1.0, sign) if sign.kind == "-" else right, sign)
        return total

    def _product(self) -> _Number | _Points:
        product = self._signed()
        while star := self._take("*"):
            right = self._signed()
            if isinstance(product, _Number):
                product = _scaled(right, product.value, star)
            elif isinstance(right, _Number):
                product = _scaled(product, right.value, star)
            else:
                _fail(star, "two points can't be multiplied; I expected a number on one side")
        return product

    def _signed(self) -> _Number | _Points:
        first = self._next
        sign, signed = 1.0, False
        while self._take("-"):
            sign, signed = -sign, True
        atom = self._atom()
        return _scaled(atom, sign, first) if signed else atom

    def _atom(self) -> _Number | _Points:
        if token := self._take("number"):
            if not math.isfinite(token.number):
                _fail(token, "this number is too large")
            return _Number(token.number)
        if token := self._take("seed"):
            if token.number > MAX_SEED:
                _fail(token, f"this seed is too large; the last one is @{MAX_SEED}")
            return _one(Seed(seed=int(token.number)))
        if token := self._take("name"):
            return _one(self._work(token))
        if token := self._take("("):
            self._enter(token)
            inside = self._sum()
            self._leave()
            return inside
        if token := self._take("word"):
            if token.text == "mean":
                return _one(self._mean(token))
            if token.text == "mix":
                return _one(self._mix(token))
            _fail(token, f"I know mean(...) and mix(...), but no {token.shown}")
        return self._expected("a seed such as @12")

    def _work(self, token: Token) -> Artwork:
        work = self._artwork(token.text)
        if work is None:
            _fail(token, f"there is no work called {token.shown}")
        return work

    def _mean(self, word: Token) -> Mean:
        self._enter(self._need("("))
        points = [self._point()]
        while self._take(","):
            points.append(self._point())
        self._leave()
        return _built(word, lambda: Mean(of=tuple(points)))

    def _mix(self, word: Token) -> Between:
        self._enter(self._need("("))
        start = self._point()
        self._need(",")
        end = self._point()
        self._need(",")
        third = self._next
        t = self._sum()
        if isinstance(t, _Points):
            _fail(third, "the third part of mix is how far to go, a number such as 0.4")
        self._leave()
        return _built(word, lambda: Between(start=start, end=end, t=t.value, path=self._path))

    def _enter(self, opening: Token) -> None:
        self._open += 1
        if self._open > MAX_DEPTH:
            _fail(opening, f"parentheses are nested more than {MAX_DEPTH} deep")

    def _leave(self) -> None:
        self._need(")")
        self._open -= 1

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> Token | None:
        token = self._next
        if token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _need(self, kind: str) -> Token:
        return self._take(kind) or self._expected(f"'{kind}'")

    def _expected(self, what: str) -> NoReturn:
        after = f" after {self._tokens[self._at - 1].shown}" if self._at else ""
        found = f", not {self._next.shown}" if self._next.kind != "end" else ""
        _fail(self._next, f"I expected {what}{after}{found}")


def _one(point: Expression) -> _Points:
    return _Points(((1.0, point),), as_is=True)


def _added(left: _Number | _Points, right: _Number | _Points, sign: Token) -> _Number | _Points:
    if isinstance(left, _Number) and isinstance(right, _Number):
        return _Number(_finite(left.value + right.value, sign))
    if isinstance(left, _Number) or isinstance(right, _Number):
        _fail(sign, "a number can't be added to a point, only multiplied")
    if len(left.terms) + len(right.terms) > MAX_NODES:
        _fail(sign, f"an expression has at most {MAX_NODES:,} parts")
    return _Points(left.terms + right.terms)


def _scaled(value: _Number | _Points, factor: float, token: Token) -> _Number | _Points:
    if isinstance(value, _Number):
        return _Number(_finite(value.value * factor, token))
    return _Points(tuple((_finite(weight * factor, token), point) for weight, point in value.terms))


def _finite(number: float, token: Token) -> float:
    if not math.isfinite(number):
        _fail(token, "this leads to a number that is too large")
    return number


def _built(token: Token, build: Callable[[], _N]) -> _N:
    """Build a node; the tree's own limits on depth and size answer with a column."""
    try:
        return build()
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise ExpressionError(what.removeprefix("Value error, "), token.column) from error


def _fail(token: Token, what: str) -> NoReturn:
    raise ExpressionError(what, token.column)
