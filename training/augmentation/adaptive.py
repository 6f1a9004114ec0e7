"""Adaptive augmentation: as much as keeps the discriminator from memorising, and no more.

Karras et al. 2020, "Training generative adversarial networks with limited data", section 3
and appendix B; the set is their "bgc": pixel blitting, general geometry, colour.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from training.augmentation.warp import warp
from training.chance import Dice
from training.config import Settings

_OCTAVE = math.log(2.0)


class Tint(NamedTuple):
    """What becomes of the colours of each picture; every field float32 (n,)."""

    brightness: tf.Tensor  # added, in units of [-1, 1]
    contrast: tf.Tensor
    luma: tf.Tensor  # -1 turns light into dark, 1 does not
    hue: tf.Tensor  # radians about the grey axis
    saturation: tf.Tensor


def adapt(pictures: tf.Tensor, dice: Dice, p: tf.Tensor | float) -> tf.Tensor:
    """Every change of the set befalls a picture with probability ``p``, by its own dice.

    Differs from the paper in how pictures are resampled: theirs are drawn at twice the size
    between orthogonal wavelets, ours in passes along rows with a cubic (``warp``).
    Colours may leave [-1, 1], as there.

    Args:
        pictures: float32 (n, side, side, 1 or 3) in [-1, 1]; grey ones keep from hue and
            saturation.
        dice: other ones for real than for painted pictures.
        p: float32 () in [0, 1]; at 0 pictures come back bit for bit.
    """
    pictures = warp(pictures, inverse_of(dice.about(0), p, pictures.shape[1]))
    return tinted(pictures, tint_of(dice.about(1), p))


def follow_sign(p: tf.Tensor, mean_sign: tf.Tensor, settings: Settings) -> tf.Tensor:
    """The next step's ``p``: more where the discriminator knows the real pictures too well.

    Args:
        p: float32 () in [0, 1].
        mean_sign: float32 () in [-1, 1], of the real logits of the whole batch, or an average
            over the last steps: the paper looks every fourth.
        settings: ``ada_target`` is the sign to hold, ``ada_kimg`` the way from 0 to 1.
    """
    pace = settings.batch / (settings.ada_kimg * 1000)
    return tf.clip_by_value(p + pace * tf.sign(mean_sign - settings.ada_target), 0.0, 1.0)


def inverse_of(dice: Dice, p: tf.Tensor | float, side: int) -> tf.Tensor:
    """The way back from each changed picture to its original, float32 (n, 2, 3), as ``warp`` asks.

    Mirroring, quarter turns, whole pixels; scale, turn, squeeze, turn, parts of pixels, each
    drawn as its inverse: all of them are as likely as their opposites.
    """
    uniform = iter(tf.unstack(dice.uniform(14), axis=1))  # one table: each draw costs compiling
    normal = iter(tf.unstack(dice.about(0).normal(4), axis=1))
    turns = 1.0 - tf.sqrt(1.0 - p)  # of two turns, at least one with probability p

    def perhaps(drawn: tf.Tensor, otherwise: float, chance: tf.Tensor | float = p) -> tf.Tensor:
        return tf.where(next(uniform) < chance, drawn, otherwise)

    flip = perhaps(tf.where(next(uniform) < 0.5, -1.0, 1.0), 1.0)
    quarters = perhaps(tf.floor(next(uniform) * 4.0), 0.0)
    pixels = tf.round((tf.stack([next(uniform), next(uniform)], 1) * 0.25 - 0.125) * side)
    pixels *= perhaps(1.0, 0.0)[:, None]
    scale = tf.exp(perhaps(next(normal), 0.0) * 0.2 * _OCTAVE)
    before = perhaps((next(uniform) * 2.0 - 1.0) * math.pi, 0.0, turns)
    squeeze = tf.exp(perhaps(next(normal), 0.0) * 0.2 * _OCTAVE)
    after = perhaps((next(uniform) * 2.0 - 1.0) * math.pi, 0.0, turns)
    parts = tf.stack([next(normal), next(normal)], 1) * 0.125 * side
    parts *= perhaps(1.0, 0.0)[:, None]

    one = tf.ones_like(scale)
    # Rounded, because the cosine of a quarter turn is not quite 0.
    blit = _then(_stretched(flip, one), tf.round(_turned(quarters * (math.pi / 2))))
    free = _then(_turned(before), _then(_stretched(squeeze, 1.0 / squeeze), _turned(after)))
    free *= scale[:, None, None]
    back = _then(blit, _then(free, parts[:, :, None]) + pixels[:, :, None])
    return tf.concat([_then(blit, free), back], axis=2)


def tint_of(dice: Dice, p: tf.Tensor | float) -> Tint:
    """Brightness, contrast, luma flip, hue and saturation, each drawn with probability ``p``."""
    *gates, luma, hue = tf.unstack(dice.uniform(7), axis=1)
    brightness, contrast, saturation = tf.unstack(dice.about(0).normal(3), axis=1)
    happens = [gate < p for gate in gates]
    return Tint(
        brightness=tf.where(happens[0], brightness * 0.2, 0.0),
        contrast=tf.exp(tf.where(happens[1], contrast * 0.5 * _OCTAVE, 0.0)),
        luma=tf.where(happens[2] & (luma < 0.5), -1.0, 1.0),
        hue=tf.where(happens[3], (hue * 2.0 - 1.0) * math.pi, 0.0),
        saturation=tf.exp(tf.where(happens[4], saturation * _OCTAVE, 0.0)),
    )


def tinted(pictures: tf.Tensor, tint: Tint) -> tf.Tensor:
    """Pictures (n, height, width, 1 or 3) with their colours changed, in the order of ``Tint``.

    No product of matrices, so that colours stay exact on devices that round those.
    """
    brightness, contrast, luma, hue, saturation = (field[:, None, None, None] for field in tint)
    if pictures.shape[3] == 1:
        return (pictures + brightness) * contrast * luma
    grey = tf.reduce_mean(pictures, axis=3, keepdims=True)
    colour = pictures - grey
    # The cross product with the grey axis: a quarter turn of all hues.
    across = (tf.roll(colour, 1, axis=3) - tf.roll(colour, -1, axis=3)) / math.sqrt(3.0)
    turned = colour * tf.cos(hue) + across * tf.sin(hue)
    changed = contrast * (luma * (grey + brightness) + saturation * turned)
    untouched = (brightness == 0) & (contrast == 1) & (luma == 1) & (hue == 0) & (saturation == 1)
    return tf.where(untouched, pictures, changed)


def _then(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Products (n, 2, k) of small matrices in full float32, which ``@`` is not on every device."""
    return tf.reduce_sum(first[:, :, :, None] * second[:, None, :, :], axis=2)


def _turned(angle: tf.Tensor) -> tf.Tensor:
    cos, sin = tf.cos(angle), tf.sin(angle)
    return tf.stack([tf.stack([cos, -sin], 1), tf.stack([sin, cos], 1)], 1)


def _stretched(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.linalg.diag(tf.stack([x, y], 1))
