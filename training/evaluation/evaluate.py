"""A model, painted from, looked at and compared: the whole way from a folder to its figures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor
from training.data.card import DatasetCard
from training.evaluation import measures
from training.evaluation.copies import memory
from training.evaluation.factors import Eye, condition, factor, teach
from training.evaluation.given import Network, compare
from training.evaluation.painted import Painter, classes_of, open_painter
from training.evaluation.pictures import Places, Table, read_table
from training.evaluation.seen import Collection, Painted, Prepared, Real, seen_painted
from training.evaluation.told import Condition, Evaluation, Factor, Pictures
from training.evaluation.wholes import as_wholes
from training.evaluation.words import TRUSTED

FEWEST = 50
"""Pictures of either kind; of fewer, no figure says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much is looked at, and which."""

    painted: int = 2000
    searched: int = 10_000  # training pictures in which copies are looked for
    seed: int = 0  # the first painted; the others follow


@dataclass(frozen=True, slots=True)
class Look:
    """Everything an evaluation saw, for the page; ``told`` is what it found."""

    told: Evaluation
    painted: Painted
    real: Real  # what the figures compare with
    compared: Collection
    learned: Collection  # the dataset in which copies were looked for


def evaluate(
    target: Path,
    dataset: Path | None,
    *,
    held_out: Path | None = None,
    best: bool = False,
    inception: Path | None = None,
    amount: Amount = Amount(),
    progress: Progress = Progress(),
) -> Look:
    """Compare what a run or a bundle paints with pictures.

    Args:
        dataset: what it learned from, in which copies are looked for.
        held_out: real pictures that it never saw; the other figures then compare with them.
        best: a run's checkpoint with the best score, instead of its newest.
        inception: a network whose features are asked too, as an ONNX file.

    Raises:
        KnownError: the model can't paint, a dataset can't be read, or they don't fit together.
        Cancelled: someone asked for it; what was seen of the datasets is kept for the next time.
    """
    painter = open_painter(target, best=best)  # first, for a wrong name is the likeliest mistake
    if dataset is None:
        raise KnownError(
            f"{target} does not hold the pictures it learned from: name their dataset with "
            "--dataset."
        )
    network = None if inception is None else Network.vetted(inception)
    extractor = Extractor.open()
    learned = _enough(dataset, extractor)
    held = None if held_out is None else _enough(held_out, extractor)
    compared = held or learned
    for collection in {learned, compared}:
        _check_fits(painter, collection.card)
    table = read_table(dataset, learned.card)
    places = measures.evenly(learned.count, amount.searched)
    sharp = learned.seen(places, progress=progress.part(0.0, 0.25))
    real = sharp
    if held:
        there = measures.evenly(held.count, amount.searched)
        real = held.seen(there, progress=progress.part(0.25, 0.3))
    painted = _painted(painter, compared.card, amount, extractor, progress.part(0.3, 0.55))
    kinds, figures = as_wholes(
        painted.features, real.features, seed=amount.seed, progress=progress.part(0.55, 0.65)
    )
    remembered = memory(
        painted,
        learned,
        sharp,
        extractor,
        held_out=held,
        files=table.files,
        seed=amount.seed,
        progress=progress.part(0.65, 0.95),
    )
    soft = learned.seen(places, blur=remembered.blur)
    factors, asked = _by_kind(painter, learned.card, table, soft, painted, amount.seed)
    given = None
    if network is not None:
        given = compare(network, painter, painted, compared, real.places, seed=amount.seed)
    told = Evaluation(
        model=painter.model,
        compared=_named(compared.card, real, painted, None if held else painter),
        learned=_named(learned.card, sharp, painted, painter) if held else None,
        extractor=extractor.card.id,
        extractor_sha256=extractor.sha256,
        painted=len(painted),
        seed=amount.seed,
        figures=figures,
        kinds=kinds,
        memory=remembered,
        factors=factors,
        condition=asked,
        given=given,
        notes=tuple(_notes(painter, learned.card, sharp, remembered.caught)),
    )
    progress.reach(1.0)
    return Look(told, painted, real, compared, learned)


def _painted(
    painter: Painter, card: DatasetCard, amount: Amount, extractor: Extractor, progress: Progress
) -> Painted:
    seeds: Places = np.arange(amount.seed, amount.seed + amount.painted)
    classes = None
    if painter.model.classes:
        classes = classes_of(seeds, _counts(painter, card))
    return seen_painted(painter, seeds, classes, extractor, progress)


def _counts(painter: Painter, card: DatasetCard) -> Places:
    """How often each of the model's classes is among the pictures; all alike if it has others."""
    there = {one.name: one.count for one in card.classes}
    counts = np.array([there.get(name, 0) for name in painter.model.classes], np.int64)
    return counts if counts.all() else np.ones_like(counts)


