"""Every random number of a run, named by what it is for, when, and for which picture.

A draw depends on (seed, purpose, step, place in the batch) and on nothing that came before
it, so a run that was interrupted throws the same dice as one that was not, and replicas
agree without talking.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

import tensorflow as tf

_PHILOX = "philox"  # left to choose, XLA and TensorFlow choose differently


class Purpose(IntEnum):
    """What a draw is for. Numbers are part of the format: append, never renumber."""

    GENERATOR_LATENTS = 1
    AUGMENT = 3
    GENERATOR_DROPOUT = 4
    DISCRIMINATOR_DROPOUT = 5
    ADAPTIVE_AUGMENT = 6
    GENERATOR_STYLES = 7
    PATH_LENGTHS = 8
    GENERATOR_LABELS = 9


@dataclass(frozen=True, slots=True)
class Dice:
    """The dice of one purpose at one step, for the pictures that one replica looks at.

    What is drawn belongs to a picture's place in the whole batch: eight pictures on one
    replica get what four and four get on two.
    """

    key: tf.Tensor  # int32 (2,)
    batch: int  # pictures of the whole step, over all replicas
    count: int  # of them, here
    first: tf.Tensor | int = 0  # the place of the first one here

    @classmethod
    def thrown(
        cls,
        seed: int,
        purpose: Purpose,
        step: tf.Tensor | int,
        *,
        batch: int,
        count: int | None = None,
        first: tf.Tensor | int = 0,
    ) -> "Dice":
        """The dice of ``purpose`` at ``step``; ``count`` None is the whole batch."""
        start = tf.constant([seed, int(purpose)], tf.int32)
        key = tf.random.experimental.stateless_fold_in(start, tf.cast(step, tf.int32), alg=_PHILOX)
        return cls(key, batch, batch if count is None else count, first)

    def about(self, number: int) -> "Dice":
        """Other dice for the same pictures, told apart by ``number``."""
        key = tf.random.experimental.stateless_fold_in(self.key, number, alg=_PHILOX)
        return replace(self, key=key)

    def normal(self, *shape: int) -> tf.Tensor:
        """Standard normal float32 (count, *shape); under XLA alike within rounding."""
        bits = tf.cast(tf.bitwise.right_shift(self._bits(shape), 9), tf.float32)
        return self._mine(tf.math.ndtri((bits + 0.5) * 2.0**-23))

    def uniform(self, *shape: int) -> tf.Tensor:
        """Float32 (count, *shape) in [0, 1); the same on every machine and under XLA."""
        bits = tf.cast(tf.bitwise.right_shift(self._bits(shape), 8), tf.float32)
        return self._mine(bits * 2.0**-24)

    def _bits(self, shape: tuple[int, ...]) -> tf.Tensor:
        """Uint32: TensorFlow makes other floats of the same bits under XLA."""
        shape = (self.batch, *shape)
        return tf.random.stateless_uniform(shape, self.key, None, None, tf.uint32, alg=_PHILOX)

    def _mine(self, whole: tf.Tensor) -> tf.Tensor:
        if self.count == self.batch:
            return whole
        return tf.slice(
            whole, [self.first, *[0] * (whole.shape.rank - 1)], [self.count, *whole.shape[1:]]
        )
