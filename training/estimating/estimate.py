"""What a run will cost, from what a probe measured of its parts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.config import Settings
from training.gan import Due
from training.windows import window

RECOGNISABLE = 130_000
"""Pictures seen when drawn faces and carved masks became recognisable in runs of our own: DCGANs
of 64 px, 2,000 steps of 64."""

Call = tuple[int, Due]
"""So many steps in one call, and what is due in the first of them."""

_FORESEEN = 10_000  # steps; after so many the kinds of calls keep their proportions
_PIECES = 12  # of the measured time, to see how steady it is
_NOTABLE = 1.1  # times the pace; less is no reason to choose anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How often a run does what is not a step; as ``training.run.Pacing`` has it."""

    grid_every: int = 500
    checkpoint_every: int = 500
    score_every: int | None = 1000
    report_every: int = 50
    steps_per_call: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """Seconds and bytes that a probe measured; None where it could not."""

    rounds: Sequence[Mapping[Call, float]]  # seconds of a call of each kind, measured in turn
    compile_s: float  # once a sitting
    grid_s: float
    checkpoint_s: float
    score_s: float | None
    features_s: float | None  # of the dataset's, once a run
    export_s: float | None
    checkpoint_bytes: int
    grid_bytes: int
    memory: Mapping[str, int]  # bytes at the peak, by where
    generator: int  # numbers it learns
    discriminator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another way to train, probed on the same device."""

    option: str  # as the command line takes it
    pictures_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run takes and gives."""

    batch: int
    pictures_per_second: float  # while it trains
    slow: float  # a tenth of the time it was slower than this, a tenth faster than `fast`
    fast: float
    once_s: float  # compiling, and the dataset's features for scores
    step_s: float  # seconds, with its share of grids, saves and scores
    probed: Probed
    wanted: Wanted

    def seconds(self, steps: float) -> float:
        """How long so many steps take from the beginning of a run."""
        return self.once_s + steps * self.step_s

    def seconds_for(self, pictures: float) -> float:
        return self.seconds(pictures / self.batch)

    def steps_within(self, seconds: float) -> int:
        return max(0, int((seconds - self.once_s) / self.step_s))

    def disk(self, steps: int) -> tuple[int, int]:
        """Bytes of checkpoints and of grids at their most.

        Two checkpoints are kept and a third is written beside them; with scores, the best too.
        """
        kept = 3 + 2 * (self.wanted.score_every is not None)
        grids = 2 + steps // self.wanted.grid_every
        return kept * self.probed.checkpoint_bytes, grids * self.probed.grid_bytes


def calls(settings: Settings, wanted: Wanted, steps: int) -> Counter[Call]:
    """How often a run of so many steps makes each kind of call."""
    stops = (wanted.report_every, wanted.grid_every, wanted.checkpoint_every, wanted.score_every)
    found: Counter[Call] = Counter()
    step, until = 0, min(steps, _FORESEEN)
    while step < until:
        call = window(
            step,
            most=wanted.steps_per_call,
            stops=tuple(stop for stop in stops if stop is not None),
            until=until,
            settings=settings,
        )
        found[call] += 1
        step += call[0]
    return found


def forecast(probed: Probed, settings: Settings, wanted: Wanted, steps: int) -> Forecast:
    """Put the parts together in the proportion in which a run of ``steps`` has them."""
    often = calls(settings, wanted, steps)
    batch = settings.batch
    pieces = np.array([_per_step(one, often) for one in probed.rounds])
    parts = np.array_split(pieces, min(_PIECES, len(pieces)))
    paces = [batch / part.mean() for part in parts]
    step_s = float(pieces.mean())
    beside = probed.grid_s / wanted.grid_every + probed.checkpoint_s / wanted.checkpoint_every
    once = probed.compile_s
    if wanted.score_every is not None and probed.score_s is not None:
        beside += probed.score_s / wanted.score_every
        once += probed.features_s or 0.0
    return Forecast(
        batch=batch,
        pictures_per_second=batch / step_s,
        slow=float(np.percentile(paces, 10)),
        fast=float(np.percentile(paces, 90)),
        once_s=once,
        step_s=step_s + beside,
        probed=probed,
        wanted=wanted,
    )


def pace(rounds: Sequence[Mapping[Call, float]], settings: Settings, wanted: Wanted) -> float:
    """Pictures a second while a long run trains."""
    often = calls(settings, wanted, _FORESEEN)
    return settings.batch / float(np.mean([_per_step(one, often) for one in rounds]))


def _per_step(seconds: Mapping[Call, float], often: Counter[Call]) -> float:
    """A step's seconds; kinds that were too rare to be probed count as the dearest of all."""
    dearest = max(seconds[call] / call[0] for call in seconds)
    total = sum(often[call] * seconds.get(call, dearest * call[0]) for call in often)
    return total / sum(often[call] * call[0] for call in often)


def judged(told: Forecast, alternatives: Sequence[Alternative], *, device: str, steps: int) -> str:
    """What to make of it, in a sentence or two."""
    until = told.seconds_for(RECOGNISABLE)
    said = [
        f"About {duration(told.seconds(steps))} on this {device} for {steps:,} steps, and about "
        f"{duration(until)} for the {RECOGNISABLE / 1000:.0f} kimg after which drawn faces and "
        "masks of 64 px were recognisable in runs of our own."
    ]
    better = sorted(
        (
            one
            for one in alternatives
            if one.pictures_per_second > _NOTABLE * told.pictures_per_second
        ),
        key=lambda one: -one.pictures_per_second,
    )
    gains = [
        f"{one.option} sees {one.pictures_per_second / told.pictures_per_second:.1f} times as "
        "many pictures a second here"
        for one in better
    ]
    if gains:
        said.append(f"Try it faster: {', and '.join(gains)}.")
    elif alternatives:
        tried = " nor ".join(one.option for one in alternatives)
        said.append(
            f"{'Neither ' if len(alternatives) > 1 else 'Not even '}{tried} is much faster here."
        )
    if told.fast > 1.3 * told.slow:
        said.append("The pace swayed: other work was going on, or the machine throttles.")
    return " ".join(said)


def duration(seconds: float) -> str:
    """As a person says it: ``40 seconds``, ``9 minutes``, ``3.5 hours``, ``2.1 days``."""
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        count = seconds / length
        if count >= (2 if unit == "day" else 0.95):
            spoken = f"{count:.0f}" if unit == "minute" or count >= 9.95 else f"{count:.1f}"
            spoken = spoken.removesuffix(".0")
            return f"{spoken} {unit}{'' if spoken == '1' else 's'}"
    return f"{max(1, round(seconds))} second{'' if round(seconds) <= 1 else 's'}"


def size(count: int) -> str:
    """Bytes as a person says them: ``900 kB``, ``24 MB``, ``1.9 GB``."""
    for unit, length in (("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            spoken = f"{count / length:.1f}" if count < 9.95 * length else f"{count / length:,.0f}"
            return f"{spoken.removesuffix('.0')} {unit}"
    return f"{max(1, round(count / 1e3))} kB"
