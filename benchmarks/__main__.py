"""``python -m benchmarks [paint upscale step start export prepare]``: measure, and compare with budgets."""

import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import report
from benchmarks.context import Context, peer_python
from benchmarks.figures import Figure
from benchmarks.machine import BUSY, this_machine
from benchmarks.models import CACHE
from benchmarks.pipe import ROOT
from benchmarks.rounds import Effort

RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "speed.md"


class Bench(StrEnum):
    """Every benchmark is a module of its name with ``measure(context)``."""

    PAINT = "paint"
    UPSCALE = "upscale"
    STEP = "step"
    START = "start"
    EXPORT = "export"
    PREPARE = "prepare"


def main(
    benches: Annotated[list[Bench] | None, typer.Argument(help="Which; all if none.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How many blocks of each.")] = Effort.rounds,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="About how long a block is.")
    ] = Effort.block_s,
    record: Annotated[
        bool, typer.Option(help="Also write benchmarks/results.json and docs/speed.md.")
    ] = False,
) -> None:
    """Measure, print each figure beside its budget, and keep all in .cache/bench/results.json."""
    console = Console() if sys.stdout.isatty() else Console(width=160)
    peers = peer_python()
    if peers is None:
        console.print("There is no peer to compare with; `make bench-peers` installs them.")
    path = RESULTS if record else CACHE / "results.json"
    runs = report.read(path)
    options = (
        []
        if (rounds, seconds) == (Effort.rounds, Effort.block_s)
        else [f"--rounds {rounds} --seconds {seconds:g}"]
    )
    for bench in benches or list(Bench):
        machine = this_machine()
        if machine.is_busy:
            console.print(
                f"[red]{machine.load:g} cores are busy, over {BUSY:g}: something else is running, "
                "and these figures are not to be trusted.[/red]"
            )
        context = Context(
            Effort(rounds, seconds), machine.cores, peers, lambda what: console.print(f"  {what} …")
        )
        measure: Callable[[Context], Iterator[Figure]]
        measure = import_module(f"benchmarks.{bench}").measure
        figures = tuple(measure(context))
        report.show(console, f"{bench} on {machine.processor}, {machine.cores} cores", figures)
        command = " ".join(["python -m benchmarks", bench, *options])
        runs[bench] = report.Run(machine=machine, command=command, figures=figures)
        report.write(path, runs)  # after each: a later one may fail
    if record:
        PAGE.write_text(report.put_into(PAGE.read_text("utf-8"), report.markdown(runs)), "utf-8")
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
