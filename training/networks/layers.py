"""Layers whose chance is keyed, so that a resumed step throws the same dice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from training.chance import Dice

_Back: TypeAlias = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

_dice: ContextVar[Dice | None] = ContextVar("_dice", default=None)


@contextmanager
def throwing(dice: Dice) -> Iterator[None]:
    """Let the layers called inside draw from ``dice``. Read while tracing."""
    token = _dice.set(dice)
    try:
        yield
    finally:
        _dice.reset(token)


def thrown(number: int) -> Dice:
    """The dice of the layer with this ``number``, which tells the layers of a network apart."""
    dice = _dice.get()
    if dice is None:
        raise RuntimeError("a network that draws is trained inside `with throwing(dice)`")
    return dice.about(number)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Let the layers made inside compute by a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Dropout(keras.layers.Layer):
    """Dropout without a state of its own: what falls out follows from the dice and ``number``.

    ``keras.layers.Dropout`` counts its calls in a variable, which replicas would each
    advance, and which nobody thinks of when they restore a run.
    """

    def __init__(self, rate: float, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.number = number

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return x
        stays = thrown(self.number).uniform(*x.shape[1:]) >= self.rate
        return tf.where(stays, x / (1 - self.rate), tf.zeros_like(x))


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' own, but trained by TensorFlow's fused kernel where one replica sees the batch.

    Statistics and slopes in two passes over the pictures instead of a dozen, and in half
    precision without a float32 copy of them.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: None = None) -> tf.Tensor:
        if not training or self.synchronized or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        x, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )
        seen = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)  # pixels of a channel
        variance *= (
            seen - 1.0
        ) / seen  # the kernel tells the population's, Keras keeps the batch's
        for kept, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(kept * self.momentum + now * (1.0 - self.momentum))
        return x


class Conv2D(keras.layers.Conv2D):
    """Keras' own, but for how a kernel learns from few pixels (`_halved`)."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        if _is_small(self, 2 * _SMALL, inputs):
            return _halved(tf.convert_to_tensor(inputs), tf.convert_to_tensor(kernel))
        return super().convolution_op(inputs, kernel)


class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras' own, but for how a kernel learns from few pixels (`_halved`)."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.use_bias or not _is_small(self, _SMALL, inputs):
            return super().call(inputs)
        return _doubled(tf.convert_to_tensor(inputs), tf.convert_to_tensor(self.kernel))


def on_processor() -> bool:
    """Whether there is nothing else here to compute on."""
    return all(device.device_type == "CPU" for device in tf.config.list_logical_devices())


_SMALL = 4  # pixels a side of what is narrow: from 8 on, oneDNN's way is the faster one


def _is_small(layer: keras.layers.Layer, most: int, x: tf.Tensor) -> bool:
    halves = layer.strides == (2, 2) and layer.padding == "same" and x.shape[1] % 2 == 0
    return halves and max(x.shape[1:3]) <= most and on_processor()


def _halved(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolve (n, 2h, 2w, a) by (k, k, a, b) to (n, h, w, b).

    Other than ``tf.nn.conv2d``, the kernel's slope is a product of matrices: on a processor it
    takes a third of the time in bfloat16 where pictures are small, and two thirds in float32.
    """

    @tf.custom_gradient
    def convolved(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Back]:
        def back(slope: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return _doubled(slope, kernel), _of_kernel(x, slope, kernel.shape)

        return tf.nn.conv2d(x, kernel, 2, "SAME"), back

    return convolved(x, kernel)


def _doubled(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The other way round: from (n, h, w, b) by (k, k, a, b) to (n, 2h, 2w, a)."""

    @tf.custom_gradient
    def convolved(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Back]:
        def back(slope: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return _halved(slope, kernel), _of_kernel(slope, x, kernel.shape)

        shape = tf.stack([tf.shape(x)[0], 2 * x.shape[1], 2 * x.shape[2], kernel.shape[2]])
        return tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME"), back

    return convolved(x, kernel)


def _of_kernel(wide: tf.Tensor, narrow: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    side, _, inputs, outputs = shape
    sizes, strides = [1, side, side, 1], [1, 2, 2, 1]
    patches = tf.image.extract_patches(wide, sizes, strides, [1, 1, 1, 1], "SAME")
    patches = tf.reshape(patches, [-1, side * side * inputs])
    slope = tf.matmul(patches, tf.reshape(narrow, [-1, outputs]), transpose_a=True)
    return tf.reshape(slope, shape)
