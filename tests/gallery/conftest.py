"""Pictures and recipes to keep, made of nothing but a seed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from explorer.gallery.pictures import Pixels
from explorer.gallery.recipe import ModelRef, Recipe
from explorer.gallery.store import Gallery
from explorer.latent.expression import Seed
from explorer.latent.seeds import seed_latent

Paint = Callable[..., tuple[Pixels, Recipe]]


@pytest.fixture(scope="session")
def paint() -> Paint:
    def painted(
        seed: int = 0, height: int = 12, width: int = 16, channels: int = 3
    ) -> tuple[Pixels, Recipe]:
        chance = np.random.default_rng(seed)
        pixels = chance.integers(0, 256, (height, width, channels), np.uint8)
        recipe = Recipe.for_picture(
            pixels,
            model=ModelRef(id="noise-r1", title="Noise", sha256="0" * 64),
            expression=Seed(seed=seed),
            point=seed_latent(seed, 8),
        )
        return pixels, recipe

    return painted


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.open(tmp_path / "gallery") as opened:
        yield opened
