"""A run, or several beside one another, on one page that needs no network and no server."""

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.core.progress import Progress
from explorer.core.words import printable
from training.seeing.chart import Axis, Line, legend, plot, short
from training.seeing.film import Made
from training.seeing.tables import facts, tables
from training.seeing.told import Told, read_run
from training.seeing.wall import Hung, Wall, hang, said

MOST = 8
"""Runs on one page: as many as there are colours that can be told apart."""

_OPTION = re.compile(r"--[a-z][a-z0-9-]*")
_MARKS = 100  # of the coach's notes below the curves

_GROUPS = (
    (
        "Losses",
        ("generator_loss", "discriminator_loss"),
        "What each player pays. Calm curves are no sign of health: judge by the pictures.",
    ),
    (
        "Logits",
        ("real_logit", "fake_logit"),
        "What the discriminator says of real and of painted pictures; where they meet, it can't tell them apart.",
    ),
    (
        "Sign of real pictures",
        ("real_sign",),
        "+1 where every real picture is called real. Near 1 for long, the discriminator may know them by heart.",
    ),
    ("Penalty", ("penalty",), "What steepness costs the discriminator."),
    ("Augmentation", ("ada_p",), "How often ADA changes a picture before it is judged."),
    ("Distance", ("kid",), "Between painted and real pictures as a whole; lower is better."),
    (
        "Variety",
        ("diversity", "distinct"),
        "Between painted pictures; 1 as between real ones, towards 0 the run collapses.",
    ),
    ("Novelty", ("novelty",), "To the nearest real picture; 1 as between real ones, 0 copies."),
    ("Speed", ("pictures_per_second",), "Real pictures a second."),
)
_NAMES = {"generator_loss": "generator", "discriminator_loss": "discriminator"} | {
    "real_logit": "real",
    "fake_logit": "painted",
}


def report(
    runs: Sequence[Path], out: Path | None = None, *, progress: Progress = Progress()
) -> Made:
    """Write the page.

    Args:
        runs: one to eight folders; they may be going on.
        out: ``report.html`` in the run's folder, or here where there are several.

    Raises:
        KnownError: one of them is no run, there are too many, or the disk refuses.
    """
    if not 1 <= len(runs) <= MOST:
        raise KnownError(f"A report shows 1 to {MOST} runs, not {len(runs)}: choose some of them.")
    out = out or (runs[0] if len(runs) == 1 else Path()) / "report.html"
    told = [read_run(path) for path in runs]
    content, left_out = page(told, progress)
    write_bytes(out, content.encode("utf-8", "replace"))
    return Made(out, left_out)


