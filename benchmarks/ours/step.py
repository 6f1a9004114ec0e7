"""Trains, one step a call or one round: ``python -m benchmarks.ours.step NETWORK PRECISION``.

A step of ``training.gan``: z is drawn, one picture of it painted, real and painted pictures are
judged once each, both gradients are taken from that one pass, both players move by Adam, and the
averaged generator follows. The pictures are noise that lies ready in memory. A round is as many
steps as lie between two penalties.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.pipe import serve
from training import networks
from training.config import Settings
from training.gan import Due, Gan

SETTINGS = {
    "dcgan": Settings(kernel=4, batch=64),  # the PyTorch tutorial's: 4×4, 64 to 512 filters
    "stylegan2": Settings(
        architecture="stylegan2",
        batch=16,
        penalty_every=16,
        path_length=0,
        style_mixing=0,
        learning_rate=2.5e-3,
        beta_1=0,
        beta_2=0.99,
    ),
}


def main(network: str, precision: str) -> None:
    settings = SETTINGS[network].model_copy(update={"precision": precision})
    gan = Gan(networks.plan(64, 3, 0, settings), settings)
    shape = (settings.penalty_every, settings.batch, 64, 64, 3)
    real = tf.random.stateless_uniform(shape, seed=(0, 0), minval=-1.0, maxval=1.0)

    def play(_: int) -> NDArray[np.float32]:
        losses = gan.train(real, due=Due.at(0, settings))
        return np.array([losses["generator_loss"], losses["discriminator_loss"]], np.float32)

    play(0)  # traces
    players = (gan.generator, gan.discriminator)
    serve(play, {"weights": [_count(player.trainable_variables) for player in players]})


def _count(variables: list[tf.Variable]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


if __name__ == "__main__":
    main(*sys.argv[1:])
