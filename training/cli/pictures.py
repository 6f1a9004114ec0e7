"""The commands that deal with pictures, before there is a model."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar


@app.command()
def masks(
    out: Annotated[Path, typer.Argument(help="Folder to write, one subfolder a material.")],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many pictures.")] = 10_000,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Pixels a side.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other masks.")] = 0,
) -> None:
    """Render carved masks to learn from, with the factors of each in pictures.csv.

    They are inventions, and free to use (CC0).

    Example: explorer-train masks masks --count 10000 --size 64
    """
    from training.data.masks.folder import write_masks

    with_bar("rendering", lambda p: write_masks(out, count=count, size=size, seed=seed, progress=p))
    console.print(f"{count:,} masks are in {out}. Next: explorer-train prepare {out} DATASET")


@app.command()
def prepare(
    source: Annotated[Path, typer.Argument(help="A folder (subfolders are classes), zip or .npy.")],
    out: Annotated[Path, typer.Argument(help="Folder to write the dataset to; must be new.")],
    size: Annotated[int, typer.Option(min=8, max=1024, help="Pixels a side: 28, 32, 64 or 128.")],
    grey: Annotated[bool, typer.Option("--grey", help="One channel instead of three.")] = False,
    background: Annotated[
        str, typer.Option(help="Colour under transparent pixels: a name or #rrggbb.")
    ] = "white",
    name: Annotated[str | None, typer.Option(help="What to call it; the source's name.")] = None,
    licence: Annotated[str, typer.Option(help="Of the pictures, such as CC0-1.0.")] = "",
    credits: Annotated[
        list[str] | None, typer.Option(help="Whom to thank; may be given several times.")
    ] = None,
) -> None:
    """Turn pictures, however they come, into records that training reads.

    Pictures are turned upright, cropped to a square and resized. Files that can't be used are
    listed in dataset.json with the reason; none of them ends the work.

    Example: explorer-train prepare my-pictures/ dataset --size 64 --licence CC-BY-4.0
    """
    from training.data.prepare import prepare as prepare_pictures

    card = with_bar(
        "preparing",
        lambda p: prepare_pictures(
            source,
            out,
            size=size,
            grey=grey,
            background=background,
            name=name,
            licence=licence,
            credits=credits or (),
            progress=p,
        ),
    )
    skipped = f", {len(card.skipped):,} files skipped (see dataset.json)" if card.skipped else ""
    console.print(f"{card.count:,} pictures of {card.width}×{card.height} are in {out}{skipped}.")
    console.print(f"Next: explorer-train look {out}")


@app.command()
def look(
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote.")],
    out: Annotated[Path | None, typer.Option(help="The contact sheet; DATASET/look.png.")] = None,
) -> None:
    """See what training will see: a contact sheet, and layout, type and range in figures.

    Example: explorer-train look dataset
    """
    from training.data.look import look as look_at

    typer.echo(str(look_at(dataset, out)))
