"""`explorer-train`: pictures, then a model, then a bundle that the studio opens."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.places import log_file, models_folder
from explorer.core.progress import Progress
from explorer.core.words import last_words

if TYPE_CHECKING:
    from training.config import Settings

T = TypeVar("T")

_TRAINS = ("tensorflow", "keras", "tf2onnx", "onnx", "tensorboard")  # the extra `train`

# TensorFlow's remarks about the processor are of no use to an artist.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

app = typer.Typer(
    name="explorer-train",
    help="Train a small generative model on your own pictures.\n\n"
    "The way: prepare (or masks) → look → run → export. Every command stops cleanly at "
    "Ctrl-C and goes on where it stopped when it is run again.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
console = Console(stderr=True, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"masquerade {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    pass


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

    _with_bar(
        "rendering", lambda p: write_masks(out, count=count, size=size, seed=seed, progress=p)
    )
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

    card = _with_bar(
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


@app.command()
def run(
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote.")],
    out: Annotated[Path, typer.Option(help="Folder of the run; an existing run goes on.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Published settings: masks, portraits or doodles. Or ours for two cores: quick."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="The total to reach.")] = 15_000,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Real pictures a step.")] = None,
    width: Annotated[
        float | None, typer.Option(help="Of both networks; 0.5 halves every layer.")
    ] = None,
    discriminator_width: Annotated[
        float | None, typer.Option(help="Of the discriminator alone, on top of --width.")
    ] = None,
    kernel: Annotated[int | None, typer.Option(help="Pixels a side of the convolutions.")] = None,
    latent: Annotated[int | None, typer.Option(help="Numbers in a latent z.")] = None,
    loss: Annotated[
        str | None, typer.Option(help="non-saturating, or relativistic (with R1 and R2).")
    ] = None,
    gamma: Annotated[float | None, typer.Option(help="Weight of R1 and R2.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam or rmsprop.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of both players.")] = None,
    beta_1: Annotated[float | None, typer.Option("--beta1", help="Adam's.")] = None,
    beta_2: Annotated[float | None, typer.Option("--beta2", help="Adam's.")] = None,
    decay: Annotated[
        float | None, typer.Option(help="The rate falls as 1 / (1 + decay * step).")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="float32, or mixed_bfloat16 where the processor has it: faster."),
    ] = None,
    ema: Annotated[float | None, typer.Option(help="How much of the average a step keeps.")] = None,
    flip: Annotated[bool | None, typer.Option("--flip/--no-flip", help="Mirror half.")] = None,
    brightness: Annotated[float | None, typer.Option(help="Largest shift, 0 to 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    report_every: Annotated[int, typer.Option(min=1, help="Steps between scalars.")] = 50,
    grid_every: Annotated[int, typer.Option(min=1, help="Steps between picture grids.")] = 500,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="Steps between saves.")] = 500,
) -> None:
    """Train a DCGAN, or go on with a run where it stopped.

    Watch RUN/grids: the same latents from the first step to the last.
    Curves: tensorboard --logdir RUN/tensorboard

    Example: explorer-train run dataset --out run --preset quick --minutes 60
    """
    from training.folder import RunFolder
    from training.run import Pacing, train

    given: dict[str, Any] = {
        "batch": batch,
        "width": width,
        "discriminator_width": discriminator_width,
        "kernel": kernel,
        "latent": latent,
        "loss": loss,
        "gamma": gamma,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "beta_1": beta_1,
        "beta_2": beta_2,
        "decay": decay,
        "precision": precision,
        "ema": ema,
        "flip": flip,
        "brightness": brightness,
        "seed": seed,
    }
    given = {name: value for name, value in given.items() if value is not None}
    folder = RunFolder(out)
    begun = folder.card().settings if folder.exists() else None
    pacing = Pacing(
        steps=steps,
        minutes=minutes,
        report_every=report_every,
        grid_every=grid_every,
        checkpoint_every=checkpoint_every,
    )
    state = train(dataset, out, pacing, settings=_settings(preset, given, begun), console=console)
    if state.step >= steps:
        console.print(
            f"Done. Next: explorer-train export {out} --id my-model-r1 --title 'My model'"
        )


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
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
) -> None:
    """Write the bundle that the studio opens, once TensorFlow and ONNX Runtime agree on it.

    Example: explorer-train export run --id my-masks-r1 --title "My masks"
    """
    from training.export import export as export_run

    folder = out or models_folder()
    card = export_run(
        run,
        folder,
        id=id,
        title=title,
        description=description,
        licence=licence,
        credits=None if credits is None else tuple(credits),
    )
    error = card.parity.image_max_levels if card.parity else 0
    console.print(
        f"{folder / id} is written; both runtimes agree within {error} of 255 levels. "
        f"Next: explorer --model {id}"
    )


def _settings(
    preset: str | None, given: dict[str, Any], begun: "Settings | None"
) -> "Settings | None":
    """The settings of a new run, or those of the old one with what was said again laid over."""
    from pydantic import ValidationError

    from training.config import PRESETS, Settings

    if preset is not None and preset not in PRESETS:
        raise typer.BadParameter(f"{preset!r} is none of {', '.join(PRESETS)}.")
    base = begun or Settings()
    if preset is not None and (begun is None or begun.preset != preset):
        base = PRESETS[preset]
    if "loss" in given and begun is None and given["loss"] == "relativistic":
        # What the loss was published with; batch normalisation makes R1 meaningless.
        given = {"normalise_discriminator": False, "beta_1": 0.0, **given}
    try:
        return Settings.model_validate({**base.model_dump(), **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise typer.BadParameter(f"--{name}: {first['msg']}.") from error


def _with_bar(what: str, work: Callable[[Progress], T]) -> T:
    """Do ``work`` under a bar, which is not there before the first piece of it is done."""
    bar = Bar(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task(what, total=1.0)

    def report(fraction: float) -> None:
        bar.start()
        bar.update(task, completed=fraction)

    try:
        return work(Progress(report))
    finally:
        if bar.live.is_started:
            bar.stop()


def main() -> None:
    """Run `explorer-train`. Exits 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C."""
    _hide_native_chatter()
    try:
        app(prog_name="explorer-train")
    except Exception as error:  # noqa: BLE001 - what is our mistake goes to the log, whole
        sentence = last_words(_known(error), "explorer-train")
        console.print(sentence, style="red", markup=False, highlight=False)
        sys.exit(1)


def _known(error: Exception) -> Exception:
    """The error, or what to do about it where no more than the extra ``train`` is missing."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").partition(".")[0]
        if package in _TRAINS:
            return KnownError(
                f"Training needs {package}, which is not installed: pip install 'masquerade[train]'."
            )
    return error


def _hide_native_chatter() -> None:
    """Send what TensorFlow's C++ says to the log file, and leave ours on the terminal.

    It greets every start with several lines that no setting silences.
    """
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = path.open("ab")
    except OSError:
        return  # a noisy start is better than none
    with log:
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
        os.dup2(log.fileno(), 2)
