import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from training import devices
from training.cli import app
from training.cli.estimating import rows
from training.config import Settings
from training.estimating.estimate import (
    Alternative,
    Call,
    Forecast,
    Probed,
    Wanted,
    calls,
    duration,
    forecast,
    judged,
    size,
)
from training.estimating.probe import probe
from training.gan import Due, Gan

pytestmark = pytest.mark.train

SMALL = ("--width", "0.0625", "--batch", "8", "--latent", "8")
LAZY = Settings(architecture="stylegan2", penalty_every=16, path_every=4, batch=16)


def measured(**seconds: float) -> Probed:
    """What a probe of ``LAZY`` would find: seconds by what is due."""
    often: dict[Call, float] = {
        (1, Due(penalty=True, path=True)): seconds["both"],
        (1, Due(penalty=False, path=True)): seconds["path"],
        (1, Due(penalty=False, path=False)): seconds["plain"],
    }
    return Probed(
        rounds=[often] * 3,
        compile_s=100.0,
        grid_s=seconds.get("grid", 0.0),
        checkpoint_s=0.0,
        score_s=seconds.get("score", 0.0),
        features_s=20.0,
        export_s=None,
        checkpoint_bytes=10_000_000,
        grid_bytes=50_000,
        memory={},
        generator=1,
        discriminator=1,
    )


SOME = forecast(measured(both=9.0, path=3.0, plain=1.0), LAZY, Wanted(), 1000)


def test_dear_steps_count_as_often_as_a_run_takes_them() -> None:
    told = forecast(measured(both=9.0, path=3.0, plain=1.0), LAZY, Wanted(), 16_000)

    # of 16 steps, one does everything, three more weigh paths, twelve do neither
    assert told.pictures_per_second == pytest.approx(16 * 16 / (9 + 3 * 3 + 12))
    assert told.seconds(16_000) == pytest.approx(100 + 20 + 1000 * (9 + 9 + 12))


def test_grids_and_scores_are_paid_for() -> None:
    probed = measured(both=1.0, path=1.0, plain=1.0, grid=50.0, score=100.0)

    told = forecast(probed, LAZY, Wanted(grid_every=500, score_every=1000), 1000)
    unscored = forecast(probed, LAZY, Wanted(grid_every=500, score_every=None), 1000)

    assert told.seconds(1000) == pytest.approx(120 + 1000 + 2 * 50 + 100)
    assert unscored.seconds(1000) == pytest.approx(100 + 1000 + 2 * 50)


@given(st.floats(0, 1e6))
def test_what_hours_buy_takes_no_longer_than_they_last(seconds: float) -> None:
    told = replace(SOME, once_s=30.0, step_s=2.5)

    steps = told.steps_within(seconds)

    assert steps == 0 or told.seconds(steps) <= seconds * (1 + 1e-9)
    assert told.seconds(steps + 1) > seconds * (1 - 1e-9)


@given(steps=st.integers(1, 3000), most=st.integers(1, 16), every=st.integers(1, 40))
def test_the_calls_foreseen_add_up_to_the_run(steps: int, most: int, every: int) -> None:
    settings = LAZY.model_copy(update={"penalty_every": every})

    often = calls(settings, Wanted(steps_per_call=most), steps)

    assert sum(call[0] * times for call, times in often.items()) == steps
    due = sum((call[0] if every == 1 else 1) * n for call, n in often.items() if call[1].penalty)
    assert due == -(-steps // every)


def test_disk_is_counted_at_its_most() -> None:
    told = forecast(measured(both=1.0, path=1.0, plain=1.0), LAZY, Wanted(), 1000)

    assert told.disk(1000) == (5 * 10_000_000, 4 * 50_000)


def test_only_what_is_truly_faster_is_advised() -> None:
    told = forecast(measured(both=1.0, path=1.0, plain=1.0), LAZY, Wanted(), 1000)
    slower = Alternative(option="--preset quick", pictures_per_second=15.0)
    faster = Alternative(option="--precision mixed_bfloat16", pictures_per_second=24.0)

    both = judged(told, [slower, faster], device="processor", steps=1000)
    neither = judged(told, [slower], device="processor", steps=1000)

    assert "--precision mixed_bfloat16 sees 1.5 times as many" in both
    assert "quick" not in both
    assert "Not even --preset quick is much faster here." in neither


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (59.6, "1 minute"),
        (3590, "1 hour"),
        (33_000, "9.2 hours"),
        (86_400, "24 hours"),
        (200_000, "2.3 days"),
    ],
)
def test_time_is_told_as_people_tell_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_bytes_are_told_as_people_tell_them() -> None:
    assert [size(n) for n in (10, 90_000, 24_000_000, 1_940_000_000)] == [
        "1 kB",
        "90 kB",
        "24 MB",
        "1.9 GB",
    ]


