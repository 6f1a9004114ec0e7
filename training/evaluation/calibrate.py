"""Pictures whose answer is known, and what every figure says of them.

``python -m training.evaluation.calibrate --pictures 2000 --size 64`` prints the table of the
manual. Masks are rendered, so that there are as many of the same hand as one likes.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.core.progress import Progress
from explorer.likeness.features import Extractor, Features
from training.evaluation.copies import memory, nearest_in
from training.evaluation.factors import Eye, factor, teach
from training.evaluation.measures import evenly
from training.evaluation.painted import Painter
from training.evaluation.pictures import Pixels, Places
from training.evaluation.seen import Loose, Painted, seen_painted
from training.evaluation.sharpness import blurred
from training.evaluation.told import Model
from training.evaluation.wholes import as_wholes

COLUMNS = {
    "kid": "KID",
    "frechet": "Fréchet",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "diversity": "diversity",
    "distinct": "distinct",
    "modes": "modes",
    "copied": "copied",
    "novelty": "distance",
    "naive": "sharp only",
    "factor": "material",
}


@dataclass(frozen=True, slots=True)
class Known:
    """Pictures of one hand: to learn from, and others; with the material of each."""

    learned: Pixels
    others: Pixels
    of_learned: tuple[str, ...]
    of_others: tuple[str, ...]


def known_masks(count: int, size: int, progress: Progress = Progress()) -> Known:
    """``count`` rendered masks to learn from and as many others, ``size`` pixels a side."""
    from training.data.masks.factors import mask_factors
    from training.data.masks.render import paint_mask

    factors = [mask_factors(0, index) for index in range(2 * count)]
    pixels = []
    for number, each in enumerate(factors):
        progress.reach(number / len(factors))
        pixels.append(paint_mask(each, size))
    told = tuple(str(each.material) for each in factors)
    stacked = np.stack(pixels)
    return Known(stacked[:count], stacked[count:], told[:count], told[count:])


def cases(known: Known, *, seed: int = 0) -> Iterator[tuple[str, Pixels]]:
    """What a model could paint, by name: as many pictures each as were learned from."""
    rng = np.random.default_rng(seed)
    n = len(known.learned)
    gone = max(set(known.of_others), key=known.of_others.count)
    kept = np.array([kind != gone for kind in known.of_others])
    yield "same hand", known.others
    yield "a little blurred", blurred(known.others, 0.6)
    yield "blurred", blurred(known.others, 1.5)
    yield "a little noisy", _noisy(known.others, 8, rng)
    yield "noisy", _noisy(known.others, 40, rng)
    yield "a class missing", np.resize(known.others[kept], known.others.shape)
    yield "a tenth, repeated", _noisy(known.others[np.arange(n) % (n // 10)], 2, rng)
    yield "one picture", _noisy(known.others[np.zeros(n, int)], 2, rng)
    yield "copies", _noisy(known.learned, 2, rng)
    yield "half copies", _noisy(_half_of(known), 2, rng)
    yield "copies, blurred and mirrored", blurred(known.learned, 1.5)[:, :, ::-1].copy()


def judged(
    known: Known, pixels: Pixels, learned: Loose, extractor: Extractor, *, halves: int = 4
) -> dict[str, float]:
    """Every figure of pictures that stand for painted ones, by the names of ``COLUMNS``.

    ``learned`` are the pictures of ``known`` to learn from, which are looked at once.
    """
    painted = as_painted(pixels, extractor)
    sharp = learned.seen(np.arange(learned.count))
    _, wholes = as_wholes(painted.features, sharp.features, seed=0, halves=halves)
    found = memory(painted, learned, sharp, extractor)
    rows = evenly(len(sharp), 1000)
    mirrored = learned.seen(rows, mirrored=True).features
    themselves = Features(sharp.features.early[rows], sharp.features.late[rows])
    usual, naive = (
        float(np.median(nearest_in(sharp.features, *asked, leave_out=itself).shape))
        for asked, itself in (
            ((themselves, mirrored), rows),
            ((painted.features, painted.features), None),
        )
    )
    soft = learned.seen(sharp.places, blur=found.blur).features
    eye = Eye(soft)
    taught = teach(eye(soft), known.of_learned, seed=0)
    if taught is None:
        raise ValueError("too few masks of each material")
    return {name: figure.value for name, figure in wholes.items()} | {
        "copied": found.copied.value,
        "novelty": found.both.ratio,
        "naive": naive / usual,
        "factor": factor("material", taught, eye(painted.features)).coverage,
        "accuracy": taught.accuracy,
        "chance": taught.chance,
        "caught": found.caught,
        "blur": found.blur,
    }


def as_painted(pixels: Pixels, extractor: Extractor) -> Painted:
    """Take pictures for what a model painted: seed 0 is the first."""
    _, height, width, channels = pixels.shape
    model = Model(kind="bundle", name="known", height=height, width=width, channels=channels)
    painter = Painter(model, None, lambda seeds, labels: pixels[seeds])
    seeds: Places = np.arange(len(pixels))
    return seen_painted(painter, seeds, None, extractor)


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """As Markdown."""
    lines: list[Sequence[str]] = [("painted", *COLUMNS.values())]
    lines.append(("---", *("---:" for _ in COLUMNS)))
    for name, figures in found.items():
        lines.append((name, *(_shown(column, figures[column]) for column in COLUMNS)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(column: str, value: float) -> str:
    if column in ("copied", "factor"):
        return f"{value:.0%}"
    return f"{value:.0f}" if column == "modes" else f"{value:.2f}"


def _noisy(pixels: Pixels, levels: float, rng: np.random.Generator) -> Pixels:
    noisy = pixels + rng.normal(0, levels, pixels.shape)
    found: Pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return found


def _half_of(known: Known) -> Pixels:
    pixels = known.others.copy()
    pixels[::2] = known.learned[::2]
    return pixels


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--size", type=int, default=64)
    told = parser.parse_args()
    known = known_masks(told.pictures, told.size)
    extractor = Extractor.open()
    learned = Loose(known.learned, extractor)
    found = {name: judged(known, pixels, learned, extractor) for name, pixels in cases(known)}
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main()
