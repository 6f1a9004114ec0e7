"""Curves as SVG: axes that outliers don't rule, a faint line as told and a clear one smoothed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_FIELD = 1000  # an SVG's units a side; the page stretches it, strokes keep their width
_SHOWN = 300  # places along a line
_ENOUGH = 800  # numbers that smoothing starts from
_FAR = 16.0  # middle halves: a loss that blows up goes beyond, one that settles stays within
_BEYOND = 20.0  # fields' heights that a line may leave by before it is held


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers; on a ``log`` one, equal lengths are equal factors."""

    low: float
    high: float
    log: bool = False

    def place(self, values: Numbers) -> Numbers:
        """Where values lie: 0 at ``low``, 1 at ``high``."""
        low, high, at = self.low, self.high, np.asarray(values, float)
        if self.log:
            low, high, at = math.log(low), math.log(high), np.log(np.maximum(at, 1e-300))
        placed: Numbers = (at - low) / (high - low)
        return placed

    def ticks(self, most: int) -> list[float]:
        """At most ``most`` round numbers on it, rising."""
        if self.log:
            for digits in ((1, 2, 5), (1, 3)):
                ticks = self._decades(digits)
                if len(ticks) <= most:
                    return ticks
            ticks = self._decades((1,))
            return ticks[:: -(-len(ticks) // most)]
        rough = (self.high - self.low) / most
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * n for n in (1, 2, 2.5, 5, 10, 20) if unit * n >= rough * (1 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)][:most]

    def _decades(self, digits: Sequence[int]) -> list[float]:
        low, high = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        each = (digit * 10.0**power for power in range(low, high + 1) for digit in digits)
        return [tick for tick in each if self.low * 0.999 <= tick <= self.high * 1.001]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: ``y`` over ``x``, both float64 (n,), ``x`` rising, n at least 1."""

    name: str
    colour: int  # of the page's palette, from 1
    dashed: bool
    x: Numbers
    y: Numbers


def upright(lines: Sequence[Line]) -> Axis:
    """The axis that shows what ``lines`` mostly do, whatever a few values or one run's end do."""
    ends = [_ends(line.y) for line in lines]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    room = max(0.07 * (high - low), 1e-9 * max(abs(low), abs(high))) or 1.0
    return Axis(low - room, high + room)


def _ends(values: Numbers) -> tuple[float, float]:
    """Without the outermost hundredths, and not absurdly far beyond the middle half."""
    low, lower, upper, high = (float(end) for end in np.percentile(values, (1, 25, 75, 99)))
    reach = _FAR * (upper - lower)
    return (max(low, lower - reach), min(high, upper + reach)) if reach else (low, high)


def smoothed(values: Numbers, window: int) -> Numbers:
    """A running median, then a running mean, over ``window`` numbers to either side.

    At the beginning, where much happens, it reaches less far; at the end at least half as far
    back, so that the last value is no accident.
    """
    if window < 1:
        return values
    at = np.arange(len(values))
    after = np.minimum(np.minimum(at, at[::-1]), window)
    before = np.minimum(at, np.maximum(after, np.where(at > at[::-1], window // 2, 0)))
    spans = zip((at - before).tolist(), (at + after + 1).tolist(), strict=True)
    middle = np.array([np.median(values[a:b]) for a, b in spans])
    before, after = (before + 1) // 2, (after + 1) // 2
    total = np.concatenate([[0.0], np.cumsum(middle)])
    means: Numbers = (total[at + after + 1] - total[at - before]) / (before + after + 1)
    return means


def plot(lines: Sequence[Line], across: Axis, *, marks: Sequence[tuple[float, str]] = ()) -> str:
    """One field with its ticks, as HTML.

    Args:
        lines: in the order of their legend, which ``legend`` writes.
        across: real pictures seen.
        marks: places on ``across``, and what to say of each.
    """
    up = upright(lines)
    mode = "log" if across.log else "linear"
    rules = up.ticks(5)
    svg = [f'<svg viewBox="0 0 {_FIELD} {_FIELD}" preserveAspectRatio="none" aria-hidden="true">']
    svg += [f'<path class="rule" d="M0 {_down(up, y)}H{_FIELD}"/>' for y in rules]
    for x, said in marks:
        at = round(float(across.place(np.array(x))) * _FIELD, 1)
        if 0 <= at <= _FIELD:
            title = escape(said)
            svg.append(f'<path class="mark" d="M{at} {_FIELD}V930"><title>{title}</title></path>')
    for line in lines:
        svg += _paths(line, across, up)
    svg.append("</svg>")
    labels = [f'<b class="y" style="top:{_down(up, y) / 10:.1f}%">{short(y)}</b>' for y in rules]
    for x in across.ticks(6):
        left = float(across.place(np.array(x))) * 100
        edge = " last" if left > 95 else ""
        labels.append(f'<b class="x{edge}" style="left:{left:.1f}%">{short(x / 1000)}</b>')
    return (
        f'<div class="plot {mode}" data-low="{across.low:g}" data-high="{across.high:g}"'
        f' data-bottom="{up.low:.6g}" data-top="{up.high:.6g}">'
        f'{"".join(svg)}{"".join(labels)}<i class="cursor"></i></div>'
    )


def legend(lines: Sequence[Line]) -> str:
    """What each line is, and where it ended."""
    return "".join(
        f'<li style="--c:var(--c{line.colour})"{" class=dashed" if line.dashed else ""}>'
        f"<span>{escape(line.name)}</span> <output>{short(float(_clear(line)[1][-1]))}</output></li>"
        for line in lines
    )


def short(value: float) -> str:
    """Three digits that matter: ``1,058``, ``214``, ``0.97``, ``0.0008``, ``3e-08``."""
    size = abs(value)
    if size < 1e-12:
        return "0"
    if size >= 1e7 or size < 1e-4:
        mantissa, _, power = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(power)}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _clear(line: Line) -> tuple[Numbers, Numbers]:
    """The smoothed line, brought to fewer numbers first where there are very many."""
    x, y = line.x, line.y
    if len(y) > _ENOUGH:
        edges = np.linspace(0, len(y), _ENOUGH + 1).astype(int)
        pairs = list(pairwise(edges.tolist()))
        y = np.array([np.median(y[a:b]) for a, b in pairs])
        x = np.array([x[b - 1] for _, b in pairs])
    return x, smoothed(y, len(y) // 40)


def _paths(line: Line, across: Axis, up: Axis) -> list[str]:
    style = f'style="--c:var(--c{line.colour})"'
    paths = []
    x, y = _clear(line)
    if len(y) != len(line.y) or not np.array_equal(y, line.y):
        raw = _thinned(across.place(line.x), up.place(line.y))
        paths.append(f'<path class="raw" {style} d="{_drawn(*raw)}"/>')
    at = across.place(x)
    _, kept = np.unique(np.floor(at * _SHOWN), return_index=True)
    kept = np.union1d(kept, [len(at) - 1])
    dashed = " dashed" if line.dashed else ""
    clear = _drawn(at[kept], up.place(y)[kept])
    return [*paths, f'<path class="line{dashed}" {style} d="{clear}"/>']


def _thinned(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Of all that share a place, the lowest and the highest."""
    if len(x) <= 2 * _SHOWN:
        return x, y
    place = np.floor(x * _SHOWN).astype(int)
    order = np.lexsort((y, place))
    starts = np.flatnonzero(np.diff(place[order], prepend=place[order[0]] - 1))
    ends = np.append(starts[1:], len(order)) - 1
    kept = np.unique(np.concatenate([order[starts], order[ends]]))
    return x[kept], y[kept]


def _drawn(x: Numbers, y: Numbers) -> str:
    across = np.round(x * _FIELD, 1)
    down = np.round((1 - np.clip(y, -_BEYOND, _BEYOND)) * _FIELD, 1)
    if len(across) == 1:  # a line of no length, which its round ends make a dot
        across, down = across.repeat(2), down.repeat(2)
    return "M" + "L".join(f"{a:g} {b:g}" for a, b in zip(across, down, strict=True))


def _down(up: Axis, value: float) -> float:
    return round((1 - float(up.place(np.array(value)))) * _FIELD, 1)
