import keras
import numpy as np
import pytest

from training.config import Settings
from training.networks import dcgan
from training.networks.folded import folded

pytestmark = pytest.mark.train


def unsettled(generator: keras.Model) -> keras.Model:
    """The same layers with every weight and running statistic far from where it began."""
    chance = np.random.default_rng(5)
    for layer in generator.layers:
        weights = [w + 0.3 * chance.standard_normal(w.shape) for w in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            weights[3] = np.abs(weights[3]) + 0.1  # a variance
        layer.set_weights(weights)
    return generator


@pytest.mark.parametrize("size", [28, 32])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_folded_generator_paints_the_same(size: int, dropout: float) -> None:
    settings = Settings(width=1 / 16, latent=8, generator_dropout=dropout)
    generator = unsettled(dcgan.generator(dcgan.plan(size, 3, 0, settings), settings))
    z = np.random.default_rng(6).standard_normal((4, 8)).astype(np.float32)

    ours, theirs = folded(generator)(z).numpy(), generator(z, training=False).numpy()

    assert np.ptp(theirs) > 0.5, "a picture so flat would hide any mistake"
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_nothing_of_training_is_left() -> None:
    settings = Settings(width=1 / 16, latent=8, generator_dropout=0.4)
    generator = dcgan.generator(dcgan.plan(28, 1, 0, settings), settings)

    kinds = {type(layer).__name__ for layer in folded(generator).layers}

    assert kinds.isdisjoint({"BatchNormalization", "Dropout"})


def test_the_network_in_training_is_left_alone() -> None:
    settings = Settings(width=1 / 16, latent=8)
    generator = unsettled(dcgan.generator(dcgan.plan(28, 1, 0, settings), settings))
    before = generator.get_weights()

    folded(generator)

    for was, now in zip(before, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)
