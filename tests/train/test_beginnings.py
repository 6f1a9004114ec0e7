"""The first moments of a run, and what a disk says of itself."""

import sys
from pathlib import Path

import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training.config import Settings
from training.data.card import read_dataset
from training.data.shards import as_os_error
from training.folder import RunFolder

pytestmark = pytest.mark.train


class Killed(BaseException):
    """As by kill -9: nothing tidies up."""


def test_a_run_killed_while_it_begins_is_begun_again(
    grey_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, card = RunFolder(tmp_path / "run"), read_dataset(grey_dataset)

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("training.folder.write_bytes", kill)
    with pytest.raises(Killed):
        folder.begin(Settings(), card, 0)
    monkeypatch.undo()
    (folder.path / ".beside-1234.npz").write_bytes(b"half")
    folder.lock_file.touch()
    folder.begin(Settings(), card, 0)

    assert folder.card().settings == Settings()


@pytest.mark.parametrize("file", ["checkpoints/mine", "thesis.txt", "grids", "photos/me.jpg"])
def test_files_of_others_are_never_taken_for_a_beginning(
    file: str, grey_dataset: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run" / file
    path.parent.mkdir(parents=True)
    path.write_text("years of work")

    with pytest.raises(KnownError, match="holds other files and no run"):
        RunFolder(tmp_path / "run").begin(Settings(), read_dataset(grey_dataset), 0)

    assert path.read_text() == "years of work"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
def test_what_tensorflow_says_of_a_full_disk_is_told_without_its_operations() -> None:
    with pytest.raises(OSError, match=r"^No space left on device$"), as_os_error():
        tf.io.write_file("/dev/full", "x" * 100_000)
