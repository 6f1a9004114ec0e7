"""A run from its first step to its last, however often it was interrupted between."""

import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from rich.console import Console

from explorer.core.ending import postponed
from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training import devices
from training.checkpoints import Restored, bring_back, saved, tidy
from training.config import Settings
from training.data.card import DatasetCard, read_dataset
from training.data.shards import as_os_error
from training.feed import Feed
from training.folder import RunFolder, State, check_same
from training.gan import Gan
from training.judging.judge import Judging
from training.report import Line, Pace, Scalars, write_grid
from training.suits import check_suits
from training.transfer.start import donor_of, give
from training.windows import window

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How long to go on and how often to report; free to change when a run continues."""

    steps: int  # the total to reach, counted from the run's beginning
    minutes: float | None = None  # stop after this much time, whatever step it is
    report_every: int = 50  # steps between two lines of scalars
    grid_every: int = 500
    checkpoint_every: int = 500
    score_every: int | None = 1000  # None: no scores, no best checkpoint
    patience: int | None = None  # stop after so many scores without a better one
    steps_per_call: int = 1  # more spare a fast accelerator the wait for the host


def train(
    dataset: Path,
    out: Path,
    pacing: Pacing,
    *,
    settings: Settings | None = None,
    start_from: Path | None = None,
    strategy: tf.distribute.Strategy | None = None,
    console: Console | None = None,
    keep: Callable[[], None] = lambda: None,
) -> State:
    """Begin the run at ``out`` or go on with it, until ``pacing`` is fulfilled.

    Args:
        settings: what the run is trained with; None continues as it began, or takes the
            defaults for a new one.
        start_from: whose weights a new run begins with, as ``read_donor`` takes it.
        strategy: of ``devices.strategy``; None is this machine's first device.
        keep: called after each save, by the process that writes.

    Returns:
        How far it came.

    Raises:
        KnownError: the dataset can't be read, the run began otherwise, another process
            trains it, a loss is no longer finite, memory is out, or the disk refuses.
        KeyboardInterrupt, SystemExit: after Ctrl-C or a polite kill, once all is saved.
    """
    console = console or Console(stderr=True)
    strategy = strategy or devices.strategy()
    card = read_dataset(dataset)
    folder = RunFolder(out)
    try:
        with _written_by_one(folder, strategy):
            settings = _settled(folder, card, settings)
            gan, started = _begun(folder, card, settings, start_from, strategy)
            with (
                postponed(lambda: console.print(_stopping(folder))) as is_stopped,
                strategy.scope(),
                _logged(folder.log_file, devices.is_chief(strategy)),
            ):
                loop = _Loop(folder, gan, pacing, console, keep, is_stopped)
                return loop.go_on(dataset, card, started)
    except tf.errors.ResourceExhaustedError as error:
        raise KnownError(
            f"{out}: {settings.batch if settings else 'so many'} pictures a step need more memory "
            "than this device has: begin a new run with a smaller --batch or --width; what was "
            "saved before is kept."
        ) from error
    except OSError as error:
        raise KnownError(
            f"{out} can't be written: {error.strerror or error}; free some space or choose "
            "another folder; what was saved before is kept."
        ) from error


@contextmanager
def _written_by_one(folder: RunFolder, strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Hold the run's lock; of machines that train together, one holds it for all.

    Where no run begins after all, nothing stays of what was made for it.
    """
    if not devices.is_chief(strategy):
        yield
        return
    if not folder.exists():
        folder.check_free()
    made = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    made_lock = not folder.lock_file.exists()
    folder.path.mkdir(parents=True, exist_ok=True)
    with locked(folder.lock_file, what=f"The run {folder.path}"):
        if not folder.lock_file.exists():  # who held it before has just taken it away
            raise KnownError(
                f"The run {folder.path} was just refused to another process: try again."
            )
        try:
            yield
        finally:
            if made_lock and not folder.exists():
                with suppress(OSError):  # others may have put something there
                    folder.lock_file.unlink()
                    for path in made:
                        path.rmdir()


def _settled(folder: RunFolder, card: DatasetCard, settings: Settings | None) -> Settings:
    """The settings of the run that is there, or of the one that begins here."""
    if not folder.exists():
        return settings or Settings()
    begun = folder.card()
    settings = settings or begun.settings
    check_same(begun, settings, card)
    return settings


