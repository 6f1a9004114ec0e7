"""Pictures as the network sees them: painted ones once, a dataset's kept for the next time."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.core.npz import read_npz, write_npz
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor, Features
from explorer.likeness.pack import EARLY, LATE
from training.data.card import read_dataset
from training.evaluation.painted import Labels, Painter
from training.evaluation.pictures import Batch, Pixels, Places, read_pictures
from training.evaluation.sharpness import blurred, power

log = logging.getLogger(__name__)

Double = NDArray[np.float64]

_AT_ONCE = 32  # pictures in memory at their full size
_SMALL = 128  # pixels of what is kept of a picture, for the page


@dataclass(frozen=True, slots=True)
class Painted:
    """What was painted. Whole pictures are not kept: 2,000 of 1,024 px would fill 6 GB."""

    seeds: Places  # (n,)
    labels: Places | None  # (n,) the class asked for
    features: Features
    mirrored: Features
    power: Double  # mean power spectrum, as ``sharpness.power`` gives it
    small: Pixels  # (n, height, width, channels), at most 128 px

    def __len__(self) -> int:
        return len(self.seeds)


@dataclass(frozen=True, slots=True)
class Real:
    """Pictures of a dataset."""

    places: Places  # (n,) in the dataset, rising
    labels: Places  # (n,)
    features: Features
    power: Double
    blur: float  # pixels of the Gaussian they were seen through; 0 as they are

    def __len__(self) -> int:
        return len(self.places)


def seen_painted(
    painter: Painter,
    seeds: Places,
    classes: Places | None,
    extractor: Extractor,
    progress: Progress = Progress(),
) -> Painted:
    """Paint ``seeds``, each in its class, and look at what comes.

    Raises:
        KnownError: the model paints what it shouldn't.
        Cancelled: between two batches, if someone asked for it.
    """
    model = painter.model
    both = _Gathered(len(seeds)), _Gathered(len(seeds))
    spectra, kept = [], []
    for start in range(0, len(seeds), _AT_ONCE):
        progress.reach(start / len(seeds))
        part = slice(start, start + _AT_ONCE)
        labels: Labels | None = None
        if classes is not None:
            labels = np.eye(len(model.classes), dtype=np.float32)[classes[part]]
        pixels = painter.paint(seeds[part], labels)
        both[0].add(extractor(pixels))
        both[1].add(extractor(np.ascontiguousarray(pixels[:, :, ::-1])))
        spectra.append(power(pixels) * len(pixels))
        kept.append(small(pixels))
    progress.reach(1.0)
    return Painted(
        seeds,
        classes,
        both[0].features,
        both[1].features,
        np.sum(spectra, axis=0) / len(seeds),
        np.concatenate(kept),
    )


class Collection(Protocol):
    """Real pictures, as the network sees them."""

    @property
    def count(self) -> int: ...

    def seen(
        self,
        places: Places,
        *,
        blur: float = 0.0,
        mirrored: bool = False,
        progress: Progress = Progress(),
    ) -> Real: ...

    def pixels(self, places: Places) -> Pixels: ...


class Loose:
    """Pictures in memory, uint8 (n, height, width, channels); ``labels`` are their classes."""

    def __init__(self, pixels: Pixels, extractor: Extractor, labels: Places | None = None) -> None:
        self._pixels, self._extractor = pixels, extractor
        self._labels = np.zeros(len(pixels), np.int64) if labels is None else labels
        self._known: dict[tuple[bytes, float, bool], Real] = {}

    @property
    def count(self) -> int:
        return len(self._pixels)

    def seen(
        self,
        places: Places,
        *,
        blur: float = 0.0,
        mirrored: bool = False,
        progress: Progress = Progress(),
    ) -> Real:
        """Look at the pictures at ``places`` through a blur, and mirrored if so wished."""
        key = (places.tobytes(), blur, mirrored)
        if key not in self._known:
            batches = (
                Batch(part, self._pixels[part], self._labels[part]) for part in _parts(places)
            )
            self._known[key] = _looked(batches, places, self._extractor, blur, mirrored, progress)
        return self._known[key]

    def pixels(self, places: Places) -> Pixels:
        """The pictures at ``places``, whole."""
        return self._pixels[places]


class Prepared:
    """A dataset on disk.

    What was seen is kept in its folder, under `features/`, and counts only for the same pictures
    and the same extractor.
    """

    def __init__(self, folder: Path, extractor: Extractor) -> None:
        """Read its card; KnownError where it is no dataset."""
        self.folder, self.card = folder, read_dataset(folder)
        self._extractor = extractor

    @property
    def count(self) -> int:
        return self.card.count

    def seen(
        self,
        places: Places,
        *,
        blur: float = 0.0,
        mirrored: bool = False,
        progress: Progress = Progress(),
    ) -> Real:
        """Look at the pictures at ``places``, or remember having done so.

        Raises:
            KnownError: the dataset can't be read.
            Cancelled: between two batches, if someone asked for it; nothing is kept then.
        """
        name = f"{'mirrored-' if mirrored else ''}{blur:.2f}-{len(places)}.npz"
        cache = self.folder / "features" / name
        known = {
            "dataset_sha256": np.array(self.card.content_sha256),
            "extractor_sha256": np.array(self._extractor.sha256),
            "places": places,
        }
        found = _remembered(cache, known, (self.card.height, self.card.width), blur)
        if found is None:
            batches = read_pictures(self.folder, self.card, places, at_once=_AT_ONCE)
            found = _looked(batches, places, self._extractor, blur, mirrored, progress)
            with suppress(KnownError, OSError):  # a dataset may lie where nobody may write
                cache.parent.mkdir(exist_ok=True)
                write_bytes(cache, write_npz(**_arrays(found), **known))
        progress.reach(1.0)
        return found

    def pixels(self, places: Places) -> Pixels:
        """The pictures at ``places``, whole."""
        batches = read_pictures(self.folder, self.card, places)
        return np.concatenate([batch.pixels for batch in batches])


class _Gathered:
    """Features that come in parts."""

    def __init__(self, count: int) -> None:
        self.features = Features(
            np.empty((count, EARLY), np.float32), np.empty((count, LATE), np.float32)
        )
        self._done = 0

    def add(self, part: Features) -> None:
        rows = slice(self._done, self._done + len(part))
        self.features.early[rows], self.features.late[rows] = part.early, part.late
        self._done += len(part)


def _parts(places: Places) -> Iterator[Places]:
    for start in range(0, len(places), _AT_ONCE):
        yield places[start : start + _AT_ONCE]


def _looked(
    batches: Iterable[Batch],
    places: Places,
    extractor: Extractor,
    blur: float,
    mirrored: bool,
    progress: Progress,
) -> Real:
    gathered, labels, spectra = _Gathered(len(places)), [], []
    done = 0
    for batch in batches:
        progress.reach(done / len(places))
        pixels = blurred(batch.pixels, blur)
        if mirrored:
            pixels = np.ascontiguousarray(pixels[:, :, ::-1])
        gathered.add(extractor(pixels))
        labels.append(batch.labels)
        spectra.append(power(pixels) * len(pixels))
        done += len(pixels)
    progress.reach(1.0)
    mean: Double = np.sum(spectra, axis=0) / len(places)
    return Real(places, np.concatenate(labels), gathered.features, mean, blur)


def _arrays(real: Real) -> dict[str, NDArray[np.generic]]:
    features = real.features
    return {
        "early": features.early,
        "late": features.late,
        "labels": real.labels,
        "power": real.power,
    }


def _remembered(
    cache: Path, known: dict[str, NDArray[np.generic]], size: tuple[int, int], blur: float
) -> Real | None:
    """What was kept, None where there is nothing of these pictures or it is damaged."""
    try:
        arrays = read_npz(cache.read_bytes(), str(cache))
    except (OSError, KnownError):
        return None
    places: Places = known["places"].astype(np.int64)
    wanted = {
        "early": (np.float32, (len(places), EARLY)),
        "late": (np.float32, (len(places), LATE)),
        "labels": (np.int64, (len(places),)),
        "power": (np.float64, (size[0], size[1] // 2 + 1)),
    }
    for name, value in known.items():
        if name not in arrays or not np.array_equal(arrays[name], value):
            return None
    for name, (dtype, shape) in wanted.items():
        array = arrays.get(name)
        if array is None or array.dtype != dtype or array.shape != shape:
            return None
        if not np.isfinite(array).all():
            return None
    log.info("%s: features of %d pictures", cache, len(places))
    features = Features(arrays["early"], arrays["late"])
    return Real(places, arrays["labels"], features, arrays["power"], blur)


def small(pixels: Pixels) -> Pixels:
    """At most 128 px a side; smaller pictures as they are."""
    _, height, width, channels = pixels.shape
    scale = _SMALL / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shape = (len(pixels), size[1], size[0], channels)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(one[..., 0] if channels == 1 else one).resize(
                    size, Image.Resampling.BICUBIC
                )
            )
            for one in pixels
        ]
    ).reshape(shape)
