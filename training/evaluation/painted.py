"""What is evaluated: a run's averaged generator, or a bundle. Both paint the same seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.latent.seeds import seed_latent
from explorer.models.bundle import CARD as BUNDLE_CARD
from explorer.models.library import Library
from training.evaluation.pictures import Pixels
from training.evaluation.told import Model

Labels = NDArray[np.float32]
Paint = Callable[[NDArray[np.int64], Labels | None], Pixels]

_GOLDEN = (5**0.5 - 1) / 2  # its multiples fill [0, 1) evenly, however many there are


@dataclass(frozen=True, slots=True)
class Painter:
    """A model that paints seeds. ``learned`` is its dataset's content_sha256, if it says so."""

    model: Model
    learned: str | None
    paint: Paint  # seeds int64 (n,), one-hot float32 (n, classes) or None: uint8 pictures


def open_painter(path: Path, *, best: bool = False) -> Painter:
    """Open a run's folder, or a bundle by its path or id.

    Args:
        best: the run's checkpoint with the best score, instead of the newest.

    Raises:
        KnownError: there is neither, the run has no such checkpoint, or the bundle is refused.
    """
    if (path / "run.json").exists():
        return _of_run(path, best)
    if path.is_dir() and not (path / BUNDLE_CARD).exists():
        raise KnownError(f"{path} is neither a run nor a bundle: it has no run.json or card.json.")
    if best:
        raise KnownError(f"{path} is no run, so it has no best checkpoint: leave --best out.")
    return _of_bundle(path)


def classes_of(seeds: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class that each seed is painted in: as often as the dataset has it."""
    shares = np.cumsum(counts) / counts.sum()
    at = (seeds + 0.5) * _GOLDEN % 1
    return np.minimum(np.searchsorted(shares, at, side="right"), len(counts) - 1)


def _of_run(path: Path, best: bool) -> Painter:
    import tensorflow as tf  # 5 s, and bundles paint without it

    from training import networks
    from training.checkpoints import bring_back
    from training.folder import RunFolder
    from training.gan import Gan
    from training.report import to_bytes

    folder = RunFolder(path)
    card = folder.card()
    learned = card.dataset
    plan = networks.plan(learned.width, learned.channels, len(learned.classes), card.settings)
    gan = Gan(plan, card.settings)
    place = folder.best if best else folder.checkpoints
    if not bring_back(gan.checkpoint(), place):
        raise KnownError(
            f"{path} has no best checkpoint: it was never scored; leave --best out."
            if best
            else f"{path} has no checkpoint yet; train it for some steps first."
        )

    def paint(seeds: NDArray[np.int64], labels: Labels | None) -> Pixels:
        z = np.stack([seed_latent(seed, card.settings.latent) for seed in seeds.tolist()])
        label = None if labels is None else tf.constant(labels)
        rgb = gan.paint(tf.constant(z), label).numpy()
        if not np.isfinite(rgb).all():
            raise KnownError(
                f"{path} paints numbers that are not finite at step {gan.reached:,}: evaluate "
                "--best, or train again with a lower --learning-rate."
            )
        return to_bytes(rgb)

    model = Model(
        kind="run",
        name=path.resolve().name,
        step=gan.reached,
        checkpoint="best" if best else "newest",
        height=plan.size,
        width=plan.size,
        channels=plan.channels,
        classes=learned.classes if plan.classes else (),
    )
    return Painter(model, learned.content_sha256, paint)


def _of_bundle(path: Path) -> Painter:
    if not path.exists() and len(path.parts) > 1:
        raise KnownError(
            f"{path} does not exist: name a run's folder, a bundle or an installed id."
        )
    generator = Library().open(path if path.exists() else str(path))
    card = generator.card

    def paint(seeds: NDArray[np.int64], labels: Labels | None) -> Pixels:
        each = [None] * len(seeds) if labels is None else list(labels)
        points = np.stack(
            [generator.seed_point(s, one) for s, one in zip(seeds.tolist(), each, strict=True)]
        )
        return generator.paint(points, labels=labels)

    model = Model(
        kind="bundle",
        name=card.id,
        painting_hash=generator.painting_hash,
        height=card.height,
        width=card.width,
        channels=card.channels,
        classes=card.classes,
    )
    learned = card.training.dataset.content_sha256 if card.training else None
    return Painter(model, learned, paint)
