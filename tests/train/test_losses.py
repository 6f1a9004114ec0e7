import math

import numpy as np
import pytest
import tensorflow as tf

from training import losses

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
    assert losses.relativistic_generator_loss(
        real_logits=low, fake_logits=high
    ) < losses.relativistic_generator_loss(real_logits=high, fake_logits=low)
    assert losses.relativistic_discriminator_loss(
        high, low
    ) < losses.relativistic_discriminator_loss(low, high)


def test_the_penalty_is_the_squared_slope() -> None:
    """A critic that adds up its pixels thrice has slope 3 at each of 2·2·1 of them."""
    pictures = tf.random.stateless_normal((2, 2, 2, 1), (0, 0))

    logits, penalty = losses.gradient_penalty(
        lambda x: 3 * tf.reduce_sum(x, axis=[1, 2, 3])[:, None], pictures
    )

    np.testing.assert_allclose(penalty, [36.0, 36.0])
    assert logits.shape == (2, 1)
