import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import dictionaries, integers, none, one_of, text

from explorer.core.errors import KnownError
from explorer.gallery.pictures import Pixels
from explorer.gallery.recipe import MAX_RECIPE, Recipe, parse_recipe, pixels_sha256
from explorer.latent.expression import Artwork, Point, Seed

GOLDEN = Path(__file__).parents[1] / "golden"
Paint = Callable[..., tuple[Pixels, Recipe]]


def golden() -> str:
    return (GOLDEN / "recipe.json").read_text(encoding="utf-8").strip()


def test_the_golden_recipe_is_written_as_it_was_read() -> None:
    assert parse_recipe(golden(), name="golden").to_json() == golden()


def test_the_recipe_of_the_contract_is_read() -> None:
    point = '{"space": "z", "shape": [2], "data": "AACAPwAAAEA="}'
    recipe = parse_recipe(
        '{"format": 1, "software": "masquerade 0.1.0",'
        ' "model": {"id": "masks-64-r2", "title": "Masks", "sha256": "' + "1" * 64 + '"},'
        ' "expression": {"op": "seed", "seed": 12}, "point": ' + point + ","
        ' "label": null, "truncation": {"psi": 0.8, "cutoff": null}, "noise_scale": 1.0,'
        ' "upscale": [{"id": "realesrgan-x4plus", "sha256": "' + "2" * 64 + '", "scale": 4},'
        ' {"id": "lanczos", "to": [378, 378]}],'
        ' "picture": {"width": 378, "height": 378, "sha256": "' + "3" * 64 + '"}}',
        name="the contract's",
    )
    assert recipe.point.array().tolist() == [1.0, 2.0]
    assert json.loads(recipe.to_json())["point"] == json.loads(point)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"also": 1},
        {"model": {"id": "x"}},
        {"noise_scale": 1e999},
        {"label": ["much"]},
        {"label": [1e300]},
        {"label": [-0.5, 1.5]},
        {"point": {"space": "z", "shape": [3], "data": "AACAPw=="}},
        {"expression": {"op": "exec", "code": "1"}},
        {"picture": {"width": 0, "height": 1, "sha256": "0" * 64}},
        {"upscale": [{"id": "lanczos", "scale": 4}] * 17},
    ],
)
def test_a_recipe_that_makes_no_sense_is_one_sentence(change: dict[str, object]) -> None:
    with pytest.raises(KnownError, match=r"^moon\.png can't be used: .*\.$"):
        parse_recipe(json.dumps(json.loads(golden()) | change), name="moon.png")


@given(dictionaries(text(), one_of(none(), text(), integers())))
def test_any_other_json_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(KnownError):
        parse_recipe(json.dumps(content), name="moon.png")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[" * 100_000,
        '{"expression":' * 100_000,
        "\0",
        '"\\ud800"',
        "{" + " " * MAX_RECIPE,
    ],
)
def test_hostile_json_is_one_sentence(content: str) -> None:
    with pytest.raises(KnownError, match="moon"):
        parse_recipe(content, name="moon.png")


def test_a_recipe_over_a_megabyte_is_never_written(paint: Paint) -> None:
    pixels, recipe = paint()
    big = Point.of("z", np.zeros(1 << 18, np.float32))
    with pytest.raises(KnownError, match="over 1 MB"):
        recipe.model_copy(update={"expression": big}).to_json()
    assert pixels.shape == (12, 16, 3)


def test_lineage_survives(paint: Paint) -> None:
    _, recipe = paint()
    work = Artwork(id="1", title="Mønd #2", was=Seed(seed=5))
    kept = recipe.model_copy(update={"expression": work})
    assert parse_recipe(kept.to_json(), name="x") == kept


def test_grey_counts_as_three_equal_channels() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    assert pixels_sha256(grey) == pixels_sha256(np.repeat(grey, 3, axis=2))


def test_an_array_with_rows_lies_in_ws() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    recipe = parse_recipe(golden(), name="golden")
    for array, space in ((np.zeros(4, np.float32), "w"), (np.zeros((3, 4), np.float32), "ws")):
        made = Recipe.for_picture(
            pixels, model=recipe.model, expression=Seed(seed=1), point=array, space="w"
        )
        assert made.point.space == space
