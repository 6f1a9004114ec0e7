"""The low-pass filter [1, 3, 3, 1] that keeps StyleGAN2's resampling from aliasing.

It is [1, 1] three times over, so a picture is averaged three times by two. As a depthwise
convolution TensorFlow is a little quicker, but XLA takes forty times as long on a processor.

Pictures are float (n, height, width, c), and there are zeros around them.
"""

import numpy as np
import tensorflow as tf


def blurred(x: tf.Tensor, pad: int) -> tf.Tensor:
    """With ``pad`` pixels of zeros around, (n, height + 2 pad - 3, width + 2 pad - 3, c)."""
    return _averaged(x, pad, stride=1)


def halved(x: tf.Tensor) -> tf.Tensor:
    """Every other pixel of the blurred picture, (n, height / 2, width / 2, c)."""
    return _averaged(x, 1, stride=2)


def doubled(x: tf.Tensor) -> tf.Tensor:
    """Zeros put between the pixels, then blurred to the same brightness; for few channels."""
    n, height, width, channels = x.shape
    taps = np.array([1, 3, 3, 1], np.float32) / 4
    kernel = np.outer(taps, taps)[:, :, None, None] * np.eye(channels, dtype=np.float32)
    shape = [tf.shape(x)[0] if n is None else n, 2 * height, 2 * width, channels]
    return tf.nn.conv2d_transpose(x, tf.constant(kernel, x.dtype), shape, 2, "SAME")


def _averaged(x: tf.Tensor, pad: int, *, stride: int) -> tf.Tensor:
    x = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
    for step in (1, 1, stride):
        x = tf.nn.avg_pool2d(x, 2, step, "VALID")
    return x
