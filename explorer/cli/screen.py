"""What a terminal shows, and how it says stop."""

import io
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import typer

from explorer.core.progress import Progress
from explorer.core.words import printable

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

_PLAIN = {"✓": "ok", "·": "-", "✗": "no"}


def never_fail() -> None:
    """Write a question mark for what the encoding of standard output lacks, as pipes may have it."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def mark(sign: str) -> str:
    """``✓``, ``·`` or ``✗``, or a word for it where standard output can't have it."""
    return sign if _can_be_written(sign) else _PLAIN[sign]


def _can_be_written(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def tell(sentence: str) -> None:
    """Say something to the person; results go to standard output, this does not."""
    typer.echo(printable(sentence), err=True)


def give(result: str) -> None:
    """One line of the result."""
    typer.echo(printable(result))


def give_json(result: object) -> None:
    text = json.dumps(result, indent=1, ensure_ascii=False)
    typer.echo(text if _can_be_written(text) else json.dumps(result, indent=1))


def give_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; never wider than the terminal, never cut where there is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, box=None, pad_edge=False, header_style="bold", show_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(table)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Lend a question whether Ctrl-C was pressed; a second press ends at once.

    Work that asks it can finish what it has in hand. Ending at once is safe too, only ruder.
    """
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def progress_bar(what: str, total: int, is_cancelled: Callable[[], bool]) -> Iterator[Progress]:
    """A bar on standard error over ``total`` pieces of work, with its pace and the time left.

    It comes with the first report: a refusal before there is work stands alone.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn(what, markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[pace]}", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bars = Bars(*columns, console=console, disable=not console.is_terminal)
    task = bars.add_task(what, total=total, count=f"0 of {total}", pace="")
    began: tuple[float, float] | None = None  # when, and with how much already there

    def report(fraction: float) -> None:
        nonlocal began
        done, now = fraction * total, time.monotonic()
        if began is None:
            began = (now, done)
            bars.start()
            bars.reset(task, completed=int(done))
        then, at_first = began
        bars.update(
            task,
            completed=done,
            count=f"{int(done + 1e-6)} of {total}",
            pace=pace(done - at_first, now - then),
        )

    try:
        yield Progress(report, is_cancelled)
    finally:
        if bars.live.is_started:
            bars.stop()


def pace(done: float, seconds: float) -> str:
    """How fast it goes, in the way round that a person would say it."""
    if done <= 0 or seconds <= 0:
        return ""
    a_second = done / seconds
    return f"{a_second:.0f} a second" if a_second >= 2 else f"{1 / a_second:.1f} s each"
