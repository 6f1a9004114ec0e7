"""StyleGAN2's layers: weights begin at deviation 1 and are scaled where they are used.

So every weight learns at the same relative speed (equalised learning rate, Karras et al. 2018,
section 4.1). Weights and styles are float32 under every policy; features are what it computes in.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from training.networks.fir import blurred, halved

GAIN = math.sqrt(2)
"""Of a leaky ReLU, so that what goes on has the deviation of what came in."""

_SLOPE = 0.2
_MOST = 256.0  # in float16: features are cut off here (StyleGAN2-ADA, appendix D.1)


class Layer(keras.layers.Layer):
    """A layer that casts where it says so, and whose weights exist once it is made.

    It keeps layers of its own in tuples: a checkpoint doesn't see into Keras' lists.
    """

    def __init__(self, dtype: Any = None) -> None:
        super().__init__(dtype=dtype, autocast=False)
        self.built = True

    def normal(self, shape: tuple[int, ...], key: tuple[int, int], **told: Any) -> keras.Variable:
        """A weight that begins at deviation 1, and alike in every run with this key."""

        def begin(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
            return tf.random.stateless_normal(shape, key, alg="philox")

        return self._weight(shape, begin, **told)

    def constant(self, shape: tuple[int, ...], value: float, name: str) -> keras.Variable:
        return self._weight(shape, keras.initializers.Constant(value), name=name)

    def _weight(self, shape: tuple[int, ...], begin: Any, **told: Any) -> keras.Variable:
        # Without the second word the outermost layer called would cast its weights all the same.
        return self.add_weight(
            shape=shape, initializer=begin, dtype="float32", autocast=False, **told
        )


class Keys:
    """A key for each weight of a network, so that no two layers begin as twins."""

    def __init__(self, seed: int, first: int) -> None:
        self._seed, self._next = seed, first

    def __call__(self) -> tuple[int, int]:
        self._next += 1
        return self._seed, self._next


def active(x: tf.Tensor, dtype: Any) -> tf.Tensor:
    """Leaky ReLU; ``GAIN`` is left to whoever scales ``x`` before, which costs nothing there."""
    x = tf.nn.leaky_relu(x, _SLOPE)
    return tf.clip_by_value(x, -_MOST, _MOST) if dtype == "float16" else x


def normalised(x: tf.Tensor) -> tf.Tensor:
    """Rows (n, d) of mean square 1."""
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + 1e-8)


class Dense(Layer):
    """Fully connected, in float32.

    Args:
        rate: how fast it learns, of the rest of the network.
        bias: what each begins at.
        activated: by a leaky ReLU.
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        key: tuple[int, int],
        *,
        rate: float = 1.0,
        bias: float = 0.0,
        activated: bool = False,
    ) -> None:
        super().__init__("float32")
        self.rate, self.activated = rate, activated
        self.kernel = self.normal((inputs, units), key, name="kernel")
        if rate != 1:
            self.kernel.assign(self.kernel / rate)
        self.bias = self.constant((units,), bias, "bias")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        gain = GAIN if self.activated else 1.0
        kernel = self.kernel.value * (gain * self.rate / math.sqrt(self.kernel.shape[0]))
        x = x @ kernel + self.bias.value * (gain * self.rate)
        return active(x, "float32") if self.activated else x


class Conv(Layer):
    """A discriminator's convolution, of stride 2 with the filter before it where it halves."""

    def __init__(
        self,
        inputs: int,
        filters: int,
        key: tuple[int, int],
        *,
        kernel: int = 3,
        halves: bool = False,
        activated: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.halves, self.activated = halves, activated
        self.gain = gain * (GAIN if activated else 1.0)
        self.kernel = self.normal((kernel, kernel, inputs, filters), key, name="kernel")
        self.bias = self.constant((filters,), 0.0, "bias") if activated else None

    def call(self, x: tf.Tensor) -> tf.Tensor:
        side, _, inputs, _ = self.kernel.shape
        kernel = self.kernel.value * (self.gain / math.sqrt(side**2 * inputs))
        kernel = tf.cast(kernel, self.compute_dtype)
        if not self.halves:
            x = tf.nn.conv2d(x, kernel, 1, "SAME")
        elif side == 1:
            x = tf.nn.conv2d(halved(x), kernel, 1, "VALID")
        else:
            x = tf.nn.conv2d(blurred(x, pad=2), kernel, 2, "VALID")
        if self.bias is None:
            return x
        x = tf.nn.bias_add(x, tf.cast(self.bias.value * self.gain, x.dtype))
        return active(x, self.compute_dtype)
