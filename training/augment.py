"""Small changes to the real pictures that make few of them go further."""

import tensorflow as tf

from training.chance import Dice
from training.config import Settings


def vary(pictures: tf.Tensor, settings: Settings, dice: Dice) -> tf.Tensor:
    """Mirror and brighten the real pictures, each by its own dice: the model learns these.

    Args:
        pictures: float32 (n, height, width, channels) in [-1, 1].
        settings: ``flip`` and ``brightness`` say how much.
    """
    if settings.flip:
        mirrored = dice.about(0).uniform(1, 1, 1) < 0.5
        pictures = tf.where(mirrored, pictures[:, :, ::-1], pictures)
    if settings.brightness:
        shift = (2.0 * dice.about(1).uniform(1, 1, 1) - 1.0) * settings.brightness
        pictures = tf.clip_by_value(pictures + shift, -1.0, 1.0)
    return pictures
