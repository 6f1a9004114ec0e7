"""A trained network as it is painted with: nothing left in it that only training needs."""

import keras
import numpy as np

from training.networks.layers import Dropout

_AFFINE = (keras.layers.Dense, keras.layers.Conv2DTranspose)


def folded(generator: keras.Model) -> keras.Model:
    """The same function in float32, with every batch normalisation put into the layer before it.

    In inference a normalisation is a factor and a shift for each channel, and so is what a
    kernel and a bias do: two passes over every picture less.

    Args:
        generator: a DCGAN's: layers in a row, each normalisation somewhere after a dense layer
            or a transposed convolution and before what is not linear; with classes, a label
            whose embedding is joined to z first.
    """
    inputs = [keras.Input(wanted.shape[1:], name=wanted.name) for wanted in generator.inputs]
    x = inputs[0]
    affine: keras.layers.Layer | None = None
    for layer in generator.layers:
        if isinstance(layer, keras.layers.InputLayer | keras.layers.Concatenate):
            continue
        if layer.name == "embedding":
            x = keras.layers.Concatenate()([x, _copied(layer)(inputs[1])])
        elif isinstance(layer, _AFFINE):
            affine = type(layer).from_config({**layer.get_config(), "use_bias": True})
            x = affine(x)
            zeros = np.zeros(affine.bias.shape, np.float32)
            affine.set_weights([layer.kernel, layer.bias if layer.use_bias else zeros])
        elif isinstance(layer, keras.layers.BatchNormalization) and affine is not None:
            _fold(layer, into=affine)
        elif not isinstance(layer, Dropout):
            x = layer(x)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], x, name=generator.name)


def _copied(layer: keras.layers.Layer) -> keras.layers.Layer:
    copy = type(layer).from_config(layer.get_config())
    copy.build((None, layer.kernel.shape[0]))
    copy.set_weights(layer.get_weights())
    return copy


def _fold(norm: keras.layers.BatchNormalization, into: keras.layers.Layer) -> None:
    factor, shift, mean, variance = (np.asarray(w, np.float64) for w in norm.get_weights())
    factor = factor / np.sqrt(variance + norm.epsilon)
    shift = shift - mean * factor
    kernel, bias = into.get_weights()
    pixels = bias.size // factor.size  # of a dense layer, which is reshaped before it is normalised
    factor, shift = np.tile(factor, pixels), np.tile(shift, pixels)
    along = factor if isinstance(into, keras.layers.Dense) else factor[:, None]
    into.set_weights([kernel * along, bias * factor + shift])
