import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.augmentation.adaptive import inverse_of
from training.augmentation.warp import _passes, roll_rows, warp
from training.chance import Dice, Purpose

pytestmark = pytest.mark.train

IDENTITY = [[1.0, 0, 0], [0, 1, 0]]


def _noise(n: int, side: int, channels: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (n, side, side, channels)).astype(np.float32)


def _bilinear(picture: NDArray[np.float32], inverse: NDArray[np.float32]) -> NDArray[np.float64]:
    """What ``warp`` should nearly give where a picture is smooth, straight from the definition."""
    side, far = picture.shape[0], 4 * picture.shape[0]
    wide = np.pad(picture, ((far, far), (far, far), (0, 0)), mode="reflect")
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    look = np.einsum("ij,jhw->ihw", inverse, np.stack([x, y, np.ones_like(x)]))
    look += (side - 1) / 2 + far
    (left, top), (right, low) = np.floor(look).astype(int), np.floor(look).astype(int) + 1
    u, v = (look - np.floor(look))[..., None]
    upper = wide[top, left] * (1 - u) + wide[top, right] * u
    lower = wide[low, left] * (1 - u) + wide[low, right] * u
    return np.asarray(upper * (1 - v) + lower * v)


def test_an_untouched_picture_comes_back_bit_for_bit() -> None:
    pictures = _noise(2, 8, 3)

    same = warp(pictures, tf.constant([IDENTITY] * 2))

    np.testing.assert_array_equal(same, pictures)


@pytest.mark.parametrize("side", [8, 9])
def test_flips_quarter_turns_and_whole_pixels_are_exact(side: int) -> None:
    picture = _noise(1, side)[0]
    turns = {
        "mirror": ([[-1.0, 0, 0], [0, 1, 0]], picture[:, ::-1]),
        "upside down": ([[1.0, 0, 0], [0, -1, 0]], picture[::-1]),
        "quarter": ([[0.0, -1, 0], [1, 0, 0]], np.rot90(picture)),
        "half": ([[-1.0, 0, 0], [0, -1, 0]], np.rot90(picture, 2)),
        "three quarters": ([[0.0, 1, 0], [-1, 0, 0]], np.rot90(picture, 3)),
        "diagonal": ([[0.0, 1, 0], [1, 0, 0]], picture.transpose(1, 0, 2)),
        "shift": (
            [[1.0, 0, -2], [0, 1, 3]],
            np.pad(picture, ((0, 3), (2, 0), (0, 0)), mode="reflect")[3:, :side],
        ),
    }

    changed = warp(np.stack([picture] * len(turns)), tf.constant([m for m, _ in turns.values()]))

    for name, result, (_, expected) in zip(turns, changed, turns.values(), strict=True):
        np.testing.assert_allclose(result, expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("side", [32, 33])
def test_any_map_agrees_with_looking_up_each_pixel(side: int) -> None:
    rng = np.random.default_rng(1)
    wave = np.cos(np.pi * np.arange(3)[:, None] * np.arange(side) / (side - 1))  # mirrors smoothly
    pictures = np.einsum("nijc,ih,jw->nhwc", rng.normal(0, 0.3, (40, 3, 3, 2)), wave, wave)
    pictures = pictures.astype(np.float32)
    dice = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 1, batch=40)
    inverse = inverse_of(dice, 1.0, side).numpy()

    changed = warp(pictures, inverse).numpy()

    # Measured: 0.008 and 0.006; with every map half a pixel off, 0.12 and 0.13.
    off = np.abs(changed - np.stack(list(map(_bilinear, pictures, inverse))))
    assert np.median(off.max(axis=(1, 2, 3))) < 0.02
    assert np.quantile(off, 0.99) < 0.02  # the rest: corners beyond the canvas


def test_a_shrunken_chessboard_turns_grey_and_a_grown_one_does_not() -> None:
    board = (np.indices((16, 16)).sum(axis=0) % 2 * 2.0 - 1.0).astype(np.float32)[None, :, :, None]

    small = warp(board, tf.constant([[[2.0, 0, 0], [0, 2, 0]]]))
    large = warp(board, tf.constant([[[0.5, 0, 0], [0, 0.5, 0]]]))

    assert np.abs(small).max() < 0.2
    assert np.std(large) > 0.4


def test_an_even_wall_stays_even_and_noise_stays_near_its_range() -> None:
    dice = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 2, batch=32)
    inverse = inverse_of(dice, 1.0, 12)

    np.testing.assert_allclose(warp(tf.fill((32, 12, 12, 1), 0.7), inverse), 0.7, atol=1e-5)
    assert np.abs(warp(_noise(32, 12), inverse)).max() < 1.5


def test_only_squares_are_turned() -> None:
    with pytest.raises(ValueError, match="4 × 6"):
        warp(tf.zeros((1, 4, 6, 1)), tf.constant([IDENTITY]))


def test_rows_roll_around_their_end_each_by_its_own() -> None:
    rows = tf.reshape(tf.range(8.0), (1, 2, 4, 1))

    rolled = roll_rows(rows, tf.constant([[1, -2]]))

    np.testing.assert_array_equal(rolled[0, :, :, 0], [[1, 2, 3, 0], [6, 7, 4, 5]])


@given(
    turn=st.floats(-math.pi / 4, math.pi / 4),
    scale=st.floats(0.3, 3),
    squeeze=st.floats(0.6, 1.6),
    mirrored=st.booleans(),
)
def test_stretches_and_shears_make_the_map_again(
    turn: float, scale: float, squeeze: float, mirrored: bool
) -> None:
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = scale * np.array([[cos, -sin], [sin, cos]]) @ np.diag([squeeze, 1 / squeeze])
    matrix = np.diag([-1 if mirrored else 1, 1]) @ matrix

    along, down, x, y = (float(f[0]) for f in _passes(tf.constant(matrix[None], tf.float32)))

    shear_y = np.array([[1, 0], [down, 1]])
    again = np.diag([x, y]) @ shear_y @ np.array([[1, along], [0, 1]]) @ shear_y
    np.testing.assert_allclose(again, matrix, atol=1e-4)
    assert abs(down) < 1
    assert abs(along) < 2


def test_gradients_are_those_of_a_linear_map() -> None:
    """For a linear f, the gradient of ⟨f(x), y⟩ dotted with x is ⟨f(x), y⟩ itself."""
    dice = Dice.thrown(0, Purpose.ADAPTIVE_AUGMENT, 3, batch=16)
    inverse = inverse_of(dice, 1.0, 9)
    pictures, other = tf.constant(_noise(16, 9)), tf.constant(_noise(32, 9)[16:])

    with tf.GradientTape() as tape:
        tape.watch(pictures)
        seen = tf.reduce_sum(warp(pictures, inverse) * other, axis=[1, 2, 3])
    slope = tape.gradient(seen, pictures)
    # Adjoint of other pictures too, or a gradient wrong off the line would pass.
    elsewhere = tf.reduce_sum(warp(other, inverse) * other, axis=[1, 2, 3])

    np.testing.assert_allclose(tf.reduce_sum(slope * pictures, axis=[1, 2, 3]), seen, atol=1e-4)
    np.testing.assert_allclose(tf.reduce_sum(slope * other, axis=[1, 2, 3]), elsewhere, atol=1e-4)
