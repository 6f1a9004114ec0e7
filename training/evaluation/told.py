"""What an evaluation found, as it is written down: `evaluation.json`, format 1."""

import logging
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import read_json

log = logging.getLogger(__name__)

FILE = "evaluation.json"

NETWORK = "EfficientNet-Lite0"
"""Whose features the figures are of, in words; a figure's name says so wherever it stands."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Told):
    """A figure with the interval in which it lies 19 times of 20."""

    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    real: FiniteFloat | None = None  # what real pictures get in place of the painted ones


class Model(_Told):
    """What was evaluated: a run at a step, or a bundle."""

    kind: Literal["run", "bundle"]
    name: str
    height: int  # pixels
    width: int
    channels: int
    step: int | None = None  # of a run
    checkpoint: Literal["newest", "best"] | None = None
    painting_hash: str | None = None  # of a bundle
    classes: tuple[str, ...] = ()


class Pictures(_Told):
    """What it was compared with."""

    name: str
    content_sha256: str
    count: int  # pictures in it
    used: int  # of them, evenly chosen
    is_learned_from: bool | None = None  # None where nobody knows


class Nearness(_Told):
    """How near painted pictures come to training pictures, at one depth of the network."""

    ratio: FiniteFloat  # of the painted's median distance to the real ones'; 1 as real ones
    percentile: FiniteFloat  # of real pictures that lie nearer than the typical painted one
    nearer: FiniteFloat  # chance that a painted picture is nearer than a real one; 0.5 as real ones


class Copied(_Told):
    """A painted picture that lies nearest to a training picture, and which."""

    seed: int
    index: int  # of the training picture, in the dataset
    file: str  # as the dataset's table calls it
    percentile: FiniteFloat  # of real pictures that lie nearer


class Memory(_Told):
    """Whether it repeats what it learned from."""

    searched: int  # training pictures
    blur: FiniteFloat  # pixels: the Gaussian that brings them to the painted pictures' sharpness
    reference: Literal["held-out", "themselves"]  # whose distances are called usual
    threshold: FiniteFloat  # share of real pictures that would be called copies
    copied: Figure
    caught: FiniteFloat  # share of copies made on purpose that are called so
    shape: Nearness
    colour: Nearness
    both: Nearness
    nearest: tuple[Copied, ...]


class Factor(_Told):
    """How the values of one known factor are shared out, as a linear classifier sees them."""

    name: str
    accuracy: FiniteFloat  # of the classifier, on real pictures that it had not seen
    chance: FiniteFloat  # of always saying the commonest value
    coverage: FiniteFloat  # overlap of both sets' shares; 1 the same, 0 nothing in common
    missing: tuple[str, ...]  # values painted less than a fifth as often as they should be
    values: dict[str, tuple[FiniteFloat, FiniteFloat]]  # share of real and of painted pictures


class Condition(_Told):
    """Whether a model that is asked for a class paints it."""

    accuracy: Figure  # share of painted pictures that the classifier finds in their class
    of_classifier: FiniteFloat  # on real pictures that it had not seen
    by_class: dict[str, FiniteFloat]


class Given(_Told):
    """Figures on the features of a network that the person brought."""

    file: str
    sha256: str
    features: int
    frechet: Figure
    kid: Figure


class Evaluation(_Told):
    """Format 1. Figures by name; their features are those of ``extractor``."""

    format: Literal[1] = 1
    software: str = f"masquerade {__version__}"
    model: Model
    compared: Pictures
    learned: Pictures | None = None  # where the figures compare with held-out pictures
    extractor: str
    extractor_sha256: str
    painted: Annotated[int, Field(ge=1)]
    seed: int  # the first painted; the others follow
    figures: dict[str, Figure]
    kinds: int = 0  # into which the real pictures were sorted, for ``modes``
    memory: Memory | None = None
    factors: tuple[Factor, ...] = ()
    condition: Condition | None = None
    given: Given | None = None
    notes: tuple[str, ...] = ()


def metrics(run: Path, step: int) -> dict[str, float | int | str | None]:
    """The block for a model's card, of the evaluation that lies in its run.

    Empty where there is none, or none of the newest checkpoint at this ``step``. Shares and
    distances are those of ``evaluation.json``; ``_low`` and ``_high`` are their intervals' ends.
    """
    path = run / FILE
    if not path.exists():
        return {}
    try:
        told = read_json(path, Evaluation)
    except KnownError as error:
        log.warning("not taken into the card: %s", error)
        return {}
    if (told.model.step, told.model.checkpoint) != (step, "newest"):
        return {}
    found: dict[str, float | int | str | None] = {
        "features": told.extractor,
        "painted": told.painted,
        "compared_with": told.compared.used,
        "held_out": told.learned is not None,
    }
    for name, figure in told.figures.items():
        found |= _block(name, figure)
    if told.memory is not None:
        found |= _block("copied", told.memory.copied)
        found["copies_noticed"] = _round(told.memory.caught)
        found["nearer_than_real"] = _round(told.memory.both.nearer)
    if told.condition is not None:
        found |= _block("in_class", told.condition.accuracy)
    return found


def _block(name: str, figure: Figure) -> dict[str, float]:
    ends = {"": figure.value, "_low": figure.low, "_high": figure.high}
    return {f"{name}{end}": _round(value) for end, value in ends.items()}


def _round(value: float) -> float:
    return float(f"{value:.4g}")
