"""The game itself: one step of two players, as it runs on every replica."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from training import losses, networks
from training.augmentation.adaptive import follow_sign
from training.augmentation.augment import before_critic, vary
from training.chance import Dice, Purpose
from training.config import Settings
from training.networks import with_label
from training.networks.layers import on_processor, precision, throwing

Scalars = dict[str, tf.Tensor]

_HALF_SCALE = 1024.0  # what is differentiated in float16 is made so much larger on the way
_PATH_MEMORY = 0.99  # of the mean path length, as in Karras et al. 2020, appendix B


class Due(NamedTuple):
    """What a step does beyond the game: lazy regularisation (Karras et al. 2020, section 3.1)."""

    penalty: bool = True
    path: bool = True

    @classmethod
    def at(cls, step: int, settings: Settings) -> "Due":
        """What a game plays only: a step is compiled anew for each thing that is due."""
        return cls(
            penalty=losses.penalty(settings) != "none" and step % settings.penalty_every == 0,
            path=_has_paths(settings) and step % settings.path_every == 0,
        )

    @classmethod
    def always(cls, settings: Settings) -> "Due":
        return cls.at(1, settings)


ALL = Due()


class Gan:
    """Both players, their optimisers and the averaged generator: all that a run must remember.

    Make it inside ``strategy.scope()``.

    Args:
        plan: of ``networks.plan``, for these settings.
    """

    def __init__(self, plan: Any, settings: Settings) -> None:
        self.plan = plan
        self.settings = settings
        self.strategy = tf.distribute.get_strategy()
        self.players = players = networks.architecture(settings)
        with precision(settings.precision):
            self.generator = players.generator(plan, settings)
            self.discriminator = players.discriminator(plan, settings)
        self.average = players.generator(plan, settings)  # what is painted and exported: float32
        self.generator_optimizer = _optimizer(settings)
        self.discriminator_optimizer = _optimizer(settings)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64, name="step", trainable=False)
        self.ada_p = tf.Variable(0.0, name="ada_p", trainable=False)
        self.path_mean = tf.Variable(0.0, name="path_mean", trainable=False)
        self.kind = losses.penalty(settings)
        self.gamma = losses.gamma(settings, plan.size)
        self.has_paths = _has_paths(settings)
        # Whether a logit depends on its own picture alone, so that slopes are the generator's too.
        self.is_samplewise = (
            settings.architecture == "dcgan" and not settings.normalise_discriminator
        )
        compiled = settings.xla
        if compiled is None:  # on a processor XLA's convolutions and halves are the slower ones
            compiled = settings.architecture == "stylegan2" and not on_processor()
        self._gradients_of = (
            tf.function(self._gradients, jit_compile=True) if compiled else self._gradients
        )

    def checkpoint(self) -> tf.train.Checkpoint:
        """Everything that changes while training; the dice need only ``step``."""
        return tf.train.Checkpoint(
            generator=self.generator,
            average=self.average,
            discriminator=self.discriminator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            step=self.step,
            ada_p=self.ada_p,
            path_mean=self.path_mean,
        )

    @property
    def reached(self) -> int:
        """Steps taken. What several replicas share is no number by itself."""
        return int(self.step.numpy())

    @property
    def strength(self) -> float:
        """How likely adaptive augmentation changes a picture, by now."""
        return float(self.ada_p.numpy())

    @tf.function
    def train(self, real: tf.Tensor, label: tf.Tensor | None = None, due: Due = ALL) -> Scalars:
        """Several steps in one go: as many as there are batches.

        Args:
            real: float32 (steps, n, height, width, channels) in [-1, 1], shared among replicas.
            label: int32 (steps, n), where the plan has classes.
            due: what the first step has to do; the others do only what every step does.

        Returns:
            Float32 scalars of the last step, and of the first what only it does.
        """
        first = scalars = self._one(real, label, tf.constant(0), due)
        steps = self.strategy.experimental_local_results(real)[0].shape[0]
        if steps > 1:
            always = Due.always(self.settings)
            once = [name for name, often in zip(_LAZY, always, strict=True) if not often]
            scalars = {name: x for name, x in first.items() if name not in once}
            for at in tf.range(1, steps):
                scalars = self._one(real, label, at, always)
        return {**first, **scalars}

    def _one(self, real: tf.Tensor, label: tf.Tensor | None, at: tf.Tensor, due: Due) -> Scalars:
        scalars = self.strategy.run(self._step, args=(real, label, at, due))
        mean = tf.distribute.ReduceOp.MEAN
        scalars = {name: self.strategy.reduce(mean, x, axis=None) for name, x in scalars.items()}
        self._follow()
        if self.settings.augment == "ada":
            self.ada_p.assign(follow_sign(self.ada_p, scalars["real_sign"], self.settings))
            scalars["ada_p"] = self.ada_p.read_value()
        if "path_length" in scalars:
            length = scalars["path_length"]
            self.path_mean.assign(_PATH_MEMORY * self.path_mean + (1 - _PATH_MEMORY) * length)
        self.step.assign_add(1)
        return scalars

    def _step(self, real: tf.Tensor, label: tf.Tensor | None, at: tf.Tensor, due: Due) -> Scalars:
        """Both players look at the same pictures, then both move."""
        if label is not None:
            label = tf.one_hot(label[at], self.plan.classes)
        to_generator, to_discriminator, scalars = self._gradients_of(real[at], label, due)
        generator, discriminator = self.generator, self.discriminator
        self.generator_optimizer.apply(to_generator, generator.trainable_variables)
        self.discriminator_optimizer.apply(to_discriminator, discriminator.trainable_variables)
        # Of this replica's pictures alone: what all of them say is known to the optimisers only.
        replicas = float(self.strategy.num_replicas_in_sync)
        scalars["generator_gradient"] = replicas * tf.linalg.global_norm(to_generator)
        scalars["discriminator_gradient"] = replicas * tf.linalg.global_norm(to_discriminator)
        return scalars

    def _gradients(
        self, real: tf.Tensor, label: tf.Tensor | None, due: Due
    ) -> tuple[list[tf.Tensor], list[tf.Tensor], Scalars]:
        """What both players learn from one look: their weights' gradients, and scalars.

        Args:
            real: float32 (n, height, width, channels) in [-1, 1], this replica's share.
            label: float32 (n, classes), also of what is painted beside each real picture.
        """
        settings = self.settings
        real = vary(real, settings, self._dice(Purpose.AUGMENT))
        z = self._dice(Purpose.GENERATOR_LATENTS).normal(self.plan.latent)
        scale = _HALF_SCALE if settings.precision == "mixed_float16" else 1.0

        with tf.GradientTape(persistent=True) as tape:
            with throwing(self._dice(Purpose.GENERATOR_DROPOUT)):
                fake = self.generator(with_label(z, label), training=True)
            real_logits, real_slope = self._judge(real, label, "r1", due, scale)
            fake_logits, fake_slope = self._judge(fake, label, "r2", due, scale)
            to_generator, to_discriminator = losses.of_players(settings, real_logits, fake_logits)
            paid = tf.zeros_like(to_discriminator)
            for slope in (real_slope, fake_slope):
                if slope is not None:
                    paid += self.gamma / 2 * settings.penalty_every * losses.steepness(slope)
            # Sums over the whole batch's size: Keras adds the replicas' gradients up.
            generator_loss = scale * tf.reduce_sum(to_generator) / settings.batch
            discriminator_loss = scale * tf.reduce_sum(to_discriminator + paid) / settings.batch

        learning = self.generator.trainable_variables
        if fake_slope is not None and self.is_samplewise:
            # R2 has asked already how each logit changes with its picture: no second way back.
            wish = tape.gradient(generator_loss, fake_logits)[:, :, None, None]
            of_generator = tape.gradient(fake, learning, output_gradients=wish * fake_slope)
        else:
            of_generator = tape.gradient(generator_loss, learning)
        of_discriminator = tape.gradient(discriminator_loss, self.discriminator.trainable_variables)
        of_generator, of_discriminator = (
            _unscaled(gradients, scale) for gradients in (of_generator, of_discriminator)
        )
        scalars = {
            "generator_loss": tf.reduce_mean(to_generator),
            "discriminator_loss": tf.reduce_mean(to_discriminator),
            "real_logit": tf.reduce_mean(real_logits),
            "fake_logit": tf.reduce_mean(fake_logits),
            "real_sign": tf.reduce_mean(tf.sign(real_logits)),
        }
        if due.penalty and self.kind != "none":
            scalars["penalty"] = tf.reduce_mean(paid)
        if due.path and self.has_paths:
            smooth, scalars["path_length"] = self._smoothness(label)
            of_generator = [a + b for a, b in zip(of_generator, smooth, strict=True)]
        return of_generator, of_discriminator, scalars

    def _judge(
        self, pictures: tf.Tensor, label: tf.Tensor | None, kind: str, due: Due, scale: float
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Logits (n, 1), and their slopes where this step pays for them.

        Slopes are those at the pictures as they were before augmentation (Karras et al. 2020b).
        """
        seen = self._dice(Purpose.ADAPTIVE_AUGMENT).about(0 if kind == "r1" else 1)

        def critic(pictures: tf.Tensor) -> tf.Tensor:
            pictures = before_critic(pictures, self.settings, seen, self.ada_p)
            with throwing(self._dice(Purpose.DISCRIMINATOR_DROPOUT)):
                return self.discriminator(with_label(pictures, label), training=True)

        if due.penalty and kind in self.kind:
            return losses.slopes(critic, pictures, scale=scale)
        return critic(pictures), None

    def _smoothness(self, label: tf.Tensor | None) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Path length regularisation on half as many pictures (Karras et al. 2020, section 3.2).

        Returns:
            Gradients for the generator, and the mean length.
        """
        dice = self._dice(Purpose.PATH_LENGTHS, share=2)
        z = dice.about(0).normal(self.plan.latent)
        with tf.GradientTape() as tape, throwing(dice.about(1)):
            half = None if label is None else label[: dice.count]
            lengths = self.players.path_lengths(self.generator, z, half, dice.about(2))
            off = tf.reduce_sum(tf.square(lengths - self.path_mean)) / dice.batch
            loss = self.settings.path_length * self.settings.path_every * off
        weights = self.generator.trainable_variables
        bends = tape.gradient(loss, weights)
        # The last layers' biases don't bend a path; tapes can't make zeros of Keras' variables.
        smooth = [
            tf.zeros(weight.shape) if bend is None else bend
            for weight, bend in zip(weights, bends, strict=True)
        ]
        return smooth, tf.reduce_mean(lengths)

    def _dice(self, purpose: Purpose, *, share: int = 1) -> Dice:
        """This replica's dice for this step; for one in ``share`` of the pictures."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        batch = self.settings.batch // share
        count = batch // self.strategy.num_replicas_in_sync
        return Dice.thrown(
            self.settings.seed, purpose, self.step, batch=batch, count=count, first=replica * count
        )

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
    def paint(self, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """What the run would export: the averaged generator in inference mode.

        Args:
            z: float32 (n, latent).
            label: float32 (n, classes), where the plan has classes.

        Returns:
            float32 (n, size, size, channels) in [-1, 1].
        """
        return self.average(with_label(z, label), training=False)


_LAZY = ("penalty", "path_length")  # scalars, in the order of Due


def _has_paths(settings: Settings) -> bool:
    return settings.architecture == "stylegan2" and settings.path_length > 0


def _unscaled(gradients: list[tf.Tensor], scale: float) -> list[tf.Tensor]:
    """Half precision now and then overflows: such a number counts as no opinion."""
    if scale == 1.0:
        return gradients
    return [tf.where(tf.math.is_finite(g), g / scale, tf.zeros_like(g)) for g in gradients]


def _optimizer(settings: Settings) -> keras.optimizers.Optimizer:
    rate: float | keras.optimizers.schedules.LearningRateSchedule = settings.learning_rate
    if settings.decay:
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, settings.decay)
    if settings.optimizer == "adam":
        return keras.optimizers.Adam(rate, beta_1=settings.beta_1, beta_2=settings.beta_2)
    return keras.optimizers.RMSprop(rate)
