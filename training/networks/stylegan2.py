"""StyleGAN2 (Karras et al. 2020) as its configuration F: skip generator, residual discriminator.

Where the paper leaves things open, it is as StyleGAN2-ADA (Karras et al. 2020b) was published.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from explorer.latent.seeds import seed_latent
from training.chance import Dice
from training.config import Settings
from training.networks.equalised import Conv, Dense, Keys, Layer
from training.networks.layers import throwing, thrown
from training.networks.stylegan2_sizes import CAPACITIES, SIZES, Plan, parameters, plan
from training.networks.synthesis import Mapping, Synthesis

__all__ = [
    "CAPACITIES",
    "GROUP",
    "SIZES",
    "Discriminator",
    "Generator",
    "Plan",
    "discriminator",
    "generator",
    "mapped",
    "parameters",
    "path_lengths",
    "plan",
    "w_average",
    "with_deviation",
]

GROUP = 4
"""Pictures that minibatch standard deviation compares."""

_MIXING = 0  # number of what throws dice for styles
_GENERATOR, _DISCRIMINATOR = 0, 1000  # where the keys of their weights begin

Inputs: TypeAlias = tf.Tensor | Sequence[tf.Tensor]
"""Latents or pictures, alone or with labels."""


class Generator(keras.Model):
    """From z, float32 (n, latent), with classes and label (n, classes), to pictures."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        super().__init__(name="generator", autocast=False)
        keys = Keys(settings.seed, _GENERATOR)
        self.plan = plan
        self.style_mixing = settings.style_mixing
        sizes = (plan.latent, plan.classes, plan.w_dim, plan.mapping_layers)
        self.mapping = Mapping(*sizes, keys)
        self.synthesis = Synthesis(plan, keys)
        self.built = True

    def call(
        self, inputs: Inputs, training: bool = False, noise_scale: tf.Tensor | float = 1.0
    ) -> tf.Tensor:
        z, label = _parted(inputs)
        ws = self.styles(z, label, training=training)
        return self.synthesis(ws, noise_scale=noise_scale, training=training)

    def styles(
        self, z: tf.Tensor, label: tf.Tensor | None = None, *, training: bool = False
    ) -> tf.Tensor:
        """A w for every layer, float32 (n, num_ws, w_dim).

        In training, some pictures take theirs from another latent from some layer on, so that
        neighbouring layers don't rely on one another (Karras et al. 2019, section 3.1).
        """
        rows = self.plan.num_ws
        ws = tf.repeat(self.mapping(z, label)[:, None], rows, axis=1)
        if not training or self.style_mixing == 0:
            return ws
        dice = thrown(_MIXING)
        other = self.mapping(dice.about(0).normal(self.plan.latent), label)
        crossover = 1 + tf.floor(dice.about(1).uniform(1, 1) * (rows - 1))  # 1 to rows - 1
        mixes = dice.about(2).uniform(1, 1) < self.style_mixing
        behind = tf.range(rows, dtype=tf.float32)[None, :, None] >= crossover
        return tf.where(mixes & behind, other[:, None], ws)


class Discriminator(keras.Model):
    """From pictures (n, size, size, channels) in [-1, 1], with label, to logits, float32 (n, 1)."""

    def __init__(self, plan: Plan, settings: Settings) -> None:
        super().__init__(name="discriminator", autocast=False)
        keys = Keys(settings.seed, _DISCRIMINATOR)
        base, *_, top = plan.filters
        self.from_rgb = Conv(plan.channels, top, keys(), kernel=1)
        self.blocks = tuple(Residual(high, low, keys) for high, low in pairwise(plan.filters[::-1]))
        self.conv = Conv(base + 1, base, keys())
        self.dense = Dense(16 * base, base, keys(), activated=True)
        self.judge = Dense(base, base if plan.classes else 1, keys())
        depth = plan.mapping_layers
        self.mapping = Mapping(0, plan.classes, base, depth, keys) if plan.classes else None
        for layer in (self.from_rgb, *self.blocks)[: settings.freeze_discriminator]:
            layer.trainable = False  # freeze-D (Mo et al. 2020, section 3)
        self.built = True

    def call(self, inputs: Inputs, training: bool = False) -> tf.Tensor:
        pictures, label = _parted(inputs)
        x = self.from_rgb(tf.cast(pictures, self.compute_dtype))
        for block in self.blocks:
            x = block(x)
        x = self.conv(with_deviation(x))
        x = tf.reshape(tf.cast(x, tf.float32), [-1, 16 * x.shape[-1]])
        x = self.judge(self.dense(x))
        if self.mapping is None:
            return x
        # Projection (Miyato & Koyama 2018, section 3), on a mapped label.
        wanted = self.mapping(None, label)
        return tf.reduce_sum(x * wanted, axis=1, keepdims=True) / math.sqrt(wanted.shape[1])


