"""A run to start from whose saves a kill or a disk tore, and a run that is not where it is said."""

import re
from pathlib import Path

import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training import networks
from training.config import Settings
from training.data.card import read_dataset
from training.folder import RunFolder
from training.gan import Gan
from training.remote.mirror import run_to_read
from training.transfer.donors import read_donor

pytestmark = pytest.mark.train


@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
def test_a_torn_save_gives_way_to_the_one_before_and_none_is_a_sentence(
    ending: str, grey_dataset: Path, tmp_path: Path
) -> None:
    settings = Settings(width=1 / 16, kernel=4, batch=8, latent=8)
    folder, card = RunFolder(tmp_path / "run"), read_dataset(grey_dataset)
    folder.begin(settings, card, 0)
    gan = Gan(networks.plan(card.width, card.channels, 0, settings), settings)
    manager = tf.train.CheckpointManager(gan.checkpoint(), str(folder.checkpoints), max_to_keep=2)
    for step in (3, 5):
        manager.save(checkpoint_number=step)
    assert read_donor(folder.path).told.step == 5

    (folder.checkpoints / "checkpoint").write_bytes(b"torn")
    for step, left in ((5, 3), (3, None)):
        file = folder.checkpoints / f"ckpt-{step}.{ending}"
        file.write_bytes(file.read_bytes()[:100])
        if left is not None:
            assert read_donor(folder.path).told.step == left
    with pytest.raises(KnownError, match=r"No checkpoint of .* can be read: .* start from another"):
        read_donor(folder.path)


def test_what_is_no_run_elsewhere_is_told_by_its_address() -> None:
    address = "ram://nowhere/run"

    with (
        pytest.raises(KnownError, match=f"^{re.escape(address)} is no run: it has no run.json"),
        run_to_read(Path(address)),
    ):
        pass
