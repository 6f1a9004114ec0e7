"""What a run tells while it goes on: a line, scalars, grids."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from explorer.core.files import write_bytes, written_whole
from training.data.shards import as_os_error

_QUIET_S = 60.0  # between two lines in a file


def grid(pictures: NDArray[np.uint8], columns: int) -> Image.Image:
    """Lay pictures uint8 (n, height, width, channels) side by side, row by row."""
    n, height, width, channels = pictures.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * height, columns * width, channels), np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * height, i % columns * width
        sheet[top : top + height, left : left + width] = picture
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def to_bytes(pictures: NDArray[np.float32]) -> NDArray[np.uint8]:
    """From [-1, 1] to 0–255 as every exported graph does it: half to even, then clipped."""
    levels: NDArray[np.uint8] = np.clip(np.rint((pictures + 1) * 127.5), 0, 255).astype(np.uint8)
    return levels


def write_grid(path: Path, pictures: NDArray[np.float32]) -> None:
    """Write float32 pictures (n, height, width, channels) in [-1, 1] as one PNG, 8 a row."""
    with written_whole(path) as beside:
        grid(to_bytes(pictures), columns=8).save(beside, format="PNG")


class Scalars:
    """Numbers over time, as JSON lines and for TensorBoard."""

    def __init__(self, lines: Path, tensorboard: Path, *, start: int) -> None:
        forget_after(start, lines)
        self._file = lines.open("a", encoding="utf-8")
        self._events = tf.summary.create_file_writer(str(tensorboard))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        line = {"step": step, **{name: round(value, 6) for name, value in scalars.items()}}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        with as_os_error(), self._events.as_default(step=step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)

    def close(self) -> None:
        self._file.close()
        with as_os_error():
            self._events.close()


def forget_after(start: int, lines: Path) -> None:
    """Drop what a killed run told of steps that it takes again, and a line cut short."""
    told = lines.read_bytes().splitlines(keepends=True) if lines.exists() else []
    kept = [line for line in told if _step_of(line) <= start]
    if kept != told:
        write_bytes(lines, b"".join(kept))


def _step_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["step"]) if line.endswith(b"\n") else math.inf
    except (ValueError, KeyError, TypeError):
        return math.inf


class Line:
    """The one line that moves: step, pictures a second, losses, time left.

    Where nothing can move, as in a file, a line is added once a minute.
    """

    def __init__(self, console: Console, *, start: int, total: int) -> None:
        self._console, self._said = console, time.monotonic()
        self._progress = Progress(
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            BarColumn(),
            TextColumn("{task.fields[rate]:.0f} pictures/s"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[losses]}"),
            console=console,
        )
        self._task = self._progress.add_task(
            "training", total=total, completed=start, rate=0.0, losses=""
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def reach(self, step: int, scalars: Mapping[str, float]) -> None:
        losses = "G {generator_loss:.2f}  D {discriminator_loss:.2f}".format_map(scalars)
        rate = scalars["pictures_per_second"]
        self._progress.update(self._task, completed=step, rate=rate, losses=losses)
        if not self._console.is_terminal and time.monotonic() - self._said > _QUIET_S:
            self._said = time.monotonic()
            self._console.print(f"step {step:,}  {rate:.0f} pictures/s  {losses}")


class Pace:
    """Pictures a second since the last time it was asked."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def rate(self, pictures: int) -> float:
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        return pictures / max(seconds, 1e-9)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside is not counted."""
        before = time.monotonic()
        yield
        self._since += time.monotonic() - before
