"""DiffAugment: few and strong changes before the discriminator (Zhao et al. 2020)."""

import tensorflow as tf

from training.augmentation.warp import roll_rows
from training.chance import Dice
from training.config import Settings


def diffaugment(pictures: tf.Tensor, settings: Settings, dice: Dice) -> tf.Tensor:
    """Every picture changed in each way that ``settings.policy`` names, by its own dice.

    Strengths are those of the paper (section 4 and its published code). Ranges may leave
    [-1, 1], as there.

    Args:
        pictures: float32 (n, height, width, channels) in [-1, 1].
        settings: ``policy`` says which ways, in which order.
        dice: other ones for real than for painted pictures.
    """
    for way in settings.policy:
        if way == "colour":
            pictures = _colour(pictures, dice.about(0))
        elif way == "translation":
            pictures = _translate(pictures, dice.about(1))
        else:
            pictures = _cut_out(pictures, dice.about(2))
    return pictures


def _colour(pictures: tf.Tensor, dice: Dice) -> tf.Tensor:
    """Brightness by -0.5 to 0.5 in units of [-1, 1], saturation 0 to 2, contrast 0.5 to 1.5."""
    brightness, saturation, contrast = (dice.about(i).uniform(1, 1, 1) for i in range(3))
    pictures += brightness - 0.5
    if pictures.shape[3] == 3:
        grey = tf.reduce_mean(pictures, axis=3, keepdims=True)
        pictures = grey + (pictures - grey) * 2.0 * saturation
    middle = tf.reduce_mean(pictures, axis=[1, 2, 3], keepdims=True)
    return middle + (pictures - middle) * (contrast + 0.5)


def _translate(pictures: tf.Tensor, dice: Dice) -> tf.Tensor:
    """By up to an eighth of the size in whole pixels, both ways; zero, mid-grey, moves in."""
    for axis in (0, 1):
        side = pictures.shape[2]
        most = (side + 4) // 8
        pixels = tf.floor(dice.about(axis).uniform(1) * (2 * most + 1)) - most
        padded = tf.pad(pictures, [[0, 0], [0, 0], [most, most], [0, 0]])
        moved = roll_rows(padded, tf.cast(pixels, tf.int32))[:, :, most : most + side]
        pictures = tf.transpose(moved, (0, 2, 1, 3))
    return pictures


def _cut_out(pictures: tf.Tensor, dice: Dice) -> tf.Tensor:
    """Zero in a rectangle of half the size each way, whose middle lies anywhere."""
    height, width = pictures.shape[1:3]
    down = _inside(height, dice.about(0))[:, :, None, None]
    along = _inside(width, dice.about(1))[:, None, :, None]
    return tf.where(down & along, 0.0, pictures)


def _inside(side: int, dice: Dice) -> tf.Tensor:
    """Bool (n, side): ``side // 2`` pixels, or fewer where they reach over the edge."""
    cut = side // 2
    start = tf.floor(dice.uniform(1) * (side + 1 - cut % 2)) - cut // 2
    place = tf.range(side, dtype=tf.float32)
    return (place >= start) & (place < start + cut)
