from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists, tuples

from explorer.core.errors import KnownError
from explorer.latent.arithmetic import parse, to_text
from explorer.latent.expression import (
    Artwork,
    Between,
    Direction,
    Expression,
    Mean,
    Mix,
    OwnDirection,
    Part,
    Point,
    Seed,
    Shift,
    Sum,
    Term,
)
from explorer.latent.paths import lerp, slerp
from explorer.latent.resolve import resolve
from explorer.latent.seeds import Latent, seed_latent

DIM = 6


@dataclass(frozen=True)
class Plain:
    """A space whose seeds are their latents and whose directions are its axes."""

    name: Literal["z", "w"]
    num_ws: int | None
    dim: int = DIM

    def seed_point(self, seed: int) -> Latent:
        return seed_latent(seed, self.dim)

    def direction(self, kind: Literal["pca", "sefa"], index: int) -> Latent:
        if index >= self.dim:
            raise KnownError("there is no such direction")
        axis: Latent = np.eye(self.dim, dtype=np.float32)[index]
        return axis


Z, W = Plain("z", None), Plain("w", 4)
A, B = Seed(seed=1), Seed(seed=2)
a, b = seed_latent(1, DIM), seed_latent(2, DIM)


def total(*terms: tuple[float, Expression], norm: Literal["typical", "keep"] = "typical") -> Sum:
    return Sum(norm=norm, terms=tuple(Term(weight=w, point=p) for w, p in terms))


def test_a_seed_a_point_and_a_work_are_where_they_were() -> None:
    np.testing.assert_array_equal(resolve(A, Z), a)
    np.testing.assert_array_equal(resolve(Point.of("z", b), Z), b)
    np.testing.assert_array_equal(resolve(Artwork(id="x", title="Moon", was=A), Z), a)


def test_a_mean_is_the_mean() -> None:
    np.testing.assert_allclose(resolve(Mean(of=(A, B)), Z), (a + b) / 2, rtol=1e-6)


@given(lists(tuples(floats(-3, 3, width=32), integers(0, 50)), min_size=1, max_size=6))
def test_a_sum_in_z_has_the_length_of_a_seed(terms: list[tuple[float, int]]) -> None:
    parts = [(weight, Seed(seed=seed)) for weight, seed in terms]
    kept = resolve(total(*parts, norm="keep"), Z)
    if np.linalg.norm(kept) < 1e-2:
        return
    typical = resolve(total(*parts), Z)
    assert np.linalg.norm(typical) == pytest.approx(np.sqrt(DIM), rel=1e-4)
    np.testing.assert_allclose(
        typical / np.linalg.norm(typical), kept / np.linalg.norm(kept), atol=1e-4
    )


def test_a_sum_in_w_is_left_alone() -> None:
    np.testing.assert_allclose(resolve(total((2, A), (-1, B)), W), 2 * a - b, atol=1e-6)


def test_a_point_less_itself_is_nothing_rather_than_no_number() -> None:
    np.testing.assert_array_equal(resolve(total((1, A), (-1, A)), Z), np.zeros(DIM))


def test_between_goes_the_way_it_names() -> None:
    np.testing.assert_array_equal(resolve(Between(start=A, end=B, t=0.3), Z), slerp(a, b, 0.3))
    np.testing.assert_array_equal(
        resolve(Between(start=A, end=B, t=0.3, path="lerp"), W), lerp(a, b, 0.3)
    )


def test_between_rows_goes_row_by_row() -> None:
    rows = np.stack([a, b, a, b])
    halfway = resolve(Between(start=Point.of("ws", rows), end=A, t=0.5), W)
    np.testing.assert_allclose(halfway, [slerp(row, a, 0.5) for row in rows], atol=1e-6)


