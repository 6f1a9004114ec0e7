import math

import numpy as np
import pytest
import tensorflow as tf

from training.augmentation.adaptive import Tint, adapt, follow_sign, inverse_of, tint_of, tinted
from training.augmentation.warp import warp
from training.chance import Dice, Purpose
from training.config import Settings

pytestmark = pytest.mark.train

PICTURES = tf.random.stateless_uniform((8, 12, 12, 3), (1, 1), -1, 1)
DICE = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 5, batch=8)
MANY = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 5, batch=20_000)


@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_happens_at_p_0(channels: int) -> None:
    pictures = PICTURES[..., :channels]

    np.testing.assert_array_equal(adapt(pictures, DICE, 0.0), pictures)


def test_a_picture_is_changed_alike_however_the_batch_is_shared() -> None:
    whole = adapt(PICTURES, DICE, 0.8)

    for first in (0, 4):
        half = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 5, batch=8, count=4, first=first)
        mine = slice(first, first + 4)
        np.testing.assert_allclose(adapt(PICTURES[mine], half, 0.8), whole[mine], atol=1e-5)


def test_compiled_it_does_the_same_and_can_be_derived_twice() -> None:
    """R1 is the slope of the slope: what a discriminator's gradient goes through."""
    weights = tf.random.stateless_normal(PICTURES.shape, (2, 2))

    def derived(pictures: tf.Tensor, p: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as outer:
            outer.watch(pictures)
            with tf.GradientTape() as inner:
                inner.watch(pictures)
                seen = adapt(pictures, DICE, p)
                logit = tf.reduce_sum(tf.tanh(seen) * weights)
            slope = inner.gradient(logit, pictures)
            steepness = tf.reduce_sum(slope**2)
        bend = outer.gradient(steepness, pictures)
        return inverse_of(DICE.about(0), p, 12), *tint_of(DICE.about(1), p), seen, slope, bend

    inverse, *tint, seen, slope, bend = tf.function(derived, jit_compile=True)(
        PICTURES, tf.constant(0.8)
    )

    # The same draws: the compiler makes other numbers of the same bits.
    again = tinted(warp(PICTURES, inverse), Tint(*tint))
    np.testing.assert_allclose(seen, again, atol=1e-5)
    for derivative in (slope, bend):
        assert np.isfinite(derivative).all()
        assert (np.abs(derivative).max(axis=(1, 2, 3)) > 0).all()


def test_each_move_befalls_as_many_pictures_as_p_says() -> None:
    p = 0.4
    inverse = inverse_of(MANY, p, 64).numpy()
    matrix = inverse[:, :, :2]
    size = np.linalg.det(matrix)

    assert np.mean(size < 0) == pytest.approx(p / 2, abs=0.02)  # mirrored, half of those chosen
    assert np.mean(np.abs(np.abs(size) - 1) > 1e-4) == pytest.approx(p, abs=0.02)  # scaled
    upright = np.abs(matrix).round(4)
    straight = np.mean((upright[:, 0, 1] == 0) | (upright[:, 0, 0] == 0))
    assert straight == pytest.approx(1 - p, abs=0.02)  # at least one turn with probability p
    assert np.mean((inverse[:, :, 2] == 0).all(axis=1)) == pytest.approx((1 - p) ** 2, abs=0.02)


def test_moves_are_as_large_as_published() -> None:
    side = 64
    matrix = inverse_of(MANY, 1.0, side).numpy()
    first, second = np.linalg.svd(matrix[:, :, :2])[1].T

    assert np.std(np.log2(first * second) / 2) == pytest.approx(0.2, rel=0.03)
    assert np.sqrt(np.mean((np.log2(first / second) / 2) ** 2)) == pytest.approx(0.2, rel=0.03)
    whole, part = (0.125 / math.sqrt(3)) ** 2, 0.125**2
    scale = math.exp(4 * (0.2 * math.log(2)) ** 2)  # parts of pixels pass through both scales
    spread = side * math.sqrt(whole + part * scale)
    assert np.std(matrix[:, 0, 2]) == pytest.approx(spread, rel=0.03)
    assert np.std(matrix[:, 1, 2]) == pytest.approx(spread, rel=0.03)


def test_each_tint_befalls_as_many_as_p_says_and_as_much_as_published() -> None:
    some, every = tint_of(MANY, 0.4), tint_of(MANY, 1.0)

    for field, neutral in zip(
        some, Tint(*map(tf.constant, (0.0, 1.0, 1.0, 0.0, 1.0))), strict=True
    ):
        share = 0.2 if field is some.luma else 0.4
        assert np.mean(field != neutral) == pytest.approx(share, abs=0.02)
    assert np.std(every.brightness) == pytest.approx(0.2, rel=0.03)
    assert np.std(np.log2(every.contrast)) == pytest.approx(0.5, rel=0.03)
    assert np.std(np.log2(every.saturation)) == pytest.approx(1, rel=0.03)
    assert np.std(every.hue) == pytest.approx(math.pi / math.sqrt(3), rel=0.03)


def test_tints_are_the_papers_matrices() -> None:
    """Appendix B composes translation, scaling, reflection, rotation and scaling, all in RGB."""
    tint = tint_of(DICE, 1.0)
    grey = np.ones(3) / math.sqrt(3)
    along = np.outer(grey, grey)
    cross = np.cross(np.eye(3), grey)
    expected = []
    for picture, b, c, luma, hue, s in zip(PICTURES.numpy(), *map(np.asarray, tint), strict=True):
        flip = np.eye(3) - (1 - luma) * along
        turn = along + math.cos(hue) * (np.eye(3) - along) - math.sin(hue) * cross.T
        saturate = along + s * (np.eye(3) - along)
        expected.append(c * (picture + b) @ (saturate @ turn @ flip).T)

    np.testing.assert_allclose(tinted(PICTURES, tint), np.stack(expected), atol=1e-5)


def test_a_third_of_a_turn_of_hue_moves_each_channel_on() -> None:
    one, zero = tf.ones(8), tf.zeros(8)
    third = Tint(zero, one, one, tf.fill((8,), 2 * math.pi / 3), one)

    np.testing.assert_allclose(tinted(PICTURES, third), np.roll(PICTURES, 1, 3), atol=1e-5)


def test_grey_pictures_stay_grey_and_turn_dark_for_light() -> None:
    one, zero = tf.ones(8), tf.zeros(8)
    grey = PICTURES[..., :1]

    turned = tinted(grey, Tint(zero, one, -one, one, 2 * one))

    np.testing.assert_allclose(turned, -grey)


def test_p_goes_from_none_to_all_in_ada_kimg_and_stays_within() -> None:
    settings = Settings(batch=64, ada_kimg=0.64)
    p = tf.constant(0.0)

    for step in range(12):
        p = follow_sign(p, tf.constant(0.9), settings)
        assert float(p) == pytest.approx(min(0.1 * (step + 1), 1), abs=1e-5)
    assert float(follow_sign(p, tf.constant(0.2), settings)) == pytest.approx(0.9, abs=1e-5)
    assert float(follow_sign(tf.constant(0.05), tf.constant(0.2), settings)) == 0
    assert float(follow_sign(p / 2, tf.constant(0.6), settings)) == pytest.approx(0.5)
