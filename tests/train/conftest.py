"""Training is tested on small datasets that cost a second to make."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from training.data.prepare import prepare


@pytest.fixture(scope="session")
def grey_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 grey discs of 28 px, prepared as a person would."""
    return _prepared(tmp_path_factory.mktemp("grey"), channels=1)


@pytest.fixture(scope="session")
def colour_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 coloured discs of 28 px."""
    return _prepared(tmp_path_factory.mktemp("colour"), channels=3)


@pytest.fixture(scope="session")
def classes_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 coloured pictures of 32 px, half of them squares and half stripes."""
    folder = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(0)
    for i in range(24):
        kind = ("squares", "stripes")[i % 2]
        pixels = np.full((32, 32, 3), 16, np.uint8)
        where = slice(8, 24) if kind == "squares" else slice(None, None, 3)
        pixels[where, where if kind == "squares" else slice(None)] = rng.integers(64, 255, 3)
        (folder / "pictures" / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / "pictures" / kind / f"{i:02d}.png")
    prepare(folder / "pictures", folder / "dataset", size=32, licence="CC0-1.0", credits=["Nobody"])
    return folder / "dataset"


@pytest.fixture(scope="session")
def sitting() -> ModuleType:
    """What trains in processes of their own."""
    spec = importlib.util.spec_from_file_location("sitting", Path(__file__).parent / "sitting.py")
    if spec is None or spec.loader is None:
        raise ImportError("sitting.py is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
