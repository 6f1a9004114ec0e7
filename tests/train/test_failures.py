"""What the world does to a run: one clear sentence each time, and the run goes on afterwards."""

import io
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError
from rich.console import Console

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training.config import Settings
from training.folder import RunFolder
from training.gan import Gan
from training.run import Pacing, train

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning"),  # see untraced
]

TINY = Settings(width=1 / 16, kernel=4, batch=8, latent=8)
WILD = TINY.model_copy(update={"learning_rate": 1e30})
posix = pytest.mark.skipif(os.name == "nt", reason="sittings are forked")


@pytest.fixture(scope="module", autouse=True)
def untraced() -> Iterator[None]:
    """Compute steps as they come: tracing one takes longer than all that are taken here."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def go(
    dataset: Path, out: Path, steps: int, settings: Settings | None = None, **pacing: float
) -> str:
    console = Console(file=io.StringIO(), width=10_000)
    often: dict[str, Any] = {"report_every": 2, "grid_every": 5, "checkpoint_every": 4, **pacing}
    train(dataset, out, Pacing(steps=steps, **often), settings=settings, console=console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def order(dataset: Path, out: Path, steps: int, **more: Any) -> dict[str, Any]:
    pacing = {"steps": steps, "checkpoint_every": 4, "grid_every": 1000}
    return {
        "dataset": str(dataset),
        "out": str(out),
        "settings": TINY.model_dump(),
        "pacing": pacing,
        "untraced": True,
        **more,
    }


@pytest.fixture
def answered(sitting: ModuleType, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Do as ordered in another process, and give its answer."""

    def sit(
        told: dict[str, Any], meanwhile: Callable[[Any], None] = lambda process: None
    ) -> dict[str, Any]:
        answer = tmp_path / "answer.json"
        answer.unlink(missing_ok=True)
        process = sitting.begin(told, answer)
        try:
            meanwhile(process)
            process.join(240)
        finally:
            process.kill()
        assert answer.exists(), f"ended by {process.exitcode}"
        came: dict[str, Any] = json.loads(answer.read_text())
        assert "unknown" not in came, came["unknown"]
        return came

    return sit


