"""Softening pleases the eye and tells no lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from explorer.studio.soften import softened


@given(
    height=some.integers(1, 40),
    width=some.integers(1, 40),
    channels=some.sampled_from([1, 3]),
    level=some.integers(0, 255),
)
def test_a_plain_wall_stays_what_it_is(height: int, width: int, channels: int, level: int) -> None:
    wall = np.full((height, width, channels), level, np.uint8)

    soft = softened(wall)

    assert soft.shape == (4 * height, 4 * width, channels)
    assert np.abs(soft.astype(int) - level).max() <= 1


def test_it_is_the_lanczos_that_pillow_knows() -> None:
    y, x, c = np.mgrid[0:64, 0:64, 0:3]  # gentle, since Pillow clips between its two passes
    picture = (128 + 60 * np.sin(x / 5 + c) + 60 * np.cos(y / 4 - c)).astype(np.uint8)
    by_pillow = Image.fromarray(picture).resize((256, 256), Image.Resampling.LANCZOS)

    difference = np.abs(softened(picture).astype(int) - np.asarray(by_pillow).astype(int))

    assert difference.max() <= 1


@pytest.mark.parametrize("side", [160, 256, 1024])
def test_what_is_large_enough_stays_as_it_is(side: int) -> None:
    picture = np.zeros((side, side, 3), np.uint8)

    assert softened(picture) is picture
