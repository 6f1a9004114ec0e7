"""A study that is killed goes on, and two workers don't do the same cell twice."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from training.config import Settings
from training.data.card import read_dataset
from training.studies.page import write
from training.studies.plan import PAINTS, Budget, Study, begun, cells, varied
from training.studies.study import asked, run
from training.studies.subsets import Part, write_subset
from training.studies.work import LOCK, cell_folder, result_of

pytestmark = [pytest.mark.train, pytest.mark.slow]

GOLDEN = Path(__file__).parents[2] / "golden"
_PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def suns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suns") / "dataset"
    part = Part(GOLDEN / "dataset", read_dataset(GOLDEN / "dataset"), np.arange(300) % 6)
    write_subset([part], folder, name="suns", side=28)
    return folder


@pytest.fixture
def study(suns: Path) -> Study:
    tiny = Settings(width=0.05, batch=4, kernel=3, latent=8)
    return asked(
        suns,
        varied(["size=60"]),
        settings=tiny,
        budget=Budget(steps=400),
        seeds=1,
        held=50,
        painted=50,
    )


def until(happens: Callable[[], bool]) -> None:
    """Wait for another process; fails instead of hanging."""
    deadline = time.monotonic() + _PATIENCE_S
    pause = Event()
    while not happens():
        assert time.monotonic() < deadline
        pause.wait(0.05)


def is_free(lock: Path) -> bool:
    try:
        with locked(lock, what="it"):
            return True
    except KnownError:
        return False


def test_kill_9_of_a_worker_frees_its_cell_and_the_next_one_goes_on(
    study: Study, suns: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    (cell,) = cells(study)
    here = cell_folder(out, cell)
    worker = multiprocessing.get_context("spawn").Process(target=run, args=(study, suns, out))
    worker.start()
    saved = here / "run" / "state.json"
    until(lambda: saved.exists() or not worker.is_alive())
    assert run(study, suns, out).busy == 1  # another worker leaves it alone
    worker.kill()
    worker.join()
    until(lambda: is_free(here / LOCK))
    step = json.loads(saved.read_text())["step"]
    assert result_of(out, cell) is None

    said: list[str] = []
    outcome = run(study, suns, out, say=said.append)
    assert (outcome.done, outcome.failed, len(said)) == (1, (), 1)
    result = result_of(out, cell)
    assert result is not None
    assert result.step == 400
    assert (result.pictures, result.side) == (60, 28)
    assert f"going on at step {step}" in (here / "said.txt").read_text()
    assert run(study, suns, out, say=said.append).done == 1  # nothing is left to do
    assert len(said) == 1
    assert "<img" in write(out).read_text()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to interrupt")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_a_study_that_is_stopped_saves_and_tells_what_there_is(
    suns: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    out = tmp_path / "study"
    command = [
        *(sys.executable, "-c", "from training.cli import main; main()", "study", str(suns)),
        *("--vary", "size=60", "--steps", "100000", "--seeds", "1", "--held-out", "50"),
        *("--pictures", "50", "--width", "0.05", "--batch", "4", "--out", str(out)),
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        until(lambda: any(out.glob("cells/*/run/state.json")) or process.poll() is not None)
        # A terminal sends Ctrl-C to all, and kill a signal to the one that is named.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=_PATIENCE_S)

    assert process.returncode == status, said
    assert f"Stopped; the same command goes on. So far: {out / 'study.html'}" in said
    assert "Stopping once this run has saved" in said
    assert "Traceback" not in said
    assert (out / "study.html").exists()
    (saved,) = out.glob("cells/*/run/state.json")
    (told,) = out.glob("cells/*/said.txt")
    assert f"Saved at step {json.loads(saved.read_text())['step']:,}" in told.read_text()


def test_a_cell_that_fails_is_told_and_the_study_goes_on(
    study: Study, suns: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    begun(out, study)
    (cell,) = cells(study)
    (cell_folder(out, cell) / "run").mkdir(parents=True)
    (cell_folder(out, cell) / "run" / "letter.txt").write_text("dear")
    outcome = run(study, suns, out)
    assert outcome.done == 0
    assert "holds other files and no run" in outcome.failed[0]
    assert "holds other files and no run" in write(out).read_text()


def test_a_study_knows_what_sizes_the_networks_paint() -> None:
    from training.networks import dcgan, stylegan2_sizes

    assert PAINTS == {"dcgan": dcgan.SIZES, "stylegan2": stylegan2_sizes.SIZES}
