"""A run that was interrupted, killed or torn ends as if it never had been."""

import io
import json
import os
import random
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

from explorer.core.errors import KnownError
from training.checkpoints import saved
from training.config import Settings
from training.folder import RunFolder
from training.run import Pacing, train

from .tears import tear_index, truncate_data

pytestmark = pytest.mark.train

DCGAN = Settings(
    width=1 / 16,
    kernel=4,
    latent=8,
    batch=8,
    conditional=True,
    loss="relativistic",
    normalise_discriminator=False,
    generator_dropout=0.2,
    discriminator_dropout=0.2,
    flip=True,
    brightness=0.1,
    augment="ada",
    ada_target=0.0,
    ada_kimg=0.1,
    learning_rate=2e-3,  # so that it tells real pictures within a few steps, and p grows
    decay=0.01,
)

QUICK = DCGAN.model_copy(
    update={"loss": "non-saturating", "normalise_discriminator": True, "augment": "none"}
)

STYLEGAN2 = Settings(
    architecture="stylegan2",
    width=1 / 16,
    latent=8,
    mapping_layers=1,
    batch=8,
    penalty_every=2,
    path_every=2,
    xla=False,
)


def go(dataset: Path, out: Path, steps: int, settings: Settings | None = None) -> str:
    console = Console(file=io.StringIO(), width=10_000)
    pacing = Pacing(steps=steps, report_every=1, grid_every=4, checkpoint_every=4, score_every=None)
    train(dataset, out, pacing, settings=settings, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def remembered(run: Path) -> dict[str, np.ndarray]:
    """Every tensor of the newest checkpoint but the counter of saves, which says nothing."""
    reader = tf.train.load_checkpoint(str(saved(run / "checkpoints")[0]))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if "save_counter" not in name and "_CHECKPOINTABLE" not in name
    }


def told(run: Path) -> list[dict[str, float]]:
    """What was reported, but for how fast it was."""
    lines = map(json.loads, (run / "scalars.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k != "pictures_per_second"} for line in lines]


def assert_same(run: Path, other: Path) -> None:
    mine, theirs = remembered(run), remembered(other)
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    assert told(run) == told(other)
    both = (run, other)
    states = [RunFolder(path).state().model_dump(exclude={"seconds"}) for path in both]
    assert states[0] == states[1]
    grids = [{path.name: path.read_bytes() for path in (run / "grids").iterdir()} for run in both]
    for name in grids[0].keys() & grids[1].keys():
        assert grids[0][name] == grids[1][name], name


@pytest.mark.slow
@pytest.mark.parametrize("begun", [DCGAN, STYLEGAN2], ids=lambda s: s.architecture)
def test_a_resumed_run_equals_one_that_was_never_interrupted(
    begun: Settings, classes_dataset: Path, tmp_path: Path
) -> None:
    go(classes_dataset, tmp_path / "whole", 6, begun)
    go(classes_dataset, tmp_path / "parts", 3, begun)
    said = go(classes_dataset, tmp_path / "parts", 6)

    assert "going on at step 3" in said
    assert_same(tmp_path / "whole", tmp_path / "parts")
    tensors = remembered(tmp_path / "parts")
    value = {name.partition("/")[0]: array for name, array in tensors.items() if array.ndim == 0}
    assert value["step"] == 6
    if begun is DCGAN:
        assert 0 < value["ada_p"] < 1
    else:
        assert value["path_mean"] > 0
    assert {"generator", "average", "discriminator_optimizer", "generator_optimizer"} <= {
        name.partition("/")[0] for name in tensors
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sittings are forked")
def test_kill_9_at_any_moment_loses_at_most_the_steps_since_the_last_save(
    classes_dataset: Path, sitting: ModuleType, tmp_path: Path
) -> None:
    steps, every, kills = 20, 2, 3
    # Quick steps, computed as they come, so that a kill falls into a save as often as into a step.
    order = {
        "dataset": str(classes_dataset),
        "settings": QUICK.model_dump(),
        "untraced": True,
        "pacing": {"steps": steps, "checkpoint_every": every, "grid_every": 1000},
    }

    def begin(run: str) -> Any:
        return sitting.begin({**order, "out": str(tmp_path / run)}, tmp_path / f"{run}.json")

    whole = begin("whole")
    reached = [0]
    for _ in range(kills):
        process = begin("killed")
        more = random.randint(1, 6)  # reports from now, and a part of a step or a save
        while process.is_alive() and len(lines(tmp_path / "killed")) < reached[-1] + more:
            process.join(0.01)
        process.join(random.uniform(0, 0.1))
        process.kill()
        process.join()
        died_at = len(lines(tmp_path / "killed"))
        log = (tmp_path / "killed" / "log.txt").read_text()
        began_at = int(log.rpartition("from step ")[2].split()[0])
        assert began_at >= (reached[-1] - 1) // every * every
        reached.append(died_at)
    last = begin("killed")
    for process in (whole, last):
        process.join(300)
        process.kill()

    answer = json.loads((tmp_path / "killed.json").read_text())
    assert answer.get("step") == steps, answer
    assert len(reached) == kills + 1
    assert_same(tmp_path / "whole", tmp_path / "killed")
    left = {path.suffix for path in (tmp_path / "killed" / "checkpoints").iterdir()}
    assert left == {"", ".index", ".data-00000-of-00001"}


def lines(run: Path) -> list[bytes]:
    """Whole lines of scalars so far."""
    file = run / "scalars.jsonl"
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []


@pytest.mark.slow
def test_a_run_whose_newest_save_is_torn_goes_on_from_the_one_before_and_says_so(
    grey_dataset: Path, tmp_path: Path
) -> None:
    tiny = Settings(width=1 / 16, kernel=4, batch=8, latent=8)
    go(grey_dataset, tmp_path / "whole", 6, tiny)
    shutil.copytree(tmp_path / "whole", tmp_path / "torn")
    truncate_data(tmp_path / "torn" / "checkpoints" / "ckpt-6")

    said = go(grey_dataset, tmp_path / "torn", 6)

    assert "ckpt-6 can't be read and is laid aside: going on from the save before" in said
    assert "going on at step 4" in said
    assert_same(tmp_path / "whole", tmp_path / "torn")
    for path in saved(tmp_path / "torn" / "checkpoints"):
        tear_index(path)
    with pytest.raises(KnownError, match="None of the checkpoints"):
        go(grey_dataset, tmp_path / "torn", 8)


@pytest.mark.parametrize(
    ("name", "other"), [("batch", 16), ("flip", True), ("ada_kimg", 7.0), ("seed", 1)]
)
def test_another_setting_is_refused_by_name(
    name: str, other: Any, grey_dataset: Path, tmp_path: Path
) -> None:
    from training.data.card import read_dataset
    from training.folder import check_same

    folder = RunFolder(tmp_path / "run")
    tiny = Settings(batch=8)
    folder.begin(tiny, read_dataset(grey_dataset), 0)

    with pytest.raises(KnownError, match=f"{name} = .* and can't go on with {other}"):
        check_same(folder.card(), tiny.model_copy(update={name: other}), read_dataset(grey_dataset))


def test_other_pictures_are_refused_by_the_names_of_both(
    grey_dataset: Path, colour_dataset: Path, tmp_path: Path
) -> None:
    from training.data.card import read_dataset
    from training.folder import check_same

    folder = RunFolder(tmp_path / "run")
    folder.begin(Settings(), read_dataset(grey_dataset), 0)

    with pytest.raises(KnownError, match="whose pictures differ from those of"):
        check_same(folder.card(), Settings(), read_dataset(colour_dataset))
