"""A StyleGAN2 with all kinds of layers at as few pixels as hold them, and what it is given."""

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from training.chance import Dice, Purpose
from training.config import Settings
from training.networks import stylegan2

BATCH = 8
SMALL = Settings(architecture="stylegan2", latent=6, mapping_layers=2, batch=BATCH)


def small(settings: Settings = SMALL, *, classes: int = 0, size: int = 8) -> stylegan2.Plan:
    """All kinds of layers there are, at as few pixels as hold them."""
    plan = stylegan2.plan(32, 3, classes, settings)
    filters = (8, 6, 5, 4)[: size.bit_length() - 2]
    return replace(plan, size=size, filters=filters, w_dim=8)


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def dice(purpose: Purpose = Purpose.GENERATOR_STYLES) -> Dice:
    return Dice.thrown(5, purpose, 1, batch=BATCH)


def one_hot(*labels: int) -> NDArray[np.float32]:
    return np.eye(3, dtype=np.float32)[list(labels)]


def unsettled(network: keras.Model) -> keras.Model:
    """Biases and noise strengths begin at zero, which would hide mistakes."""
    for i, weight in enumerate(network.trainable_variables):
        weight.assign(weight + 0.1 * noise(*weight.shape, seed=i))
    return network