def _begun(
    folder: RunFolder,
    card: DatasetCard,
    settings: Settings,
    start_from: Path | None,
    strategy: tf.distribute.Strategy,
) -> tuple[Gan, str | None]:
    """The players, in a run's folder that is there by now, and what they start from, if anything.

    Raises:
        KnownError: the settings don't suit the pictures, the devices, or what is started from.
    """
    begins = not folder.exists()
    plan = check_suits(settings, card, strategy, begins=begins)
    donor = donor_of(folder, start_from)
    with strategy.scope():
        gan = Gan(plan, settings)
        started = give(donor, gan) if donor else None
    if begins and devices.is_chief(strategy):
        folder.begin(settings, card, plan.classes, donor.started if donor else None)
    return gan, started


def restore(gan: Gan, folder: RunFolder) -> Restored | None:
    """Bring ``gan`` to the run's newest whole checkpoint; None where there is none yet.

    Raises:
        KnownError: none can be read, or all were written by other networks.
    """
    return bring_back(gan.checkpoint(), folder.checkpoints)


class _Loop:
    """One sitting of a run."""

    def __init__(
        self,
        folder: RunFolder,
        gan: Gan,
        pacing: Pacing,
        console: Console,
        keep: Callable[[], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self.folder, self.gan, self.pacing, self.console = folder, gan, pacing, console
        self.keep, self.is_stopped = keep, is_stopped
        self.batch = gan.settings.batch
        self.writes = devices.is_chief(gan.strategy)
        self.grid = folder.grid_latents() if self.writes else None
        stops = (
            pacing.report_every,
            pacing.grid_every,
            pacing.checkpoint_every,
            pacing.score_every,
        )
        self.stops = tuple(stop for stop in stops if stop is not None)
        self.judging: Judging | None = None

    def go_on(self, dataset: Path, card: DatasetCard, started: str | None) -> State:
        gan, pacing, settings = self.gan, self.pacing, self.gan.settings
        self.began, self.seconds_before = time.monotonic(), self.folder.state().seconds
        goes_on = not started and self._brought_back()
        self.checkpoints = tf.train.CheckpointManager(
            gan.checkpoint(), _checkpoints(self.folder, gan.strategy), max_to_keep=2
        )
        if not goes_on:
            self._paint_grid(0)
        if started:
            self._say(started)
            self._save(0, {})  # from here on the run needs nobody else
        start = kept = step = began_at = gan.reached
        scalars: Mapping[str, tf.Tensor] = {}
        log.info("from step %d to %d with %s", start, pacing.steps, settings)
        feed = Feed(dataset, gan.strategy, batch=self.batch, seed=settings.seed, step=start)
        with self._told(start) as tell:
            if self.writes and pacing.score_every is not None:
                self.judging = Judging(self.folder, gan, dataset, card, self.console)
            pace = Pace()
            while step < pacing.steps and not self._is_over(step):
                steps, due = window(
                    step,
                    most=pacing.steps_per_call,
                    stops=self.stops,
                    until=pacing.steps,
                    settings=settings,
                )
                real, label = feed.next(steps, labelled=gan.plan.classes > 0)
                scalars = {**scalars, **gan.train(real, label, due)}
                step += steps
                is_scored = pacing.score_every is not None and step % pacing.score_every == 0
                if step % pacing.report_every == 0 or step == pacing.steps or is_scored:
                    values = self._checked(scalars, step)
                    values["pictures_per_second"] = pace.rate((step - start) * self.batch)
                    start = step
                    if is_scored and self.judging:
                        with pace.paused():
                            values |= self.judging.score()
                    tell(step, values)
                    scalars = {}  # a lazy penalty is told where it was measured
                if step % pacing.grid_every == 0:
                    _finite(scalars, step, self.folder)
                    self._paint_grid(step)
                if step % pacing.checkpoint_every == 0:
                    self._save(step, scalars)
                    kept = step
            if step != kept:
                self._save(step, scalars)
            if step % pacing.grid_every and step > began_at:
                self._paint_grid(step)
        log.info("stopped at step %d", step)
        if step < pacing.steps:
            self._say(_stopped(self.folder, step))
        if not self.writes:  # who does may still be at it
            return State(step=step, images_seen=step * self.batch)
        return self.folder.state()

    def _brought_back(self) -> bool:
        """Go on from the newest whole checkpoint, if there is any."""
        restored = restore(self.gan, self.folder)
        if restored is None:
            return False
        if self.writes:
            tidy(self.folder.checkpoints, restored)
        for path in restored.torn:
            self._say(f"{path} can't be read and is laid aside: going on from the save before.")
        self._say(f"{self.folder.path}: going on at step {self.gan.reached:,}.")
        return True

    def _checked(self, scalars: Mapping[str, tf.Tensor], step: int) -> dict[str, float]:
        """Finite scalars; what the coach knows of others is said before the run ends."""
        try:
            return _finite(scalars, step, self.folder)
        except KnownError:
            if self.judging:
                self.judging.hear(step, {name: float(value) for name, value in scalars.items()})
            raise

    def _say(self, sentence: str) -> None:
        if self.writes:
            self.console.print(sentence)

    @contextmanager
    def _told(self, start: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
        """Where scalars go: the files and the line."""
        if not self.writes:
            yield lambda step, values: None
            return
        scalars = Scalars(self.folder.scalars_file, self.folder.tensorboard, start=start)
        line = Line(self.console, start=start, total=self.pacing.steps)

        def tell(step: int, values: Mapping[str, float]) -> None:
            scalars.write(step, values)
            line.reach(step, values)
            if self.judging:
                self.judging.hear(step, values)

        with closing(scalars), line:
            yield tell

    def _is_over(self, step: int) -> bool:
        minutes = self.pacing.minutes
        late = minutes is not None and time.monotonic() - self.began > 60 * minutes
        done = self.judging is not None and self.judging.should_stop(self.pacing.patience)
        ends = late or done or self.is_stopped()
        if step % self.pacing.report_every and not devices.is_alone(self.gan.strategy):
            return False  # machines that train together ask one another now and then only
        return devices.any_says(self.gan.strategy, ends)

    def _save(self, step: int, scalars: Mapping[str, tf.Tensor]) -> None:
        _finite(scalars, step, self.folder)
        with as_os_error():
            self.checkpoints.save(checkpoint_number=step)
        if self.writes:
            seconds = self.seconds_before + time.monotonic() - self.began
            self.folder.write_state(
                State(
                    step=step,
                    images_seen=step * self.batch,
                    seconds=round(seconds, 1),
                    ada_p=self.gan.strength if self.gan.settings.augment == "ada" else None,
                    best_score=self.judging.best_score if self.judging else None,
                )
            )
            self.keep()

    def _paint_grid(self, step: int) -> None:
        if self.grid is not None:
            z, label = self.grid
            painted = self.gan.paint(z, label if self.gan.plan.classes else None)
            write_grid(self.folder.grids / f"{step:08d}.png", painted.numpy())


def _stopping(folder: RunFolder) -> str:
    """What is said as soon as somebody asks to stop."""
    before = "with the save before" if saved(folder.checkpoints) else "with nothing saved yet"
    return f"Stopping after this step, to save; once more stops at once, {before}."


def _stopped(folder: RunFolder, step: int) -> str:
    if saved(folder.checkpoints):
        return f"Saved at step {step:,}; the same command goes on from there."
    return "Stopped before the first step, with nothing to save; the same command begins again."


def _checkpoints(folder: RunFolder, strategy: tf.distribute.Strategy) -> str:
    """Where this process saves: all of them must, and only one copy counts."""
    if devices.is_chief(strategy):
        return str(folder.checkpoints)
    return tempfile.mkdtemp(prefix="masquerade-worker-")


def _finite(scalars: Mapping[str, tf.Tensor], step: int, folder: RunFolder) -> dict[str, float]:
    """The scalars as numbers; a run that has blown up ends before it overwrites a good save."""
    values = {name: float(value) for name, value in scalars.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise KnownError(
                f"{folder.path} diverged before step {step:,} ({name} is {value}): "
                "begin a new run with a lower --learning-rate; what was saved before is kept."
            )
    return values


@contextmanager
def _logged(path: Path, writes: bool) -> Iterator[None]:
    """Let the run's own log hear what this package tells."""
    handler = logging.FileHandler(path, encoding="utf-8") if writes else logging.NullHandler()
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
