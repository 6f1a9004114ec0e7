"""The low-pass filter [1, 3, 3, 1] that keeps StyleGAN2's resampling from aliasing.

XLA computes a depthwise convolution on a CPU some seventy times slower than the same sum of
shifted pictures, and TensorFlow without XLA the other way about, so there are both.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_TAPS = np.array([1, 3, 3, 1], np.float32)


@dataclass(frozen=True, slots=True)
class Fir:
    """The filter in both directions, for pictures float (n, height, width, c).

    Outside a picture there are zeros. All three are linear, so that any derivative exists.
    """

    compiled: bool  # by XLA: sums of shifted pictures instead of depthwise convolutions

    def blurred(self, x: tf.Tensor, pad: int, gain: float = 1.0) -> tf.Tensor:
        """With ``pad`` pixels of zeros around, (n, height + 2 pad - 3, width + 2 pad - 3, c)."""
        if self.compiled:
            return _blur(pad, gain)(x)
        return _depthwise(x, pad, stride=1, gain=gain)

    def halved(self, x: tf.Tensor) -> tf.Tensor:
        """Every other pixel of the blurred picture, (n, height / 2, width / 2, c)."""
        return _halve(x) if self.compiled else _depthwise(x, 1, stride=2, gain=1.0)

    def doubled(self, x: tf.Tensor) -> tf.Tensor:
        """Zeros put between the pixels, then blurred to the same brightness; few channels."""
        if self.compiled:
            return _double(x)
        channels = x.shape[-1]
        kernel = np.eye(channels, dtype=np.float32) * (_kernel() * 4)[:, :, None, None]
        height, width = (2 * side for side in x.shape[1:3])
        shape = tf.stack([tf.shape(x)[0], height, width, channels])
        return tf.nn.conv2d_transpose(x, tf.constant(kernel, x.dtype), shape, 2, "SAME")


def _kernel() -> NDArray[np.float32]:
    """(4, 4), sum 1."""
    return np.outer(_TAPS, _TAPS) / np.float32(64)


def _depthwise(x: tf.Tensor, pad: int, *, stride: int, gain: float) -> tf.Tensor:
    kernel = np.tile((_kernel() * np.float32(gain))[:, :, None, None], (1, 1, x.shape[-1], 1))
    pads = [[0, 0], [pad, pad], [pad, pad], [0, 0]]
    strides = [1, stride, stride, 1]
    return tf.nn.depthwise_conv2d(x, tf.constant(kernel, x.dtype), strides, pads)


def _blur(pad: int, gain: float) -> Callable[[tf.Tensor], tf.Tensor]:
    """Its transpose is the same filter with the rest of the zeros; autodiff finds no such thing."""

    @tf.custom_gradient
    def blur(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        p = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        p = p[:, 3:] + p[:, :-3] + 3 * (p[:, 1:-2] + p[:, 2:-1])
        p = p[:, :, 3:] + p[:, :, :-3] + 3 * (p[:, :, 1:-2] + p[:, :, 2:-1])
        return p * (gain / 64), _blur(3 - pad, gain)

    return blur  # type: ignore[no-any-return]  # TensorFlow has no types


@tf.custom_gradient
def _halve(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    p = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    p = p[:, 3::2] + p[:, :-3:2] + 3 * (p[:, 1:-2:2] + p[:, 2:-1:2])
    p = p[:, :, 3::2] + p[:, :, :-3:2] + 3 * (p[:, :, 1:-2:2] + p[:, :, 2:-1:2])
    return p / 64, lambda slope: _double(slope) / 4


@tf.custom_gradient
def _double(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    n, height, width, channels = x.shape
    n = tf.shape(x)[0] if n is None else n
    p = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    middle = 3 * p[:, 1:-1]
    p = tf.stack([middle + p[:, :-2], middle + p[:, 2:]], axis=2)
    p = tf.reshape(p, [n, 2 * height, width + 2, channels])
    middle = 3 * p[:, :, 1:-1]
    p = tf.stack([middle + p[:, :, :-2], middle + p[:, :, 2:]], axis=3)
    return tf.reshape(p / 16, [n, 2 * height, 2 * width, channels]), lambda slope: 4 * _halve(slope)
