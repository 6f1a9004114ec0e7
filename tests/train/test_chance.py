import numpy as np
import pytest
import tensorflow as tf

from training.chance import Dice, Purpose

pytestmark = pytest.mark.train


def test_xla_throws_the_same_dice() -> None:
    def draws() -> tuple[tf.Tensor, tf.Tensor]:
        dice = Dice.thrown(3, Purpose.GENERATOR_STYLES, tf.constant(7), batch=4).about(2)
        return dice.normal(8, 8), dice.uniform(5)

    compiled, plain = tf.function(draws, jit_compile=True)(), tf.function(draws)()

    for ours, theirs in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
