"""Directions worth walking along, found in a trained generator without looking at pictures."""

import keras
import numpy as np
from numpy.typing import NDArray

from training.networks import stylegan2

SAMPLES = 4096
MAPPED = 10_000  # seeds whose w a StyleGAN2 is measured by
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
    d = generator.inputs[0].shape[1]
    weights = generator.get_layer("dense").kernel.numpy()[:d]  # (d, units), without the label's
    k = min(COMPONENTS, d)
    z = np.random.RandomState(0).standard_normal((SAMPLES, d)).astype(np.float32)
    activations = keras.Model(generator.inputs, _first_relu(generator).output)
    # All classes alike, or the directions would lead from one to another.
    told = [
        np.full((SAMPLES, x.shape[1]), 1 / x.shape[1], np.float32) for x in generator.inputs[1:]
    ]
    seen = np.asarray(activations.predict([z, *told], batch_size=256, verbose=0))
    seen = seen.reshape(SAMPLES, -1)
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


def of_stylegan2(
    generator: stylegan2.Generator, w_avg: NDArray[np.float32] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Principal directions in w, for ``latents.npz``, and where w lies on average.

    PCA runs over what becomes of seeds, classes in turn (GANSpace, section 3.1); SeFa takes the
    directions that move the styles of all layers most.

    Args:
        w_avg: float32 (w_dim,), if it is known better than by the seeds.

    Returns:
        As ``of_dcgan``, in w, and ``w_avg`` (w_dim,).
    """
    w = stylegan2.mapped(generator, MAPPED)
    mean = w.mean(axis=0, dtype=np.float64)
    k = min(COMPONENTS, len(mean))
    variances, axes = np.linalg.eigh(np.cov(w.T, dtype=np.float64))
    blocks = generator.synthesis.blocks
    layers = [layer for block in blocks for layer in (*block.convs, block.to_rgb)]
    styles = np.concatenate([layer.style.kernel.numpy() for layer in layers], axis=1)
    _, sefa = np.linalg.eigh(styles @ styles.T)  # (w_dim, inputs of all layers)
    found = {
        "w_avg": mean if w_avg is None else w_avg,
        "pca_components": axes[:, ::-1][:, :k].T,
        "pca_scale": np.sqrt(np.maximum(variances[::-1][:k], 0)),
        "pca_mean": mean,
        "sefa_components": sefa[:, ::-1][:, :k].T,
    }
    return {name: array.astype(np.float32) for name, array in found.items()}


def _first_relu(generator: keras.Model) -> keras.layers.Layer:
    return next(layer for layer in generator.layers if isinstance(layer, keras.layers.ReLU))
