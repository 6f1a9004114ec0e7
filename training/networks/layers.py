"""Layers whose chance is keyed, so that a resumed step throws the same dice."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import tensorflow as tf

from training.chance import Dice

_dice: ContextVar[Dice | None] = ContextVar("_dice", default=None)


@contextmanager
def throwing(dice: Dice) -> Iterator[None]:
    """Let the layers called inside draw from ``dice``. Read while tracing."""
    token = _dice.set(dice)
    try:
        yield
    finally:
        _dice.reset(token)


def thrown(number: int) -> Dice:
    """The dice of the layer with this ``number``, which tells the layers of a network apart."""
    dice = _dice.get()
    if dice is None:
        raise RuntimeError("a network that draws is trained inside `with throwing(dice)`")
    return dice.about(number)


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
    """Dropout without a state of its own: what falls out follows from the dice and ``number``.

    ``keras.layers.Dropout`` counts its calls in a variable, which replicas would each
    advance, and which nobody thinks of when they restore a run.
    """

    def __init__(self, rate: float, number: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.number = number

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return x
        stays = thrown(self.number).uniform(*x.shape[1:]) >= self.rate
        return tf.where(stays, x / (1 - self.rate), tf.zeros_like(x))
