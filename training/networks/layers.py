"""Layers whose chance is keyed, so that a resumed step throws the same dice."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import tensorflow as tf

_dice: ContextVar[tf.Tensor | None] = ContextVar("_dice", default=None)


@contextmanager
def dice(key: tf.Tensor) -> Iterator[None]:
    """Let the layers called inside draw from ``key``, int32 (2,). Read while tracing."""
    token = _dice.set(key)
    try:
        yield
    finally:
        _dice.reset(token)


@contextmanager
def precision(policy: str) -> Iterator[None]:
    """Let the layers made inside compute by a Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Dropout(keras.layers.Layer):
    """Dropout without a state of its own: what falls out follows from ``dice`` and ``number``.

    ``keras.layers.Dropout`` counts its calls in a variable, which replicas would each
    advance, and which nobody thinks of when they restore a run.
    """

    def __init__(self, rate: float, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.number = number  # tells the layers of one network apart

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return x
        key = _dice.get()
        if key is None:
            raise RuntimeError("a network with dropout is trained inside `with dice(key)`")
        key = tf.random.experimental.stateless_fold_in(key, self.number)
        return tf.nn.experimental.stateless_dropout(x, self.rate, seed=key, rng_alg="philox")