@pytest.fixture(scope="module")
def trained(grey_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps, to be copied."""
    run = tmp_path_factory.mktemp("trained") / "run"
    go(grey_dataset, run, 4, TINY)
    return run


def wait_for_steps(run: Path, process: Any) -> None:
    """Until something was reported."""
    scalars = run / "scalars.jsonl"
    while process.is_alive() and not (scalars.exists() and scalars.read_bytes()):
        process.join(0.02)


# Numbers that are none


def test_a_run_that_diverges_says_so_and_keeps_its_last_save(
    grey_dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(KnownError, match=r"diverged before step .* lower --learning-rate"):
        go(grey_dataset, tmp_path / "run", 50, WILD)


def test_a_run_that_diverged_unseen_is_not_saved(grey_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="diverged before step"):
        go(grey_dataset, tmp_path / "run", 60, WILD, report_every=1000, checkpoint_every=50)

    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("name", ["learning_rate", "gamma", "ada_kimg", "path_length", "decay"])
@pytest.mark.parametrize("value", [math.inf, math.nan, -math.inf])
def test_no_setting_is_infinite(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


def test_weights_that_are_no_numbers_end_in_a_sentence_at_the_first_step(
    trained: Path, grey_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    before = Gan.train

    def poisoned(gan: Gan, real: tf.Tensor, *rest: Any) -> Any:
        return before.__get__(gan, Gan)(real * math.nan, *rest)

    monkeypatch.setattr(Gan, "train", poisoned)
    with pytest.raises(KnownError, match=r"diverged before step [56]"):
        go(grey_dataset, tmp_path / "run", 8)
    monkeypatch.undo()

    assert "going on at step 4" in go(grey_dataset, tmp_path / "run", 8)


@pytest.mark.parametrize("kind", ["empty", "torn", "not finite"])
def test_latents_that_are_no_latents_are_a_sentence(
    kind: str, trained: Path, grey_dataset: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    latents = tmp_path / "run" / "latents.npz"
    if kind == "not finite":
        np.savez(latents, z=np.full((64, 8), np.nan, np.float32), labels=np.zeros((64, 0), "f4"))
    else:
        latents.write_bytes(b"" if kind == "empty" else b"PK\x03\x04 torn")

    with pytest.raises(KnownError, match=r"latents\.npz"):
        go(grey_dataset, tmp_path / "run", 6)


# Memory


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")
def test_networks_larger_than_memory_are_a_sentence(
    grey_dataset: Path, tmp_path: Path, answered: Callable[..., dict[str, Any]]
) -> None:
    wide = TINY.model_copy(update={"width": 1.0, "generator_filters": (20_000, 20_000, 64)})
    told = order(grey_dataset, tmp_path / "run", 4, more_memory=2 << 30, untraced=False)

    came = answered({**told, "settings": wide.model_dump()})

    assert "8 pictures a step need more memory than this device has" in came["known"]
    assert not (tmp_path / "run" / "run.json").exists()


def test_memory_that_runs_out_in_the_middle_is_a_sentence_and_the_run_goes_on(
    grey_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Gan.train

    def crowded(gan: Gan, *rest: Any) -> Any:
        if gan.reached == 5:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return before.__get__(gan, Gan)(*rest)

    monkeypatch.setattr(Gan, "train", crowded)
    with pytest.raises(KnownError, match=r"8 pictures a step need more memory .* smaller --batch"):
        go(grey_dataset, tmp_path / "run", 8, TINY)
    monkeypatch.undo()

    assert "going on at step 4" in go(grey_dataset, tmp_path / "run", 8)


# Disks and folders


@pytest.mark.slow
@posix
def test_a_full_disk_is_a_sentence_and_the_last_save_is_kept(
    grey_dataset: Path, tmp_path: Path, answered: Callable[..., dict[str, Any]]
) -> None:
    run = tmp_path / "run"
    answered(order(grey_dataset, run, 4))
    size = max(path.stat().st_size for path in (run / "checkpoints").iterdir())

    came = answered(order(grey_dataset, run, 8, limits={"RLIMIT_FSIZE": size // 2}))

    assert f"{run} can't be written" in came["known"]
    assert "free some space or choose another folder" in came["known"]
    came = answered(order(grey_dataset, run, 8))
    assert "going on at step 4" in came["said"]
    assert came["step"] == 8
    assert not [path.name for path in (run / "checkpoints").iterdir() if path.is_dir()]


def test_a_file_in_the_folders_place_is_a_sentence(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")

    with pytest.raises(KnownError, match=r"can't be written: .* choose another folder"):
        go(grey_dataset, tmp_path / "run", 2, TINY)


def test_a_folder_with_other_things_is_left_alone(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(KnownError, match="holds other files and no run"):
        go(grey_dataset, tmp_path, 2, TINY)

    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_refused_run_leaves_nothing_behind(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new" / "run", tmp_path / "empty"):
        with pytest.raises(KnownError, match="fewer than a batch of 64"):
            go(grey_dataset, out, 2, Settings())

    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.mark.slow
@posix
def test_a_folder_that_may_only_be_read_is_a_sentence(
    grey_dataset: Path, open_folder: Path, answered: Callable[..., dict[str, Any]]
) -> None:
    run = open_folder / "run"
    shutil.copytree(grey_dataset, open_folder / "dataset")
    told = order(open_folder / "dataset", run, 2)
    answered(told)
    modes = {path: path.stat().st_mode for path in (run, *run.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222 | 0o444 | (0o111 if path.is_dir() else 0))

    came = answered({**told, "pacing": {"steps": 4}, "nobody": True})

    assert "lock can't be written: Permission denied; choose another folder" in came["known"]
    for path, mode in modes.items():
        path.chmod(mode)
    assert "going on at step 2" in answered({**told, "pacing": {"steps": 4}})["said"]


# Datasets


def test_a_dataset_smaller_than_a_batch_is_a_sentence(grey_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"has 48 pictures, fewer than a batch of 64: say --batch"):
        go(grey_dataset, tmp_path / "run", 2, Settings())

    assert not (tmp_path / "run" / "run.json").exists()


def test_a_record_that_is_not_what_the_card_says_is_a_sentence(
    grey_dataset: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    shutil.copytree(grey_dataset, dataset)
    card = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps(card | {"channels": 3}))

    with pytest.raises(KnownError, match="can't be read as its card says"):
        go(dataset, tmp_path / "run", 2, TINY)


@pytest.mark.slow
@posix
def test_a_dataset_that_vanishes_in_the_middle_is_a_sentence_and_the_run_goes_on(
    grey_dataset: Path, tmp_path: Path, answered: Callable[..., dict[str, Any]]
) -> None:
    run, dataset = tmp_path / "run", tmp_path / "dataset"
    shutil.copytree(grey_dataset, dataset)
    shard = next(dataset.glob("*.tfrecord"))

    def cut_off(process: Any) -> None:
        wait_for_steps(run, process)
        with shard.open("rb+") as file:
            file.truncate(100)

    came = answered(order(dataset, run, 1_000_000), cut_off)
    assert f"{dataset} holds a record that can't be read" in came["known"]

    shard.unlink()
    with pytest.raises(KnownError, match=r"lacks its shard records-00000\.tfrecord; prepare"):
        go(dataset, run, 1_000_000)

    shutil.copy(grey_dataset / shard.name, shard)
    assert "going on at step" in go(dataset, run, RunFolder(run).state().step + 4)


# Other processes, and being asked to stop


def test_two_processes_never_train_one_run(grey_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (
        locked(tmp_path / "run" / "lock", what="The run"),
        pytest.raises(KnownError, match="in use by another process"),
    ):
        go(grey_dataset, tmp_path / "run", 2, TINY)

    assert (tmp_path / "run" / "lock").exists()


@pytest.mark.slow
@posix
def test_a_second_process_is_sent_away_and_a_polite_kill_saves_the_first(
    grey_dataset: Path, tmp_path: Path, answered: Callable[..., dict[str, Any]]
) -> None:
    run = tmp_path / "run"

    def interfere(process: Any) -> None:
        wait_for_steps(run, process)
        with pytest.raises(KnownError, match=r"run is in use by another process"):
            go(grey_dataset, run, 2)
        process.terminate()

    came = answered(order(grey_dataset, run, 1_000_000), interfere)

    step = RunFolder(run).state().step
    assert came["status"] == 128 + signal.SIGTERM
    assert step > 0
    assert f"Saved at step {step:,}; the same command goes on from there" in came["said"]
    assert f"going on at step {step:,}" in go(grey_dataset, run, step + 1)


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

    assert process.returncode == 130
    assert "the same command goes on" in said
    assert RunFolder(run).state().step > 0
