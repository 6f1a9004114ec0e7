"""Whether a model repeats what it learned from.

Each painted picture's distance to its nearest training picture is compared with the distances of
real pictures to theirs (Meehan et al. 2020, section 3, ask the same of densities). Three things
would let a copy pass for something new, and are taken out: training pictures are seen through the
blur that gives them the model's own sharpness; a mirrored copy is a copy; and copies made on
purpose tell how many would have been noticed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.core.progress import Progress
from explorer.likeness.features import Extractor, Features
from training.evaluation.measures import Double, distances, evenly, ratio
from training.evaluation.pictures import Places
from training.evaluation.seen import Collection, Painted, Real
from training.evaluation.sharpness import blurred, matching_blur
from training.evaluation.spread import share
from training.evaluation.told import Copied, Memory, Nearness

SUSPECT = 0.01
"""A painted picture is called a copy if it is nearer than this share of real ones."""

SHOWN = 12
"""The most copied pictures that are listed."""

_ASKED = 2000  # real pictures whose distances are called usual
_MADE = 100  # copies made on purpose
_SOFTER = 0.3  # pixels of blur beyond the model's, and
_NOISE = 2.0  # levels of noise before it, in a copy made on purpose
_AT_ONCE = 256  # queries
_WHOLE = 32  # pictures in memory at their full size


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of n pictures, their nearest training picture, and how far it is at each depth."""

    place: Places  # (n,) in the searched pictures, by both depths together
    shape: Double  # (n,) the late layer's, of the nearest by shape
    colour: Double  # (n,) the early layer's
    both: Double  # (n,) root mean square of both, in units of ``scale``


