import sys
from pathlib import Path

import pytest

from benchmarks.pipe import Worker

PROGRAM = """
import numpy as np
from benchmarks.pipe import serve
serve(lambda number: (print("chatter"), np.full(3, number, np.float32))[1], {"name": "toy"})
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "toy_worker.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "toy_worker"


def test_a_worker_tells_of_itself_times_its_calls_and_keeps_what_it_makes(
    toy: str, tmp_path: Path
) -> None:
    with Worker(Path(sys.executable), toy) as worker:
        assert worker.about == {"name": "toy"}
        assert len(worker.time(1, 5)) == 5
        assert worker.keep(tmp_path / "kept here.npy").tolist() == [-1.0] * 3


def test_a_worker_that_dies_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dying_worker.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="dying_worker ended with status 3"):
        Worker(Path(sys.executable), "dying_worker")
