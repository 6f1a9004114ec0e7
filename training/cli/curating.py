"""The command that sorts pictures before anything is learnt from them."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.command import app, console, with_bar


@app.command()
def curate(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder (subfolders are classes), zip, .npy or dataset; of several sources, a dataset of them all."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the report: new, or this source's report.")],
    wanted_from: Annotated[
        Path | None,
        typer.Option(help="Decisions on 20 or more pictures; a classifier sorts the others."),
    ] = None,
) -> None:
    r"""Find duplicates, drawings, outliers, wrong classes and bad pictures; nothing is deleted.

    OUT/index.html is a light table to decide on, OUT/decisions.csv the same as suggested. What
    was seen of the pictures is kept in OUT, so that a second time is quick.
    Needs: pip install 'masquerade\[data]'.

    Example: explorer-train curate my-pictures/ --out report
    """
    from training.curation.curate import curate as look_through

    done = with_bar(
        "looking", lambda p: look_through(source, out, wanted_from=wanted_from, progress=p)
    )
    files = "file" if done.unreadable == 1 else "files"
    lost = f", {done.unreadable:,} {files} can't be read" if done.unreadable else ""
    console.print(f"{done.count:,} pictures{lost}.", highlight=False)
    for title, count in done.sections.values():
        console.print(f"{count:>9,}  {title}", markup=False, highlight=False)
    if done.sorted:
        console.print(f"Of what it would keep, {done.sorted.precision} should be wanted;")
        console.print(f"of what is wanted, it should keep {done.sorted.recall}.", highlight=False)
    console.print(
        f"{done.rejected:,} are suggested to be left out. Open {done.page} in a browser, decide, "
        "and download the decisions;",
        highlight=False,
    )
    console.print(f"or take {done.table} as it is. Next: explorer-train prepare --decisions FILE")
