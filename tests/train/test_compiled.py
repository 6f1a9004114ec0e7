"""What stands in for a TPU: a whole step, as XLA compiles it, does what it does uncompiled."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from training import networks
from training.config import Settings
from training.gan import ALL, Gan

from .styled import small

pytestmark = [
    pytest.mark.train,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config:UserWarning"),  # see untraced
]

BATCH = 4
COMMON: dict[str, Any] = {"latent": 6, "batch": BATCH, "conditional": True, "flip": True}
CASES: dict[str, Settings] = {
    "dcgan": Settings(**COMMON, width=1 / 16, kernel=4, augment="ada"),
    "stylegan2": Settings(**COMMON, architecture="stylegan2", mapping_layers=1),
}


def gan_of(settings: Settings) -> Gan:
    """The smallest network of its kind."""
    dcgan = settings.architecture == "dcgan"
    return Gan(networks.plan(28, 3, 2, settings) if dcgan else small(settings, classes=2), settings)


@contextmanager
def untraced() -> Iterator[None]:
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("architecture", CASES)
def test_the_complete_step_compiles_and_does_the_same(architecture: str) -> None:
    settings = CASES[architecture]
    plain, compiled = gan_of(settings), gan_of(settings)
    size = plain.plan.size
    real = tf.random.stateless_uniform((1, BATCH, size, size, 3), (1, 1), -1, 1)
    label = tf.constant([[0, 1] * (BATCH // 2)])
    shapes = (tf.TensorSpec(real.shape), tf.TensorSpec(label.shape, tf.int32))

    # Losses, penalties, both optimisers, the average and what augmentation learns.
    step = tf.function(
        lambda real, label: compiled._one(real, label, tf.constant(0), ALL),
        jit_compile=True,
        input_signature=shapes,
    )
    told = step(real, label)
    with untraced():
        expected = plain.train(real, label)

    assert told.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(told[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    assert compiled.reached == 1
    for ours, theirs in zip(compiled.average.variables, plain.average.variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-3, err_msg=ours.path)
