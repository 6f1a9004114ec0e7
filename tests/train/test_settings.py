"""What is said to a command, and what becomes of it."""

from pathlib import Path

import pytest
import typer

from explorer.core.errors import KnownError
from training import devices
from training.cli.settings import Given, check_heard, settled
from training.config import BELONGS, PRESETS, Settings
from training.data.card import read_dataset
from training.suits import check_suits

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"capacity": "full"}, "--capacity changes nothing without --architecture stylegan2"),
        ({"path_length": 3.0}, "--path-length changes nothing without --architecture stylegan2"),
        ({"architecture": "stylegan2", "kernel": 4}, "--kernel .* without --architecture dcgan"),
        ({"architecture": "stylegan2", "discriminator_width": 0.5}, "this run's is stylegan2"),
        ({"architecture": "stylegan2", "generator_dropout": 0.1}, "--generator-dropout changes"),
        ({"policy": ["cutout"]}, "--policy .* --augment diffaugment, and this run's is none"),
        ({"augment": "diffaugment", "ada_kimg": 1.0}, "--ada-kimg .* without --augment ada"),
        ({"optimizer": "rmsprop", "beta_1": 0.0}, "--beta1 .* without --optimizer adam"),
        ({"gamma": 2.0}, r"--gamma changes nothing without --penalty r1 or r1\+r2"),
    ],
)
def test_what_would_change_nothing_is_refused(given: Given, sentence: str) -> None:
    settings = settled(None, given, None)

    with pytest.raises(typer.BadParameter, match=sentence):
        check_heard(given, settings)


@pytest.mark.parametrize(
    "given",
    [
        {"architecture": "stylegan2", "capacity": "full", "path_length": 3.0, "gamma": 1.0},
        {"kernel": 4, "discriminator_width": 0.5, "penalty": "r1", "gamma": 1.0},
        {"augment": "ada", "ada_kimg": 100.0},
        {"loss": "relativistic", "gamma": 1.0, "augment": "diffaugment", "policy": ["cutout"]},
    ],
)
def test_what_counts_is_heard(given: Given) -> None:
    check_heard(given, settled(None, given, None))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_and_what_is_taken_over_may_say_more_than_counts(preset: str) -> None:
    given: Given = {"architecture": "stylegan2"}
    lent = Settings(kernel=4, ada_kimg=3.0).model_dump()

    check_heard(given, settled(preset, given, None))
    check_heard(given, settled(preset, given, None, lent=lent))


def test_what_belongs_together_exists() -> None:
    for name, (other, value) in BELONGS.items():
        assert name in Settings.model_fields
        Settings.model_validate({other: value})


@pytest.mark.parametrize(
    "said",
    [["colour", "cutout"], ["colour,cutout"], ["colour, cutout"]],
    ids=["repeated", "commas", "commas and spaces"],
)
def test_policies_are_told_apart_by_commas_as_well(said: list[str]) -> None:
    settings = settled(None, {"augment": "diffaugment", "policy": said}, None)

    assert settings.policy == ("colour", "cutout")


@pytest.mark.parametrize("architecture", ["dcgan", "stylegan2"])
def test_no_more_layers_are_frozen_than_there_are(
    architecture: str, grey_dataset: Path, classes_dataset: Path
) -> None:
    card = read_dataset(grey_dataset if architecture == "dcgan" else classes_dataset)
    layers = 2 if architecture == "dcgan" else 4
    strategy = devices.strategy("cpu")

    def settings(frozen: int) -> Settings:
        told = {"architecture": architecture, "batch": 8, "freeze_discriminator": frozen}
        return Settings.model_validate(told)

    check_suits(settings(layers), card, strategy)
    with pytest.raises(KnownError, match=f"has {layers} layers to freeze, not {layers + 1}: say"):
        check_suits(settings(layers + 1), card, strategy)
    check_suits(settings(layers + 1), card, strategy, begins=False)  # it began before
