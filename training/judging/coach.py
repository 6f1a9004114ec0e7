"""What goes wrong in a run, said early and in plain words, with the published remedy.

The coach reads nothing but the numbers that a run reports anyway. The thresholds stand beside
what healthy and failed runs showed; docs/adr/0015-a-coach-reads-the-curves.md tells of them.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias, get_args

from training.config import Settings
from training.judging import remedies

Kind: TypeAlias = Literal[
    "divergence",
    "steepening",
    "gradients",
    "discriminator",
    "memorising",
    "augmentation",
    "collapse",
    "stalled",
    "slow",
]

PATIENCE = 10
"""Scorings without a better one after which a run counts as stalled."""

_KEPT = 60  # reports, of each number
_RECENT = 20  # reports that tell what is usual
_ENOUGH = 10  # reports before anything is called usual
_EARLY = 1000  # steps in which any discriminator wins, since nothing is painted yet
_CALM = 3  # looks in a row without a finding before it has passed
_QUIET = 10  # looks between two tellings of the same kind

_LONG_S = 120.0  # before a slow stretch is no hiccup

# What a discriminator loses per picture when it can only guess.
_GUESSING = {"non-saturating": 2 * math.log(2), "hinge": 2.0, "relativistic": math.log(2)}


@dataclass(frozen=True, slots=True)
class Note:
    """One finding: what is seen, what it usually means, what to try."""

    step: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Best:
    """The lowest score so far, and how many scorings have passed since."""

    step: int | None = None
    kid: float = math.inf
    since: int = 0

    def heard(self, step: int, kid: float) -> "Best":
        """A tie is no progress; what is not finite is no score."""
        return Best(step, kid) if kid < self.kid else Best(self.step, self.kid, self.since + 1)


@dataclass(slots=True)
class _Told:
    """Whether a finding was told and still stands."""

    stands: bool = False
    calm: int = 0  # looks in a row that saw nothing
    silence: int = _QUIET  # looks since it was told

    def is_news(self, seen: bool) -> bool:
        self.silence += 1
        self.calm = 0 if seen else self.calm + 1
        if self.calm >= _CALM:
            self.stands = False
        news = seen and not self.stands and self.silence >= _QUIET
        if news:
            self.stands, self.silence = True, 0
        return news


class Coach:
    """Listens to a run's reports in order; hears the old ones again when a run goes on."""

    def __init__(self, settings: Settings, dataset_count: int, *, patience: int = PATIENCE) -> None:
        """``dataset_count``: pictures the run learns from."""
        self.best = Best()
        self._settings, self._count, self._patience = settings, dataset_count, patience
        self._heard: dict[str, deque[float]] = {}
        self._highest: dict[str, float] = {}
        self._scorings = self._step = 0
        self._told = {kind: _Told() for kind in get_args(Kind)}

    def hear(self, step: int, values: Mapping[str, float]) -> list[Note]:
        """Take in one report and tell what is new about it.

        Args:
            values: scalars by name, as in a line of ``scalars.jsonl``; any may be missing.

        Returns:
            Each finding once, until it has passed and comes back.
        """
        self._remember(step, self._with_seconds(step, values))
        found = {
            "divergence": self._divergence(step, values),
            "steepening": self._steepening(values),
            "gradients": self._gradients(values),
            "discriminator": self._discriminator(step, values),
            "memorising": self._memorising(step, values),
            "augmentation": self._augmentation(values),
            "collapse": self._collapse(step, values),
            "stalled": self._stalled(values),
            "slow": self._slow(values),
        }
        notes = []
        for kind, told in self._told.items():
            text = found[kind]
            if text is not None and told.is_news(bool(text)):
                notes.append(Note(step, kind, text))
        return notes

    def should_stop(self, patience: int | None = None) -> bool:
        """Whether so many scorings have brought nothing better (early stopping, Prechelt 1998)."""
        return self.best.since >= (self._patience if patience is None else patience)

    # Each of these gives a text where it sees something, an empty one where all is well, and None
    # where this report doesn't tell. What stands already passes later than it came.

    def _divergence(self, step: int, values: Mapping[str, float]) -> str | None:
        for name, value in values.items():
            if not math.isfinite(value):
                return (
                    f"{_words(name)} is {value}: the run has diverged, and learns nothing more. "
                    f"The last checkpoint was saved before. {remedies.calmer(self._settings)}"
                )
        if "discriminator_loss" not in values:
            return None
        usual = self._usual("penalty")
        if usual is not None and values.get("penalty", 0.0) > self._at("divergence", 8, 4) * usual:
            return (
                f"The penalty on steepness jumped to {values['penalty']:.3g}, from {usual:.3g} "
                f"before: the discriminator has blown up, and pictures will soon decay. "
                f"{remedies.calmer(self._settings)}"
            )
        last, guessing = self._last("discriminator_loss", 2), _GUESSING[self._settings.loss]
        begun = self._usual("discriminator_loss") is not None  # the first steps may cost more
        if begun and min(last) > self._at("divergence", 2, 1.5) * guessing:
            return (
                f"The discriminator loses {last[-1]:.2f} a picture, and guessing would cost "
                f"{guessing:.2f}: it unlearns, and pictures will soon decay. "
                f"{remedies.calmer(self._settings)}"
            )
        return ""

    def _steepening(self, values: Mapping[str, float]) -> str | None:
        usual = self._usual("penalty")
        if usual is None or values.get("penalty", 0.0) <= 0:
            return None
        now, before = values["penalty"], self._last("penalty", _RECENT + 1)[:-1]
        # At most 1.4 in three healthy runs; 2.0 fifty steps before the one that blew up.
        rises = now > 1.75 * usual and now > 1.25 * max(before)
        if now > 8 * usual:
            return None  # no longer a warning: see divergence
        if not rises and not (self._told["steepening"].stands and now > 1.4 * usual):
            return ""
        return (
            f"The penalty on steepness is {now:.3g}, {now / usual:.1f} times what it was: a "
            "discriminator that grows steep often blows up soon after. Keep a copy of the last "
            f"checkpoint. {remedies.calmer(self._settings)}"
        )

    def _gradients(self, values: Mapping[str, float]) -> str | None:
        told = None
        for player in ("generator", "discriminator"):
            name = f"{player}_gradient"
            usual, now = self._usual(name), values.get(name)
            if now is None or usual is None or not math.isfinite(now):
                continue
            told = ""
            before = self._last(name, _RECENT + 1)[:-1]
            # Up to 5 times under batch normalisation, and 2 without, in runs that were well.
            if now > self._at("gradients", 10, 5) * usual and now > 2 * max(before):
                return (
                    f"The {player}'s gradient is {now:.3g} long, {now / max(usual, 1e-12):.0f} "
                    f"times what it was: steps that long throw a network off. "
                    f"{remedies.calmer(self._settings)}"
                )
            first = self._highest.get(name, 0.0)
            if max(self._last(name, 5)) < self._at("gradients", 1e-4, 1e-3) * first:
                return (
                    f"The {player}'s gradient has shrunk to {now:.3g} from as much as {first:.3g}: "
                    f"it learns nothing more. {remedies.fairer(self._settings)}"
                )
        return told

    def _discriminator(self, step: int, values: Mapping[str, float]) -> str | None:
        last = self._last("discriminator_loss", _RECENT)
        if "discriminator_loss" not in values or len(last) < _RECENT or step < _EARLY:
            return None
        now, guessing = median(last), _GUESSING[self._settings.loss]
        if now > self._at("discriminator", 0.07, 0.12) * guessing:
            return ""
        return (
            f"The discriminator hardly loses, {now:.3f} a picture where guessing costs "
            f"{guessing:.2f}: it wins outright, and the generator hears nothing that it could "
            f"learn from. {remedies.fairer(self._settings)}"
        )

    def _memorising(self, step: int, values: Mapping[str, float]) -> str | None:
        novelty = self._last("novelty", 1)  # told more seldom than signs, and true until told anew
        if novelty and novelty[0] < self._at("memorising", 0.5, 0.6):
            return (
                f"Painted pictures lie {novelty[0]:.2f} times as far from the nearest training "
                "picture as those lie from each other: they come close to copies of the "
                f"{self._count:,}. "
                f"{remedies.more(self._settings)}"
            )
        fine = "" if novelty else None
        sign = self._last("real_sign", _RECENT)
        if self._settings.loss == "relativistic":  # only differences count, so signs wander
            return fine
        if "real_sign" not in values or len(sign) < _RECENT:
            return fine
        seen = step * self._settings.batch / max(self._count, 1)
        mean = sum(sign) / _RECENT
        if seen < _RECENT or mean < self._at("memorising", 0.95, 0.9):
            return ""
        # Karras et al. 2020 aim at 0.6, without batch normalisation. With it, real and painted
        # batches are told apart by their statistics: 0.95 with 4,000 pictures, where nothing was
        # wrong; then only the loss tells, 0.25 to 0.4 of guessing there and 0.1 with 100 pictures.
        loss = median(self._last("discriminator_loss", _RECENT) or [0.0])
        by_batch = self._settings.architecture == "dcgan" and self._settings.normalise_discriminator
        if by_batch and loss > 0.2 * _GUESSING[self._settings.loss]:
            return ""
        return (
            f"The discriminator's sign on real pictures is {mean:.2f} over {_RECENT} "
            f"reports, after each of the {self._count:,} was seen {seen:,.0f} times: it learns "
            f"them by heart. {remedies.more(self._settings)}"
        )

    def _augmentation(self, values: Mapping[str, float]) -> str | None:
        last = self._last("ada_p", 5)
        if "ada_p" not in values or len(last) < 5:
            return None
        if min(last) < self._at("augmentation", 0.8, 0.7):
            return ""
        return (
            f"Adaptive augmentation is at p = {last[-1]:.2f}; from about 0.8 on its changes begin "
            f"to show in what is painted (Karras et al. 2020). {self._count:,} pictures are too "
            f"few for this discriminator. {remedies.transfer(self._settings)}"
        )

    def _collapse(self, step: int, values: Mapping[str, float]) -> str | None:
        told = None
        lively = self._scorings > 8
        if (now := values.get("diversity")) is not None and math.isfinite(now):
            told, before = "", self._last("diversity", 6)[:-1]
            usual = median(before) if len(before) >= 3 else 0.0
            peak = self._highest.get("diversity", 0.0)
            if now < self._at("collapse", 0.5, 0.6) and (lively or peak >= 0.6):
                return (
                    f"Painted pictures differ {now:.2f} times as much as real ones, after up to "
                    f"{peak:.2f}: the generator has collapsed onto few pictures. "
                    f"{remedies.wider(self._settings)}"
                )
            if now < self._at("collapse", 0.75, 0.85) * usual and usual >= 0.5:
                return (
                    f"The variety of painted pictures fell from {usual:.2f} to {now:.2f} of the "
                    f"real ones': the generator is collapsing. {remedies.wider(self._settings)}"
                )
        if (share := values.get("distinct")) is not None and math.isfinite(share):
            told = ""
            once = lively or self._highest.get("distinct", 0.0) >= 0.8
            # Healthy networks that began with one picture, or one a class, had many by step 1,500.
            once = once or (step >= 2 * _EARLY and share < 0.1)
            if share < self._at("collapse", 0.5, 0.6) and once:
                return (
                    f"Only {share:.0%} of the painted pictures are no near double of another: the "
                    f"generator repeats itself. {remedies.wider(self._settings)}"
                )
        return told

    def _stalled(self, values: Mapping[str, float]) -> str | None:
        if "kid" not in values:
            return None
        if self.best.since < self._patience or self.best.step is None:
            return ""
        return (
            f"The score was best, {self.best.kid:.3f}, at step {self.best.step:,}; "
            f"{self.best.since} scorings since brought nothing better. That checkpoint is the one "
            f"to export. {remedies.further(self._settings)}"
        )

    def _slow(self, values: Mapping[str, float]) -> str | None:
        last = self._last("pictures_per_second", _KEPT)
        if "pictures_per_second" not in values or len(last) < 3 * _ENOUGH:
            return None
        if sum(self._last("_seconds", _ENOUGH)) < _LONG_S:
            return None
        now, before = median(last[-_ENOUGH:]), median(last[:-_ENOUGH])
        # 0.5 for an hour where another program shared the processor.
        if now > self._at("slow", 0.4, 0.6) * before:
            return ""
        return (
            f"{now:.0f} pictures a second, after {before:.0f} before: look whether another program "
            "takes the processor, the disk or network gives pictures too slowly, or the machine "
            "has grown hot."
        )

    def _remember(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            if not math.isfinite(value) or (name == "penalty" and value <= 0):
                continue  # lazy penalties are 0 in between
            self._heard.setdefault(name, deque(maxlen=_KEPT)).append(value)
            self._highest[name] = max(value, self._highest.get(name, -math.inf))
        if math.isfinite(kid := values.get("kid", math.nan)):
            self.best = self.best.heard(step, kid)
        self._scorings += "diversity" in values or "kid" in values

    def _with_seconds(self, step: int, values: Mapping[str, float]) -> dict[str, float]:
        """The report, and how long the steps since the last one took."""
        rate, steps = values.get("pictures_per_second", 0.0), step - self._step
        self._step = step
        seconds = steps * self._settings.batch / rate if rate > 0 else math.nan
        return {**values, "_seconds": seconds}

    def _last(self, name: str, count: int) -> list[float]:
        return list(self._heard.get(name, ()))[-count:]

    def _usual(self, name: str) -> float | None:
        """The median of the reports before the last one, None where they are too few."""
        before = self._last(name, _RECENT + 1)[:-1]
        return median(before) if len(before) >= _ENOUGH else None

    def _at(self, kind: Kind, comes: float, passes: float) -> float:
        """The threshold where a finding comes, or where one that stands passes."""
        return passes if self._told[kind].stands else comes


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
