"""The command that takes over networks of others."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from explorer.core.places import models_folder
from training.cli.command import app, console


@app.command()
def adopt(
    file: Annotated[Path, typer.Argument(help="A StyleGAN2 of NVIDIA's code, a .pkl.")],
    id: Annotated[str, typer.Option(help="Small letters, digits, dashes; never reused.")],
    title: Annotated[str, typer.Option(help="What people read.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the bundle into; your models if left out.")
    ] = None,
    description: Annotated[str, typer.Option(help="A sentence or two about it.")] = "",
    credits: Annotated[
        list[str] | None, typer.Option(help="Whom to thank besides NVIDIA: who trained it.")
    ] = None,
) -> None:
    """Turn a StyleGAN2 .pkl of NVIDIA's into a bundle that the studio opens.

    Files of stylegan2, stylegan2-ada, stylegan2-ada-pytorch and stylegan3's StyleGAN2 are
    understood. A .pkl is a program, but this one is only read: nothing in it is run, and what asks
    for more than plain arrays is refused. Neither PyTorch nor CUDA is needed.

    NVIDIA licenses its code and networks for research and evaluation only, not for commercial
    use; the bundle's card says so, and goes with every gallery.

    Example: explorer-train adopt ffhq.pkl --id ffhq-1024-r1 --title "Faces"
    """
    from training.transfer.adopt import adopt as adopt_pickle

    folder = out or models_folder()
    card = adopt_pickle(
        file, folder, id=id, title=title, description=description, credits=tuple(credits or ())
    )
    error = card.parity.image_max_levels if card.parity else 0
    console.print(
        f"{folder / id} is written; both runtimes agree within {error} of 255 levels. "
        f"{card.licence}. Next: explorer --model {id if out is None else quote(str((out / id).absolute()))}"
    )
