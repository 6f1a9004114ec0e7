"""The curves under golden/curves are of real runs, rounded, with scores of their grids."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config import PRESETS, Settings
from training.judging.coach import Best, Coach, Kind, Note
from training.judging.remedies import fairer, transfer

pytestmark = pytest.mark.train

CURVES = Path(__file__).parents[1] / "golden" / "curves"

QUICK = PRESETS["quick"]
CLASSIC = Settings(batch=32, width=0.25, kernel=4)
BOLD = QUICK.model_copy(update={"beta_2": 0.999, "gamma": 3.0})


def recorded(name: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (CURVES / f"{name}.jsonl").read_text().splitlines()]


def heard(coach: Coach, reports: Iterable[Mapping[str, float]]) -> list[Note]:
    notes = []
    for report in reports:
        values = dict(report)
        notes += coach.hear(int(values.pop("step")), values)
    return notes


def steady(count: int, start: int = 0, **values: float) -> list[dict[str, float]]:
    """Reports of a run in which nothing moves but what is given."""
    usual = {
        "generator_loss": 0.9,
        "discriminator_loss": 1.2,
        "real_logit": 0.3,
        "fake_logit": -0.3,
        "real_sign": 0.4,
        "pictures_per_second": 200.0,
    }
    return [{"step": start + 50 * (i + 1), **usual, **values} for i in range(count)]


@pytest.mark.parametrize(
    ("curve", "settings", "count"),
    [
        ("healthy", QUICK, 10_000),
        ("doodles", PRESETS["doodles"], 10_000),
        ("thousands-of-pictures", CLASSIC, 4_000),
    ],
)
def test_a_healthy_run_hears_nothing(curve: str, settings: Settings, count: int) -> None:
    assert heard(Coach(settings, count), recorded(curve)) == []


def test_a_run_that_blew_up_was_warned_before() -> None:
    notes = heard(Coach(BOLD, 10_000), recorded("blown-up"))
    assert [(note.step, note.kind) for note in notes] == [
        (4500, "steepening"),
        (4550, "divergence"),
        (4750, "collapse"),
    ]
    assert "0.167, 2.0 times" in notes[0].text
    assert "--learning-rate 0.0004" in notes[0].text
    assert "--beta2 0.99" in notes[0].text
    assert "from 0.99 to 0.50" in notes[2].text


def test_a_hundred_pictures_are_learned_by_heart_and_it_is_said_at_once() -> None:
    notes = heard(Coach(CLASSIC, 100), recorded("hundred-pictures"))
    assert [(note.step, note.kind) for note in notes] == [
        (500, "memorising"),
        (3500, "discriminator"),
    ]
    assert "--augment ada" in notes[0].text
    assert "--loss relativistic" in notes[1].text


def test_a_run_that_goes_on_hears_its_past_and_says_nothing_twice() -> None:
    reports = recorded("blown-up")
    whole, first, again = (Coach(BOLD, 10_000) for _ in range(3))
    told = heard(whole, reports)
    before = heard(first, reports[:43])
    assert heard(again, reports[:43]) == before
    assert before + heard(again, reports[43:]) == told
    assert again.best == whole.best


def test_a_finding_is_told_again_only_after_it_had_passed() -> None:
    coach = Coach(CLASSIC, 10_000)
    scores = [0.9] * 4 + [0.4] * 6 + [0.55] * 6 + [0.9] * 6 + [0.3] * 3
    notes = heard(coach, [{"step": 100 * i, "diversity": d} for i, d in enumerate(scores)])
    assert [(note.step, note.kind) for note in notes] == [(400, "collapse"), (2200, "collapse")]


def test_one_good_report_does_not_end_a_finding() -> None:
    coach = Coach(CLASSIC, 10_000)
    scores = [0.9] * 6 + [0.4, 0.4, 0.9] * 10
    assert len(heard(coach, [{"step": i, "diversity": d} for i, d in enumerate(scores)])) == 1


def test_collapse_onto_few_modes_is_seen_though_they_differ() -> None:
    reports = [{"step": i, "diversity": 0.8, "distinct": 1.0 if i < 5 else 0.1} for i in range(8)]
    (note,) = heard(Coach(CLASSIC, 10_000), reports)
    assert (note.step, note.kind) == (5, "collapse")
    assert "Only 10%" in note.text


def test_a_generator_that_never_came_alive_is_given_time() -> None:
    reports = [{"step": 500 * i, "diversity": 0.2, "distinct": 0.1} for i in range(20)]
    (note,) = heard(Coach(CLASSIC, 10_000), reports)
    assert (note.step, note.kind) == (4000, "collapse")


def test_one_picture_from_every_latent_is_told_after_two_thousand_steps() -> None:
    reports = [{"step": 500 * i, "diversity": 0.2, "distinct": 0.01} for i in range(1, 7)]
    (note,) = heard(Coach(CLASSIC, 10_000), reports)
    assert (note.step, note.kind) == (2000, "collapse")
    assert "Only 1%" in note.text


@pytest.mark.parametrize("name", ["generator_loss", "penalty", "kid", "anything_else"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_divergence(name: str, value: float) -> None:
    (note,) = Coach(CLASSIC, 10_000).hear(7, {name: value})
    assert (note.step, note.kind) == (7, "divergence")


def test_a_discriminator_that_unlearns_is_seen_without_a_penalty() -> None:
    reports = [*steady(20), *steady(3, 1000, discriminator_loss=5.0)]
    (note,) = heard(Coach(CLASSIC, 10_000), reports)
    assert (note.step, note.kind) == (1100, "divergence")  # one bad step is none
    assert "--penalty r1" in note.text


def test_lazy_penalties_are_compared_with_penalties() -> None:
    reports = steady(60)
    for index, report in enumerate(reports):
        report["penalty"] = 0.1 if index % 4 == 0 else 0.0
    assert heard(Coach(CLASSIC, 10_000), reports) == []


def test_a_discriminator_may_win_while_nothing_is_painted_yet() -> None:
    winning = steady(40, discriminator_loss=0.01)
    assert heard(Coach(QUICK, 10_000), winning[:19]) == []
    (note,) = heard(Coach(QUICK, 10_000), winning)
    assert (note.step, note.kind) == (1000, "discriminator")
    often = [{**report, "step": report["step"] / 10} for report in winning]
    assert heard(Coach(QUICK, 10_000), often) == []


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_gradients_that_explode_or_vanish_are_told_with_their_length(player: str) -> None:
    name = f"{player}_gradient"
    calm = steady(20, 0, **{name: 2.0})
    (exploding,) = heard(Coach(CLASSIC, 10_000), [*calm, *steady(1, 1000, **{name: 50.0})])
    assert exploding.kind == "gradients"
    assert f"{player}'s gradient is 50" in exploding.text
    (vanishing,) = heard(Coach(CLASSIC, 10_000), [*calm, *steady(9, 1000, **{name: 1e-5})])
    assert (vanishing.step, vanishing.kind) == (1250, "gradients")
    assert heard(Coach(CLASSIC, 10_000), [*calm, *steady(9, 1000, **{name: 8.0})]) == []


def test_signs_mean_nothing_to_a_loss_of_differences() -> None:
    reports = steady(60, real_sign=1.0, discriminator_loss=0.5)
    assert heard(Coach(QUICK, 100), reports) == []
    plain = Settings(normalise_discriminator=False)
    assert [n.kind for n in heard(Coach(plain, 100), reports)] == ["memorising"]
    assert heard(Coach(plain, 10_000), reports[:40]) == []  # each seen 13 times


def test_copies_of_training_pictures_are_named_once_though_scored_seldom() -> None:
    reports = steady(60)
    for report in reports[::5]:
        report["novelty"] = 0.3
    (note,) = heard(Coach(CLASSIC, 10_000), reports)
    assert note.kind == "memorising"
    assert "0.30 times" in note.text


def test_augmentation_at_its_limit_asks_for_pictures() -> None:
    coach = Coach(CLASSIC.model_copy(update={"augment": "ada"}), 300)
    (note,) = heard(coach, steady(20, ada_p=0.9))
    assert note.kind == "augmentation"
    assert "300 pictures" in note.text
    assert "--start-from" in note.text


def test_a_long_slow_stretch_is_told_and_a_hiccup_is_not() -> None:
    fast, slow = steady(40), steady(20, 2000, pictures_per_second=30.0)
    (note,) = heard(Coach(CLASSIC, 10_000), [*fast, *slow])
    assert note.kind == "slow"
    assert "30 pictures a second, after 200" in note.text
    hiccup = [*fast, *slow[:3], *steady(20, 2150)]
    assert heard(Coach(CLASSIC, 10_000), hiccup) == []


def test_a_run_stops_when_scores_no_longer_fall() -> None:
    coach = Coach(CLASSIC, 10_000, patience=3)
    kids = [2.0, 1.0, 1.1, 1.0, math.nan, 1.2]
    stops = []
    for index, kid in enumerate(kids):
        coach.hear(100 * index, {"kid": kid, "diversity": 0.9})
        stops.append(coach.should_stop())
    assert stops == [False, False, False, False, False, True]
    assert coach.best == Best(step=100, kid=1.0, since=3)
    assert not coach.should_stop(patience=4)
    coach.hear(600, {"kid": 0.9})
    assert coach.best == Best(step=600, kid=0.9, since=0)
    assert not coach.should_stop()


def test_nothing_is_recommended_that_the_run_does_already() -> None:
    everything = Settings(
        loss="relativistic", augment="ada", flip=True, decay=1e-4, freeze_discriminator=3
    )
    failing = [*steady(20, ada_p=0.9), *steady(1, 1000, diversity=0.1, novelty=0.1)]
    failing += [{"step": 2000 + i, "kid": 1.0, "distinct": 0.01} for i in range(12)]
    notes = heard(Coach(everything, 10), failing)
    assert {note.kind for note in notes} >= {"augmentation", "memorising", "collapse", "stalled"}
    for note in notes:
        assert not re.search(r"--(loss|augment|flip|decay|freeze)", note.text), note.text


@pytest.mark.parametrize("remedy", [fairer, transfer])
def test_a_narrower_discriminator_is_recommended_only_where_there_is_one(
    remedy: Callable[[Settings], str],
) -> None:
    assert "--discriminator-width 0.5" in remedy(Settings())
    assert "--discriminator-width" not in remedy(Settings(architecture="stylegan2"))


def test_every_option_that_is_named_exists() -> None:
    named = set()
    for chosen in (CLASSIC, QUICK, Settings(augment="ada")):
        failing = [*steady(20, ada_p=0.9, penalty=0.1), *steady(1, 1000, penalty=9.0)]
        failing += steady(30, 2000, discriminator_loss=0.001, diversity=0.1, novelty=0.1)
        failing += [{"step": 5000 + i, "kid": 1.0} for i in range(12)]
        for note in heard(Coach(chosen, 10), failing):
            named |= set(re.findall(r"--([a-z0-9-]+)", note.text))
    fields = {name.replace("_", "-").replace("beta-", "beta") for name in Settings.model_fields}
    assert named >= {"learning-rate", "loss", "augment", "penalty", "flip", "start-from"}
    assert named <= fields | {"start-from"}


NAMES = [
    *("generator_loss", "discriminator_loss", "penalty", "real_logit", "fake_logit", "real_sign"),
    *("generator_gradient", "discriminator_gradient", "ada_p", "pictures_per_second"),
    *("kid", "diversity", "distinct", "novelty"),
]


@given(
    st.lists(st.dictionaries(st.sampled_from(NAMES), st.floats()), max_size=40),
    st.sampled_from([CLASSIC, QUICK, Settings(loss="hinge", augment="ada")]),
    st.integers(0, 10**9),
)
@settings(max_examples=60)
def test_no_curve_makes_it_raise_or_repeat_itself(
    reports: list[dict[str, float]], settings: Settings, count: int
) -> None:
    coach = Coach(settings, count)
    last: dict[str, int] = {}
    for index, report in enumerate(reports):
        for note in coach.hear(50 * index, report):
            assert note.kind in get_args(Kind)
            assert note.text.endswith(".")
            assert "\n" not in note.text
            assert index - last.get(note.kind, -10) >= 10
            last[note.kind] = index


@given(st.lists(st.sampled_from([0.05, 0.1, 0.2, 0.8, 50.0]), min_size=60, max_size=120))
@settings(max_examples=20)
def test_wild_curves_bring_no_torrent(penalties: list[float]) -> None:
    reports = steady(len(penalties))
    for report, penalty in zip(reports, penalties, strict=True):
        report["penalty"] = penalty
        report["discriminator_gradient"] = penalty
    notes = heard(Coach(QUICK, 10_000), reports)
    for kind in get_args(Kind):
        assert sum(note.kind == kind for note in notes) <= len(penalties) / 10 + 1
