"""Layers of our own, held against what they stand for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.networks.layers import BatchNormalization, Conv2D, Conv2DTranspose, precision

pytestmark = pytest.mark.train


def _learned(
    kind: type[keras.layers.BatchNormalization], policy: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What two steps leave in its weights, and slopes of pictures and weights, R1's with them."""
    with precision(policy):
        layer = kind(momentum=0.9, epsilon=1e-5)
    layer.build((None, 3, 5, 4))
    layer.gamma.assign([0.5, 1.0, 2.0, -1.0])
    x = tf.random.stateless_normal((6, 3, 5, 4), (1, 2)) * 3.0 + 1.0

    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.cast(layer(x, training=True), tf.float32)
                loss = tf.reduce_sum(tf.sin(y))
            steep = tf.reduce_sum(tf.square(inner.gradient(loss, x))) + loss
        weights = [weight.value for weight in layer.trainable_variables]
        slopes: list[tf.Tensor] = outer.gradient(steep, [x, *weights])
        return [y, *slopes]

    compiled = tf.function(step)
    compiled()
    told = [tensor.numpy() for tensor in compiled()]
    return layer.get_weights(), told


@pytest.mark.parametrize(("policy", "apart"), [("float32", 2e-4), ("mixed_bfloat16", 0.1)])
def test_normalises_and_learns_as_keras_does(policy: str, apart: float) -> None:
    ours = _learned(BatchNormalization, policy)
    theirs = _learned(keras.layers.BatchNormalization, policy)
    for mine, other in zip(ours[0] + ours[1], theirs[0] + theirs[1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=apart * max(1, np.abs(other).max()))


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize(
    ("ours", "theirs", "side"),
    [
        (Conv2D, keras.layers.Conv2D, 8),
        (Conv2DTranspose, keras.layers.Conv2DTranspose, 4),
    ],
)
def test_convolves_small_pictures_as_keras_does_however_often_it_is_differentiated(
    ours: type[keras.layers.Layer], theirs: type[keras.layers.Layer], side: int, kernel: int
) -> None:
    x = tf.random.stateless_normal((3, side, side, 2), (1, 2))
    told = []
    for kind in (ours, theirs):
        layer = kind(3, kernel, strides=2, padding="same", use_bias=False)
        layer.build(x.shape)
        layer.kernel.assign(tf.random.stateless_normal(layer.kernel.shape, (3, 4)))
        told.append(tf.function(_slopes)(layer, x))
    for mine, other in zip(*told, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-3)


def _slopes(layer: keras.layers.Layer, x: tf.Tensor) -> list[tf.Tensor]:
    """What comes out, its slopes, and those of a penalty for being steep."""
    kernel = layer.kernel.value
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(tf.sin(y))
        slopes = inner.gradient(loss, [x, kernel])
        steep = tf.reduce_sum(tf.square(slopes[0]))
    return [y, *slopes, *outer.gradient(steep, [x, kernel])]
