"""The low-pass filter [1, 3, 3, 1] that keeps StyleGAN2's resampling from aliasing.

It is [1, 1] three times over, so a picture is averaged three times by two. As a depthwise
convolution TensorFlow is a little quicker, but XLA takes forty times as long on a processor.

Pictures are float (n, height, width, c), and there are zeros around them. Slopes are written out,
since TensorFlow's own of an average takes twice as long as the average.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import tensorflow as tf

_Back: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


def blurred(x: tf.Tensor, pad: int) -> tf.Tensor:
    """With ``pad`` pixels of zeros around, (n, height + 2 pad - 3, width + 2 pad - 3, c)."""
    return _averaged(x, pad, times=3)


def halved(x: tf.Tensor) -> tf.Tensor:
    """Every other pixel of the blurred picture, (n, height / 2, width / 2, c)."""
    return _pooled(_averaged(x, 1, times=2))


def doubled(x: tf.Tensor) -> tf.Tensor:
    """Zeros put between the pixels, then blurred to the same brightness; for few channels."""
    n, height, width, channels = x.shape
    taps = np.array([1, 3, 3, 1], np.float32) / 4
    kernel = np.outer(taps, taps)[:, :, None, None] * np.eye(channels, dtype=np.float32)
    shape = [tf.shape(x)[0] if n is None else n, 2 * height, 2 * width, channels]
    return tf.nn.conv2d_transpose(x, tf.constant(kernel, x.dtype), shape, 2, "SAME")


def _averaged(x: tf.Tensor, pad: int, *, times: int) -> tf.Tensor:
    """So many times by two, side by side; its slope is the same again with the other padding."""

    @tf.custom_gradient
    def averaged(x: tf.Tensor) -> tuple[tf.Tensor, _Back]:
        x = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
        for _ in range(times):
            x = tf.nn.avg_pool2d(x, 2, 1, "VALID")
        return x, lambda slope: _averaged(slope, times - pad, times=times)

    return averaged(x)


@tf.custom_gradient
def _pooled(x: tf.Tensor) -> tuple[tf.Tensor, _Back]:
    return tf.nn.avg_pool2d(x, 2, 2, "VALID"), _spread


@tf.custom_gradient
def _spread(x: tf.Tensor) -> tuple[tf.Tensor, _Back]:
    """A quarter of each pixel to each of four: how ``_pooled`` goes back."""
    _, height, width, channels = x.shape
    x = tf.tile(x[:, :, None, :, None] / 4, [1, 1, 2, 1, 2, 1])
    return tf.reshape(x, [-1, 2 * height, 2 * width, channels]), _pooled
