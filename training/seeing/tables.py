"""What runs were told and what came of it, as tables: what differs comes first."""

from collections.abc import Sequence
from html import escape

import numpy as np

from explorer.core.words import printable
from training.config import Settings
from training.seeing.chart import short
from training.seeing.film import kimg
from training.seeing.told import Told
from training.seeing.wall import said

_Row = tuple[str, Sequence[str], str, str]  # name, a value for each run, the usual one, what it is


_NOTHING = "–"


def facts(run: Told) -> list[tuple[str, str]]:
    """What a run came to, in a few words each."""
    step = run.last_step
    found = [
        ("Steps", f"{step:,}"),
        ("Pictures seen", f"{run.images(step):,.0f} ({kimg(run.images(step))} kimg)"),
        ("Time", _duration(run.state.seconds)),
    ]
    if "pictures_per_second" in run.curves:
        pace = float(np.median(run.curves["pictures_per_second"].values))
        found.append(("Pace", f"{short(pace)} pictures a second"))
    if run.state.best_score is not None:
        found.append(("Best checkpoint", _best(run, run.state.best_score)))
    if run.state.ada_p is not None:
        found.append(("Augmentation", f"{short(run.state.ada_p)} (ADA p)"))
    settings = run.card.settings
    found.append(("Loss", settings.loss))
    found.append(("Preset", printable(settings.preset or "none")))
    return found


def tables(told: Sequence[Told], names: Sequence[str]) -> str:
    """Settings that differ from the defaults or between the runs, all others, and the origin."""
    usual = Settings()
    rows = [
        _setting(name, [getattr(run.card.settings, name) for run in told], getattr(usual, name))
        for name in Settings.model_fields
    ]
    told_of = [row for row in rows if len(set(row[1])) > 1 or row[1][0] != row[2]]
    told_of.sort(key=lambda row: len(set(row[1])) < 2)
    others = [row for row in rows if row not in told_of]
    several = len(told) > 1
    heading = "what differs between the runs is marked; then " if several else ""
    shown = (
        _table(told_of, names, usual=True)
        if told_of
        else '<p class="say">Nothing but the defaults.</p>'
    )
    return (
        "<section><h2>Settings</h2>"
        f'<p class="say">{heading.capitalize()}{"w" if several else "W"}hat differs from the '
        f"defaults.</p>{shown}"
        f"<details><summary>The other {len(others)}, which are as they come</summary>"
        f"{_table(others, names, usual=False)}</details>"
        f"<h4>Learned from, and with</h4>{_table(_origin(told), names, usual=False)}</section>"
    )


def _setting(name: str, values: Sequence[object], usual: object) -> _Row:
    what = (Settings.model_fields[name].description or "").replace("None", _NOTHING)
    return name.replace("_", " "), [_spoken(value) for value in values], _spoken(usual), what


def _origin(told: Sequence[Told]) -> list[_Row]:
    datasets = [run.card.dataset for run in told]
    rows: list[_Row] = [
        ("dataset", [printable(each.name) for each in datasets], "", ""),
        ("pictures", [f"{each.count:,}" for each in datasets], "", ""),
        (
            "size",
            [f"{d.width}×{d.height}, {'grey' if d.channels == 1 else 'colour'}" for d in datasets],
            "",
            "",
        ),
        ("content", [printable(each.content_sha256[:12]) for each in datasets], "", ""),
        ("licence", [printable(each.licence) or _NOTHING for each in datasets], "", ""),
        ("credits", [printable("; ".join(each.credits)) or _NOTHING for each in datasets], "", ""),
        ("software", [printable(run.card.software) for run in told], "", ""),
    ]
    for package in sorted({name for run in told for name in run.card.versions}):
        versions = [printable(run.card.versions.get(package, _NOTHING)) for run in told]
        rows.append((printable(package), versions, "", ""))
    return rows


def _table(rows: Sequence[_Row], names: Sequence[str], *, usual: bool) -> str:
    several = len(names) > 1
    heads = [f"<th>{escape(name)}</th>" for name in names] if several else ["<th>value</th>"]
    explained = any(row[3] for row in rows)
    heads += ["<th>default</th>"] if usual else []
    heads += ["<th class=what></th>"] if explained else []
    lines = []
    for name, values, default, what in rows:
        differs = " class=differs" if len(set(values)) > 1 else ""
        cells = "".join(f"<td>{escape(value)}</td>" for value in values)
        cells += f"<td class=usual>{escape(default)}</td>" if usual else ""
        cells += f"<td class=what>{escape(what)}</td>" if explained else ""
        lines.append(f"<tr{differs}><th scope=row>{escape(name)}</th>{cells}</tr>")
    return (
        f'<div class="wide"><table><thead><tr><th></th>{"".join(heads)}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _spoken(value: object) -> str:
    """A setting's value as a person would write it."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return printable(str(value))


def _best(run: Told, best: float) -> str:
    """The score, and the step it was reached at if the curves tell."""
    kid = run.curves.get("kid")
    if kid is not None:
        near = int(np.argmin(np.abs(kid.values - best)))
        if abs(float(kid.values[near]) - best) <= 1e-4 * max(1.0, abs(best)):
            return f"{said(run, int(kid.steps[near]))}, distance {short(best)}"
    return f"score {short(best)}"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min"
