"""Trains one step a call: ``python -m benchmarks.ours.step BATCH``.

A step of ``training.gan``: z is drawn, one picture of it painted, real and painted pictures are
judged once each, both gradients are taken from that one pass, both players move by Adam, and the
averaged generator follows. The pictures are noise that lies ready in memory.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.pipe import serve
from training.config import Settings
from training.gan import Gan
from training.networks import dcgan


def main(batch: int) -> None:
    settings = Settings(kernel=4, batch=batch)  # the PyTorch tutorial's: 4×4, 64 to 512 filters
    gan = Gan(dcgan.plan(64, 3, 0, settings), settings)
    real = tf.random.stateless_uniform((1, batch, 64, 64, 3), seed=(0, 0), minval=-1.0, maxval=1.0)

    def step(_: int) -> NDArray[np.float32]:
        losses = gan.train(real)
        return np.array([losses["generator_loss"], losses["discriminator_loss"]], np.float32)

    step(0)  # traces
    players = (gan.generator, gan.discriminator)
    serve(step, {"weights": [_count(player.trainable_variables) for player in players]})


def _count(variables: list[tf.Variable]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


if __name__ == "__main__":
    main(int(sys.argv[1]))
