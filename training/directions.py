"""Directions worth walking along, found in a trained generator without looking at pictures."""

import keras
import numpy as np
from numpy.typing import NDArray

SAMPLES = 4096
COMPONENTS = 32


def of_dcgan(generator: keras.Model) -> dict[str, NDArray[np.float32]]:
    """Principal directions in z, for ``latents.npz``.

    PCA runs over what the first layer makes of random latents and is regressed back to z
    (GANSpace, Härkönen et al. 2020, section 3.1); SeFa takes the latents that move the
    first layer's weights most (Shen & Zhou 2021, equation 8).

    Returns:
        ``pca_components`` (k, d) unit rows, ``pca_scale`` (k,) the deviation of z along
        each, ``pca_mean`` (d,), ``sefa_components`` (k, d) unit rows; float32.
    """
    weights = generator.get_layer("dense").kernel.numpy()  # (d, units)
    d = weights.shape[0]
    k = min(COMPONENTS, d)
    z = np.random.RandomState(0).standard_normal((SAMPLES, d)).astype(np.float32)
    activations = keras.Model(generator.input, _first_relu(generator).output)
    seen = np.asarray(activations.predict(z, batch_size=256, verbose=0)).reshape(SAMPLES, -1)
    seen = seen - seen.mean(axis=0)
    # The k strongest coordinates of the activations, through the smaller Gram matrix.
    _, vectors = np.linalg.eigh(seen @ seen.T if len(seen) < seen.shape[1] else seen.T @ seen)
    strongest = vectors[:, ::-1][:, :k]
    coordinates = strongest if len(strongest) == SAMPLES else seen @ strongest
    back, *_ = np.linalg.lstsq(coordinates, z - z.mean(axis=0), rcond=None)  # (k, d)
    components = back / np.linalg.norm(back, axis=1, keepdims=True)
    _, sefa = np.linalg.eigh(weights @ weights.T)
    return {
        "pca_components": components.astype(np.float32),
        "pca_scale": (z @ components.T).std(axis=0).astype(np.float32),
        "pca_mean": z.mean(axis=0),
        "sefa_components": sefa[:, ::-1][:, :k].T.astype(np.float32),
    }


def _first_relu(generator: keras.Model) -> keras.layers.Layer:
    return next(layer for layer in generator.layers if isinstance(layer, keras.layers.ReLU))
