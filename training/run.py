"""A run from its first step to its last, however often it was interrupted between."""

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from rich.console import Console

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training import devices
from training.config import Settings
from training.data.card import read_dataset
from training.data.records import training_pictures
from training.data.shards import as_os_error, plainly
from training.folder import RunFolder, State, check_same
from training.gan import Gan
from training.networks import dcgan
from training.report import Line, Pace, Scalars, write_grid

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How long to go on and how often to report; free to change when a run continues."""

    steps: int  # the total to reach, counted from the run's beginning
    minutes: float | None = None  # stop after this much time, whatever step it is
    report_every: int = 50  # steps between two lines of scalars
    grid_every: int = 500
    checkpoint_every: int = 500


def train(
    dataset: Path,
    out: Path,
    pacing: Pacing,
    *,
    settings: Settings | None = None,
    console: Console | None = None,
) -> State:
    """Begin the run at ``out`` or go on with it, until ``pacing`` is fulfilled.

    Args:
        settings: what the run is trained with; None continues as it began, or takes the
            defaults for a new one.

    Returns:
        How far it came. Ctrl-C and a polite kill save before they end it.

    Raises:
        KnownError: the dataset can't be read, the run began otherwise, another process
            trains it, a loss is no longer finite, or the disk refuses.
    """
    console = console or Console(stderr=True)
    card = read_dataset(dataset)
    if card.height != card.width:
        raise KnownError(f"{dataset} has {card.width}×{card.height} pictures, not square ones.")
    folder = RunFolder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked(folder.lock_file, what=f"The run {out}"):
            if folder.exists():
                begun = folder.card()
                settings = settings or begun.settings
                check_same(begun, settings, card)
            else:
                settings = settings or Settings()
                plan = dcgan.plan(card.width, card.channels, settings)  # before a file is made
                folder.begin(settings, card)
            plan = dcgan.plan(card.width, card.channels, settings)
            with devices.strategy().scope(), _logged(folder.log_file):
                gan = Gan(plan, settings)
                return _Loop(folder, gan, pacing, console).go_on(dataset)
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror or error}; free some space or choose "
            "another folder; what was saved before is kept."
        ) from error


def restore(gan: Gan, folder: RunFolder) -> bool:
    """Bring ``gan`` to the run's newest checkpoint; False where there is none yet.

    Raises:
        KnownError: the checkpoint can't be read, or was written by other networks.
    """
    newest = tf.train.latest_checkpoint(str(folder.checkpoints))
    if newest is None:
        return False
    try:
        gan.checkpoint().restore(newest).assert_consumed()
    except (AssertionError, ValueError, tf.errors.OpError) as error:
        log.exception("checkpoint %s", newest)
        raise KnownError(
            f"The checkpoint {newest} can't be read; delete it and its line in "
            f"{folder.checkpoints / 'checkpoint'} to go on from the one before."
        ) from error
    return True


class _Loop:
    """One sitting of a run."""

    def __init__(self, folder: RunFolder, gan: Gan, pacing: Pacing, console: Console) -> None:
        self.folder, self.gan, self.pacing, self.console = folder, gan, pacing, console
        self.batch = gan.settings.batch
        self.checkpoints = tf.train.CheckpointManager(
            gan.checkpoint(), str(folder.checkpoints), max_to_keep=2
        )
        self.latents = tf.constant(folder.grid_latents())

    def go_on(self, dataset: Path) -> State:
        gan, pacing = self.gan, self.pacing
        if restore(gan, self.folder):
            self.console.print(f"{self.folder.path}: going on at step {int(gan.step):,}.")
        else:
            self._paint_grid(0)
        self.began, self.seconds_before = time.monotonic(), self.folder.state().seconds
        start = saved = step = int(gan.step)
        scalars: Mapping[str, tf.Tensor] = {}
        log.info("from step %d to %d with %s", start, pacing.steps, gan.settings)
        batches = iter(
            gan.strategy.experimental_distribute_dataset(
                training_pictures(dataset, batch=self.batch, seed=gan.settings.seed, step=start)
            )
        )
        with (
            _polite_stop() as is_stopped,
            closing(
                Scalars(self.folder.scalars_file, self.folder.tensorboard, start=step)
            ) as scalars_to,
            Line(self.console, start=start, total=pacing.steps) as line,
        ):
            pace = Pace()
            while step < pacing.steps and not is_stopped() and not self._is_over():
                scalars = gan.train(_next(batches, dataset))
                step += 1
                if step % pacing.report_every == 0 or step == pacing.steps:
                    values = _finite(scalars, step, self.folder)
                    values["pictures_per_second"] = pace.rate((step - start) * self.batch)
                    start = step
                    scalars_to.write(step, values)
                    line.reach(step, values)
                if step % pacing.grid_every == 0:
                    _finite(scalars, step, self.folder)
                    self._paint_grid(step)
                if step % pacing.checkpoint_every == 0:
                    self._save(step, scalars)
                    saved = step
            if step != saved:
                self._save(step, scalars)
                self._paint_grid(step)
        log.info("stopped at step %d", step)
        if step < pacing.steps:
            self.console.print(f"Saved at step {step:,}; the same command goes on from there.")
        return self.folder.state()

    def _is_over(self) -> bool:
        minutes = self.pacing.minutes
        return minutes is not None and time.monotonic() - self.began > 60 * minutes

    def _save(self, step: int, scalars: Mapping[str, tf.Tensor]) -> None:
        _finite(scalars, step, self.folder)
        with as_os_error():
            self.checkpoints.save(checkpoint_number=step)
        seconds = self.seconds_before + time.monotonic() - self.began
        self.folder.write_state(
            State(step=step, images_seen=step * self.batch, seconds=round(seconds, 1))
        )

    def _paint_grid(self, step: int) -> None:
        path = self.folder.grids / f"{step:08d}.png"
        write_grid(path, self.gan.paint(self.latents).numpy())


def _next(batches: Iterator[tuple[tf.Tensor, ...]], dataset: Path) -> tf.Tensor:
    """The pictures of the next batch."""
    try:
        return next(batches)[0]
    except tf.errors.OpError as error:
        raise KnownError(
            f"{dataset} holds a record that can't be read as its card says ({plainly(error)}): "
            f"explorer-train look {dataset} tells more."
        ) from error


def _finite(scalars: Mapping[str, tf.Tensor], step: int, folder: RunFolder) -> dict[str, float]:
    """The scalars as numbers; a run that has blown up ends before it overwrites a good save."""
    values = {name: float(value) for name, value in scalars.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise KnownError(
                f"{folder.path} diverged before step {step:,} ({name} is {value}): "
                "begin a new run with a lower --learning-rate; the last checkpoint is kept."
            )
    return values


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Let the run's own log hear what this package tells."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("training")
    before = ours.level
    ours.setLevel(logging.INFO)
    ours.propagate = False  # TensorFlow gives the root logger a handler of its own
    ours.addHandler(handler)
    try:
        yield
    except BaseException as error:
        log.error("ended by %r", error)
        raise
    finally:
        ours.propagate = True
        ours.removeHandler(handler)
        ours.setLevel(before)
        handler.close()


@contextmanager
def _polite_stop() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and a polite kill end the loop between two steps."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # signals reach only the main thread
        return
    before = {
        number: signal.signal(number, lambda number, frame: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
