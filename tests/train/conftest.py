"""Training is tested on two small datasets that cost a second to make."""

from pathlib import Path

import numpy as np
import pytest

from training.data.prepare import prepare


@pytest.fixture(scope="session")
def grey_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 grey discs of 28 px, prepared as a person would."""
    return _prepared(tmp_path_factory.mktemp("grey"), channels=1)


@pytest.fixture(scope="session")
def colour_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 coloured discs of 28 px."""
    return _prepared(tmp_path_factory.mktemp("colour"), channels=3)


def _prepared(folder: Path, channels: int) -> Path:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    radius = rng.uniform(0.3, 0.9, (48, 1, 1))
    disc = (x**2 + y**2 < radius**2)[..., None]
    colour = rng.integers(64, 255, (48, 1, 1, channels))
    pictures = np.where(disc, colour, 16).astype(np.uint8)
    np.save(folder / "discs.npy", pictures if channels == 3 else pictures[..., 0])
    prepare(
        folder / "discs.npy",
        folder / "dataset",
        size=28,
        grey=channels == 1,
        licence="CC0-1.0",
        credits=["Nobody"],
    )
    return folder / "dataset"
