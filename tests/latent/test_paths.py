from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from explorer.latent.paths import closed_loop, lerp, slerp
from explorer.latent.seeds import Latent, seed_latent


def test_halfway_is_as_far_from_the_origin_as_its_ends() -> None:
    a, b = seed_latent(0, 512), seed_latent(1, 512)

    halfway = slerp(a, b, 0.5)

    ends = (np.linalg.norm(a) + np.linalg.norm(b)) / 2
    assert np.linalg.norm(halfway) == pytest.approx(ends, rel=1e-5)
    assert np.linalg.norm((a + b) / 2) < 0.8 * ends  # what the straight line would do


@given(seed=integers(0, 999), t=floats(0, 1), dim=integers(2, 64))
def test_the_arc_turns_at_a_steady_rate_and_its_length_changes_evenly(
    seed: int, t: float, dim: int
) -> None:
    a, b = seed_latent(seed, dim), 3 * seed_latent(seed + 1, dim)

    point = slerp(a, b, t)

    assert point.dtype == np.float32
    length = (1 - t) * np.linalg.norm(a) + t * np.linalg.norm(b)
    assert np.linalg.norm(point) == pytest.approx(length, rel=1e-4)
    assert angle(a, point) == pytest.approx(t * angle(a, b), abs=1e-2)


@given(seed=integers(0, 999), t=floats(0, 1))
def test_there_and_back_is_the_same_way(seed: int, t: float) -> None:
    a, b = seed_latent(seed, 16), seed_latent(seed + 1, 16)
    np.testing.assert_allclose(slerp(a, b, t), slerp(b, a, 1 - t), atol=1e-5)


@pytest.mark.parametrize("walk", [slerp, lerp])
def test_a_walk_begins_and_ends_at_its_ends(
    walk: Callable[[Latent, Latent, float], Latent],
) -> None:
    a, b = seed_latent(5, 8), seed_latent(6, 8)
    np.testing.assert_allclose(walk(a, b, 0.0), a, atol=1e-6)
    np.testing.assert_allclose(walk(a, b, 1.0), b, atol=1e-6)


def test_from_the_origin_the_way_is_straight() -> None:
    nothing, b = np.zeros(4, np.float32), seed_latent(1, 4)
    np.testing.assert_allclose(slerp(nothing, b, 0.25), b / 4, rtol=1e-6)
    np.testing.assert_array_equal(slerp(nothing, nothing, 0.5), nothing)


def test_opposite_points_have_no_shortest_arc() -> None:
    a = seed_latent(1, 8)
    with pytest.raises(ValueError, match="opposite"):
        slerp(a, -2 * a, 0.5)


@given(legs=integers(1, 6), frames=integers(1, 60))
def test_a_loop_visits_every_point_and_comes_home(legs: int, frames: int) -> None:
    points = np.stack([seed_latent(seed, 12) for seed in range(legs)])

    loop = closed_loop(points, frames)

    assert loop.shape == (frames, 12)
    assert loop.dtype == np.float32
    np.testing.assert_allclose(loop[0], points[0], atol=1e-6)
    for leg in range(legs):
        if leg * frames % legs == 0:
            np.testing.assert_allclose(loop[leg * frames // legs], points[leg], atol=1e-6)


def test_the_last_step_home_is_like_the_others() -> None:
    points = np.stack([seed_latent(seed, 12) for seed in range(3)])

    loop = closed_loop(points, 30)

    steps = np.linalg.norm(loop - np.roll(loop, -1, axis=0), axis=1)
    assert steps[-1] == pytest.approx(steps[-2], rel=0.3)


def test_a_loop_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a point and a frame"):
        closed_loop(np.zeros((0, 4), np.float32), 10)
    with pytest.raises(ValueError, match="a point and a frame"):
        closed_loop(np.zeros((1, 4), np.float32), 0)


def angle(a: Latent, b: Latent) -> float:
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.arccos(np.clip(cosine, -1, 1)))
