import numpy as np
import pytest
import tensorflow as tf

from training.augment import augment
from training.chance import Purpose, key
from training.config import Settings

pytestmark = pytest.mark.train


def test_about_half_are_mirrored_and_none_is_changed_otherwise() -> None:
    pictures = tf.random.stateless_uniform((64, 4, 4, 3), (1, 1), -1, 1)

    changed = augment(pictures, Settings(flip=True), key(0, Purpose.AUGMENT, tf.constant(5)))

    mirrored = (changed.numpy() == pictures.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (changed.numpy() == pictures.numpy()).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 16 < mirrored.sum() < 48


def test_brightness_stays_in_range_and_shifts_each_picture_by_its_own() -> None:
    pictures = tf.zeros((64, 4, 4, 1))

    changed = augment(
        pictures, Settings(brightness=0.25), key(0, Purpose.AUGMENT, tf.constant(5))
    ).numpy()

    shifts = changed[:, 0, 0, 0]
    assert (changed == shifts[:, None, None, None]).all()
    assert np.abs(shifts).max() <= 0.25
    assert len(set(shifts.tolist())) == 64
