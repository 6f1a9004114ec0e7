"""What each player is paid for. Logits are float32 ``(n, 1)``; what comes back is ``(n,)``.

One number a picture, not a mean, so that replicas can divide by the whole batch.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

import tensorflow as tf

from training.config import Settings

Penalty: TypeAlias = Literal["none", "r1", "r1+r2"]

RELATIVISTIC_GAMMA = 0.5  # at 64 px; R3GAN's own runs use 0.05 to 150, by dataset


def penalty(settings: Settings) -> Penalty:
    """Whose steepness the discriminator pays for: what was set, or what was published."""
    if settings.penalty is not None:
        return settings.penalty
    if settings.loss == "relativistic":
        return "r1+r2"
    return "r1" if settings.architecture == "stylegan2" else "none"


def of_players(
    settings: Settings, real_logits: tf.Tensor, fake_logits: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The generator's loss and the discriminator's, (n,) each."""
    if settings.loss == "relativistic":
        return (
            relativistic_generator_loss(real_logits, fake_logits),
            relativistic_discriminator_loss(real_logits, fake_logits),
        )
    if settings.loss == "hinge":
        return hinge_generator_loss(fake_logits), hinge_discriminator_loss(real_logits, fake_logits)
    return generator_loss(fake_logits), discriminator_loss(real_logits, fake_logits)


def gamma(settings: Settings, size: int) -> float:
    """The penalty's weight: what was set, or what suits the loss at ``size`` px.

    For R1 alone that is the heuristic of Karras et al. 2020 (StyleGAN2-ADA, appendix C).
    """
    if settings.gamma is not None:
        return settings.gamma
    if settings.loss == "relativistic":
        return RELATIVISTIC_GAMMA
    return 0.0002 * size**2 / settings.batch


def generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Non-saturating (Goodfellow et al. 2014, section 3): still has slope when it loses."""
    return tf.nn.softplus(-fake_logits)[:, 0]


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of telling real from fake; 2 ln 2 when it is guessing."""
    return (tf.nn.softplus(-real_logits) + tf.nn.softplus(fake_logits))[:, 0]


def hinge_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """As high as it can (Lim & Ye 2017, equation 14)."""
    return -fake_logits[:, 0]


def hinge_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """A margin of 1 to each side is enough (Lim & Ye 2017, equation 13); 2 when guessing."""
    return (tf.nn.relu(1.0 - real_logits) + tf.nn.relu(1.0 + fake_logits))[:, 0]


def relativistic_generator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Each fake against the real it is paired with (R3GAN, Huang et al. 2024, equation 2)."""
    return tf.nn.softplus(real_logits - fake_logits)[:, 0]


def relativistic_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """The same wager from the other side; ln 2 when it is guessing."""
    return tf.nn.softplus(fake_logits - real_logits)[:, 0]


def slopes(
    critic: Callable[[tf.Tensor], tf.Tensor], pictures: tf.Tensor, *, scale: float = 1.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """The logits (n, 1), and how each changes with its picture, float32 of the pictures' shape.

    Args:
        scale: carries small slopes through half precision; the result is divided by it.
    """
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        logits = critic(pictures)
        total = scale * tf.reduce_sum(logits)
    return logits, tape.gradient(total, pictures) / scale


def steepness(slope: tf.Tensor) -> tf.Tensor:
    """Squared length of each slope, (n,): R1 on real pictures, R2 on painted ones.

    Multiply by gamma / 2 (Mescheder et al. 2018, equation 9).
    """
    return tf.reduce_sum(tf.square(slope), axis=[1, 2, 3])
