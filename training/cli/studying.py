"""The command that runs a grid of runs and compares them."""

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar
from training.cli.settings import Given, settled, with_settings


@app.command()
@with_settings
def study(
    *,
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote.")],
    out: Annotated[Path, typer.Option(help="Folder of the study; an existing one goes on.")],
    vary: Annotated[
        list[str],
        typer.Option(
            help="What differs: size=1000,3000 (pictures), noise=0,0.2 (share of --aliens, not "
            "StyleGAN2's setting), resolution=32,64, or a setting as loss=hinge,relativistic. "
            "Several make a grid."
        ),
    ],
    steps: Annotated[int | None, typer.Option(min=1, help="Of every run.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Of every run.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Runs of each, for the spread.")] = 2,
    aliens: Annotated[
        Path | None, typer.Option(help="Pictures that don't belong: a folder, or a dataset.")
    ] = None,
    held_out: Annotated[
        int | None,
        typer.Option(min=50, help="Pictures that no run learns from; a fifth, at most 1,000."),
    ] = None,
    pictures: Annotated[int, typer.Option(min=50, help="To paint and judge, of each run.")] = 1000,
    preset: Annotated[str | None, typer.Option(help="Settings that all runs share.")] = None,
    given: Given,
) -> None:
    """Answer a question by a grid of runs: how much data is enough, what does a setting do?

    Every run has the same budget. All are judged against the same pictures, which none of them
    learned from. Start the same command on other machines that see the folder, and they share the
    work; what a dead one leaves is taken up by the next. study.html in OUT is the answer.

    Example: explorer-train study dataset --vary size=1000,3000,9000 --steps 3000 --out study
    """
    from explorer.core.errors import KnownError
    from training.config import Settings
    from training.data.fetch import dataset_here
    from training.studies.page import write
    from training.studies.plan import Budget, varied
    from training.studies.study import Stopped, asked
    from training.studies.study import run as run_all

    def say(sentence: str) -> None:
        console.print(sentence, markup=False, highlight=False)

    if minutes is not None and not isfinite(minutes):
        raise KnownError(f"--minutes {minutes} is no budget: say how many.")
    settings: Settings = settled(preset, given, None)
    here = with_bar("fetching", lambda progress: dataset_here(dataset, progress))
    plan = asked(
        here,
        varied(vary),
        settings=settings,
        budget=Budget(steps=steps, minutes=minutes),
        seeds=seeds,
        aliens=aliens,
        held=held_out,
        painted=pictures,
    )
    try:
        outcome = run_all(plan, here, out, aliens=aliens, say=say)
    except Stopped as stopped:
        say(f"Stopped; the same command goes on. So far: {write(out)}")
        raise typer.Exit(stopped.status) from None
    page = write(out)
    say(f"{page} is written: {outcome.done} of {outcome.cells} runs are done.")
    if outcome.busy:
        say(f"Other workers are at {outcome.busy} more.")
    if outcome.failed:
        raise KnownError(
            f"{len(outcome.failed)} of {outcome.cells} runs failed, the first one as {outcome.failed[0]}"
        )
