"""Pictures to sort."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter


def photograph(seed: int, side: int = 96) -> Image.Image:
    """Soft shades and grain, another scene for every seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(30, 226, (6, 6, 3)).astype(np.uint8))
    scene = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float64)
    fine = Image.fromarray(rng.integers(0, 256, (24, 24, 3)).astype(np.uint8))
    scene += 0.25 * (np.asarray(fine.resize((side, side), Image.Resampling.BICUBIC)) - 127.5)
    scene += rng.normal(0, 5, scene.shape)
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))


def drawing(seed: int, side: int = 96) -> Image.Image:
    """Flat shapes with hard edges."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = rng.integers(0, side - 30, 2).tolist()
        w, h = rng.integers(15, 40, 2).tolist()
        red, green, blue = rng.integers(0, 256, 3).tolist()
        pen.ellipse((x, y, x + w, y + h), fill=(red, green, blue), outline=(0, 0, 0), width=2)
    return image


@pytest.fixture(scope="session")
def photographs() -> Callable[[int], Image.Image]:
    return photograph


@pytest.fixture(scope="session")
def drawings() -> Callable[[int], Image.Image]:
    return drawing


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty photographs, and one or two of everything that is to be found among them."""
    folder = tmp_path_factory.mktemp("pictures") / "Dogs & <cats>"
    folder.mkdir()
    for seed in range(30):
        photograph(seed).save(folder / f"{seed:02d}.png")
    (folder / "33 again.png").write_bytes((folder / "03.png").read_bytes())
    photograph(4).save(folder / "04.jpg", quality=60)
    photograph(5).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "05 mirrored.png")
    photograph(40).filter(ImageFilter.GaussianBlur(4)).save(folder / "blurred.png")
    photograph(41).point(lambda value: value // 10).save(folder / "dark.png")
    photograph(42).point(lambda value: 225 + value // 10).save(folder / "pale.png")
    Image.new("RGB", (96, 96), (90, 120, 90)).save(folder / "empty.png")
    drawing(0).save(folder / "drawn \"quoted\", 'twice'.png")
    photograph(43).crop((0, 0, 96, 12)).save(folder / "narrow.png")
    (folder / "torn.png").write_bytes((folder / "07.png").read_bytes()[:300])
    if sys.platform != "win32":
        photograph(44).save(folder / "<img src=x onerror=alert(1)>\n.png")
    return folder


@pytest.fixture
def page(tab: Any) -> Any:
    """The light table's tab."""
    return tab
