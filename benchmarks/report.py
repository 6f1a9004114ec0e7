"""Figures for the eye and for the file: a table in the terminal, JSON, Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, said, said_budget, said_spread
from benchmarks.machine import Machine

_COLUMNS = ("what", "ours", "peer", "times the peer", "budget")
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


class Run(BaseModel):
    """One benchmark's figures, with where and how they were measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    command: str
    figures: tuple[Figure, ...]


Runs = Mapping[str, Run]
"""By the benchmark's name; each may have been run on another day."""

_FILE: TypeAdapter[dict[str, Run]] = TypeAdapter(dict[str, Run])


def show(console: Console, title: str, figures: Sequence[Figure]) -> None:
    colours = {True: "green", False: "red", None: ""}
    table = Table(*_COLUMNS, title=title, title_justify="left")
    for figure in figures:
        table.add_row(*cells(figure), style=colours[figure.is_met])
    console.print(table)


def cells(figure: Figure) -> tuple[str, ...]:
    peer = f"{said(figure.peers.middle)} {figure.unit}, {figure.peer}" if figure.peers else ""
    return (
        figure.what,
        said_spread(figure.ours, figure.unit),
        peer,
        said_spread(figure.ratio),
        said_budget(figure),
    )


def markdown(runs: Runs) -> str:
    """A section for each benchmark, headed by the machine."""
    return "\n\n".join(_section(name, run) for name, run in runs.items()) + "\n"


def _section(name: str, run: Run) -> str:
    machine = run.machine
    memory = "" if machine.memory_gb is None else f", {machine.memory_gb:g} GB"
    load = "unknown" if machine.load is None else f"{machine.load:g} cores"
    busy = " **The machine was busy: don't trust these figures.**" if machine.is_busy else ""
    versions = ", ".join(f"{package} {number}" for package, number in machine.versions.items())
    rows = [_row(_COLUMNS), "|".join(["", *["---"] * len(_COLUMNS), ""])]
    rows += [_row(cells(figure)) for figure in run.figures]
    return (
        f"### {name}\n\n"
        f"{machine.processor}, {machine.cores} cores{memory}; {machine.system}; {versions}; "
        f"{machine.measured_at} UTC, busy before: {load}; `{run.command}`.{busy}\n\n"
        + "\n".join(rows)
    )


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def read(path: Path) -> dict[str, Run]:
    """What was written there before; nothing if there is no such file."""
    return _FILE.validate_json(path.read_bytes()) if path.exists() else {}


def write(path: Path, runs: Runs) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_FILE.dump_json(dict(runs), indent=1) + b"\n")


def put_into(page: str, section: str) -> str:
    """The page with ``section`` between its two marks instead of what stood there."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no {_BEGIN} and {_END}")
    return f"{before}{_BEGIN}\n\n{section}\n{_END}{after}"
