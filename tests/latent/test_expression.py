import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists
from pydantic import BaseModel, ValidationError

from explorer.core.errors import KnownError
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
    read_expression,
    write_expression,
)

SEED: dict[str, Any] = {"op": "seed", "seed": 12}
NUMBERS = "AACAPwAAAEAAAEBA"  # 1, 2, 3

OF_THE_CONTRACT: list[dict[str, Any]] = [
    SEED,
    {"op": "point", "space": "w", "shape": [3], "data": NUMBERS},
    {"op": "point", "space": "ws", "shape": [3, 1], "data": NUMBERS},
    {"op": "artwork", "id": "5f0e", "title": "Moon", "was": SEED},
    {"op": "mean", "of": [SEED, SEED]},
    {
        "op": "sum",
        "norm": "typical",
        "terms": [{"weight": 1.0, "point": SEED}, {"weight": -1.0, "point": SEED}],
    },
    {"op": "between", "path": "slerp", "from": SEED, "to": SEED, "t": 0.4},
    {
        "op": "shift",
        "point": SEED,
        "direction": {"kind": "pca", "index": 3},
        "amount": 1.5,
        "layers": [0, 4],
    },
    {
        "op": "shift",
        "point": SEED,
        "direction": {"kind": "own", "id": "7", "title": "older", "data": NUMBERS},
        "amount": -1.0,
    },
    {"op": "mix", "parts": [{"layers": [0, 4], "point": SEED}, {"point": SEED}]},
]


@pytest.mark.parametrize("tree", OF_THE_CONTRACT, ids=lambda tree: str(tree["op"]))
def test_json_comes_back_as_the_contract_writes_it(tree: dict[str, Any]) -> None:
    assert json.loads(write_expression(read_expression(json.dumps(tree)))) == tree


@pytest.mark.parametrize("tree", OF_THE_CONTRACT, ids=lambda tree: str(tree["op"]))
def test_a_tree_inside_another_file_is_written_the_same(tree: dict[str, Any]) -> None:
    class Page(BaseModel):
        expression: Expression

    page = Page.model_validate_json(json.dumps({"expression": tree}))

    assert json.loads(page.model_dump_json()) == {"expression": tree}
    assert Page.model_validate(page.model_dump(mode="json")) == page


def test_trees_are_built_with_python_names() -> None:
    moon = Artwork(id="a", title="Moon", was=Seed(seed=1))
    tree = Shift(
        point=Between(start=moon, end=Mean(of=(Seed(seed=2),)), t=0.5),
        direction=Direction(kind="sefa", index=0),
        amount=2,
    )
    assert (tree.depth, tree.nodes) == (4, 6)
    assert read_expression(write_expression(tree)) == tree


@given(lists(integers(-(2**31), 2**31 - 1), min_size=1, max_size=20))
def test_a_point_keeps_every_bit(bits: list[int]) -> None:
    array = np.array(bits, "<i4").view("<f4")
    array = array[np.isfinite(array)]
    if len(array) == 0:
        return
    kept = Point.of("z", array).array()
    assert kept.tobytes() == array.tobytes()
    assert kept.dtype == np.float32


def test_a_direction_of_ones_own_keeps_its_numbers() -> None:
    array = np.array([1, -2.5], np.float32)
    np.testing.assert_array_equal(OwnDirection.of("a", "older", array).array(), array)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "null",
        "[]",
        "{",
        '{"op": "exec", "code": "1"}',
        '{"op": "seed", "seed": -1}',
        '{"op": "seed", "seed": 4294967296}',
        '{"op": "seed", "seed": 1, "extra": 1}',
        '{"op": "mean", "of": []}',
        '{"op": "sum", "terms": []}',
        '{"op": "sum", "terms": [{"weight": NaN, "point": {"op": "seed", "seed": 1}}]}',
        '{"op": "sum", "terms": [{"weight": 1e999, "point": {"op": "seed", "seed": 1}}]}',
        '{"op": "point", "space": "z", "shape": [3], "data": "!"}',
        '{"op": "point", "space": "z", "shape": [2], "data": "AACAPwAAAEAAAEBA"}',
        '{"op": "point", "space": "z", "shape": [-3], "data": "AACAPwAAAEAAAEBA"}',
        '{"op": "point", "space": "z", "shape": [3, 1], "data": "AACAPwAAAEAAAEBA"}',
        '{"op": "point", "space": "z", "shape": [], "data": "AACAPw=="}',
        '{"op": "point", "space": "z", "shape": [1], "data": "AADAfw=="}',
        '{"op": "point", "space": "z", "shape": [100000000000], "data": ""}',
        '{"op": "mix", "parts": [{"layers": [4, 4], "point": {"op": "seed", "seed": 1}}]}',
        '{"op": "mix", "parts": [{"layers": [-1, 4], "point": {"op": "seed", "seed": 1}}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_expression_is_said_in_a_sentence(bad: str | bytes) -> None:
    with pytest.raises(KnownError, match="The expression can't be read"):
        read_expression(bad)


@pytest.mark.parametrize("depth", [65, 200, 100_000])
def test_a_tree_too_deep_is_refused_before_it_can_do_harm(depth: int) -> None:
    nested = '{"op":"mean","of":[' * depth + json.dumps(SEED) + "]}" * depth
    with pytest.raises(KnownError):
        read_expression(nested)


def test_the_deepest_legal_tree_can_be_read_and_written() -> None:
    opening = '{"op":"sum","norm":"typical","terms":[{"weight":1.0,"point":'
    nested = opening * 63 + '{"op":"seed","seed":1}' + "}]}" * 63
    deepest = read_expression(nested)
    assert deepest.depth == 64
    assert write_expression(deepest) == nested
    with pytest.raises(ValidationError, match="64 deep"):
        Mean(of=(deepest,))


def test_a_tree_too_large_is_refused() -> None:
    many = {"op": "mean", "of": [SEED] * 4095}
    assert read_expression(json.dumps(many)).nodes == 4096
    with pytest.raises(KnownError, match="4096"):
        read_expression(json.dumps({"op": "mean", "of": [SEED] * 4096}))


def test_a_small_object_that_stands_for_a_huge_tree_is_refused() -> None:
    def tripled(tree: Expression) -> Sum:
        return Sum(terms=(Term(point=tree), Term(point=tree), Term(point=tree)))

    tree: Expression = Seed(seed=1)
    for _ in range(7):
        tree = tripled(tree)
    with pytest.raises(ValidationError, match="4096"):
        tripled(tree)


def test_a_lineage_grown_too_long_keeps_the_point() -> None:
    point = Point.of("z", np.ones(4, np.float32))
    work: Expression = Seed(seed=1)
    for generation in range(300):
        work = Mean(of=(Artwork.of(str(generation), "child", work, point), Seed(seed=2)))
    assert work.depth <= 64


def test_parts_of_a_mix_may_be_without_layers() -> None:
    assert Mix(parts=(Part(point=Seed(seed=1)),)).parts[0].layers is None
