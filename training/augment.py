"""Small changes to the real pictures that make few of them go further."""

import tensorflow as tf

from training.chance import uniform
from training.config import Settings


def augment(pictures: tf.Tensor, settings: Settings, key: tf.Tensor) -> tf.Tensor:
    """Mirror and brighten, each picture by its own dice.

    Args:
        pictures: float32 (n, height, width, channels) in [-1, 1].
        settings: ``flip`` and ``brightness`` say how much.
        key: int32 (2,), of this step.
    """
    n = pictures.shape[0]
    if settings.flip:
        mirrored = uniform(tf.random.experimental.stateless_fold_in(key, 0), (n, 1, 1, 1)) < 0.5
        pictures = tf.where(mirrored, pictures[:, :, ::-1], pictures)
    if settings.brightness:
        dice = uniform(tf.random.experimental.stateless_fold_in(key, 1), (n, 1, 1, 1))
        shift = (2.0 * dice - 1.0) * settings.brightness
        pictures = tf.clip_by_value(pictures + shift, -1.0, 1.0)
    return pictures
