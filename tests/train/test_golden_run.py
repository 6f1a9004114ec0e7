import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from training.folder import RunFolder
from training.gan import Gan
from training.networks import dcgan
from training.report import to_bytes
from training.run import restore

pytestmark = pytest.mark.train

GOLDEN = Path(__file__).parent.parent / "golden" / "run"


def test_the_golden_run_is_read_and_paints_its_last_grid(tmp_path: Path) -> None:
    folder = RunFolder(shutil.copytree(GOLDEN, tmp_path / "run"))
    card = folder.card()
    gan = Gan(
        dcgan.plan(card.dataset.width, card.dataset.channels, 0, card.settings), card.settings
    )

    assert restore(gan, folder)
    painted = to_bytes(gan.paint(tf.constant(folder.grid_latents()[0])).numpy())

    assert int(gan.step) == folder.state().step == 6
    with Image.open(folder.grids / "00000006.png", formats=["PNG"]) as picture:
        sheet = np.asarray(picture).astype(int)
    shown = sheet.reshape(8, 28, 8, 28).transpose(0, 2, 1, 3).reshape(64, 28, 28)
    apart = np.abs(shown - painted[..., 0])
    assert apart.max() <= 1, np.bincount(apart.ravel())


def test_the_golden_run_has_the_keys_of_the_contract() -> None:
    card = json.loads((GOLDEN / "run.json").read_text())

    assert card.keys() == {"format", "settings", "dataset", "versions", "software"}
    assert {"content_sha256", "name", "count"} <= card["dataset"].keys()
    assert card["settings"]["seed"] == 7
    state = json.loads((GOLDEN / "state.json").read_text())
    assert state.keys() == {"step", "images_seen", "seconds", "ada_p", "best_score"}
