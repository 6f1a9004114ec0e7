import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.beside import unfinished

_HOLDING = """
import sys
from pathlib import Path
from explorer.core.beside import unfinished
with unfinished(Path(sys.argv[1]), "model") as folder:
    (folder / "half").touch()
    print(folder.name, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks no folders")
def test_what_a_killed_writer_left_is_swept_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", _HOLDING, str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        theirs = tmp_path / writer.stdout.readline().strip()
        with unfinished(tmp_path / "other", "model") as mine:
            assert (theirs / "half").exists()
        assert not mine.exists()
        writer.kill()

    assert theirs.exists()
    with unfinished(tmp_path / "other", "dataset"):
        assert theirs.exists(), "it is of another kind"
    with unfinished(tmp_path / "other", "model"):
        assert not theirs.exists()


def test_a_folder_that_was_renamed_stays(tmp_path: Path) -> None:
    with unfinished(tmp_path / "out", "model") as folder:
        (folder / "whole").touch()
        folder.rename(tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "whole").exists()
