import numpy as np
import pytest
import tensorflow as tf

from training.augmentation.augment import before_critic
from training.chance import Dice, Purpose
from training.config import Settings

pytestmark = pytest.mark.train

N, SIDE = 64, 16
PICTURES = tf.random.stateless_uniform((N, SIDE, SIDE, 3), (1, 1), -1, 1)
DICE = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 5, batch=N)


def _changed(*policy: str, dice: Dice = DICE, pictures: tf.Tensor = PICTURES) -> tf.Tensor:
    settings = Settings.model_validate({"augment": "diffaugment", "policy": policy})
    return before_critic(pictures, settings, dice, 0.0)


def test_without_augmentation_the_discriminator_sees_the_pictures_themselves() -> None:
    assert before_critic(PICTURES, Settings(), DICE, 1.0) is PICTURES
    assert _changed() is PICTURES


def test_translation_moves_by_whole_pixels_and_zero_moves_in() -> None:
    moved = _changed("translation").numpy()

    wide = np.pad(PICTURES, ((0, 0), (2, 2), (2, 2), (0, 0)))
    found = [
        next(
            (y, x)
            for y in range(5)
            for x in range(5)
            if np.array_equal(picture, whole[y : y + SIDE, x : x + SIDE])
        )
        for picture, whole in zip(moved, wide, strict=True)
    ]
    assert set(np.array(found).ravel().tolist()) == {0, 1, 2, 3, 4}


def test_cutout_takes_half_of_each_side_unless_it_reaches_over_the_edge() -> None:
    cut = _changed("cutout").numpy()

    gone = (cut == 0).all(axis=3)
    np.testing.assert_array_equal(cut[~gone], PICTURES.numpy()[~gone])
    for picture in gone:
        rows, columns = picture.any(axis=1).sum(), picture.any(axis=0).sum()
        assert picture.sum() == rows * columns
        assert SIDE // 4 <= rows <= SIDE // 2
        assert SIDE // 4 <= columns <= SIDE // 2
    assert gone.any(axis=0).all()  # nowhere is safe


def test_colour_shifts_the_mean_and_scales_what_stands_out_of_it() -> None:
    changed = _changed("colour").numpy()

    before, after = PICTURES.numpy(), changed
    shift = after.mean(axis=(1, 2, 3)) - before.mean(axis=(1, 2, 3))
    assert np.abs(shift).max() <= 0.5
    assert np.std(shift) == pytest.approx(1 / np.sqrt(12), rel=0.2)
    grey, chroma = before.mean(axis=3), before - before.mean(axis=3, keepdims=True)
    contrast = after.mean(axis=3).std(axis=(1, 2)) / grey.std(axis=(1, 2))
    assert 0.5 <= contrast.min() < 0.6
    assert 1.4 < contrast.max() <= 1.5
    colourful = (after - after.mean(axis=3, keepdims=True)).std(axis=(1, 2, 3))
    saturation = colourful / chroma.std(axis=(1, 2, 3)) / contrast
    assert 0 <= saturation.min() < 0.2
    assert 1.8 < saturation.max() <= 2


def test_grey_pictures_keep_one_channel() -> None:
    everything = _changed("colour", "translation", "cutout", pictures=PICTURES[..., :1])

    assert everything.shape == (N, SIDE, SIDE, 1)


def test_a_picture_is_changed_alike_however_the_batch_is_shared() -> None:
    policy = ("colour", "translation", "cutout")
    whole = _changed(*policy)

    for first in (0, 16):
        part = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 5, batch=N, count=16, first=first)
        mine = slice(first, first + 16)
        changed = _changed(*policy, dice=part, pictures=PICTURES[mine])
        np.testing.assert_allclose(changed, whole[mine], atol=1e-6)


def test_compiled_it_keeps_to_its_bounds_and_can_be_derived_twice() -> None:
    flat = tf.fill(PICTURES.shape, 0.5)

    def derived(pictures: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as outer:
            outer.watch(pictures)
            with tf.GradientTape() as inner:
                inner.watch(pictures)
                seen = _changed("colour", "translation", "cutout", pictures=pictures)
                logit = tf.reduce_sum(tf.tanh(seen))
            slope = inner.gradient(logit, pictures)
            steepness = tf.reduce_sum(slope**2)
        return seen, slope, outer.gradient(steepness, pictures)

    seen, slope, bend = tf.function(derived, jit_compile=True)(flat)

    assert seen.numpy().min() >= 0  # a wall of 0.5 comes to 0 to 1, and zero moves in
    assert seen.numpy().max() <= 1
    for derivative in (slope, bend):
        assert np.isfinite(derivative).all()
        assert (np.abs(derivative).max(axis=(1, 2, 3)) > 0).all()
