"""The command that says whose pictures a model learned from."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console


@app.command("credits")
def roll(
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote.")],
    html: Annotated[
        Path | None, typer.Option(help="Write a page like the end of a film instead.")
    ] = None,
) -> None:
    """Print the credits of a dataset's pictures: who made them, and under which licences.

    They come from credits.csv, from LICENCE and CREDITS files beside the pictures, and from what
    picture files say of themselves. A model's card carries the same.

    Example: explorer-train credits dataset --html credits.html
    """
    from explorer.core.files import write_bytes
    from training.data.origins.roll import as_page, as_text, read_roll

    read = read_roll(dataset)
    if html is None:
        typer.echo(as_text(read), nl=False)
        return
    write_bytes(html, as_page(read).encode("utf-8", "replace"))
    console.print(f"{html} is written: open it in a browser.")
