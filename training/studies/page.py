"""A study on one page that needs no network: answers, curves with spread, grids side by side."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.files import read_json, write_bytes
from explorer.core.words import printable
from training.evaluation.page import framed
from training.evaluation.words import shown
from training.seeing.chart import Axis, short
from training.studies.answers import FIGURES, Point, answers, number, points
from training.studies.plan import FILE, Cell, Study, cells, said
from training.studies.work import FAILED, Result, cell_folder, result_of

_ACROSS = 6  # pictures a side of a grid on the page
_MOST_SIDE = 384  # pixels of it
_MOST_GRIDS = 40
_WIDE, _HIGH = 360, 190  # of a chart, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 12, 30


@dataclass(frozen=True, slots=True)
class Found:
    """A cell and what came of it by now."""

    cell: Cell
    result: Result | None
    failed: str  # the sentence; empty where it did not, or another worker tries again


def write(folder: Path) -> Path:
    """Write study.html into the study's folder, with whatever is done by now.

    Raises:
        KnownError: it is no study, a result can't be read, or the disk refuses.
    """
    if not (folder / FILE).exists():
        raise KnownError(f"{folder} is no study: it has no {FILE}.")
    study = read_json(folder / FILE, Study)
    out = folder / "study.html"
    write_bytes(out, page(folder, study).encode("utf-8", "replace"))
    return out


def page(folder: Path, study: Study) -> str:
    """The page as HTML."""
    found = [_found(folder, cell) for cell in cells(study)]
    results = [one.result for one in found if one.result is not None]
    sections = [
        _answers(study, results),
        _curves(study, results),
        _grids(folder, study, found),
        _table(study, found),
    ]
    budget = study.budget
    each = f"{budget.steps:,} steps" if budget.steps else f"{budget.minutes:g} minutes"
    lead = (
        f"{len(found)} runs of {each} each, {study.seeds} of a kind, on {printable(study.dataset)}. "
        f"All were judged by {study.painted:,} of their pictures beside {study.held_out:,} real ones "
        "that none of them learned from."
    ) + _missing(found)
    return framed(
        over="A study",
        title=" and ".join(one.name.replace("_", " ") for one in study.varied).capitalize()
        or "The same, again",
        lead=lead,
        body="\n".join(filter(None, sections)),
        foot=(
            "Dots are runs, the line joins their means, and the band spans the runs with other "
            "seeds. A seed chooses pictures and beginning weights alike; smaller selections are "
            "parts of larger ones."
        ),
    )


def _found(folder: Path, cell: Cell) -> Found:
    result, path = result_of(folder, cell), cell_folder(folder, cell) / FAILED
    if result is not None or not path.exists():
        return Found(cell, result, "")
    why = path.read_text(encoding="utf-8", errors="replace").strip()
    return Found(cell, None, why or "it does not say why.")


def _missing(found: Sequence[Found]) -> str:
    failed = sum(bool(one.failed) for one in found)
    todo = sum(one.result is None for one in found) - failed
    parts = [f"{failed} failed"] if failed else []
    parts += [f"{todo} {'is' if todo == 1 else 'are'} not done yet"] if todo else []
    return f" {', and '.join(parts)}." if parts else ""


def _answers(study: Study, results: Sequence[Result]) -> str:
    items = "".join(
        f"<li><b>{escape(printable(question))}</b>{escape(printable(answer))}</li>"
        for question, answer in answers(study, results)
    )
    if not items:
        return ""
    return f'<section><h2>Answers</h2><ul class="verdict">{items}</ul></section>'


def _curves(study: Study, results: Sequence[Result]) -> str:
    charts = []
    for one in study.varied:
        for figure, (title, tells) in FIGURES.items():
            line = points(study, results, one.name, figure)
            if len(line) > 1:
                charts.append(
                    f'<figure><h3>{escape(title)}</h3><p class="say">Over '
                    f"{escape(one.name.replace('_', ' '))}: {escape(tells)}.</p>{chart(line)}</figure>"
                )
    if not charts:
        return ""
    return f'<section><h2>Curves</h2><div class="shares">{"".join(charts)}</div></section>'


def chart(line: Sequence[Point]) -> str:
    """Dots for runs, a line through their means, a band from the lowest to the highest."""
    numbers = [n for point in line for n in point.numbers]
    low, high = min(*numbers, 0.0), max(numbers)
    room = 0.08 * (high - low) or 1.0
    axis = Axis(low if low == 0 else low - room, high + room)
    across = [_LEFT + (_WIDE - _LEFT - _RIGHT) * (n + 0.5) / len(line) for n in range(len(line))]

    def down(value: float) -> float:
        part = float(axis.place(np.array(value)))
        return round(_TOP + (_HIGH - _TOP - _BOTTOM) * (1 - part), 1)

    rules = "".join(
        f'<path class="rule" d="M{_LEFT} {down(tick)}H{_WIDE - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{down(tick) + 4}" text-anchor="end">{short(tick)}</text>'
        for tick in axis.ticks(4)
    )
    names = "".join(
        f'<text x="{x:.0f}" y="{_HIGH - 8}" text-anchor="middle">{escape(said(point.value))}</text>'
        for x, point in zip(across, line, strict=True)
    )
    upper = [f"{x:.1f} {down(max(p.numbers))}" for x, p in zip(across, line, strict=True)]
    lower = [f"{x:.1f} {down(min(p.numbers))}" for x, p in zip(across, line, strict=True)]
    means = [f"{x:.1f} {down(p.mean)}" for x, p in zip(across, line, strict=True)]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{down(n)}" r="3.2"><title>{shown(n)}</title></circle>'
        for x, point in zip(across, line, strict=True)
        for n in point.numbers
    )
    return (
        f'<svg class="spread" viewBox="0 0 {_WIDE} {_HIGH}" role="img">{rules}{names}'
        f'<path class="band" d="M{"L".join(upper + lower[::-1])}Z"/>'
        f'<path class="line" d="M{"L".join(means)}"/>{dots}</svg>'
    )


def _grids(folder: Path, study: Study, found: Sequence[Found]) -> str:
    """The last grid of every run, a column for each kind and a row for each seed."""
    shown_ = []
    for one in found[:_MOST_GRIDS]:
        image = "" if one.result is None else _grid(folder, one.cell, one.result)
        why = "failed" if one.failed else "not there yet"
        inside = image or f'<div class="none">{why}</div>'
        shown_.append(
            f"<figure>{inside}<figcaption>{escape(one.cell.label)} · seed {one.cell.seed}"
            "</figcaption></figure>"
        )
    kinds = max(1, len(found) // study.seeds)
    columns = f"grid-template-columns:repeat({kinds},minmax(9rem,1fr))" if kinds <= 6 else ""
    more = len(found) - _MOST_GRIDS
    rest = f'<p class="say">{more} more lie in the runs’ folders.</p>' if more > 0 else ""
    return (
        "<section><h2>Side by side</h2>"
        '<p class="say">Each run’s last grid. Runs with the same seed began with the same weights '
        "and paint the same latents.</p>"
        f'<div class="wide"><div class="hung" style="{columns}">{"".join(shown_)}</div></div>{rest}'
        "</section>"
    )


def _grid(folder: Path, cell: Cell, result: Result) -> str:
    """The first pictures of a run's newest grid, empty where it can't be read."""
    grids = sorted((cell_folder(folder, cell) / "run" / "grids").glob("*.png"))
    if not grids:
        return ""
    side = min(result.side * _ACROSS, result.side * 8)
    try:
        with Image.open(grids[-1], formats=["PNG"]) as whole:
            if max(whole.size) > 16 * result.side:
                return ""
            crop = whole.crop((0, 0, side, side))
    except (OSError, ValueError, SyntaxError):
        return ""
    small = side <= _MOST_SIDE
    crop.thumbnail((_MOST_SIDE, _MOST_SIDE))
    out = io.BytesIO()
    crop.save(out, "WEBP", quality=82, method=4)
    data = base64.b64encode(out.getvalue()).decode()
    crisp = ' class="crisp"' if small else ""
    return (
        f'<img{crisp} src="data:image/webp;base64,{data}" width="{crop.width}" '
        f'height="{crop.height}" alt="{escape(cell.name)}">'
    )


def _table(study: Study, found: Sequence[Found]) -> str:
    """Every run with its figures, and under it why some have none."""
    names = [one.name for one in study.varied]
    factors = sorted({name for one in found if one.result for name in one.result.coverage})[:4]
    heads = [*names, "seed", "pictures", "steps", *(title for title, _ in FIGURES.values())]
    heads += ["copied", *(f"{name} covered" for name in factors)]
    rows = []
    for one in found:
        result = one.result
        front = [said(one.cell.values[name]) for name in names] + [str(one.cell.seed)]
        if result is None:
            why = "failed" if one.failed else "to do"
            rows.append([*front, why] + [""] * (len(heads) - len(front) - 1))
            continue
        copied = "" if result.memory is None else f"{result.memory.copied.value:.1%}"
        rows.append(
            [
                *front,
                f"{result.pictures:,}",
                f"{result.step:,}",
                *(shown(number(result, figure)) for figure in FIGURES),
                copied,
                *(f"{result.coverage.get(name, 0):.0%}" for name in factors),
            ]
        )
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(printable(text))}</td>" for text in row) + "</tr>"
        for row in rows
    )
    head = "".join(f"<th>{escape(printable(name.replace('_', ' ')))}</th>" for name in heads)
    failures = "".join(
        f'<p class="say"><b>{escape(printable(one.cell.label))}, seed {one.cell.seed}</b> failed: '
        f"{escape(printable(one.failed))}</p>"
        for one in found
        if one.failed
    )
    return (
        "<section><h2>Every run</h2>"
        '<p class="say">Each has a page of its own, cells/NAME/run/evaluation.html, with the '
        "pictures behind its figures.</p>"
        f'<div class="wide"><table class="runs"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        f"</table></div>{failures}</section>"
    )