def test_a_probe_measures_every_part_and_leaves_nothing(
    grey_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = {path.name: path.stat().st_mtime_ns for path in grey_dataset.iterdir()}

    said = CliRunner().invoke(
        app,
        ["estimate", str(grey_dataset), *SMALL, "--seconds", "1", "--hours", "3", "--json"],
        catch_exceptions=False,
    )

    told = json.loads(said.stdout)
    assert told["device"] == "processor" or tf.config.list_physical_devices("GPU")
    assert told["pictures_per_second_10"] <= told["pictures_per_second"] * 1.001
    assert set(told["alternatives"]) == {"--precision mixed_bfloat16", "--preset quick"}
    assert told["memory_bytes"]["process"] > 200_000_000  # TensorFlow alone
    assert told["checkpoints_bytes"] > 5 * 4 * told["generator_parameters"]
    assert told["hours_pictures"] == 8 * told["hours_steps"] > 0
    assert told["score_s"] > 0
    assert told["export_s"] > 0
    assert list(tmp_path.glob("masquerade-*")) == []
    assert {path.name: path.stat().st_mtime_ns for path in grey_dataset.iterdir()} == before


def test_the_table_is_in_plain_words() -> None:
    probed = measured(both=9.0, path=3.0, plain=1.0)
    probed = replace(probed, memory={"process": 2_400_000_000, "GPU": 11_000_000_000})

    told = dict(rows(forecast(probed, LAZY, Wanted(), 1000), steps=1000, hours=3, kimg=25))

    assert told["Pace"] == "8.52 pictures a second (mostly 8.52 to 8.52)"
    assert told["To begin"] == "2 minutes, once: compiling, and features for scores"
    assert told["1,000 steps"] == "33 minutes: 16 kimg"
    assert told["25 kimg"] == "51 minutes: 1,562 steps"
    assert told["100 kimg"] == "3.3 hours: 6,250 steps"
    assert told["3 hours buy"] == "5,686 steps: 91 kimg"
    assert told["Memory, at most"] == "2.4 GB of this process, 11 GB of the GPU"
    assert told["Disk"] == "50 MB of checkpoints, 200 kB of grids"


def test_what_a_run_would_refuse_the_estimate_refuses(grey_dataset: Path) -> None:
    with pytest.raises(KnownError, match="fewer than a batch of 64"):
        probe(grey_dataset, Settings(width=1 / 16), Wanted(), devices.strategy(), seconds=0)


def test_too_little_memory_is_a_sentence_that_names_the_batch(
    grey_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(Gan, "train", full)
    settings = Settings(width=1 / 16, batch=32)
    with pytest.raises(KnownError, match=r"32 pictures a step need more memory .* --batch 16"):
        probe(grey_dataset, settings, Wanted(), devices.strategy(), seconds=0)


def test_kinds_too_rare_to_be_probed_count_as_the_dearest() -> None:
    told: Forecast = forecast(
        measured(both=8.0, path=1.0, plain=1.0), LAZY, Wanted(steps_per_call=3), 9
    )

    assert isinstance(calls(LAZY, Wanted(steps_per_call=3), 9), Counter)
    assert told.pictures_per_second >= 16 / 8
