"""`explorer-train prepare`: what its words come to."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from training.cli import app
from training.data.card import DatasetCard, read_dataset


def prepared(tmp_path: Path, *words: str) -> DatasetCard:
    values = np.random.default_rng(0).integers(0, 256, (6, 40, 64, 3)).astype(np.uint8)
    np.save(tmp_path / "a.npy", values)
    line = ["prepare", str(tmp_path / "a.npy"), str(tmp_path / "out"), *words]
    done = CliRunner().invoke(app, line, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return read_dataset(tmp_path / "out")


def test_every_setting_is_kept_so_that_it_can_be_done_again(tmp_path: Path) -> None:
    card = prepared(tmp_path, "--size", "32x24", "--fit", "pad", "--background", "#102030")
    assert (card.width, card.height, card.fit) == (32, 32, "pad")
    assert card.padding == "32x24+0+4 on #102030"
    told = card.prepared
    assert told is not None
    assert (told.width, told.height, told.background, told.crop) == (32, 24, "#102030", None)
    assert (told.sources, told.classes, told.every_s, told.scenes) == (("a",), "auto", 1.0, False)


def test_tiles_and_their_steps_are_kept(tmp_path: Path) -> None:
    card = prepared(tmp_path, "--size", "16", "--fit", "tiles", "--tile", "20", "--tile-step", "20")
    assert card.count == 6 * 2 * 4
    assert card.prepared is not None
    assert (card.prepared.tile, card.prepared.tile_step) == (20, 20)


def test_an_interesting_crop_is_kept(tmp_path: Path) -> None:
    card = prepared(tmp_path, "--size", "16", "--crop", "interest", "--workers", "1", "--grey")
    assert (card.channels, card.fit) == (1, "crop")
    assert card.prepared is not None
    assert card.prepared.crop == "interest"


def test_it_needs_neither_tensorflow_nor_any_extra(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(0, 256, (3, 9, 9), np.uint8))
    missing = ("tensorflow", "keras", "cv2", "av", "distributed", "sklearn", "onnxruntime")
    without = f"import sys; sys.modules.update(dict.fromkeys({missing!r}))"
    words = ("prepare", "a.npy", "out", "--size", "8")
    done = subprocess.run(
        [sys.executable, "-c", f"{without}; from training.cli import main; main()", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read_dataset(tmp_path / "out").count == 3


@pytest.mark.parametrize("size", ["64x", "x64", "large", "64x48x3", "4", "64x4", "2000", "-64"])
def test_a_size_that_is_none_is_wrong_usage(tmp_path: Path, size: str) -> None:
    done = CliRunner().invoke(app, ["prepare", "a", "b", "--size", size])
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("option", "choices"),
    [
        ("--fit", "'crop', 'pad', 'stretch', 'tiles'."),
        ("--crop", "'centre', 'interest'."),
        ("--classes", "'auto', 'folders', 'sources', 'none'."),
        ("--align", "'faces'."),
    ],
)
def test_a_word_that_is_none_of_several_is_wrong_usage_and_they_are_listed(
    option: str, choices: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # one line
    done = CliRunner().invoke(app, ["prepare", "a", "b", "--size", "8", option, "squeeze"])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}': 'squeeze' is not one of {choices}" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--crop", "interest", "--fit", "pad"], "goes with --fit crop"),
        (["--tile", "9"], "go with --fit tiles only"),
        (["--fit", "tiles", "--tile", "3"], "would be enlarged more than 4 times"),
        (["--every", "0"], "--every 0 makes no sense"),
        (["--decisions", "none.csv"], "can't be read: No such file"),
        (["--background", "whitish"], "is no colour"),
    ],
)
def test_settings_that_contradict_each_other_are_one_sentence(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        prepared(tmp_path, "--size", "16", *words)
    assert [each.name for each in tmp_path.iterdir()] == ["a.npy"]
