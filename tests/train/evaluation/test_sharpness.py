"""Blur, and how it is found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.evaluation.sharpness import blurred, matching_blur, power, sharpness

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pictures() -> Pixels:
    """32 pictures of 48 px with edges and texture."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    found = np.empty((32, 48, 48, 3), np.uint8)
    for one in found:
        centre = rng.uniform(-0.5, 0.5, 2)
        disc = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(0.2, 0.6)
        colours = rng.integers(0, 255, (2, 3))
        one[:] = np.clip(colours[disc.astype(int)] + rng.normal(0, 6, (48, 48, 3)), 0, 255)
    return found


@pytest.mark.parametrize("blur", [0.4, 0.7, 1.0, 1.5, 2.5])
def test_a_blur_is_found_again(pictures: Pixels, blur: float) -> None:
    found = matching_blur(power(pictures[:16]), power(blurred(pictures[16:], blur)))
    assert found == pytest.approx(blur, abs=max(0.1, 0.15 * blur))


def test_no_blur_is_looked_for_where_the_painted_pictures_are_sharper(pictures: Pixels) -> None:
    assert matching_blur(power(blurred(pictures, 1.0)), power(pictures)) == 0
    assert matching_blur(power(pictures), power(pictures)) == 0


def test_contrast_and_brightness_are_not_sharpness(pictures: Pixels) -> None:
    pale = (pictures // 2 + 100).astype(np.uint8)
    assert sharpness(power(pale)) == pytest.approx(sharpness(power(pictures)), rel=0.05)


def test_noise_is_as_sharp_as_can_be_and_flat_pictures_are_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 1), np.uint8)
    assert sharpness(power(noise)) == pytest.approx(1 / 6, rel=0.1)
    assert sharpness(power(np.full((2, 32, 32, 1), 7, np.uint8))) == 0
    assert matching_blur(power(noise), power(np.zeros((2, 32, 32, 1), np.uint8))) == 8


@given(st.floats(0.05, 4), st.sampled_from([(1, 5), (9, 4), (3, 3)]))
def test_a_blur_keeps_size_and_flat_colours(blur: float, size: tuple[int, int]) -> None:
    flat = np.full((2, *size, 3), 77, np.uint8)
    assert np.array_equal(blurred(flat, blur), flat)
    assert blurred(flat, 0) is flat
