"""The command that says what a run will cost before it is paid for."""

import json as jsons
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from training.cli.command import app, console, with_bar
from training.cli.settings import Given, check_heard, settled, with_settings

if TYPE_CHECKING:
    from training.estimating.estimate import Alternative, Forecast


@app.command()
@with_settings
def estimate(
    *,
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote, here or on gs://.")],
    preset: Annotated[
        str | None, typer.Option(help="Published settings: masks, portraits, doodles; or quick.")
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(help="With the settings of a run, a bundle or NVIDIA's .pkl."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="The total that the run is to reach.")] = 15_000,
    hours: Annotated[
        float | None, typer.Option(min=0, help="How far would so many hours bring it?")
    ] = None,
    kimg: Annotated[
        float | None, typer.Option(min=0, help="How long until so many thousand pictures?")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, max=3600, help="To measure; compiling comes on top.")
    ] = 60.0,
    compare: Annotated[
        bool, typer.Option("--compare/--alone", help="Probe what may be faster as well.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Figures for a machine to read.")] = False,
    report_every: Annotated[int, typer.Option(min=1, help="Steps between scalars.")] = 50,
    grid_every: Annotated[int, typer.Option(min=1, help="Steps between picture grids.")] = 500,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="Steps between saves.")] = 500,
    score_every: Annotated[int, typer.Option(min=1, help="Steps between scores.")] = 1000,
    device: Annotated[
        str, typer.Option(help="auto (all GPUs), cpu, gpu (one), gpus, or cpu:2 to try replicas.")
    ] = "auto",
    tpu: Annotated[
        str | None, typer.Option(help="local on a TPU VM, or the name of a TPU.")
    ] = None,
    steps_per_call: Annotated[
        int, typer.Option(min=1, help="Steps between two words with the host; 16 suits a TPU.")
    ] = 1,
    given: Given,
) -> None:
    """Say what a run will take, before it takes it: hours, memory, disk.

    Trains for a minute with exactly the settings of `run` on the device that would do it, and
    keeps nothing. Say to `estimate` what you would say to `run`, but for when it shall stop, where
    it shall lie and with which other machines it trains.

    Example: explorer-train estimate dataset --preset quick --hours 3
    """
    from training import devices
    from training.data.fetch import dataset_here
    from training.estimating.estimate import Wanted, forecast, judged
    from training.estimating.probe import probe
    from training.transfer.start import lent, lies_here

    taken_over: Given = {}
    if start_from is not None:
        taken_over = lent(lies_here(start_from), preset=preset is not None)
    settings = settled(preset, given, None, lent=taken_over)
    check_heard(given, settings)
    wanted = Wanted(
        grid_every=grid_every,
        checkpoint_every=checkpoint_every,
        score_every=score_every,
        report_every=report_every,
        steps_per_call=steps_per_call,
    )
    strategy = devices.strategy(device, tpu=tpu, say=console.print)
    pictures = with_bar("fetching", lambda progress: dataset_here(dataset, progress))
    trying = f"Training for about {seconds:.0f} seconds, to see how it goes"
    with console.status(trying) if console.is_terminal else nullcontext():
        tried = probe(pictures, settings, wanted, strategy, seconds=seconds, compare=compare)
    told = forecast(tried.probed, settings, wanted, steps)
    said = judged(told, tried.alternatives, device=tried.device, steps=steps)
    if json:
        figures = _figures(told, tried.alternatives, steps=steps, hours=hours, kimg=kimg)
        typer.echo(jsons.dumps({**figures, "device": tried.device, "said": said}, indent=1))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    for row in rows(told, steps=steps, hours=hours, kimg=kimg):
        table.add_row(*row)
    out = Console()
    out.print(table)
    out.print()
    out.print(said, highlight=False, markup=False)


def rows(
    told: "Forecast", *, steps: int, hours: float | None, kimg: float | None
) -> list[tuple[str, str]]:
    """The table, row by row: what, and how much."""
    from training.estimating.estimate import duration, size

    probed = told.probed
    spread = f" (mostly {told.slow:.3g} to {told.fast:.3g})" if len(probed.rounds) > 1 else ""
    lines = [
        ("Pace", f"{told.pictures_per_second:.3g} pictures a second{spread}"),
        ("To begin", f"{duration(told.once_s)}, once: compiling, and features for scores"),
        (f"{steps:,} steps", f"{duration(told.seconds(steps))}: {_kimg(steps * told.batch)} kimg"),
    ]
    for thousands in (100.0, 1000.0, *([kimg] if kimg else [])):
        took = duration(told.seconds_for(1000 * thousands))
        lines.append(
            (f"{thousands:,.4g} kimg", f"{took}: {1000 * thousands / told.batch:,.0f} steps")
        )
    if hours is not None:
        reached = told.steps_within(3600 * hours)
        seen = f"{reached:,} steps: {_kimg(reached * told.batch)} kimg"
        lines.append((f"{hours:g} hours buy", seen))
    memory = [f"{size(n)} of {_WHERE[where]}" for where, n in probed.memory.items()]
    lines.append(("Memory, at most", ", ".join(memory) or "this system does not tell"))
    checkpoints, grids = told.disk(steps)
    lines.append(("Disk", f"{size(checkpoints)} of checkpoints, {size(grids)} of grids"))
    lines.append(
        ("It learns", f"{_numbers(probed.generator)} numbers to paint with, "
         f"{_numbers(probed.discriminator)} to judge with")
    )  # fmt: skip
    if probed.score_s is not None:
        lines.append(("A score", duration(probed.score_s)))
    if probed.export_s is not None:
        lines.append(("An export", duration(probed.export_s)))
    return lines


_WHERE = {"process": "this process", "GPU": "the GPU", "TPU": "the TPU"}


def _kimg(pictures: float) -> str:
    from training.seeing.film import kimg

    return kimg(pictures)


def _numbers(count: int) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{count:,}"


def _figures(
    told: "Forecast",
    alternatives: "Sequence[Alternative]",
    *,
    steps: int,
    hours: float | None,
    kimg: float | None,
) -> dict[str, Any]:
    probed = told.probed
    checkpoints, grids = told.disk(steps)
    figures: dict[str, Any] = {
        "batch": told.batch,
        "pictures_per_second": told.pictures_per_second,
        "pictures_per_second_10": told.slow,
        "pictures_per_second_90": told.fast,
        "compile_s": probed.compile_s,
        "step_s": told.step_s,
        "steps": steps,
        "steps_s": told.seconds(steps),
        "kimg_100_s": told.seconds_for(100_000),
        "kimg_1000_s": told.seconds_for(1_000_000),
        "grid_s": probed.grid_s,
        "checkpoint_s": probed.checkpoint_s,
        "score_s": probed.score_s,
        "export_s": probed.export_s,
        "memory_bytes": dict(probed.memory),
        "checkpoints_bytes": checkpoints,
        "grids_bytes": grids,
        "generator_parameters": probed.generator,
        "discriminator_parameters": probed.discriminator,
        "alternatives": {one.option: one.pictures_per_second for one in alternatives},
    }
    if kimg is not None:
        figures |= {"kimg": kimg, "kimg_s": told.seconds_for(1000 * kimg)}
    if hours is not None:
        reached = told.steps_within(3600 * hours)
        figures |= {"hours": hours, "hours_steps": reached, "hours_pictures": reached * told.batch}
    return figures
