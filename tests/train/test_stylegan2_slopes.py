"""StyleGAN2's slopes: what XLA compiles, and how long a path is."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from training.chance import Purpose
from training.networks import stylegan2
from training.networks.layers import throwing

from .styled import BATCH, SMALL, dice, noise, one_hot, small, unsettled

pytestmark = pytest.mark.train


def slopes(
    generator: stylegan2.Generator, discriminator: stylegan2.Discriminator, z: Any, label: Any
) -> list[tf.Tensor]:
    """A step's gradients: the game's, R1's and the path lengths'."""
    judged = [v.value for v in discriminator.trainable_variables]
    painted = [v.value for v in generator.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        with throwing(dice()):
            fake = generator([z, label], training=True)
        with tf.GradientTape() as inner:
            inner.watch(fake)
            logits = discriminator([fake, label], training=True)
            total = tf.reduce_sum(logits)
        steepness = tf.reduce_sum(tf.square(inner.gradient(total, fake)))
        game = tf.reduce_sum(tf.nn.softplus(-logits))
        lengths = stylegan2.path_lengths(generator, z, label, dice(Purpose.PATH_LENGTHS))
        roughness = tf.reduce_sum(tf.square(lengths))
    zero = tf.UnconnectedGradients.ZERO
    return [
        lengths,
        steepness,
        *tape.gradient(game, painted, unconnected_gradients=zero),
        *tape.gradient(steepness + game, judged, unconnected_gradients=zero),
        *tape.gradient(roughness, painted, unconnected_gradients=zero),
    ]


def test_xla_compiles_every_slope_of_a_step_and_finds_the_same() -> None:
    plan = small(classes=3)
    generator = unsettled(stylegan2.generator(plan, SMALL))
    discriminator = unsettled(stylegan2.discriminator(plan, SMALL))
    told = generator, discriminator, tf.constant(noise(BATCH, 6)), one_hot(*[0, 1, 2, 0] * 2)

    compiled = tf.function(lambda: slopes(*told), jit_compile=True)()
    plain = slopes(*told)

    for ours, theirs in zip(compiled, plain, strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(theirs))))
        np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-4)


def test_a_paths_length_is_how_much_a_picture_moves_with_its_styles() -> None:
    settings = SMALL.model_copy(update={"style_mixing": 0.0, "noise": False})
    generator = stylegan2.generator(small(settings), settings)
    z = tf.constant(noise(BATCH, 6))

    lengths = stylegan2.path_lengths(generator, z, None, dice())

    ws = generator.styles(z).numpy()
    y = dice().about(1).normal(8, 8, 3).numpy() / 8
    slope = np.zeros_like(ws)
    step = 1e-2
    for row in range(ws.shape[1]):
        for i in range(ws.shape[2]):
            moved = np.zeros_like(ws)
            moved[:, row, i] = step
            apart = generator.synthesis(ws + moved) - generator.synthesis(ws - moved)
            slope[:, row, i] = (apart.numpy() * y).sum(axis=(1, 2, 3)) / (2 * step)
    wanted = np.sqrt((slope**2).sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(lengths, wanted, rtol=0.02)
