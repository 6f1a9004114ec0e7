"""A short try at a run, on the device and with the settings it would have."""

import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from explorer.core.errors import KnownError
from explorer.likeness.features import Extractor
from training import networks
from training.bundles.export import export
from training.config import PRESETS, Settings
from training.data.card import DatasetCard, read_dataset
from training.data.shards import as_os_error
from training.estimating.estimate import Alternative, Call, Probed, Wanted, calls, pace
from training.feed import Feed
from training.folder import GRID, RunFolder, State
from training.gan import Gan
from training.judging.score import PAINTED, REAL
from training.report import to_bytes, write_grid
from training.suits import check_suits

log = logging.getLogger(__name__)

_BLOCK_S = 0.2  # shorter than this is timed several times in one go
_SHARE = 0.6  # of the time for the run as it is, where alternatives are probed too
_PATIENT_S = 30.0  # to compile an alternative; what takes longer is not tried


@dataclass(frozen=True, slots=True)
class Tried:
    """What a probe found."""

    probed: Probed
    alternatives: tuple[Alternative, ...]
    device: str  # in a word: processor, GPU, TPU


def probe(
    dataset: Path,
    settings: Settings,
    wanted: Wanted,
    strategy: tf.distribute.Strategy,
    *,
    seconds: float = 60.0,
    compare: bool = True,
) -> Tried:
    """Train for ``seconds``, beyond what compiling takes; nothing stays on disk.

    Args:
        compare: probe mixed precision and the preset for small machines as well, if they are
            other than what is asked for.

    Raises:
        KnownError: the settings don't suit the pictures or the devices, or memory is out.
    """
    card = read_dataset(dataset)
    others = list(_others(settings, card)) if compare else []
    with tempfile.TemporaryDirectory(prefix="masquerade-probe-") as temporary:
        folder = RunFolder(Path(temporary) / "run")
        with _within_memory(settings):
            check_suits(settings, card, strategy)
            trial = _Trial(dataset, card, settings, wanted, strategy)
            trial.warm()
            grid_s = trial.paint_grid(folder)
            rounds = trial.rounds(seconds * (_SHARE if others else 1.0))
            checkpoint_s, checkpoint_bytes = trial.save(folder)
            score_s, features_s = trial.score_seconds()
        memory = peak_memory()
        alternatives = [
            Alternative(option=option, pictures_per_second=rate)
            for option, other in others
            if trial.compile_s <= _PATIENT_S
            and (rate := _rate(dataset, card, other, wanted, strategy, seconds)) is not None
        ]
        export_s = trial.export_seconds(folder)
        return Tried(
            Probed(
                rounds=rounds,
                compile_s=trial.compile_s,
                grid_s=grid_s,
                checkpoint_s=checkpoint_s,
                score_s=score_s,
                features_s=features_s,
                export_s=export_s,
                checkpoint_bytes=checkpoint_bytes,
                grid_bytes=trial.grid_bytes,
                memory=memory,
                generator=_count(trial.gan.generator.trainable_variables),
                discriminator=_count(trial.gan.discriminator.trainable_variables),
            ),
            tuple(alternatives),
            _device(),
        )


def peak_memory() -> dict[str, int]:
    """Bytes at the peak: of this process, and of the fullest accelerator."""
    found = {"process": peak} if (peak := _resident()) else {}
    for kind in ("GPU", "TPU"):
        peaks = []
        for device in tf.config.list_logical_devices(kind):
            name = ":".join(device.name.rsplit(":", 2)[-2:])
            try:
                peaks.append(int(tf.config.experimental.get_memory_info(name)["peak"]))
            except (ValueError, tf.errors.OpError):
                continue  # not every device tells
        if peaks:
            found[kind] = max(peaks)
    return found


