"""Softening pleases the eye and tells no lies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

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

    times = soft.shape[0] // height
    assert soft.shape == (times * height, times * width, channels)
    assert 256 <= max(soft.shape) < 256 + max(height, width)
    assert np.abs(soft.astype(int) - level).max() <= 1


def test_colours_and_sides_stay_where_they_are() -> None:
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:4, :, 0] = 200
    picture[:, 8:, 2] = 100

    soft = softened(picture)

    assert soft[8, 8].tolist() == [200, 0, 0]
    assert soft[8, 244].tolist() == [200, 0, 100]
    assert soft[116, 244].tolist() == [0, 0, 100]


@pytest.mark.parametrize("side", [256, 300, 1024])
def test_what_is_large_enough_stays_as_it_is(side: int) -> None:
    picture = np.zeros((side, side, 3), np.uint8)

    assert softened(picture) is picture
