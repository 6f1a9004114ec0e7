"""The command itself, and what its parts share."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from typer.core import TyperGroup

from explorer import __version__
from explorer.core.ending import unwound
from explorer.core.progress import Progress

T = TypeVar("T")

_JOURNEY = (
    "masks",
    "curate",
    "prepare",
    "look",
    "credits",
    "estimate",
    "run",
    "film",
    "report",
    "evaluate",
    "study",
    "export",
    "adopt",
)


class _InOrder(TyperGroup):
    """Lists the commands in the order in which a person needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_JOURNEY.index)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            # Typer lets pydantic look whether a word is one of several, and passes its sentence on.
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    cls=_InOrder,
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


def with_bar(what: str, work: Callable[[Progress], T]) -> T:
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
        with unwound():
            return work(Progress(report))
    finally:
        if bar.live.is_started:
            bar.stop()
