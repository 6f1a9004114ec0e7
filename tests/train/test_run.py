import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from training.config import Settings
from training.folder import RunFolder
from training.run import Pacing, _stopping, train

pytestmark = pytest.mark.train

TINY = Settings(width=1 / 16, batch=8, latent=8, discriminator_dropout=0.2, flip=True)


def go(
    dataset: Path, out: Path, steps: int, settings: Settings | None = None, **pacing: float
) -> str:
    console = Console(file=io.StringIO(), width=10_000)
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


def test_what_a_killed_run_told_of_steps_it_takes_again_is_told_once(
    grey_dataset: Path, tmp_path: Path
) -> None:
    go(grey_dataset, tmp_path / "run", 4, TINY)
    scalars = tmp_path / "run" / "scalars.jsonl"
    with scalars.open("a") as file:
        file.write('{"step": 6, "generator_loss": 1.0}\n{"step": 8, "gener')

    go(grey_dataset, tmp_path / "run", 8)

    assert [json.loads(line)["step"] for line in scalars.read_text().splitlines()] == [2, 4, 6, 8]


def test_time_is_up_after_so_many_minutes(grey_dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = go(grey_dataset, run, 1_000_000, TINY, minutes=0.0)

    assert "Stopped before the first step, with nothing to save; the same command begins" in said
    assert not RunFolder(run).state_file.exists()
    assert "with nothing saved yet" in _stopping(RunFolder(run))
    go(grey_dataset, run, 1)
    assert "with the save before" in _stopping(RunFolder(run))
    assert "Saved at step 1; the same command goes on" in go(grey_dataset, run, 9, minutes=0.0)
