"""The commands that train."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar
from training.cli.settings import Given, check_heard, settled, with_settings


@app.command()
@with_settings
def run(
    *,
    dataset: Annotated[Path, typer.Argument(help="What prepare wrote, here or on gs://.")],
    out: Annotated[
        Path, typer.Option(help="Folder of the run, here or on gs://; an existing run goes on.")
    ],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Published settings: masks, portraits or doodles. Or ours for two cores: quick."
        ),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(help="Begin with the weights of a run, a bundle or NVIDIA's .pkl."),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="The total to reach.")] = 15_000,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    report_every: Annotated[int, typer.Option(min=1, help="Steps between scalars.")] = 50,
    grid_every: Annotated[int, typer.Option(min=1, help="Steps between picture grids.")] = 500,
    checkpoint_every: Annotated[int, typer.Option(min=1, help="Steps between saves.")] = 500,
    score_every: Annotated[
        int, typer.Option(min=1, help="Steps between scores; the best checkpoint is kept.")
    ] = 1000,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many scores without a better one.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto (all GPUs), cpu, gpu (one), gpus, or cpu:2 to try replicas.")
    ] = "auto",
    tpu: Annotated[
        str | None, typer.Option(help="local on a TPU VM, or the name of a TPU.")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(help="Machines that train together: host:port,host:port ...")
    ] = None,
    worker: Annotated[int, typer.Option(min=0, help="Which of --workers this one is.")] = 0,
    steps_per_call: Annotated[
        int, typer.Option(min=1, help="Steps between two words with the host; 16 suits a TPU.")
    ] = 1,
    given: Given,
) -> None:
    """Train a DCGAN or a StyleGAN2, or go on with a run where it stopped.

    Watch RUN/grids: the same latents from the first step to the last.
    Curves: tensorboard --logdir RUN/tensorboard

    Example: explorer-train run dataset --out run --preset quick --minutes 60
    """
    from explorer.core.errors import KnownError
    from training import devices
    from training.data.fetch import dataset_here
    from training.folder import RunFolder
    from training.remote.files import Remote
    from training.remote.mirror import run_here
    from training.run import Pacing, train
    from training.transfer.start import lent, lies_here
    from training.workers import introduce

    pacing = Pacing(
        steps=steps,
        minutes=minutes,
        report_every=report_every,
        grid_every=grid_every,
        checkpoint_every=checkpoint_every,
        score_every=score_every,
        patience=patience,
        steps_per_call=steps_per_call,
    )
    if start_from is not None:
        lies_here(start_from)
    if workers is not None:
        introduce([address.strip() for address in workers.split(",")], worker)
    elif worker:
        raise KnownError("--worker says which of --workers this machine is: name them too.")

    def say(sentence: str) -> None:
        console.print(sentence, highlight=False)

    strategy = devices.strategy(device, tpu=tpu, say=say)
    with run_here(
        out,
        say=say,
        writes=devices.is_chief(strategy),
        meet=lambda: devices.any_says(strategy, False),
    ) as place:
        pictures = with_bar("fetching", lambda progress: dataset_here(dataset, progress))
        folder = RunFolder(place.path)
        begun = folder.card().settings if folder.exists() else None
        taken_over: Given = {}
        if start_from is not None and begun is None:
            taken_over = lent(start_from, preset=preset is not None)
        settings = settled(preset, given, begun, lent=taken_over)
        if begun is None:  # what has begun goes on as it was told
            check_heard(given, settings)
        state = train(
            pictures,
            place.path,
            pacing,
            settings=settings,
            start_from=start_from,
            strategy=strategy,
            console=console,
            keep=place.keep,
        )
    if state.step >= steps:
        console.print(
            f"Done. Next: explorer-train export {Remote.of(out) or out} --id my-model-r1 --title 'My model'"
        )
