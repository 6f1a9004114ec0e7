"""The app's test of itself, as the frozen app runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.models.library import Library, shipped_folder

ROOT = Path(__file__).parents[2]
IS_SHIPPED = any(entry.card for entry in Library([shipped_folder()]).entries())


@pytest.mark.skipif(not IS_SHIPPED, reason="no model ships with this tree")
def test_with_an_empty_environment_and_from_elsewhere_it_goes_the_whole_way(
    tmp_path: Path,
) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from explorer.cli import main; main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, ROOT, "--selftest"],
        env={},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "painted again alike" in run.stdout
    assert list(tmp_path.iterdir()) == []
