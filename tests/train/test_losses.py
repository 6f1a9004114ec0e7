import math

import numpy as np
import pytest
import tensorflow as tf

from training import losses
from training.config import Settings

pytestmark = pytest.mark.train

NOTHING = tf.zeros((3, 1))


def test_guessing_costs_two_ln_two() -> None:
    np.testing.assert_allclose(losses.discriminator_loss(NOTHING, NOTHING), [2 * math.log(2)] * 3)
    np.testing.assert_allclose(
        losses.relativistic_discriminator_loss(NOTHING, NOTHING), [math.log(2)] * 3
    )


def test_each_player_is_paid_for_what_it_wants() -> None:
    high, low = tf.ones((1, 1)), -tf.ones((1, 1))

    assert losses.generator_loss(high) < losses.generator_loss(low)
    assert losses.discriminator_loss(high, low) < losses.discriminator_loss(low, high)
    assert losses.hinge_generator_loss(high) < losses.hinge_generator_loss(low)
    assert losses.hinge_discriminator_loss(high, low) < losses.hinge_discriminator_loss(low, high)
    assert losses.relativistic_generator_loss(
        real_logits=low, fake_logits=high
    ) < losses.relativistic_generator_loss(real_logits=high, fake_logits=low)
    assert losses.relativistic_discriminator_loss(
        high, low
    ) < losses.relativistic_discriminator_loss(low, high)


def test_the_penalty_is_the_squared_slope() -> None:
    """A critic that adds up its pixels thrice has slope 3 at each of 2·2·1 of them."""
    pictures = tf.random.stateless_normal((2, 2, 2, 1), (0, 0))

    logits, slope = losses.slopes(
        lambda x: 3 * tf.reduce_sum(x, axis=[1, 2, 3])[:, None], pictures, scale=1024.0
    )

    np.testing.assert_allclose(slope, np.full((2, 2, 2, 1), 3.0))
    np.testing.assert_allclose(losses.steepness(slope), [36.0, 36.0])
    assert logits.shape == (2, 1)


def test_each_loss_brings_the_penalty_it_was_published_with() -> None:
    stylegan2 = Settings(architecture="stylegan2", batch=32)

    assert losses.penalty(Settings()) == "none"
    assert losses.penalty(Settings(loss="relativistic")) == "r1+r2"
    assert losses.penalty(stylegan2) == "r1"
    assert losses.penalty(Settings(loss="relativistic", penalty="r1")) == "r1"
    assert losses.gamma(stylegan2, 1024) == pytest.approx(0.0002 * 1024**2 / 32)
    assert losses.gamma(Settings(gamma=3.0), 64) == 3.0