class _Trial:
    """A run that keeps nothing."""

    def __init__(
        self,
        dataset: Path,
        card: DatasetCard,
        settings: Settings,
        wanted: Wanted,
        strategy: tf.distribute.Strategy,
    ) -> None:
        self.card, self.settings = card, settings
        plan = networks.plan(card.width, card.channels, len(card.classes), settings)
        self.compile_s = 0.0
        self.grid_bytes = 0
        with _timed() as took, strategy.scope():
            self.gan = Gan(plan, settings)
        self.compile_s += took()
        self.kinds = sorted(calls(settings, wanted, 10_000))
        batch, seed = settings.batch, settings.seed
        self.feed = Feed(dataset, strategy, batch=batch, seed=seed, step=0)
        self._painted = np.zeros(0, np.float32)

    def warm(self) -> None:
        """Trace and compile every kind of call."""
        with _timed() as took:
            for kind in self.kinds:
                self._call(kind, 1)
        self.compile_s += took()

    def rounds(self, seconds: float) -> Sequence[Mapping[Call, float]]:
        """Seconds of a call of each kind, in turn until time is up, at least once."""
        until = time.monotonic() + seconds
        first = {kind: self._call(kind, 1) for kind in self.kinds}
        repeat = {kind: math.ceil(_BLOCK_S / max(took, 1e-6)) for kind, took in first.items()}
        found = []
        while time.monotonic() < until:
            found.append({kind: self._call(kind, repeat[kind]) for kind in self.kinds})
        return found or [first]

    def _call(self, kind: Call, repeat: int) -> float:
        """Seconds of one call, its pictures' way to the device included."""
        steps, due = kind
        last: tf.Tensor = 0.0
        with _timed() as took:
            for _ in range(repeat):
                real, label = self.feed.next(steps, labelled=self.gan.plan.classes > 0)
                scalars = self.gan.train(real, label, due)
                last = scalars["generator_loss"]
            float(last)  # the device may be behind
        return took() / repeat

    def paint_grid(self, folder: RunFolder) -> float:
        """Seconds for a grid, as a run paints it."""
        folder.begin(self.settings, self.card, self.gan.plan.classes)
        z, label = folder.grid_latents()
        arguments = (z, label if self.gan.plan.classes else None)
        with _timed() as took:
            self.gan.paint(*arguments)
        self.compile_s += took()
        with _timed() as took:
            self._painted = self.gan.paint(*arguments).numpy()
            write_grid(folder.grids / "00000000.png", self._painted)
        # What it will look like packs better than what it looks like now.
        real, _ = self.feed.next(1, labelled=False)
        pictures = self.gan.strategy.experimental_local_results(real)[0][0].numpy()
        likely = folder.grids / "likely.png"
        write_grid(likely, np.resize(pictures, (GRID, *pictures.shape[1:])))
        self.grid_bytes = likely.stat().st_size
        return took()

    def save(self, folder: RunFolder) -> tuple[float, int]:
        """Seconds and bytes of a checkpoint."""
        manager = tf.train.CheckpointManager(
            self.gan.checkpoint(), str(folder.checkpoints), max_to_keep=1
        )
        with _timed() as took, as_os_error():
            manager.save(checkpoint_number=1)
        folder.write_state(State(step=1))
        return took(), sum(path.stat().st_size for path in folder.checkpoints.iterdir())

    def score_seconds(self) -> tuple[float | None, float | None]:
        """Seconds of a score, and of the features that a run extracts once."""
        z = tf.zeros((GRID, self.gan.plan.latent))
        label = tf.zeros((GRID, self.gan.plan.classes)) if self.gan.plan.classes else None
        try:
            extract = Extractor.open()
        except KnownError as error:
            log.info("no score: %s", error)
            return None, None
        with _timed() as painting:
            painted = self.gan.paint(z, label).numpy()
        extract(to_bytes(painted))
        with _timed() as extracting:
            extract(to_bytes(painted))
        pictures = min(self.card.count, REAL)
        score = (painting() + extracting()) * PAINTED / GRID
        return score, extracting() * pictures / GRID

    def export_seconds(self, folder: RunFolder) -> float | None:
        """Seconds from the checkpoint to a bundle; None where this network can't be one."""
        try:
            with _timed() as took:
                export(folder.path, folder.path / "bundle", id="probe", title="Probe")
        except KnownError as error:
            log.info("no export: %s", error)
            return None
        return took()


def _rate(
    dataset: Path,
    card: DatasetCard,
    settings: Settings,
    wanted: Wanted,
    strategy: tf.distribute.Strategy,
    seconds: float,
) -> float | None:
    """Pictures a second with other settings; None where they don't suit, or need too much."""
    try:
        with _within_memory(settings):
            check_suits(settings, card, strategy)
            trial = _Trial(dataset, card, settings, wanted, strategy)
            trial.warm()
            return pace(trial.rounds(seconds * (1 - _SHARE) / 2), settings, wanted)
    except KnownError as error:
        log.info("no alternative: %s", error)
        return None


def _others(settings: Settings, card: DatasetCard) -> Iterator[tuple[str, Settings]]:
    """What else could be tried for speed, and how to ask for it."""
    if settings.precision == "float32":
        yield (
            "--precision mixed_bfloat16",
            settings.model_copy(update={"precision": "mixed_bfloat16"}),
        )
    quick = PRESETS["quick"]
    if settings.preset != "quick" and card.width < 256:
        same = {name: getattr(settings, name) for name in ("conditional", "augment", "flip")}
        if settings.batch < quick.batch:
            same["batch"] = settings.batch
        yield "--preset quick", quick.model_copy(update=same)


@contextmanager
def _within_memory(settings: Settings) -> Iterator[None]:
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise KnownError(
            f"{settings.batch} pictures a step need more memory than this device has: say "
            f"--batch {max(2, settings.batch // 2)} or less, or a smaller --width."
        ) from error


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    """Lend what tells, afterwards, how many seconds the block took."""
    start = time.perf_counter()
    took: list[float] = []
    yield lambda: took[0]
    took.append(time.perf_counter() - start)


def _resident() -> int | None:
    """The most memory that this process ever held, in bytes."""
    status = Path("/proc/self/status")  # Linux; getrusage counts what the parent held as well
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS: bytes


def _count(variables: Sequence[tf.Variable]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _device() -> str:
    for kind in ("TPU", "GPU"):
        if tf.config.list_logical_devices(kind):
            return kind
    return "processor"
