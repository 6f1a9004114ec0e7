"""The commands that show a run."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar


@app.command()
def film(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run, here or on gs://; it may be going on.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Its ending chooses: .webp, .gif, .png (animated), .mp4, .webm; for a sheet "
            ".png, .jpg, .webp. RUN/film.webp or RUN/sheet.png; here, if the run is elsewhere."
        ),
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="One still instead: latents down, time across.")
    ] = False,
    pictures: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="The first so many latents; 64, or 6 rows of a sheet."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=8, max=4096, help="Pixels of the longer side; of one picture in a sheet."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=600, help="Of film; about 15 for a long run.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=1, max=60, help="20, or 10 in a GIF or PNG.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Steps between two grids of a film.")] = 1,
    fade: Annotated[
        bool, typer.Option("--fade/--cut", help="Let one grid become the next, or cut.")
    ] = True,
    caption: Annotated[
        bool, typer.Option("--caption/--plain", help="Write the step below the film.")
    ] = True,
    moments: Annotated[int, typer.Option(min=1, max=64, help="Columns of a sheet.")] = 8,
    even: Annotated[
        bool, typer.Option("--even", help="Columns at even steps; early ones lie closer else.")
    ] = False,
) -> None:
    r"""Show how the same latents became pictures, as film or on one sheet.

    Early grids stand longer, since they change most. kimg is thousand real pictures seen.
    For .mp4 and .webm: pip install 'masquerade\[film]'.

    Example: explorer-train film run --out masks.gif --pictures 16 --seconds 8
    """
    from training.remote.mirror import run_to_read

    with run_to_read(run) as path:
        if path != run and out is None:
            out = Path("sheet.png" if sheet else "film.webp")  # what lies elsewhere is not written
        if sheet:
            from training.seeing.strips import sheet as draw

            made = with_bar(
                "drawing",
                lambda p: draw(
                    path,
                    out,
                    moments=moments,
                    pictures=pictures or 6,
                    even=even,
                    size=size,
                    progress=p,
                ),
            )
        else:
            from training.seeing.film import film as shoot

            made = with_bar(
                "filming",
                lambda p: shoot(
                    path,
                    out,
                    seconds=seconds,
                    fps=fps,
                    every=every,
                    pictures=pictures or 64,
                    size=size,
                    fade=fade,
                    caption=caption,
                    progress=p,
                ),
            )
    _say(made.left_out)
    console.print(f"{made.file} is written.")


@app.command()
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(help="One to eight runs, here or on gs://; they may be going on."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The page: RUN/report.html; of several runs, report.html here."),
    ] = None,
) -> None:
    """Write one page on a run, or on several side by side: grids, curves, settings, notes.

    The page needs no network: send it, keep it, open it in any browser. Runs stand at equal
    numbers of real pictures seen, so that other batches compare, and what was set differently
    is marked.

    Example: explorer-train report run another-run --out both.html
    """
    from training.remote.mirror import run_to_read
    from training.seeing.page import report as write

    with ExitStack() as stack:
        paths = [stack.enter_context(run_to_read(run)) for run in runs]
        if len(runs) == 1 and paths != runs and out is None:
            out = Path("report.html")
        made = with_bar("writing", lambda p: write(paths, out, progress=p))
    _say(made.left_out)
    console.print(f"{made.file} is written: open it in a browser.")


def _say(left_out: Iterable[str]) -> None:
    from explorer.core.words import printable

    for sentence in left_out:
        console.print(printable(sentence), style="yellow", markup=False, highlight=False)
