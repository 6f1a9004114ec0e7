"""Small changes to pictures that make few of them go further."""

import tensorflow as tf

from training.augmentation.adaptive import adapt
from training.augmentation.diffaugment import diffaugment
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


def before_critic(
    pictures: tf.Tensor, settings: Settings, dice: Dice, p: tf.Tensor | float
) -> tf.Tensor:
    """What the discriminator gets to see: the model never learns these changes.

    Real and painted pictures go through it alike, each with other dice.

    Args:
        pictures: float32 (n, side, side, 1 or 3) in [-1, 1].
        settings: ``augment`` says how; "none" gives the pictures back untouched.
        dice: about 0 for real and about 1 for painted pictures.
        p: float32 () in [0, 1], how likely each adaptive change is; DiffAugment ignores it.
    """
    if settings.augment == "diffaugment":
        return diffaugment(pictures, settings, dice)
    if settings.augment == "ada":
        return adapt(pictures, dice, p)
    return pictures
