import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from rich.console import Console

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training.config import Settings
from training.folder import RunFolder
from training.run import Pacing, train

pytestmark = pytest.mark.train

TINY = Settings(width=1 / 16, batch=8, latent=8, discriminator_dropout=0.2, flip=True)


def go(
    dataset: Path, out: Path, steps: int, settings: Settings | None = None, **pacing: float
) -> str:
    console = Console(file=io.StringIO(), width=200)
    often = {"report_every": 2, "grid_every": 5, "checkpoint_every": 4}
    train(
        dataset,
        out,
        Pacing(steps=steps, **{**often, **pacing}),  # type: ignore[arg-type]  # a dict of either
        settings=settings,
        console=console,
    )
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def weights(run: Path) -> dict[str, np.ndarray]:
    newest = tf.train.latest_checkpoint(str(run / "checkpoints"))
    reader = tf.train.load_checkpoint(newest)
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if "save_counter" not in name and "_CHECKPOINTABLE" not in name
    }


def test_a_resumed_run_equals_one_that_was_never_interrupted(
    colour_dataset: Path, tmp_path: Path
) -> None:
    go(colour_dataset, tmp_path / "whole", 10, TINY)
    go(colour_dataset, tmp_path / "parts", 3, TINY)
    said = go(colour_dataset, tmp_path / "parts", 7)
    go(colour_dataset, tmp_path / "parts", 10)

    assert "going on at step 3" in said
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(values, parts[name], err_msg=name)


def test_a_run_leaves_what_the_contract_names(grey_dataset: Path, tmp_path: Path) -> None:
    go(grey_dataset, tmp_path / "run", 6, TINY)

    folder = RunFolder(tmp_path / "run")
    assert folder.card().settings == TINY
    assert folder.state().images_seen == 48
    assert [a.shape for a in folder.grid_latents()] == [(64, 8), (64, 0)]
    grids = sorted(path.name for path in folder.grids.iterdir())
    assert grids == ["00000000.png", "00000005.png", "00000006.png"]
    with Image.open(folder.grids / grids[-1], formats=["PNG"]) as picture:
        assert (picture.size, picture.mode) == ((8 * 28, 8 * 28), "L")
    lines = [json.loads(line) for line in folder.scalars_file.read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6]
    assert {"generator_loss", "discriminator_loss", "pictures_per_second"} <= lines[0].keys()
    assert any(folder.tensorboard.iterdir())


def test_another_setting_or_dataset_is_refused_by_name(
    grey_dataset: Path, colour_dataset: Path, tmp_path: Path
) -> None:
    go(grey_dataset, tmp_path / "run", 2, TINY)

    with pytest.raises(KnownError, match="batch = 8 and can't go on with 16"):
        go(grey_dataset, tmp_path / "run", 4, TINY.model_copy(update={"batch": 16}))
    with pytest.raises(KnownError, match="pictures differ"):
        go(colour_dataset, tmp_path / "run", 4)


def test_a_folder_with_other_things_is_left_alone(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(KnownError, match="holds other files and no run"):
        go(grey_dataset, tmp_path, 2, TINY)

    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_two_processes_never_train_one_run(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (
        locked(tmp_path / "run" / "lock", what="The run"),
        pytest.raises(KnownError, match="in use by another process"),
    ):
        go(grey_dataset, tmp_path / "run", 2, TINY)


def test_a_run_that_diverges_says_so_and_keeps_its_last_save(
    grey_dataset: Path, tmp_path: Path
) -> None:
    wild = TINY.model_copy(update={"learning_rate": 1e30})

    with pytest.raises(KnownError, match=r"diverged before step .* lower --learning-rate"):
        go(grey_dataset, tmp_path / "run", 50, wild)


def test_what_a_killed_run_told_of_steps_it_takes_again_is_told_once(
    grey_dataset: Path, tmp_path: Path
) -> None:
    go(grey_dataset, tmp_path / "run", 4, TINY)
    scalars = tmp_path / "run" / "scalars.jsonl"
    with scalars.open("a") as file:
        file.write('{"step": 6, "generator_loss": 1.0}\n{"step": 8, "gener')

    go(grey_dataset, tmp_path / "run", 8)

    assert [json.loads(line)["step"] for line in scalars.read_text().splitlines()] == [2, 4, 6, 8]


def test_a_run_that_diverged_unseen_is_not_saved(grey_dataset: Path, tmp_path: Path) -> None:
    wild = TINY.model_copy(update={"learning_rate": 1e30})

    with pytest.raises(KnownError, match="diverged before step"):
        go(grey_dataset, tmp_path / "run", 60, wild, report_every=1000, checkpoint_every=50)

    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_a_file_in_the_folders_place_is_a_sentence(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")

    with pytest.raises(KnownError, match=r"can't be written: .* choose another folder"):
        go(grey_dataset, tmp_path / "run", 2, TINY)


def test_a_full_disk_is_a_sentence_and_the_last_save_is_kept(
    grey_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(grey_dataset, tmp_path / "run", 4, TINY)

    def full(*args: object, **kwargs: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(KnownError, match="No space left"):
        go(grey_dataset, tmp_path / "run", 8)
    monkeypatch.undo()

    assert "going on at step 4" in go(grey_dataset, tmp_path / "run", 5)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn"])
def test_latents_that_are_no_latents_are_a_sentence(
    content: bytes, grey_dataset: Path, tmp_path: Path
) -> None:
    go(grey_dataset, tmp_path / "run", 2, TINY)
    (tmp_path / "run" / "latents.npz").write_bytes(content)

    with pytest.raises(KnownError, match=r"latents\.npz"):
        go(grey_dataset, tmp_path / "run", 4)


def test_a_record_that_is_not_what_the_card_says_is_a_sentence(
    grey_dataset: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    shutil.copytree(grey_dataset, dataset)
    card = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps(card | {"channels": 3}))

    with pytest.raises(KnownError, match="can't be read as its card says"):
        go(dataset, tmp_path / "run", 2, TINY)


def test_a_torn_checkpoint_is_named_with_the_way_out(grey_dataset: Path, tmp_path: Path) -> None:
    go(grey_dataset, tmp_path / "run", 4, TINY)
    newest = Path(tf.train.latest_checkpoint(str(tmp_path / "run" / "checkpoints")))
    newest.with_suffix(".index").write_bytes(b"torn")

    with pytest.raises(KnownError, match="can't be read"):
        go(grey_dataset, tmp_path / "run", 8)


def test_time_is_up_after_so_many_minutes(grey_dataset: Path, tmp_path: Path) -> None:
    said = go(grey_dataset, tmp_path / "run", 1_000_000, TINY, minutes=0.0)

    assert "Saved at step 1;" in said or "Saved at step 0;" in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no polite kill")
def test_ctrl_c_saves_and_the_same_command_goes_on(grey_dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [
        *(sys.executable, "-c", "from training.cli import main; main()", "run"),
        *(str(grey_dataset), "--out", str(run), "--steps", "100000", "--width", "0.0625"),
        *("--batch", "8", "--report-every", "1"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (run / "scalars.jsonl").exists() or not (run / "scalars.jsonl").read_text():
            assert process.poll() is None, process.communicate()[1]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "the same command goes on" in said
    assert RunFolder(run).state().step > 0
