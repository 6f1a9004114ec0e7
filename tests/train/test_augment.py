import numpy as np
import pytest
import tensorflow as tf

from training.augmentation.augment import vary
from training.chance import Dice, Purpose
from training.config import Settings

pytestmark = pytest.mark.train

DICE = Dice.thrown(0, Purpose.AUGMENT, 5, batch=64)


def test_about_half_are_mirrored_and_none_is_changed_otherwise() -> None:
    pictures = tf.random.stateless_uniform((64, 4, 4, 3), (1, 1), -1, 1)

    changed = vary(pictures, Settings(flip=True), DICE)

    mirrored = (changed.numpy() == pictures.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (changed.numpy() == pictures.numpy()).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 16 < mirrored.sum() < 48


def test_brightness_stays_in_range_and_shifts_each_picture_by_its_own() -> None:
    pictures = tf.zeros((64, 4, 4, 1))

    changed = vary(pictures, Settings(brightness=0.25), DICE).numpy()

    shifts = changed[:, 0, 0, 0]
    assert (changed == shifts[:, None, None, None]).all()
    assert np.abs(shifts).max() <= 0.25
    assert len(set(shifts.tolist())) == 64
