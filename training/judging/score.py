"""How good a generator is while it still learns: nearness to the pictures as a whole, and variety.

The features are those of ``explorer.likeness.features``, not Inception's: these numbers compare
runs of this program with each other, and with nothing that was published.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.core.npz import read_npz, write_npz
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor
from explorer.likeness.pack import LATE, Single
from training.data.card import DatasetCard, read_dataset
from training.evaluation.measures import (
    DOUBLE,
    between_neighbours,
    count_distinct,
    distances,
    evenly,
    kernel,
    mean_of_others,
    ratio,
)

log = logging.getLogger(__name__)

PAINTED = 512
"""Pictures to paint for a score, from the same latents each time; 3 ms each on two idle cores."""

REAL = 2048
"""Of the dataset's, evenly chosen; six seconds, once for a run."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one scoring found. Only ``kid`` is better when lower."""

    kid: float  # 0 where painted and real pictures can't be told apart; may be a little below
    diversity: float  # mean distance between painted pictures; 1 as between real ones, 0 collapsed
    distinct: float  # share of the painted pictures that are no near double of another; (0, 1]
    novelty: float  # to the nearest real picture; 1 as from one real one to the next, 0 copies

    def scalars(self) -> dict[str, float]:
        return asdict(self)


class Judge:
    """Knows the dataset's features, and compares painted pictures with them."""

    def __init__(self, real: Single, extractor: Extractor) -> None:
        """``real``: late features float32 (n, 1280) of at least two real pictures."""
        if real.ndim != 2 or real.shape[1] != LATE or len(real) < 2:
            raise ValueError(f"{real.shape} are no features of two pictures or more")
        self._extractor = extractor
        self._real = real
        self._kernel_of_real = mean_of_others(kernel(real, real))
        between = distances(real, real)
        self._distance_of_real = mean_of_others(between)
        self._between_neighbours = between_neighbours(between)

    @classmethod
    def of_dataset(
        cls,
        dataset: Path,
        cache: Path,
        *,
        extractor: Extractor | None = None,
        progress: Progress = Progress(),
    ) -> Self:
        """Take the features from ``cache``, or extract and keep them there.

        The cache counts only for the same pictures and the same extractor.

        Raises:
            KnownError: the dataset can't be read or has one picture only, the extractor is
                missing, or the cache can't be written.
            Cancelled: while extracting, if someone asked for it; the cache is as it was.
        """
        extractor = extractor or Extractor.open()
        card = read_dataset(dataset)
        if card.count < 2:
            raise KnownError(f"{dataset} has {card.count} picture: a score needs two at least.")
        real = _cached(cache, card, extractor)
        if real is None:
            real = np.empty((min(card.count, REAL), LATE), np.float32)
            done = 0
            for part in _real_pictures(dataset, card.count):
                progress.reach(done / len(real))
                real[done : done + len(part)] = extractor(part).late
                done += len(part)
            write_bytes(cache, write_npz(late=real, **_names(card, extractor)))
            log.info("%s: features of %d pictures", cache, len(real))
        progress.reach(1.0)
        return cls(real, extractor)

    @classmethod
    def of_pictures(
        cls, pictures: Iterable[NDArray[np.uint8]], *, extractor: Extractor | None = None
    ) -> Self:
        """Compare with batches of real pictures, uint8 (n, height, width, 1 or 3)."""
        extractor = extractor or Extractor.open()
        return cls(np.concatenate([extractor(part).late for part in pictures]), extractor)

    def score(self, pictures: NDArray[np.uint8]) -> Score:
        """Judge painted pictures, uint8 (n, height, width, 1 or 3), at least two.

        Scores of another number of pictures are another measure: ``distinct`` depends on it.
        """
        if len(pictures) < 2:
            raise ValueError("one picture has no variety to be judged")
        painted = self._extractor(pictures).late
        between = distances(painted, painted)
        as_many = self._real[evenly(len(self._real), len(painted))]
        nearer_than = DOUBLE * between_neighbours(distances(as_many, as_many))
        to_real = float(np.median(distances(painted, self._real).min(axis=1)))
        return Score(
            kid=self._kid(painted),
            diversity=ratio(mean_of_others(between), self._distance_of_real),
            distinct=count_distinct(between, nearer_than=nearer_than) / len(painted),
            novelty=ratio(to_real, self._between_neighbours),
        )

    def _kid(self, painted: Single) -> float:
        """Squared maximum mean discrepancy, unbiased, under a cubic polynomial kernel.

        Bińkowski et al. 2018, section 4 and equation 4, on all pictures at once instead of
        blocks of a thousand: the same expectation with less spread.
        """
        across = float(kernel(painted, self._real).mean())
        return mean_of_others(kernel(painted, painted)) + self._kernel_of_real - 2 * across


def _real_pictures(dataset: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    """At most ``REAL`` pictures of the dataset, in batches of bytes."""
    from training.data.records import pictures_in_order  # 5 s, and seldom needed
    from training.report import to_bytes

    wanted = np.zeros(count, bool)
    wanted[evenly(count, REAL)] = True
    start = 0
    for images, _, _ in pictures_in_order(dataset, batch=64):
        part = wanted[start : start + len(images)]
        start += len(images)
        if part.any():
            yield to_bytes(images.numpy()[part])


def _names(card: DatasetCard, extractor: Extractor) -> dict[str, NDArray[np.str_]]:
    """What the cached features are of."""
    return {
        "dataset_sha256": np.array(card.content_sha256),
        "extractor_sha256": np.array(extractor.sha256),
    }


def _cached(cache: Path, card: DatasetCard, extractor: Extractor) -> Single | None:
    """The features, None where there are none of these pictures or they are damaged."""
    try:
        arrays = read_npz(cache.read_bytes(), str(cache))
    except (OSError, KnownError):
        return None
    for name, value in _names(card, extractor).items():
        if str(arrays.get(name)) != str(value):
            return None
    late = arrays.get("late")
    if late is None or late.dtype != np.float32 or late.shape != (min(card.count, REAL), LATE):
        return None
    return late if np.isfinite(late).all() else None
