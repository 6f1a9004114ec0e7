"""The command that judges a model."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar


@app.command()
def evaluate(
    model: Annotated[
        Path, typer.Argument(help="Folder of a run, here or on gs://, or a bundle's folder or id.")
    ],
    dataset: Annotated[
        Path | None, typer.Option(help="The pictures it learned from, as prepare wrote them.")
    ] = None,
    held_out: Annotated[
        Path | None,
        typer.Option(help="Real pictures it never saw, prepared alike, to compare with."),
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="A run's checkpoint with the best score, not its newest.")
    ] = False,
    pictures: Annotated[
        int, typer.Option(min=50, max=50_000, help="To paint; intervals shrink with their root.")
    ] = 2000,
    searched: Annotated[
        int, typer.Option(min=50, help="Training pictures in which copies are looked for.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The first one painted.")] = 0,
    inception: Annotated[
        Path | None, typer.Option(help="An ONNX network of your own whose features are asked too.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for evaluation.html and .json: the run's, or ID-evaluation here."
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file too.")] = None,
) -> None:
    """Say how good a model is: nearness, variety, copies; each figure with its interval.

    The page, evaluation.html, shows the pictures behind each figure. evaluation.json lies beside
    it, and export takes it into the model's card where it is of the same step.

    Example: explorer-train evaluate run --dataset dataset
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from explorer.core.files import write_bytes
    from explorer.core.words import printable
    from training.data.fetch import dataset_here
    from training.evaluation.evaluate import Amount
    from training.evaluation.evaluate import evaluate as judge
    from training.evaluation.page import write
    from training.evaluation.words import lead, rows, verdict
    from training.remote.mirror import run_to_read

    here, held = (
        None if one is None else with_bar("fetching", partial(dataset_here, one))
        for one in (dataset, held_out)
    )
    amount = Amount(painted=pictures, searched=searched, seed=seed)
    with run_to_read(model) as path:
        look = with_bar(
            "looking",
            lambda p: judge(
                path,
                here,
                held_out=held,
                best=best,
                inception=inception,
                amount=amount,
                progress=p,
            ),
        )
    told = look.told
    is_here = told.model.kind == "run" and path == model
    folder = out or (model if is_here else Path(f"{told.model.name}-evaluation"))
    written = write(look, folder)
    if json is not None:
        write_bytes(json, told.model_dump_json(indent=1).encode())
    screen = Console(soft_wrap=True)
    screen.print(printable(lead(told)), markup=False, highlight=False)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for head in ("figure", "value", "19 times of 20", "real ones", "better"):
        table.add_column(head, justify="left" if head in ("figure", "better") else "right")
    for row in rows(told):
        table.add_row(*map(printable, row))
    screen.print(table)
    for what, said in verdict(told):
        screen.print(f"{what} {printable(said)}", markup=False, highlight=False)
    for note in told.notes:
        console.print(printable(note), style="yellow", markup=False, highlight=False)
    console.print(f"{written} is written: open it in a browser.", markup=False, highlight=False)
