"""What lies elsewhere, tried on TensorFlow's in-memory file system."""

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import uuid4

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE
from explorer.models.bundle import Bundle
from training.cli import app
from training.config import Settings
from training.data.card import TABLE, read_dataset
from training.data.fetch import dataset_here
from training.folder import RunFolder
from training.remote.files import Remote, kept_here
from training.remote.lease import VALID_S, Held, Lease
from training.remote.mirror import run_here, run_to_read
from training.run import Pacing, train

pytestmark = pytest.mark.train

gfile = tf.io.gfile
TINY = Settings(width=1 / 16, batch=8, latent=8)


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """An empty bucket of its own."""
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    bucket = Remote(f"ram://{uuid4().hex}")
    gfile.makedirs(str(bucket))
    yield bucket
    if gfile.exists(str(bucket)):
        gfile.rmtree(str(bucket))


def put(folder: Path, remote: Remote) -> Path:
    """Copy a folder there, as a person would with their bucket's own tool."""
    for path in folder.rglob("*"):
        if path.is_file():
            (remote / path.relative_to(folder).as_posix()).send(path)
    return Path(str(remote))


def go(dataset: Path, run: Path, steps: int, *, meddle: Callable[[], object] = lambda: None) -> str:
    """Train until ``steps``, while someone meddles before each save is sent."""
    said = io.StringIO()
    console = Console(file=said, width=300)
    pacing = Pacing(steps=steps, report_every=2, grid_every=4, checkpoint_every=4, score_every=None)
    with run_here(run, say=console.print, meet=lambda: None) as place:

        def keep() -> None:
            meddle()
            place.keep()

        train(
            dataset_here(dataset),
            place.path,
            pacing,
            settings=TINY if not RunFolder(place.path).exists() else None,
            console=console,
            keep=keep,
        )
    return said.getvalue()


def weights(folder: Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(folder / "checkpoints")))
    names = [n for n in reader.get_variable_to_shape_map() if "save_counter" not in n]
    return {n: reader.get_tensor(n) for n in names if "_CHECKPOINTABLE" not in n}


def assert_same(a: Path, b: Path) -> None:
    ours, theirs = weights(a), weights(b)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)


def test_a_run_that_lies_elsewhere_equals_one_that_lies_here(
    grey_dataset: Path, away: Remote, tmp_path: Path
) -> None:
    dataset, run = put(grey_dataset, away / "dataset"), Path(str(away / "run"))
    go(dataset, run, 6)
    said = go(dataset, run, 10)
    go(grey_dataset, tmp_path / "run", 10)

    assert "going on at step 6" in said
    with run_to_read(run) as copy:
        assert_same(copy, tmp_path / "run")
        here = RunFolder(tmp_path / "run")
        there = RunFolder(copy)
        assert there.card().settings == here.card().settings
        assert there.state().step == 10
        grids = sorted(path.name for path in there.grids.iterdir())
        assert grids == [f"{step:08d}.png" for step in (0, 4, 6, 8, 10)]
        lines = [json.loads(line)["step"] for line in there.scalars_file.read_text().splitlines()]
        assert lines == [2, 4, 6, 8, 10]
    names = (away / "run").files()
    assert "lock" not in names
    assert sum(name.startswith("tensorboard/") for name in names) == 2
    assert sum(name.endswith(".index") for name in names) == 2  # the last two checkpoints
    assert not any(kept_here("runs").rglob("run.json"))