class Residual(Layer):
    """Two convolutions beside one, to half the size; the sum keeps the deviation."""

    def __init__(self, inputs: int, filters: int, keys: Keys) -> None:
        super().__init__()
        half = math.sqrt(0.5)
        self.first = Conv(inputs, inputs, keys())
        self.second = Conv(inputs, filters, keys(), halves=True, gain=half)
        self.beside = Conv(
            inputs, filters, keys(), kernel=1, halves=True, activated=False, gain=half
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.beside(x) + self.second(self.first(x))


def generator(plan: Plan, settings: Settings) -> Generator:
    """From z, float32 (n, latent), to pictures, float32 (n, size, size, channels), linear."""
    return Generator(plan, settings)


def discriminator(plan: Plan, settings: Settings) -> Discriminator:
    """From pictures, float32 (n, size, size, channels) in [-1, 1], to logits, float32 (n, 1)."""
    return Discriminator(plan, settings)


def with_deviation(x: tf.Tensor) -> tf.Tensor:
    """Features (n, side, side, c) and one more: how much pictures of a group differ.

    Minibatch standard deviation (Karras et al. 2018, section 3). A group is ``GROUP`` pictures
    that follow one another, so that replicas that share a batch out compare the same pictures as
    one that looks at all of it, as long as each gets a multiple of ``GROUP``. Where it gets less,
    groups are as large as divides its share.
    """
    n, side, _, _ = x.shape
    group = math.gcd(n, GROUP) if n is not None else GROUP
    grouped = tf.reshape(tf.cast(x, tf.float32), [-1, group, *x.shape[1:]])
    variance = tf.math.reduce_variance(grouped, axis=1)
    deviation = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=(1, 2, 3))  # (n / group,)
    planes = tf.repeat(deviation, group)[:, None, None, None] * tf.ones([1, side, side, 1])
    return tf.concat([x, tf.cast(planes, x.dtype)], axis=-1)


def path_lengths(
    generator: Generator, z: tf.Tensor, label: tf.Tensor | None, dice: Dice
) -> tf.Tensor:
    """|Jᵀ y| of each picture, float32 (n,), for path length regularisation (section 3.2).

    J is the synthesis' Jacobian in ws, and y a random picture. Deviations of the lengths from
    their mean are what the generator pays for.
    """
    with throwing(dice.about(0)):
        ws = generator.styles(z, label, training=True)
        with tf.GradientTape() as tape:
            tape.watch(ws)
            rgb = generator.synthesis(ws, training=True)
            _, height, width, channels = rgb.shape
            y = dice.about(1).normal(height, width, channels) / math.sqrt(height * width)
            along = tf.reduce_sum(rgb * y)
    slope = tape.gradient(along, ws)  # (n, num_ws, w_dim)
    return tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=2), axis=1) + 1e-8)


def mapped(generator: Generator, samples: int) -> NDArray[np.float32]:
    """What the mapping makes of seeds 0, 1, ..., classes in turn: float32 (samples, w_dim)."""
    plan, label = generator.plan, None
    z = np.stack([seed_latent(seed, plan.latent) for seed in range(samples)])
    if plan.classes:
        label = np.eye(plan.classes, dtype=np.float32)[np.arange(samples) % plan.classes]
    w: NDArray[np.float32] = generator.mapping(z, label).numpy()
    return w


def w_average(generator: Generator, samples: int = 10_000) -> NDArray[np.float32]:
    """Where w lies on average, over all classes alike: float32 (w_dim,)."""
    mean: NDArray[np.float64] = mapped(generator, samples).mean(axis=0, dtype=np.float64)
    return mean.astype(np.float32)


def _parted(inputs: Inputs) -> tuple[tf.Tensor, tf.Tensor | None]:
    if isinstance(inputs, list | tuple):
        first, label = inputs
        return first, label
    return inputs, None
