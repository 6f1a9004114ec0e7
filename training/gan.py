"""The game itself: one step of two players, as it runs on every replica."""

import keras
import tensorflow as tf

from training import losses
from training.augment import vary
from training.chance import Dice, Purpose
from training.config import Settings
from training.networks import dcgan
from training.networks.layers import precision, throwing


class Gan:
    """Both players, their optimisers and the averaged generator: all that a run must remember.

    Make it inside ``strategy.scope()``.
    """

    def __init__(self, plan: dcgan.Plan, settings: Settings) -> None:
        self.plan = plan
        self.settings = settings
        self.strategy = tf.distribute.get_strategy()
        with precision(settings.precision):
            self.generator = dcgan.generator(plan, settings)
            self.discriminator = dcgan.discriminator(plan, settings)
        self.average = dcgan.generator(plan, settings)  # what is painted and exported: float32
        self.generator_optimizer = _optimizer(settings)
        self.discriminator_optimizer = _optimizer(settings)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64, name="step", trainable=False)

    def checkpoint(self) -> tf.train.Checkpoint:
        """Everything that changes while training; the dice need only ``step``."""
        return tf.train.Checkpoint(
            generator=self.generator,
            average=self.average,
            discriminator=self.discriminator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            step=self.step,
        )

    @tf.function(reduce_retracing=True)
    def train(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step on a whole batch, shared among the replicas; gives float32 scalars."""
        scalars = self.strategy.run(self._step, args=(real,))
        self._follow()
        self.step.assign_add(1)
        mean = tf.distribute.ReduceOp.MEAN
        return {name: self.strategy.reduce(mean, x, axis=None) for name, x in scalars.items()}

    def _step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        """Both players look at the same pictures, then both move.

        Args:
            real: float32 (n, height, width, channels) in [-1, 1], this replica's share.
        """
        settings, seed, step = self.settings, self.settings.seed, self.step
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        n = settings.batch // self.strategy.num_replicas_in_sync

        def dice(purpose: Purpose) -> Dice:
            return Dice.thrown(
                seed, purpose, step, batch=settings.batch, count=n, first=replica * n
            )

        real = vary(real, settings, dice(Purpose.AUGMENT))
        z = dice(Purpose.GENERATOR_LATENTS).normal(self.plan.latent)

        with tf.GradientTape(persistent=True) as tape:
            with throwing(dice(Purpose.GENERATOR_DROPOUT)):
                fake = self.generator(z, training=True)
            with throwing(dice(Purpose.DISCRIMINATOR_DROPOUT)):
                real_logits, fake_logits, penalty = self._judge(real, fake)
            if settings.loss == "relativistic":
                to_generator = losses.relativistic_generator_loss(real_logits, fake_logits)
                to_discriminator = losses.relativistic_discriminator_loss(real_logits, fake_logits)
            else:
                to_generator = losses.generator_loss(fake_logits)
                to_discriminator = losses.discriminator_loss(real_logits, fake_logits)
            # Sums over the whole batch's size: Keras adds the replicas' gradients up.
            generator_loss = tf.reduce_sum(to_generator) / settings.batch
            discriminator_loss = tf.reduce_sum(to_discriminator + penalty) / settings.batch

        _move(self.generator_optimizer, self.generator, generator_loss, tape)
        _move(self.discriminator_optimizer, self.discriminator, discriminator_loss, tape)
        return {
            "generator_loss": tf.reduce_mean(to_generator),
            "discriminator_loss": tf.reduce_mean(to_discriminator),
            "penalty": tf.reduce_mean(penalty),
            "real_logit": tf.reduce_mean(real_logits),
            "fake_logit": tf.reduce_mean(fake_logits),
            "real_sign": tf.reduce_mean(tf.sign(real_logits)),
        }

    def _judge(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Logits (n, 1) of both, and what the discriminator pays for steepness, (n,)."""

        def critic(pictures: tf.Tensor) -> tf.Tensor:
            return self.discriminator(pictures, training=True)

        if self.settings.loss != "relativistic":
            return critic(real), critic(fake), tf.zeros([real.shape[0]])
        real_logits, r1 = losses.gradient_penalty(critic, real)
        fake_logits, r2 = losses.gradient_penalty(critic, fake)
        return real_logits, fake_logits, losses.gamma(self.settings, self.plan.size) / 2 * (r1 + r2)

    def _follow(self) -> None:
        """Move the average towards the generator: weights and running statistics alike.

        It forgets fast at first, or it would show the random beginning for a long time
        (the warm-up of Karras et al. 2020's reference code).
        """
        step = tf.cast(self.step, tf.float32)
        keep = tf.minimum(self.settings.ema, (1.0 + step) / (10.0 + step))
        for average, now in zip(self.average.variables, self.generator.variables, strict=True):
            self.strategy.extended.update(
                average.value,
                lambda a, b: a.assign(keep * a + (1.0 - keep) * b),
                args=(now.value,),
            )

    @tf.function(reduce_retracing=True)
    def paint(self, z: tf.Tensor) -> tf.Tensor:
        """What the run would export: the averaged generator in inference mode.

        Args:
            z: float32 (n, latent).

        Returns:
            float32 (n, size, size, channels) in [-1, 1].
        """
        return self.average(z, training=False)


def _optimizer(settings: Settings) -> keras.optimizers.Optimizer:
    rate: float | keras.optimizers.schedules.LearningRateSchedule = settings.learning_rate
    if settings.decay:
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, settings.decay)
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate, beta_1=settings.beta_1, beta_2=settings.beta_2)
    return keras.optimizers.RMSprop(rate)


def _move(
    optimizer: keras.optimizers.Optimizer,
    player: keras.Model,
    loss: tf.Tensor,
    tape: tf.GradientTape,
) -> None:
    weights = player.trainable_variables
    optimizer.apply(tape.gradient(loss, weights), weights)
