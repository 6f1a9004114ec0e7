"""Writes a DCGAN of the published width as a bundle, and its weights for PyTorch.

``python -m benchmarks.ours.make_dcgan SIZE KERNEL FOLDER``
"""

import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from explorer.latent.seeds import seed_latent
from explorer.models.bundle import write_bundle
from explorer.models.card import Card
from training.bundles import graphs
from training.config import Settings
from training.gan import Gan
from training.networks import dcgan

POINTS = 16

_WARM_UP = 40  # batches, after which running statistics are those of the weights


def make(size: int, kernel: int, folder: Path) -> None:
    settings = Settings(kernel=kernel)  # width 1: 64 filters up, as published
    gan = Gan(dcgan.plan(size, 3, 0, settings), settings)
    for number in range(_WARM_UP):
        z = tf.random.stateless_normal((32, gan.plan.latent), seed=(number, 0))
        gan.average(z, training=True)
    name = f"bench-dcgan-{size}"
    card = Card(
        id=name,
        title=f"DCGAN-{size} with random weights",
        architecture="dcgan",
        height=size,
        width=size,
        channels=3,
        z_dim=gan.plan.latent,
    )
    shutil.rmtree(folder, ignore_errors=True)
    write_bundle(folder / "bundle" / name, card, graphs.of(gan.average, name))
    weights = [w.numpy() for w in gan.average.weights]
    np.savez(folder / "weights.npz", **{f"{i:03d}": w for i, w in enumerate(weights)})
    points = np.stack([seed_latent(seed, gan.plan.latent) for seed in range(POINTS)])
    np.save(folder / "points.npy", points, allow_pickle=False)


if __name__ == "__main__":
    make(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
