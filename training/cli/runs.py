"""The commands that train."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.command import app, console

if TYPE_CHECKING:
    from training.config import Settings


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
