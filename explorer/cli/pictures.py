"""Commands for pictures that are there: is it what it says, and larger, please."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.arguments import TWO_STAGE, parse_size, parse_upscale
from explorer.cli.screen import INTERRUPTED, give, give_json, mark, progress_bar, stoppable, tell
from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled

if TYPE_CHECKING:
    from explorer.core.progress import Progress
    from explorer.upscale.stages import Stage
    from explorer.upscale.upscaler import Upscalers


def verify(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures that were saved here.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """Paint pictures again from the recipes inside them, and compare.

    Says of each whether it is what its recipe says, or else what differs: the
    model is missing, the model changed, the picture was edited. The exit status
    is 1 unless all are as they should be.

    Example:
      explorer verify gallery/*.png
    """
    from explorer.models.library import Library
    from explorer.render.repaint import verify as verdict_on
    from explorer.upscale.upscaler import Upscalers

    library, upscalers = Library(), Upscalers()
    told = []
    for path in pictures:
        verdict = verdict_on(path, library, upscalers)
        told.append({"picture": str(path), "ok": verdict.ok, "sentence": verdict.sentence})
        if not as_json:
            give(f"{mark('✓' if verdict.ok else '✗')} {verdict.sentence}")
    if as_json:
        give_json(told)
    if not all(each["ok"] for each in told):
        raise typer.Exit(1)


def upscale(
    picture: Annotated[Path, typer.Argument(help="A PNG that was saved here.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The PNG to write; it must not exist yet.")
    ],
    upscale: Annotated[
        str,
        typer.Option(
            metavar="ID,ID", help="Upscalers one after the other, divided by commas, or two-stage."
        ),
    ] = TWO_STAGE,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Bring it to so many pixels at the end.")
    ] = None,
) -> None:
    """Make a larger picture of one that was saved; title and recipe go along.

    Example:
      explorer upscale gallery/000012.png --upscale two-stage --out large.png
    """
    pixels = None if size is None else parse_size(size)
    if out.suffix.lower() != ".png":
        raise typer.BadParameter(f"{out} does not end in .png", param_hint="--out")
    if out.exists():
        raise KnownError(f"{out} exists already; choose another name or remove it first.")

    from explorer.upscale.upscaler import Upscalers

    upscalers = Upscalers()
    stages = (parse_upscale(upscale, upscalers) or ()) + upscalers.plan("", size=pixels)
    with stoppable() as is_stopped, progress_bar("Upscaling", 100, is_stopped) as progress:
        try:
            _upscale(picture, out, stages, upscalers, progress)
        except Cancelled:
            stopped = True
        else:
            stopped = False
    if stopped:
        tell(f"Stopped; {out} was not written.")
        raise typer.Exit(INTERRUPTED)
    tell(f"{out} is written.")


def _upscale(
    picture: Path,
    out: Path,
    stages: "tuple[Stage, ...]",
    upscalers: "Upscalers",
    progress: "Progress",
) -> None:
    from explorer.gallery.pictures import pixels_sha256, read_picture, write_picture
    from explorer.gallery.recipe import PictureRef

    small, recipe, caption = read_picture(picture)
    if pixels_sha256(small) != recipe.picture.sha256:
        raise KnownError(f"{picture} was edited after it was painted; its recipe no longer fits.")
    large = upscalers.run(small, stages, progress)
    grown = PictureRef(width=large.shape[1], height=large.shape[0], sha256=pixels_sha256(large))
    recipe = recipe.model_copy(update={"upscale": recipe.upscale + stages, "picture": grown})
    write_picture(out, large, recipe, caption)
