"""Every random number of a run, named by what it is for and when.

A draw depends on (seed, purpose, step, place in the batch) and on nothing that came before
it, so a run that was interrupted throws the same dice as one that was not, and replicas
agree without talking.
"""

from enum import IntEnum

import tensorflow as tf


class Purpose(IntEnum):
    """What a draw is for. Numbers are part of the format: append, never renumber."""

    GENERATOR_LATENTS = 1
    AUGMENT = 3
    GENERATOR_DROPOUT = 4
    DISCRIMINATOR_DROPOUT = 5


def key(seed: int, purpose: Purpose, step: tf.Tensor) -> tf.Tensor:
    """The key of one purpose at one step: int32 (2,)."""
    start = tf.constant([seed, int(purpose)], tf.int32)
    return tf.random.experimental.stateless_fold_in(start, tf.cast(step, tf.int32))


def normal(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Standard normal float32 of ``shape``; the same on every machine and under XLA."""
    return tf.random.stateless_normal(shape, key, alg="philox")


def uniform(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Float32 of ``shape`` in [0, 1)."""
    return tf.random.stateless_uniform(shape, key, alg="philox")
