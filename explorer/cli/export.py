"""``explorer export``: many pictures, without a window."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.arguments import TWO_STAGE, parse_size, parse_upscale
from explorer.cli.screen import INTERRUPTED, progress_bar, stoppable, tell
from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled

if TYPE_CHECKING:
    from explorer.render.order import Plan
    from explorer.upscale.upscaler import Upscalers

_SHIPPED = "shipped"


def export(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder to fill; it is made if need be.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="A model's id, or the path of a bundle; else the first one."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="SEEDS", help="Which seeds to paint, like 0-99 or 3,17,20-25."),
    ] = None,
    recipes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Paint these recipes instead: JSON lines, or another manifest.jsonl.",
        ),
    ] = None,
    upscale: Annotated[
        str | None,
        typer.Option(
            metavar="ID,ID", help="Upscalers one after the other, divided by commas, or two-stage."
        ),
    ] = None,
    upscale_first: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Upscale only so many, in two stages unless said otherwise."
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Bring every picture to so many pixels at the end."),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A text file with a title a line, or the word shipped."),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=2.0,
            metavar="X",
            help="Below 1: tamer pictures, and less varied; 1 if not given.",
        ),
    ] = None,
    creator: Annotated[
        str, typer.Option(metavar="NAME", help="Who made them; written into every picture.")
    ] = "",
    rights: Annotated[
        str, typer.Option(metavar="TEXT", help="Their licence; written into every picture.")
    ] = "",
    title: Annotated[
        str, typer.Option(metavar="TEXT", help="The title of the page; else the model's.")
    ] = "",
    set_aside: Annotated[
        bool,
        typer.Option(
            "--set-aside", help="Keep what else is in DIR under the name DIR-1, and begin anew."
        ),
    ] = False,
) -> None:
    """Paint many pictures into a folder, with their recipes inside and a page to look at.

    The folder gets the pictures, manifest.jsonl with a line for each, and
    index.html. An export may be interrupted at any time, by Ctrl-C or a power
    cut: the same command goes on where it stopped, and the result is the same
    as if nothing had happened.

    Example:
      explorer export --seeds 0-47 --names shipped --upscale-first 6 --out gallery

      explorer export --recipes gallery/manifest.jsonl --size 2000x2000 --out print
    """
    if (seeds is None) == (recipes is None):
        raise typer.BadParameter("give one of --seeds and --recipes", param_hint="--seeds")
    if recipes is not None and model is not None:
        raise typer.BadParameter("recipes name their models themselves", param_hint="--model")
    if recipes is not None and truncation is not None:
        raise typer.BadParameter("recipes have their own", param_hint="--truncation")
    if truncation is not None and not math.isfinite(truncation):
        raise typer.BadParameter("it is no number", param_hint="--truncation")
    pixels = None if size is None else parse_size(size)
    numbers = [] if seeds is None else _seeds(seeds)

    from explorer.gallery.caption import one_line
    from explorer.models.generator import Truncation
    from explorer.models.library import Library
    from explorer.render.order import Wishes, plan_recipes, plan_seeds
    from explorer.upscale.upscaler import Upscalers

    library, upscalers = Library(), Upscalers()
    if upscale is None and upscale_first is not None and recipes is None:
        upscale = TWO_STAGE
    wishes = Wishes(
        titles=_titles(names),
        truncation=Truncation() if truncation is None else Truncation(psi=truncation),
        upscale=parse_upscale(upscale, upscalers),
        upscale_first=upscale_first,
        size=upscalers.plan("", size=pixels),
        creator=one_line(creator),
        rights=one_line(rights),
        heading=one_line(title),
    )
    if recipes is not None:
        plan = plan_recipes(recipes, library, wishes)
    else:
        chosen = library.default_id() if model is None else model
        plan = plan_seeds(library.open(chosen), numbers, wishes)
    if 0 < len(wishes.titles) < len(plan.pieces):
        tell(
            f"There are {len(wishes.titles)} names for {len(plan.pieces)} pictures; "
            "the others are called by their numbers."
        )
    _run(plan, out, upscalers, sets_aside=set_aside)


def _run(plan: "Plan", out: Path, upscalers: "Upscalers", *, sets_aside: bool) -> None:
    from explorer.render.batch import INDEX, OtherExport, export, set_aside

    total = len(plan.pieces)
    with stoppable() as is_stopped, progress_bar("Painting", total, is_stopped) as progress:
        try:
            try:
                painted = export(plan, out, upscalers, progress)
            except OtherExport:
                if not sets_aside:
                    raise
                tell(f"{out} held something else; it is kept as {set_aside(out)}.")
                painted = export(plan, out, upscalers, progress)
        except Cancelled:
            painted = None
    if painted is None:
        there = len(list(out.glob("[0-9]*.png")))
        tell(f"Stopped with {there} of {total} in {out}; the same command goes on from there.")
        raise typer.Exit(INTERRUPTED)
    if painted == 0:
        tell(f"All {total} pictures were in {out} already.")
    else:
        tell(f"{total} pictures are in {out}; open {out / INDEX} to see them.")


def _seeds(text: str) -> list[int]:
    from explorer.latent.seeds import parse_seeds

    try:
        return parse_seeds(text)
    except KnownError as error:
        raise typer.BadParameter(str(error), param_hint="--seeds") from error


def _titles(names: str | None) -> list[str]:
    from explorer.gallery.names import names as shipped_names
    from explorer.render.order import read_titles

    if names is None:
        return []
    return list(shipped_names()) if names == _SHIPPED else read_titles(Path(names))
