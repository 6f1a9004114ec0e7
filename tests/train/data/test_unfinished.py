"""A preparation that was ended: what it left is swept up, and what others write is left alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from explorer.core.beside import unfinished
from explorer.core.files import BESIDE
from training.data.card import read_dataset
from training.data.prepare import prepare

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

ENDED = """
import os, signal, sys
from pathlib import Path
from explorer.core.progress import Progress
from training.cli.command import with_bar
from training.data.prepare import prepare

def end(fraction):
    os.kill(os.getpid(), int(sys.argv[3]))

source, out = map(Path, sys.argv[1:3])
with_bar("preparing", lambda progress: prepare(source, out, size=16, progress=Progress(end)))
"""


@posix
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["politely", "at-once"])
def test_what_an_ended_preparation_left_is_swept_by_the_next(
    tmp_path: Path, how: signal.Signals
) -> None:
    put_a_picture(tmp_path / "s")
    words = [sys.executable, "-c", ENDED, f"{tmp_path}/s", f"{tmp_path}/out", str(how.value)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, capture_output=True, env=env, check=False)
    left = [each.name for each in tmp_path.iterdir() if each.name != "s"]
    if how == signal.SIGTERM:
        assert (done.returncode, left) == (128 + how, [])
    else:
        assert done.returncode == -how
        assert len(left) == 1
        assert left[0].startswith(f"{BESIDE}dataset-")
    prepare(tmp_path / "s", tmp_path / "out", size=16)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "s"]
    assert read_dataset(tmp_path / "out").count == 1


@posix
def test_what_another_preparation_is_writing_is_left_alone(tmp_path: Path) -> None:
    put_a_picture(tmp_path / "s")
    with unfinished(tmp_path / "other", "dataset") as folder:
        (folder / "half").touch()
        prepare(tmp_path / "s", tmp_path / "out", size=16)
        assert (folder / "half").exists()
    assert not folder.exists()


def put_a_picture(folder: Path) -> None:
    folder.mkdir()
    Image.linear_gradient("L").resize((32, 32)).save(folder / "good.png")