def test_a_shift_goes_along_its_direction() -> None:
    along = Direction(kind="pca", index=2)
    shifted = resolve(Shift(point=A, direction=along, amount=1.5), Z)
    np.testing.assert_allclose(shifted - a, 1.5 * np.eye(DIM)[2], atol=1e-6)

    own = OwnDirection.of("x", "older", b)
    np.testing.assert_allclose(
        resolve(Shift(point=A, direction=own, amount=-1), Z), a - b, atol=1e-6
    )


def test_a_shift_of_some_layers_leaves_the_others() -> None:
    along = Direction(kind="sefa", index=0)
    shifted = resolve(Shift(point=A, direction=along, amount=1, layers=(1, 3)), W)
    moved = shifted - a
    assert shifted.shape == (4, DIM)
    np.testing.assert_array_equal(moved[[0, 3]], 0)
    np.testing.assert_allclose(moved[1:3], [np.eye(DIM)[0]] * 2, atol=1e-6)


def test_a_mix_takes_each_row_from_its_part() -> None:
    mixed = resolve(Mix(parts=(Part(layers=(0, 1), point=A), Part(layers=(1, 4), point=B))), W)
    np.testing.assert_array_equal(mixed, [a, b, b, b])
    painted_over = Mix(parts=(Part(point=A), Part(layers=(2, 4), point=B)))
    np.testing.assert_array_equal(resolve(painted_over, W), [a, a, b, b])


def test_rows_and_a_plain_point_add_up() -> None:
    rows = Mix(parts=(Part(layers=(0, 2), point=A), Part(layers=(2, 4), point=B)))
    np.testing.assert_allclose(
        resolve(total((1, rows), (1, A)), W), [2 * a, 2 * a, a + b, a + b], atol=1e-6
    )


@pytest.mark.parametrize(
    ("tree", "space", "sentence"),
    [
        (Point.of("w", a), Z, "belongs to another model"),
        (Point.of("z", a), W, "belongs to another model"),
        (Point.of("z", a[:3]), Z, "belongs to another model"),
        (Point.of("ws", np.stack([a, b])), W, "belongs to another model"),
        (Point.of("ws", np.stack([a] * 4)), Z, "belongs to another model"),
        (Artwork(id="x", title="Moon", was=Point.of("w", a)), Z, "“Moon” can't be used"),
        (Mix(parts=(Part(point=A),)), Z, "no layers"),
        (Shift(point=A, direction=Direction(kind="pca", index=0), amount=1, layers=(0, 1)), Z, "no layers"),
        (Shift(point=A, direction=Direction(kind="pca", index=99), amount=1), Z, "no such direction"),
        (Shift(point=A, direction=OwnDirection.of("x", "older", a[:2]), amount=1), Z, "“older”"),
        (Mix(parts=(Part(layers=(0, 5), point=A),)), W, "reach past"),
        (Mix(parts=(Part(layers=(0, 2), point=A),)), W, "layer 2 without a point"),
        (Between(start=A, end=total((-1, A), norm="keep"), t=0.5), Z, "exactly opposite"),
        (total((1e300, A), norm="keep"), Z, "too large"),
        (Between(start=A, end=B, t=1e308, path="lerp"), Z, "too large"),
    ],
)  # fmt: skip
def test_what_this_model_cannot_paint_is_said_in_a_sentence(
    tree: Expression, space: Plain, sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        resolve(tree, space)


NESTED = total((0.5, total((2, A), (1, B))), (-1, total((3, B), norm="keep")))


@pytest.mark.parametrize("space", [Z, W])
def test_sums_within_sums_paint_the_same_after_a_round_trip_through_text(space: Plain) -> None:
    again = parse(to_text(NESTED), lambda title: None)
    np.testing.assert_allclose(resolve(again, space), resolve(NESTED, space), atol=1e-5)


def test_the_deepest_tree_resolves() -> None:
    deep: Expression = A
    for _ in range(63):
        deep = Mean(of=(deep,))
    np.testing.assert_array_equal(resolve(deep, Z), a)