def test_it_is_exported_and_shown_from_there(
    grey_dataset: Path, away: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset, run = put(grey_dataset, away / "dataset"), away / "run"
    small = ("--width", 0.0625, "--batch", 8, "--latent", 8)
    for words in (
        ("run", dataset, "--out", run, "--steps", 2, *small),
        ("export", run, "--id", "far-28-r1", "--title", "Far", "--out", tmp_path / "models"),
        ("report", run),
        ("film", run, "--sheet"),
    ):
        CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    assert Bundle.read(tmp_path / "models" / "far-28-r1").card.title == "Far"
    assert (tmp_path / "report.html").exists()
    assert (tmp_path / "sheet.png").exists()


def test_a_run_deleted_in_the_middle_is_a_sentence_and_goes_on_from_here(
    grey_dataset: Path, away: Remote, tmp_path: Path
) -> None:
    run = Path(str(away / "run"))
    go(grey_dataset, run, 4)

    with pytest.raises(KnownError, match=r"was deleted, or moved away.* is kept in .*goes on"):
        go(grey_dataset, run, 8, meddle=lambda: gfile.rmtree(str(away / "run")))
    assert not (away / "run").files()

    said = go(grey_dataset, run, 8)
    go(grey_dataset, tmp_path / "whole", 8)

    assert "going on with what" in said
    assert "going on at step 8" in said
    with run_to_read(run) as copy:
        assert_same(copy, tmp_path / "whole")


def test_ctrl_c_does_not_hide_that_the_last_save_could_not_be_sent(
    grey_dataset: Path, away: Remote
) -> None:
    def leave() -> None:
        gfile.rmtree(str(away / "run"))
        raise KeyboardInterrupt

    with pytest.raises(KnownError, match=r"is kept in .*goes on"):
        go(grey_dataset, Path(str(away / "run")), 8, meddle=leave)


def test_a_checkpoint_is_there_before_anything_points_to_it(
    grey_dataset: Path, away: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    send = Remote.send

    def note(self: Remote, path: Path) -> None:
        sent.append(str(self).removeprefix(str(away / "run") + "/"))
        send(self, path)

    monkeypatch.setattr(Remote, "send", note)
    go(grey_dataset, Path(str(away / "run")), 4)

    pointer = sent.index("checkpoints/checkpoint")
    data = [at for at, name in enumerate(sent) if name.startswith("checkpoints/ckpt-4.")]
    assert data
    assert max(data) < pointer < sent.index("state.json") < sent.index("run.json")


def test_two_machines_never_train_one_run(grey_dataset: Path, away: Remote, tmp_path: Path) -> None:
    run = away / "run"
    other = Held(token="another", machine="atelier", renewed=time.time() - VALID_S + 90)
    (run / "lock").write(other.model_dump_json().encode())

    with pytest.raises(KnownError, match=r"in use by another process on atelier.* delete ram://"):
        go(grey_dataset, Path(str(run)), 4)

    late = other.model_copy(update={"renewed": time.time() - VALID_S - 1})
    (run / "lock").write(late.model_dump_json().encode())
    go(grey_dataset, Path(str(run)), 2)
    assert "run.json" in run.files()


def test_a_run_taken_over_by_another_machine_is_left_alone(
    grey_dataset: Path, away: Remote
) -> None:
    run = away / "run"
    go(grey_dataset, Path(str(run)), 4)
    before = {name: (run / name).read() for name in run.files()}
    other = Held(token="another", machine="atelier", renewed=time.time() - VALID_S)
    taken = other.model_dump_json().encode()

    with pytest.raises(KnownError, match="taken over by a process on atelier"):
        go(grey_dataset, Path(str(run)), 8, meddle=lambda: (run / "lock").write(taken))

    after = {name: (run / name).read() for name in run.files()}
    assert after == before | {"lock": taken}
    assert "going on at step 8" in go(grey_dataset, Path(str(run)), 10)


def test_a_killed_process_takes_its_own_lease_again(away: Remote, tmp_path: Path) -> None:
    lock, kept = away / "run" / "lock", tmp_path / "token"
    with Lease(lock, kept, run=away):
        pass
    killed = Held(token=kept.read_text(), machine="here", renewed=time.time())
    lock.write(killed.model_dump_json().encode())

    with Lease(lock, kept, run=away) as lease:
        lease.check()
    assert lock.read() is None


def test_what_a_killed_process_left_half_written_is_never_read_and_goes(
    grey_dataset: Path, away: Remote
) -> None:
    run = away / "run"
    go(grey_dataset, Path(str(run)), 2)
    (run / "checkpoints" / f"{BESIDE}0123-ckpt-4.index").write(b"torn")

    with run_to_read(Path(str(run))) as copy:
        assert not list(copy.rglob(f"{BESIDE}*"))
    go(grey_dataset, Path(str(run)), 3)
    assert not any(BESIDE in name for name in run.files())


def test_another_folder_is_left_alone(grey_dataset: Path, away: Remote) -> None:
    (away / "thesis" / "chapter.txt").write(b"years of work")

    with pytest.raises(KnownError, match=r"holds other files and no run, as chapter\.txt"):
        go(grey_dataset, Path(str(away / "thesis")), 2)

    assert (away / "thesis").files() == ["chapter.txt"]


def test_a_dataset_is_fetched_once_and_checked(grey_dataset: Path, away: Remote) -> None:
    address = put(grey_dataset, away / "dataset")
    folder = dataset_here(address)
    card = read_dataset(folder)
    shard = away / "dataset" / card.shards[0].file
    shard.delete()

    assert card == read_dataset(grey_dataset)
    assert (folder / TABLE).read_bytes() == (grey_dataset / TABLE).read_bytes()
    assert dataset_here(address) == folder


def test_a_damaged_shard_is_named_and_not_kept(grey_dataset: Path, away: Remote) -> None:
    address = put(grey_dataset, away / "dataset")
    shard = away / "dataset" / read_dataset(grey_dataset).shards[0].file
    content = shard.read()
    assert content
    shard.write(content[:-1] + b"?")

    with pytest.raises(KnownError, match=r"records-00000\.tfrecord is not the file"):
        dataset_here(address)
    shard.write(content)
    assert read_dataset(dataset_here(address)).count == 48


def test_no_dataset_there_is_a_sentence(away: Remote) -> None:
    with pytest.raises(KnownError, match=r"ram://.*/none is not a dataset .*prepare"):
        dataset_here(Path(str(away / "none")))


def test_an_unknown_file_system_is_a_sentence_that_names_the_known_ones() -> None:
    with pytest.raises(KnownError, match=r"has no hdfs://; it knows .*ram://"):
        Remote.of(Path("hdfs://cluster/run"))


def test_gs_without_its_file_system_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gfile, "get_registered_schemes", lambda: ["", "file", "ram"])
    with pytest.raises(KnownError, match=r"has no gs://; .*Linux have it: pip install"):
        Remote.of(Path("gs://bucket/run"))


@pytest.mark.parametrize("path", ["run", "/home/a/run", "C:/runs/a", "a b/ram://c", ""])
def test_paths_of_this_machine_are_not_taken_for_addresses(path: str) -> None:
    assert Remote.of(PurePosixPath(path)) is None
    assert Remote.of(PureWindowsPath(path)) is None


@given(st.lists(st.text("abc-_. ", min_size=1).filter(lambda n: n.strip(". ")), min_size=1))
def test_an_address_survives_being_a_path(parts: list[str]) -> None:
    address = "ram://" + "/".join(parts)
    for kind in (PurePosixPath, PureWindowsPath):
        assert str(Remote.of(kind(address))) == address


def test_files_are_listed_through_folders_but_those_left_out(away: Remote) -> None:
    for name in ("run.json", "checkpoints/checkpoint", "grids/1.png", "a/b/c.txt"):
        (away / "run" / name).write(b"-")

    listed = (away / "run").files(but=("grids/",))

    assert listed == ["a/b/c.txt", "checkpoints/checkpoint", "run.json"]
    assert (away / "none").files() == []


def test_names_that_lead_out_of_the_folder_are_refused(
    away: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (away / "run" / "run.json").write(b"{}")
    monkeypatch.setattr(Remote, "files", lambda self, but: ["run.json", "../../evil"])

    with pytest.raises(KnownError, match="lies outside"), run_to_read(Path(str(away / "run"))):
        pass