def _by_kind(
    painter: Painter, card: DatasetCard, table: Table, real: Real, painted: Painted, seed: int
) -> tuple[tuple[Factor, ...], Condition | None]:
    """What linear classifiers say of the dataset's factors and classes."""
    known: dict[str, list[str]] = {
        name: [values[place] for place in real.places] for name, values in table.factors.items()
    }
    names = [one.name for one in card.classes]
    if len(names) > 1:
        known["class"] = [names[label] for label in real.labels]
    if not known:
        return (), None
    eye = Eye(real.features)
    rows, seen = eye(real.features), eye(painted.features)
    taught = {name: teach(rows, values, seed=seed) for name, values in known.items()}
    factors = tuple(factor(name, one, seen) for name, one in taught.items() if one is not None)
    classes = taught.get("class")
    if classes is None or painted.labels is None:
        return factors, None
    asked = [painter.model.classes[label] for label in painted.labels]
    return factors, condition(classes, seen, asked)


def _named(card: DatasetCard, seen: Real, painted: Painted, painter: Painter | None) -> Pictures:
    """How a dataset is told of; a ``painter`` says whether it learned from it."""
    return Pictures(
        name=card.name,
        content_sha256=card.content_sha256,
        count=card.count,
        used=min(len(seen), len(painted)),
        is_learned_from=None if painter is None else _is_learned_from(painter, card),
    )


def _enough(dataset: Path, extractor: Extractor) -> Prepared:
    """The dataset; KnownError where it is none, or too small."""
    collection = Prepared(dataset, extractor)
    if collection.count < FEWEST:
        raise KnownError(
            f"{dataset} has {collection.count} pictures, and no figure means anything with fewer "
            f"than {FEWEST}: prepare more of them."
        )
    return collection


def _check_fits(painter: Painter, card: DatasetCard) -> None:
    """KnownError where model and pictures can't be compared."""
    model = painter.model
    if (model.height, model.width) != (card.height, card.width):
        raise KnownError(
            f"{card.name} has pictures of {card.width}×{card.height} pixels and {model.name} "
            f"paints {model.width}×{model.height}: prepare the pictures at that size."
        )


def _notes(painter: Painter, card: DatasetCard, learned: Real, caught: float) -> list[str]:
    """What a reader should know before believing the figures."""
    model, notes = painter.model, []
    if _is_learned_from(painter, card) is False:
        notes.append(
            f"{model.name} learned from other pictures than those of {card.name}: whether it "
            "copies those was not seen."
        )
    if model.channels != card.channels:
        notes.append(
            f"{model.name} paints {_colour(model.channels)} pictures and {card.name} has "
            f"{_colour(card.channels)} ones, which alone makes a distance."
        )
    if len(learned) < card.count:
        notes.append(
            f"Copies were looked for in {len(learned):,} of {card.count:,} pictures: --searched "
            "says in how many."
        )
    if caught < TRUSTED:
        notes.append(
            f"Of copies made on purpose only {caught:.0%} were noticed, so that few copies found "
            "mean little here: the pictures are too alike, or too many are doubles."
        )
    return notes


def _is_learned_from(painter: Painter, card: DatasetCard) -> bool | None:
    return None if painter.learned is None else painter.learned == card.content_sha256


def _colour(channels: int) -> str:
    return "grey" if channels == 1 else "colour"
