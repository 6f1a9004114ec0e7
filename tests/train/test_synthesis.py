"""StyleGAN2's filter and its convolution, against the paper's own formulas."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from training.networks.equalised import Keys
from training.networks.fir import blurred, doubled, halved
from training.networks.layers import precision
from training.networks.synthesis import StyledConv

from .styled import noise

pytestmark = pytest.mark.train

TAPS = np.array([1, 3, 3, 1]) / 8


def zero_insert_and_convolve(x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Up-sampling as it is written in the paper's reference, one picture and axis at a time."""
    n, height, width, c = x.shape
    sparse = np.zeros((n, 2 * height, 2 * width, c))
    sparse[:, ::2, ::2] = x
    return convolved(np.pad(sparse, ((0, 0), (2, 1), (2, 1), (0, 0)))) * 4


def convolved(x: NDArray[Any]) -> NDArray[np.float64]:
    kernel = np.outer(TAPS, TAPS)
    height, width = x.shape[1] - 3, x.shape[2] - 3
    found: NDArray[np.float64] = sum(
        kernel[i, j] * x[:, i : i + height, j : j + width].astype(np.float64)
        for i in range(4)
        for j in range(4)
    )
    return found


def test_doubling_puts_zeros_between_the_pixels_and_filters() -> None:
    x = noise(2, 5, 7, 3)

    np.testing.assert_allclose(doubled(tf.constant(x)), zero_insert_and_convolve(x), atol=1e-6)


@pytest.mark.parametrize("pad", [1, 2])
def test_blurring_is_a_convolution_with_the_outer_product(pad: int) -> None:
    x = noise(2, 6, 9, 3)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))

    np.testing.assert_allclose(blurred(tf.constant(x), pad), convolved(padded), atol=1e-6)


def test_halving_keeps_every_other_pixel_of_the_blurred_picture() -> None:
    x = tf.constant(noise(2, 8, 6, 3))

    np.testing.assert_allclose(halved(x), blurred(x, 1)[:, ::2, ::2], atol=1e-6)


def with_a_kernel_for_each_picture(conv: StyledConv, x: Any, w: Any) -> NDArray[np.float64]:
    """Equations 1 and 3 of the paper, to the letter; then bias and leaky ReLU."""
    style = conv.style(tf.constant(w)).numpy().astype(np.float64)
    kernel = conv.kernel.numpy().astype(np.float64)[None] * style[:, None, None, :, None]
    kernel /= np.sqrt((kernel**2).sum(axis=(1, 2, 3), keepdims=True))
    painted = []
    for picture, own in zip(x.astype(np.float64), kernel, strict=True):
        side = len(picture)
        if conv.doubles:
            out = np.zeros((2 * side + 1, 2 * side + 1, own.shape[-1]))
            for i in range(3):
                for j in range(3):
                    out[i : i + 2 * side : 2, j : j + 2 * side : 2] += picture @ own[i, j]
            out = 4 * convolved(np.pad(out, ((1, 1), (1, 1), (0, 0)))[None])[0]
        else:
            padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
            out = sum(
                padded[i : i + side, j : j + side] @ own[i, j] for i in range(3) for j in range(3)
            )
        painted.append(out)
    x = np.stack(painted) + conv.bias.numpy()
    active: NDArray[np.float64] = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
    return active


@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_kernel_for_all_pictures_does_what_one_for_each_would(doubles: bool, policy: str) -> None:
    with precision(policy):
        conv = StyledConv(8, 6, 5, 8, Keys(1, 0), number=0, doubles=doubles, noise=False)
    conv.bias.assign(noise(5))
    side = 4 if doubles else 8
    x, w = noise(3, side, side, 6), noise(3, 8)

    found = conv(tf.cast(x, conv.compute_dtype), tf.constant(w))

    tolerance = {"float32": 1e-5, "mixed_bfloat16": 0.1, "mixed_float16": 0.01}[policy]
    assert found.dtype == conv.compute_dtype
    wanted = with_a_kernel_for_each_picture(conv, x, w)
    np.testing.assert_allclose(tf.cast(found, tf.float32), wanted, atol=tolerance)


def test_demodulation_keeps_the_deviation_whatever_the_style() -> None:
    conv = StyledConv(16, 32, 64, 8, Keys(1, 0), number=0, doubles=False, noise=False)

    x = conv(noise(4, 16, 16, 32), 30 * noise(4, 8)).numpy()[:, 1:-1, 1:-1]

    deviation = np.where(x > 0, x, x / 0.2).std() / np.sqrt(2)  # before the activation
    assert deviation == pytest.approx(1, abs=0.05)


def test_in_half_precision_a_huge_style_does_not_overflow() -> None:
    with precision("mixed_float16"):
        conv = StyledConv(8, 64, 64, 8, Keys(1, 0), number=0, doubles=False, noise=False)

    x = conv(tf.cast(noise(2, 8, 8, 64), "float16"), 1e5 * noise(2, 8)).numpy()

    assert np.isfinite(x).all()
    assert x.std() > 0.1