def nearest_in(
    training: Features,
    queries: Features,
    mirrored: Features,
    *,
    scale: tuple[float, float] = (1.0, 1.0),
    leave_out: Places | None = None,
) -> Nearest:
    """Search all of ``training`` for each query as it is and mirrored, whichever is nearer.

    Args:
        scale: what counts as far in shape, and in colour and texture.
        leave_out: for each query a place that it may not find: itself.
    """
    parts: list[tuple[NDArray[np.generic], ...]] = []
    for start in range(0, len(queries), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        shape, colour, both = (
            np.minimum(straight, turned)
            for straight, turned in zip(
                _apart(training, queries, rows, scale),
                _apart(training, mirrored, rows, scale),
                strict=True,
            )
        )
        if leave_out is not None:
            for each in (shape, colour, both):
                each[np.arange(len(each)), leave_out[rows]] = np.inf
        parts.append((both.argmin(axis=1), *(x.min(axis=1) for x in (shape, colour, both))))
    return Nearest(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def memory(
    painted: Painted,
    learned: Collection,
    sharp: Real,
    extractor: Extractor,
    *,
    held_out: Collection | None = None,
    files: tuple[str, ...] = (),
    seed: int = 0,
    progress: Progress = Progress(),
) -> Memory:
    """Compare painted pictures with the training pictures one by one.

    Args:
        sharp: the pictures of ``learned`` to search, as they are.
        held_out: real pictures that were not learned from, whose distances are the usual ones;
            else each training picture's distance to its nearest other is.
        files: the training pictures' names.
        seed: of the copies made on purpose.
    """
    blur = matching_blur(sharp.power, painted.power)
    training = learned.seen(sharp.places, blur=blur, progress=progress.part(0.0, 0.5)).features
    itself: Places | None = None
    if held_out is None:
        itself = evenly(len(sharp), _ASKED)
        asking, places = learned, sharp.places[itself]
        asked = Features(training.early[itself], training.late[itself])
    else:
        asking, places = held_out, evenly(held_out.count, _ASKED)
        asked = asking.seen(places, blur=blur, progress=progress.part(0.5, 0.7)).features
    turned = asking.seen(
        places, blur=blur, mirrored=True, progress=progress.part(0.7, 0.9)
    ).features
    unscaled = nearest_in(training, asked, turned, leave_out=itself)
    scale = (_typical(unscaled.shape), _typical(unscaled.colour))
    usual = nearest_in(training, asked, turned, scale=scale, leave_out=itself)
    found = nearest_in(training, painted.features, painted.mirrored, scale=scale)
    made = _made_on_purpose(learned, sharp.places, extractor, blur, seed)
    known = nearest_in(training, *made, scale=scale)
    limit = float(np.quantile(usual.both, SUSPECT))
    progress.reach(1.0)
    return Memory(
        searched=len(sharp),
        blur=blur,
        reference="themselves" if held_out is None else "held-out",
        threshold=SUSPECT,
        copied=share(found.both < limit).model_copy(
            update={"real": float((usual.both < limit).mean())}
        ),
        caught=float((known.both < limit).mean()),
        shape=_nearness(found.shape, usual.shape),
        colour=_nearness(found.colour, usual.colour),
        both=_nearness(found.both, usual.both),
        nearest=tuple(_copied(painted, sharp, found, usual, files)),
    )


def _apart(
    training: Features, queries: Features, rows: slice, scale: tuple[float, float]
) -> tuple[Double, Double, Double]:
    shape = distances(queries.late[rows], training.late) / scale[0]
    colour = distances(queries.early[rows], training.early) / scale[1]
    both: Double = np.sqrt((np.square(shape) + np.square(colour)) / 2)
    return shape, colour, both


def _typical(found: Double) -> float:
    """The median; 1 where all pictures are the same, so that it can be divided by."""
    return float(np.median(found)) or 1.0


def _nearness(found: Double, usual: Double) -> Nearness:
    """How painted pictures' distances lie among the usual ones."""
    ordered = np.sort(usual)
    median = float(np.median(found))
    below, up_to = (np.searchsorted(ordered, found, side=side) for side in ("left", "right"))
    farther = 1 - (below + up_to) / (2 * len(ordered))  # ties count half
    return Nearness(
        ratio=ratio(median, float(np.median(usual))),
        percentile=float((usual <= median).mean()),
        nearer=float(farther.mean()),
    )


def _copied(
    painted: Painted, sharp: Real, found: Nearest, usual: Nearest, files: tuple[str, ...]
) -> list[Copied]:
    """Those that lie nearest, one for each training picture."""
    listed: dict[int, Copied] = {}
    for row in np.argsort(found.both, kind="stable"):
        index = int(sharp.places[found.place[row]])
        if index in listed:
            continue
        listed[index] = Copied(
            seed=int(painted.seeds[row]),
            index=index,
            file=files[index] if files else "",
            percentile=float((usual.both <= found.both[row]).mean()),
        )
        if len(listed) == SHOWN:
            break
    return list(listed.values())


def _made_on_purpose(
    learned: Collection, places: Places, extractor: Extractor, blur: float, seed: int
) -> tuple[Features, Features]:
    """Copies as a model would make them: disturbed, a little softer than it paints, half mirrored."""
    rng = np.random.default_rng(seed)
    parts: list[tuple[Features, Features]] = []
    chosen = places[evenly(len(places), _MADE)]
    for start in range(0, len(chosen), _WHOLE):
        pixels = learned.pixels(chosen[start : start + _WHOLE])
        noisy = np.clip(np.rint(pixels + rng.normal(0, _NOISE, pixels.shape)), 0, 255)
        made = blurred(noisy.astype(np.uint8), float(np.hypot(blur, _SOFTER)))
        made[::2] = made[::2, :, ::-1].copy()
        parts.append((extractor(made), extractor(np.ascontiguousarray(made[:, :, ::-1]))))
    straight, turned = (
        Features(
            np.concatenate([each.early for each in column]),
            np.concatenate([each.late for each in column]),
        )
        for column in zip(*parts, strict=True)
    )
    return straight, turned
