"""What each player is paid for. Logits are float32 ``(n, 1)``; what comes back is ``(n,)``.

One number a picture, not a mean, so that replicas can divide by the whole batch.
"""

from collections.abc import Callable

import tensorflow as tf

from training.config import Settings

RELATIVISTIC_GAMMA = 0.5  # at 64 px; R3GAN's own runs use 0.05 to 150, by dataset


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


def relativistic_generator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Each fake against the real it is paired with (R3GAN, Huang et al. 2024, equation 2)."""
    return tf.nn.softplus(real_logits - fake_logits)[:, 0]


def relativistic_discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """The same wager from the other side; ln 2 when it is guessing."""
    return tf.nn.softplus(fake_logits - real_logits)[:, 0]


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor], pictures: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared slope of the logit at each picture (Mescheder et al. 2018, equation 9).

    R1 on real pictures, R2 on generated ones; multiply by gamma / 2.

    Returns:
        The logits (n, 1), which were needed anyway, and the penalty (n,).
    """
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        logits = critic(pictures)
        total = tf.reduce_sum(logits)
    slope = tape.gradient(total, pictures)
    return logits, tf.reduce_sum(tf.square(slope), axis=[1, 2, 3])
