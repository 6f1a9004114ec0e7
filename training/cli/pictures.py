"""The commands that deal with pictures, before there is a model."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from training.cli.command import app, console, with_bar

_FACES = "Options for faces"

Size: TypeAlias = Any  # an int, or width and height; Typer can't be told


class Fits(StrEnum):
    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"
    TILES = "tiles"


class Crops(StrEnum):
    CENTRE = "centre"
    INTEREST = "interest"


class Aligns(StrEnum):
    FACES = "faces"


class Classes(StrEnum):
    AUTO = "auto"
    FOLDERS = "folders"
    SOURCES = "sources"
    NONE = "none"


def _size(text: str) -> int | tuple[int, int]:
    """`64`, or `64x48` for width and height."""
    width, x, height = str(text).lower().partition("x")
    try:
        sides = (int(width), int(height) if x else int(width))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a valid integer, nor a width and height such as 64x48."
        ) from error
    for side in sides:
        if not 8 <= side <= 1024:
            raise typer.BadParameter(f"{side} is not in the range 8<=x<=1024.")
    return sides if x else sides[0]


@app.command()
def masks(
    out: Annotated[Path, typer.Argument(help="Folder to write, one subfolder a material.")],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many pictures.")] = 10_000,
    size: Annotated[int, typer.Option(min=16, max=1024, help="Pixels a side.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other masks.")] = 0,
    plain: Annotated[
        bool, typer.Option("--plain", help="One head each and no paint: easier to learn.")
    ] = False,
) -> None:
    """Render carved masks to learn from, with the factors of each in pictures.csv.

    They are inventions, and free to use (CC0).

    Example: explorer-train masks masks --count 10000 --size 64
    """
    from training.data.masks.folder import write_masks

    with_bar(
        "rendering",
        lambda p: write_masks(out, count=count, size=size, seed=seed, plain=plain, progress=p),
    )
    console.print(f"{count:,} masks are in {out}. Next: explorer-train prepare {out} DATASET")


@app.command()
def prepare(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="Folders (subfolders are classes), zips of them, .npy arrays, films, datasets; "
            "of several, each is a class, called NAME where given as NAME=SOURCE.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(
            help="Folder to write the dataset to, or OUT.zip for a StyleGAN zip; must be new."
        ),
    ],
    size: Annotated[
        Size,
        typer.Option(
            parser=_size,
            metavar="N|WxH",
            help="Pixels a side: 28, 32, 64 or 128; or 64x48, which is padded to a square.",
        ),
    ],
    fit: Annotated[Fits, typer.Option(help="How a picture comes to its size.")] = Fits.CROP,
    crop: Annotated[
        Crops, typer.Option(help="What --fit crop keeps: the middle, or what stands out.")
    ] = Crops.CENTRE,
    tile: Annotated[
        int | None,
        typer.Option(min=1, help="Of --fit tiles: pixels that a tile covers; SIZE if not given."),
    ] = None,
    tile_step: Annotated[
        int | None, typer.Option(min=1, help="Pixels from tile to tile; half of one.")
    ] = None,
    grey: Annotated[bool, typer.Option("--grey", help="One channel instead of three.")] = False,
    background: Annotated[
        str,
        typer.Option(help="Colour under transparency and around what is padded: white, #rrggbb."),
    ] = "white",
    classes: Annotated[
        Classes, typer.Option(help="What makes classes; sources where there are several.")
    ] = Classes.AUTO,
    decisions: Annotated[
        Path | None,
        typer.Option(help="CSV of files to keep or reject, as curation writes it."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(help="Of films: one frame in so many seconds; 1, or none with --scenes."),
    ] = None,
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Of films: the first frame of every scene.")
    ] = False,
    align: Annotated[
        Aligns | None, typer.Option(help="Cut out faces, eyes level.", rich_help_panel=_FACES)
    ] = None,
    subject: Annotated[
        str, typer.Option(help="Whose faces: human or cat.", rich_help_panel=_FACES)
    ] = "human",
    faces: Annotated[
        str, typer.Option(help="Of several: all or largest.", rich_help_panel=_FACES)
    ] = "all",
    margin: Annotated[
        float | None, typer.Option(help="Around a face, in faces.", rich_help_panel=_FACES)
    ] = None,
    landmarks: Annotated[
        Path | None,
        typer.Option(
            help="A landmark file of dlib's, for other subjects; from someone you trust.",
            rich_help_panel=_FACES,
        ),
    ] = None,
    detector: Annotated[
        Path | None, typer.Option(help="A detector of dlib's.", rich_help_panel=_FACES)
    ] = None,
    eyes: Annotated[
        str | None,
        typer.Option(help="Which landmarks are the eyes: 36-41/42-47.", rich_help_panel=_FACES),
    ] = None,
    cut_out: Annotated[
        Path | None,
        typer.Option(help="An ONNX network whose mask is kept; the rest becomes background."),
    ] = None,
    cut_out_range: Annotated[
        str | None, typer.Option(help="What that network takes: imagenet; 0,1; -1,1; 0,255.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; the source's name.")] = None,
    licence: Annotated[
        str, typer.Option(help="Of pictures that no nearer word speaks of, such as CC0-1.0.")
    ] = "",
    credits: Annotated[
        list[str] | None, typer.Option(help="Whom to thank; may be given several times.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that work; one for each core.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Of Dask: tcp://host:8786, or local to try it here.")
    ] = None,
) -> None:
    """Turn pictures, however they come, into records that training reads.

    Pictures are turned upright, cropped to a square and resized. Files that can't be used are
    listed in dataset.json with the reason; none of them ends the work.

    Example: explorer-train prepare my-pictures/ dataset --size 64 --licence CC-BY-4.0
    """
    from training.data.fitting.decode import colour
    from training.data.fitting.steps import Step
    from training.data.prepare import prepare as prepare_pictures
    from training.data.sources.film import Frames

    steps: list[Step] = []
    if align is not None:
        from training.data.align.faces import MARGIN
        from training.data.align.step import align_faces

        margin = MARGIN if margin is None else margin
        steps.append(
            align_faces(
                subject=subject,
                which=faces,
                margin=margin,
                landmarks=landmarks,
                detector=detector,
                eyes=eyes,
            )
        )
    if cut_out is not None:
        from training.data.align.cutout import cut_out as lay_on

        steps.append(lay_on(cut_out, colour(background), cut_out_range))
    card = with_bar(
        "preparing",
        lambda p: prepare_pictures(
            sources,
            out,
            size=size,
            grey=grey,
            background=background,
            fit=fit.value,
            crop=crop.value,
            tile=tile,
            tile_step=tile_step,
            steps=steps,
            align=steps[0].told if align is not None else None,
            classes=classes.value,
            frames=Frames(every if every is not None else None if scenes else 1.0, scenes),
            decisions=decisions,
            name=name,
            licence=licence,
            credits=credits or (),
            progress=p,
            workers=workers,
            scheduler=scheduler,
        ),
    )
    files = "file" if len(card.skipped) == 1 else "files"
    skipped = f", {len(card.skipped):,} {files} skipped (see dataset.json)" if card.skipped else ""
    rejected = card.prepared.rejected if card.prepared else 0
    rejected_ = f", {rejected:,} rejected" if rejected else ""
    where = f"{card.count:,} pictures of {card.width}×{card.height} are in {out}"
    console.print(f"{where}{rejected_}{skipped}.")
    if out.is_dir():
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
