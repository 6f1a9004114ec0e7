"""The commands that make bundles."""

import re
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from explorer.core.places import models_folder
from training.cli.command import app, console, with_bar


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run, here or on gs://.")],
    id: Annotated[str, typer.Option(help="Small letters, digits, dashes; never reused.")],
    title: Annotated[str, typer.Option(help="What people read.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the bundle into; your models if left out.")
    ] = None,
    description: Annotated[str, typer.Option(help="A sentence or two about it.")] = "",
    licence: Annotated[
        str | None, typer.Option(help="Of the model; its pictures' if none.")
    ] = None,
    credits: Annotated[
        list[str] | None, typer.Option(help="Whom to thank; the dataset's if none.")
    ] = None,
    keep_training: Annotated[
        bool, typer.Option("--keep-training", help="Add what others need to train on from here.")
    ] = False,
    likeness: Annotated[
        bool,
        typer.Option(
            "--likeness",
            help="Put thumbnails and credits of all training pictures (--dataset) into the model.",
        ),
    ] = False,
    dataset: Annotated[
        Path | None,
        typer.Option(help="For --likeness: the pictures it learned from, as prepare wrote them."),
    ] = None,
) -> None:
    """Write the bundle that the studio opens, once TensorFlow and ONNX Runtime agree on it.

    Example: explorer-train export run --id my-masks-r1 --title "My masks"
    """
    if likeness != (dataset is not None):
        raise typer.BadParameter(
            "belong together: the one ships what the other names",
            param_hint="--likeness, --dataset",
        )

    from explorer.models.card import ID

    if re.fullmatch(ID, id) is None:
        raise typer.BadParameter(
            f"{id!r} is no id; take at most 64 small letters, digits, dots and dashes, such as "
            "my-masks-r1",
            param_hint="--id",
        )

    from training.bundles.export import export as export_run
    from training.data.fetch import dataset_here
    from training.remote.mirror import run_to_read

    folder = out or models_folder()
    ship = None if dataset is None else with_bar("fetching", partial(dataset_here, dataset))
    with run_to_read(run, needed_only=True) as path:
        card = with_bar(
            "looking",
            lambda progress: export_run(
                path,
                folder,
                id=id,
                title=title,
                description=description,
                licence=licence,
                credits=None if credits is None else tuple(credits),
                keep_training=keep_training,
                ship=ship,
                progress=progress,
            ),
        )
    error = card.parity.image_max_levels if card.parity else 0
    console.print(
        f"{folder / id} is written; both runtimes agree within {error} of 255 levels. "
        f"Next: explorer --model {id if out is None else quote(str((out / id).absolute()))}"
    )