def page(told: Sequence[Told], progress: Progress = Progress()) -> tuple[str, tuple[str, ...]]:
    """The page as HTML, and sentences about what is missing on it."""
    names = called([each.path for each in told])
    left_out = [sentence for each in told for sentence in each.left_out]
    targets, walls = hang(told, left_out, progress)
    title = " beside ".join(names) if len(names) < 4 else f"{len(names)} runs"
    sections = [
        _heroes(told, names, walls, len(targets)),
        _strips(told, names, walls, targets),
        _notes(told, names),
        _curves(told, names),
        tables(told, names),
        _left_out(left_out),
    ]
    here = resources.files("training.seeing")
    script = (here / "page.js").read_text(encoding="utf-8")
    content = Template((here / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        over="A training run" if len(told) == 1 else f"{len(told)} training runs, compared",
        lead=f'<p class="lead">{escape(_lead(told))}</p>',
        body="\n".join(filter(None, sections)),
        software=escape(f"masquerade {__version__}"),
        script=script,
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return content, tuple(left_out)


def called(paths: Sequence[Path]) -> list[str]:
    """What to call each run: its folder, with as many folders above as tell all apart."""
    parts = [path.resolve().parts for path in paths]
    depths = range(1, max(map(len, parts)) + 1)
    told_apart = (["/".join(part[-depth:]) for part in parts] for depth in depths)
    names = next((n for n in told_apart if len(set(n)) == len(set(parts))), [str(p) for p in paths])
    return [printable(name) for name in names]


def _lead(told: Sequence[Told]) -> str:
    if len(told) > 1:
        return "Pictures and curves stand at equal numbers of real pictures seen."
    (run,) = told
    card = run.card
    kind = {"dcgan": "DCGAN", "stylegan2": "StyleGAN2"}[card.settings.architecture]
    return (
        f"A {kind} of {card.dataset.width}×{card.dataset.height} pixels, learning from "
        f"{card.dataset.count:,} pictures of “{printable(card.dataset.name)}”."
    )


def _heroes(told: Sequence[Told], names: Sequence[str], walls: Sequence[Wall], columns: int) -> str:
    """Each run's last grid, what it came to, and the slider that goes back in time."""
    several = len(told) > 1
    shown = []
    for number, (run, name, wall) in enumerate(zip(told, names, walls, strict=True)):
        head = f"<h3>{_swatch(number)}{escape(name)}</h3>" if several else ""
        if wall.last:
            inside = f"{wall.last.image}<figcaption>{escape(wall.last.said)}</figcaption>"
        else:
            inside = '<div class="none">no grid yet</div>'
        hero = f'<figure class="hero" data-run="{number}">{inside}</figure>'
        told_facts = "".join(
            f"<dt>{escape(what)}</dt><dd>{escape(value)}</dd>" for what, value in facts(run)
        )
        list_ = f"<dl>{told_facts}</dl>"
        slider = "" if several else _slider(columns)
        shown.append(
            f'<div class="run">{head}{hero}{list_}</div>'
            if several
            else f"{hero}<div>{list_}{slider}</div>"
        )
    kind = "heroes" if several else "heroes alone"
    return (
        f'<section><div class="{kind}">{"".join(shown)}</div>'
        f"{_slider(columns) if several else ''}</section>"
    )


def _slider(columns: int) -> str:
    most = max(0, columns - 1)
    return (
        '<label class="time" hidden><input type="range" min="0" step="1" '
        f'max="{most}" value="{most}" aria-label="How far the runs were">'
        "<span><i>beginning</i><i>drag through time</i><i>now</i></span></label>"
    )


def _strips(
    told: Sequence[Told], names: Sequence[str], walls: Sequence[Wall], targets: Sequence[float]
) -> str:
    """The first latents of each run at each column."""
    if not targets:
        return ""
    several = len(told) > 1
    strips = []
    for number, (run, name, wall) in enumerate(zip(told, names, walls, strict=True)):
        ended = run.images(run.moments[-1].step) if run.moments else 0.0
        zoom = wall.across / min(wall.across, 3 if several else 4)
        cells = "".join(
            _cell(cell, column, zoom, over=target > ended)
            for column, (cell, target) in enumerate(zip(wall.cells, targets, strict=True))
        )
        head = f"<h3>{_swatch(number)}{escape(name)}</h3>" if several else ""
        style = f' style="--abreast:{len(targets)}"' if several else ""
        strips.append(f'{head}<div class="strip" data-run="{number}"{style}>{cells}</div>')
    return (
        "<section><h2>Over time</h2>"
        '<p class="say">The same latents from the first step to the last; early moments lie '
        "closer, since they change most.</p>"
        f'<div class="{"strips" if several else "one"}">{"".join(strips)}</div></section>'
    )


def _cell(cell: Hung | None, column: int, zoom: float, *, over: bool) -> str:
    if cell is None:
        why = "had ended" if over else "no grid here"
        return f'<figure data-column="{column}"><div class="none">{why}</div></figure>'
    step, _, seen = cell.said.partition(" · ")
    return (
        f'<figure data-column="{column}" data-said="{escape(cell.said)}">'
        f'<div class="crop" style="--zoom:{zoom:g}">{cell.image}</div>'
        f"<figcaption><b>{escape(step)}</b> {escape(seen)}</figcaption></figure>"
    )


def _notes(told: Sequence[Told], names: Sequence[str]) -> str:
    """What the coach said, in the order of steps, run by run."""
    lines = []
    for number, (run, name) in enumerate(zip(told, names, strict=True)):
        for note in run.notes:
            who = f"{_swatch(number)}{escape(name)}<br>" if len(told) > 1 else ""
            text = _OPTION.sub(r"<code>\g<0></code>", escape(note.text))
            lines.append(
                f'<li><span class="at">{who}{escape(said(run, note.step))}</span>'
                f'<p><span class="kind">{escape(note.kind)}</span>{text}</p></li>'
            )
    if not lines:
        return ""
    return f'<section><h2>The coach’s notes</h2><ol class="notes">{"".join(lines)}</ol></section>'


def _curves(told: Sequence[Told], names: Sequence[str]) -> str:
    first, last = _reach(told)
    if not last:
        return ""
    linear, log = Axis(0.0, last), Axis(min(first, last / 10), last, log=True)
    marks = [
        (run.images(note.step), f"{said(run, note.step)}: {note.kind} {note.text}")
        for run in told
        for note in run.notes
    ][:_MARKS]
    charts, still = [], []
    for title, curves, what in _groups(told):
        lines = _lines(told, names, curves)
        if all(np.ptp(line.y) == 0 for line in lines) and len({line.y[0] for line in lines}) == 1:
            still.append(f"{title.lower()} {short(float(lines[0].y[0]))}")
            continue
        say = f'<p class="say">{escape(what)}</p>' if what else ""
        plots = "".join(plot(lines, across, marks=marks) for across in (linear, log))
        charts.append(
            f'<figure class="chart"><figcaption><h3>{escape(title)}</h3>{say}</figcaption>'
            f'<ul class="legend">{legend(lines)}</ul>{plots}</figure>'
        )
    never = f'<p class="say">Always the same: {escape(", ".join(still))}.</p>' if still else ""
    return (
        "<section><h2>Curves</h2>"
        '<p class="say">Over thousand real pictures seen (kimg). Point at one to read all at that moment.</p>'
        '<input class="axis" type="radio" name="axis" id="linear" checked>'
        '<input class="axis" type="radio" name="axis" id="log">'
        '<div class="switch"><label for="linear">even</label>'
        '<label for="log">logarithmic</label></div>'
        f'<div class="charts">{"".join(charts)}</div>{never}</section>'
    )


def _reach(told: Sequence[Told]) -> tuple[float, float]:
    """The first and the last number of pictures seen at which a curve has a value."""
    steps = [
        run.images(step)
        for run in told
        for curve in run.curves.values()
        for step in (curve.steps[curve.steps > 0][:1].tolist() + curve.steps[-1:].tolist())
    ]
    return (min(filter(None, steps), default=0.0), max(steps, default=0.0))


def _groups(told: Sequence[Told]) -> list[tuple[str, tuple[str, ...], str]]:
    """Titles, curves and explanations: those that are known, then what else a run told."""
    there = {name for run in told for name in run.curves}
    known = {name for _, names, _ in _GROUPS for name in names}
    groups = [
        (title, tuple(name for name in names if name in there), what)
        for title, names, what in _GROUPS
    ]
    others = [(_plain(name).capitalize(), (name,), "") for name in sorted(there - known)]
    return [group for group in [*groups, *others] if group[1]]


def _lines(told: Sequence[Told], names: Sequence[str], curves: Sequence[str]) -> list[Line]:
    """Of one run, each curve in its colour; of several, each run in its colour."""
    several = len(told) > 1
    lines = []
    for number, (run, name) in enumerate(zip(told, names, strict=True)):
        for which, curve_name in enumerate(curves):
            if curve_name not in run.curves:
                continue
            curve = run.curves[curve_name]
            what = _NAMES.get(curve_name, _plain(curve_name))
            label = name if len(curves) == 1 else f"{name}, {what}"
            lines.append(
                Line(
                    label if several else what,
                    (number if several else which) + 1,
                    several and which > 0,
                    curve.steps.astype(float) * run.card.settings.batch,
                    curve.values,
                )
            )
    return lines


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _left_out(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{escape(printable(sentence))}</li>" for sentence in sentences)
    return f'<section><h2>Left out</h2><ul class="left">{items}</ul></section>'


def _swatch(number: int) -> str:
    return f'<span class="swatch" style="--c:var(--c{number + 1})"></span>'
