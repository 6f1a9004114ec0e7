"""Runs are evaluated by what they would export."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training import networks
from training.evaluation.painted import open_painter
from training.folder import RunFolder
from training.gan import Gan

pytestmark = pytest.mark.train

RUN = Path(__file__).parents[2] / "golden" / "run"


def test_a_run_paints_seeds_as_its_averaged_generator_does() -> None:
    painter = open_painter(RUN)
    assert (painter.model.kind, painter.model.step, painter.model.checkpoint) == (
        "run",
        6,
        "newest",
    )
    labels = None
    if painter.model.classes:
        labels = np.eye(len(painter.model.classes), dtype=np.float32)[[0, 0]]
    pixels = painter.paint(np.array([3, 4]), labels)
    assert pixels.shape == (2, painter.model.height, painter.model.width, painter.model.channels)
    assert np.array_equal(pixels, painter.paint(np.array([3, 4]), labels))
    assert not np.array_equal(pixels[0], pixels[1])


def test_a_run_without_checkpoints_is_one_sentence(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / "run")
    with pytest.raises(KnownError, match="never scored; leave --best out"):
        open_painter(run, best=True)
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(KnownError, match="has no checkpoint yet"):
        open_painter(run)
    (run / "run.json").write_text("{")
    with pytest.raises(KnownError, match=r"run\.json can't be used"):
        open_painter(run)


def test_a_generator_that_paints_no_numbers_is_one_sentence(tmp_path: Path) -> None:
    run = shutil.copytree(RUN, tmp_path / "run")
    card = RunFolder(run).card()
    learned = card.dataset
    plan = networks.plan(learned.width, learned.channels, len(learned.classes), card.settings)
    gan = Gan(plan, card.settings)
    for weight in gan.average.trainable_variables:
        weight.assign(tf.fill(weight.shape, np.nan))
    manager = tf.train.CheckpointManager(gan.checkpoint(), str(run / "checkpoints"), max_to_keep=2)
    manager.save(checkpoint_number=7)
    painter = open_painter(run)
    classes = painter.model.classes
    labels = np.eye(len(classes), dtype=np.float32)[[0]] if classes else None
    with pytest.raises(KnownError, match="numbers that are not finite"):
        painter.paint(np.array([0]), labels)
