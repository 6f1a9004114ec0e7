"""DCGAN (Radford et al. 2016, section 3): strided convolutions, no pooling, one dense layer.

Every size follows from the picture's: halving 64 gives 32, 16, 8 and 4, and 4 is where the
generator starts and the discriminator ends. Nobody has to keep eight numbers consistent.
"""

from dataclasses import dataclass

import keras
import tensorflow as tf

from explorer.core.errors import KnownError
from training.config import Settings
from training.networks.layers import BatchNormalization, Conv2D, Conv2DTranspose, Dropout

SIZES = (28, 32, 64, 128, 256)
"""Picture sizes that halve to a base of 4 or 7 pixels and were tried."""

_BASE_FILTERS = 64  # at width 1, next to the picture; doubled at every halving ...
_MOST_FILTERS = 1024  # ... up to here, as published for masks
_DISCRIMINATOR = 100  # its layers' numbers begin here when weights are drawn
_EMBEDDING = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of both players' layers."""

    size: int  # pixels a side of the picture
    channels: int
    classes: int  # 0: it knows of none
    latent: int
    base: int  # pixels a side where the generator starts
    generator: tuple[int, ...]  # filters, from the base to the picture, without its channels
    discriminator: tuple[int, ...]  # filters, from the picture inwards
    doublings: int


def plan(size: int, channels: int, classes: int, settings: Settings) -> Plan:
    """Derive every layer's size from the picture's.

    Raises:
        KnownError: no DCGAN of this size is known to work.
    """
    if size not in SIZES:
        known = ", ".join(str(s) for s in SIZES)
        raise KnownError(
            f"A DCGAN paints {known} px, not {size}: prepare the pictures again with --size."
        )
    base = 7 if size % 7 == 0 else 4
    doublings = (size // base).bit_length() - 1
    growing = tuple(min(_BASE_FILTERS * 2**i, _MOST_FILTERS) for i in range(doublings))
    widths = (settings.width, settings.width * settings.discriminator_width)
    generator = settings.generator_filters or growing[::-1]
    discriminator = settings.discriminator_filters or growing
    return Plan(
        size=size,
        channels=channels,
        classes=classes,
        latent=settings.latent,
        base=base,
        generator=tuple(max(1, round(f * widths[0])) for f in generator),
        discriminator=tuple(max(1, round(f * widths[1])) for f in discriminator),
        doublings=doublings,
    )


def generator(plan: Plan, settings: Settings) -> keras.Model:
    """From z, float32 (n, latent), to a picture, float32 (n, size, size, channels) in [-1, 1].

    Where there are more layers than doublings, the last ones keep the size. With classes, the
    label's embedding goes beside z (Mirza & Osindero 2014): a mixture of labels is a mixture
    of embeddings.
    """
    first, *rest = (*plan.generator, plan.channels)
    inputs = x = keras.Input((plan.latent,), name="z")
    if plan.classes:
        label = keras.Input((plan.classes,), name="label")
        embedded = keras.layers.Dense(
            plan.latent,
            use_bias=False,
            kernel_initializer=_near(settings.seed, _EMBEDDING),
            name="embedding",
        )(label)
        inputs, x = [x, label], keras.layers.Concatenate()([x, embedded])
    x = keras.layers.Dense(
        first * plan.base**2,
        use_bias=False,
        kernel_initializer=_spread(settings.seed, len(rest)),
        name="dense",
    )(x)
    x = keras.layers.Reshape((plan.base, plan.base, first))(x)
    x = _norm(settings)(x)
    x = keras.layers.ReLU()(x)
    if settings.generator_dropout:
        x = Dropout(settings.generator_dropout, number=0)(x)
    for i, filters in enumerate(rest):
        last = i == len(rest) - 1
        x = Conv2DTranspose(
            filters,
            settings.kernel,
            strides=2 if i < plan.doublings else 1,
            padding="same",
            use_bias=last,
            kernel_initializer=_spread(settings.seed, i),
            name=f"up{i}",
        )(x)
        if not last:
            x = _norm(settings)(x)
            x = keras.layers.ReLU()(x)
    pictures = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(inputs, pictures, name="generator")


def discriminator(plan: Plan, settings: Settings) -> keras.Model:
    """From pictures, float32 (n, size, size, channels) in [-1, 1], to logits, float32 (n, 1).

    With classes, how well what it saw lies along the label's embedding counts too: a
    projection (Miyato & Koyama 2018, equation 3).
    """
    inputs = x = keras.Input((plan.size, plan.size, plan.channels), name="pictures")
    for i, filters in enumerate(plan.discriminator):
        learns = i >= settings.freeze_discriminator  # freeze-D (Mo et al. 2020, section 3)
        normalised = settings.normalise_discriminator and i > 0
        number = _DISCRIMINATOR + i
        spread = _spread(settings.seed, number) if normalised else _he(settings.seed, number)
        x = Conv2D(
            filters,
            settings.kernel,
            strides=2 if i < max(plan.doublings, len(plan.discriminator) - 1) else 1,
            padding="same",
            use_bias=not normalised,
            kernel_initializer=spread,
            trainable=learns,
            name=f"down{i}",
        )(x)
        if normalised:
            x = _norm(settings, trainable=learns)(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
        if settings.discriminator_dropout:
            x = Dropout(settings.discriminator_dropout, number=i)(x)
    logits = keras.layers.Dense(
        1,
        kernel_initializer=_spread(settings.seed, _DISCRIMINATOR - 1),
        dtype="float32",  # losses are not computed in halves
        name="logit",
    )(keras.layers.Flatten()(x))
    if plan.classes:
        label = keras.Input((plan.classes,), name="label")
        embedded = keras.layers.Dense(
            x.shape[-1],
            use_bias=False,
            kernel_initializer=_spread(settings.seed, _EMBEDDING + _DISCRIMINATOR),
            dtype="float32",
            name="embedding",
        )(label)
        seen = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
        fits = keras.layers.Dot(1, dtype="float32")([seen, embedded])
        inputs, logits = [inputs, label], keras.layers.Add(dtype="float32")([logits, fits])
    return keras.Model(inputs, logits, name="discriminator")


def _norm(settings: Settings, *, trainable: bool = True) -> keras.layers.Layer:
    return BatchNormalization(
        momentum=settings.momentum,
        epsilon=1e-5,
        synchronized=tf.distribute.get_strategy().num_replicas_in_sync > 1,
        trainable=trainable,
    )


def _spread(seed: int, number: int) -> keras.initializers.Initializer:
    """Normal with deviation 0.02, as in the paper; ``number`` keeps layers from being twins."""
    return keras.initializers.RandomNormal(stddev=0.02, seed=seed * 1000 + number)


def _near(seed: int, number: int) -> keras.initializers.Initializer:
    """Labels lie near each other at first, so that batch normalisation spreads a batch by z.

    As far apart as latents are, labels satisfy it alone, and each class collapses into one picture.
    """
    return keras.initializers.RandomNormal(stddev=0.1, seed=seed * 1000 + number)


def _he(seed: int, number: int) -> keras.initializers.Initializer:
    """Where no normalisation follows, 0.02 would starve the deeper layers of signal."""
    return keras.initializers.HeNormal(seed=seed * 1000 + number)
