"""What is known of a mask is true of its picture: balanced, visible, and kept by `prepare`."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.likeness.features import Extractor
from training.data.masks import factors as all_factors
from training.data.masks.factors import (
    FACTOR_NAMES,
    PAINTS,
    STOCKS,
    MaskFactors,
    mask_factors,
)
from training.data.masks.folder import write_masks
from training.data.masks.render import paint_mask
from training.data.prepare import prepare

_PLURALS = {"material": "MATERIALS", "mouth": "MOUTHS", "beard": "BEARDS", "finish": "FINISHES"}
_SAME = ("heads", "ears", "brows", "eyes", "cheeks")


def weights(name: str, material: str = "wood") -> dict[str, float]:
    """A factor's values, and how often each is meant to occur."""
    if name in ("stock", "paint"):
        return {"stock": STOCKS, "paint": PAINTS}[name][material]
    plural = _PLURALS.get(name, name.upper() if name in _SAME else f"{name.upper()}S")
    values: dict[str, float] = getattr(all_factors, plural)
    return values


def test_every_value_of_every_factor_occurs_often_enough_to_be_learned() -> None:
    seen: dict[str, Counter[str]] = {name: Counter() for name in FACTOR_NAMES}
    count = 1_500
    for index in range(count):
        factors = mask_factors(1, index)
        for name in FACTOR_NAMES:
            seen[name][getattr(factors, name)] += 1

    for name in set(FACTOR_NAMES) - {"stock"}:
        assert set(seen[name]) == set(weights(name)), name
        few, many = min(seen[name].values()), max(seen[name].values())
        assert few > count / 40, f"{name}: {seen[name]}"
        assert many < 0.8 * count, f"{name}: {seen[name]}"
    assert set(seen["stock"]) == {stock for stocks in STOCKS.values() for stock in stocks}
    assert min(seen["stock"].values()) > count / 40


def test_a_plain_mask_is_the_same_with_one_head_and_no_paint(tmp_path: Path) -> None:
    for index in range(200):
        plain = mask_factors(2, index, plain=True)
        assert plain == replace(mask_factors(2, index), heads="one", paint="none")

    write_masks(tmp_path / "m", count=24, size=16, seed=2, plain=True, workers=1)
    with (tmp_path / "m" / "pictures.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert {(row["heads"], row["paint"]) for row in table} == {("one", "none")}
    for row in table:
        plain = mask_factors(2, int(row["index"]), plain=True)
        with Image.open(tmp_path / "m" / row["file"], formats=["PNG"]) as picture:
            assert np.array_equal(np.asarray(picture), paint_mask(plain, 16))
    with pytest.raises(KnownError, match="holds plain masks"):
        write_masks(tmp_path / "m", count=24, size=16, seed=2, workers=1)


def test_stock_and_paint_suit_the_material_and_nothing_is_told_that_is_hidden() -> None:
    for index in range(600):
        factors = mask_factors(2, index)
        assert factors.stock in STOCKS[factors.material]
        assert factors.paint in PAINTS[factors.material]
        if factors.crest == "braids":
            assert factors.forehead == "none"
        if factors.cheeks in ("furrows", "lattice"):
            assert factors.paint not in ("stripes", "chequers", "dots")


@pytest.mark.parametrize("name", [name for name in FACTOR_NAMES if name != "material"])
def test_changing_one_factor_changes_the_picture_and_nothing_else_does(name: str) -> None:
    """Every value of a factor is another picture of the same mask."""
    one = replace(mask_factors(4, 4), crest="none", wear="sound", inlay="none", heads="one")
    one = replace(one, paint="none", cheeks="none", forehead="none")
    values = list(weights(name, one.material))
    pictures = []
    for value in values:
        changed: dict[str, Any] = {name: value}
        pictures.append(paint_mask(replace(one, **changed), 32).astype(np.float64))
    for i in range(len(values)):
        for j in range(i):
            apart = np.abs(pictures[i] - pictures[j])
            # Levels of 255; the same factors give 0. A nose is small, so its worst pixels count.
            assert np.percentile(apart, 98) > 6, f"{values[i]} looks like {values[j]}"


def seen_alone(count: int, size: int) -> tuple[list[MaskFactors], NDArray[np.uint8]]:
    """Masks with one head, where a face is as large as it may be."""
    known = [replace(mask_factors(11, index), heads="one") for index in range(count)]
    return known, np.stack([paint_mask(factors, size) for factors in known])


def even(columns: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Each column with mean 0 and the same spread, each row about 1 long."""
    centred = columns - columns.mean(0)
    rows: NDArray[np.floating[Any]] = centred / (centred.std(0) + 1e-6) / np.sqrt(centred.shape[1])
    return rows


def told_apart(rows: NDArray[np.floating[Any]], values: list[str]) -> tuple[float, float]:
    """How often ridge regression tells a factor's value from pictures it has not learned from.

    Averaged over the values, so that a frequent one counts no more; and the chance to guess it,
    plus two standard errors.
    """
    names = sorted(set(values))
    truth = np.array([names.index(value) for value in values])
    target = np.eye(len(names))[truth]
    near, fold = rows @ rows.T, np.arange(len(rows)) % 4
    hit = np.zeros_like(truth)
    for part in range(4):
        known, asked = fold != part, fold == part
        share = target[known].mean(0)
        inner = near[np.ix_(known, known)] + np.eye(known.sum())
        learned = np.linalg.solve(inner, (target[known] - share) / np.sqrt(share))
        hit[asked] = (near[np.ix_(asked, known)] @ learned).argmax(1)
    right = float(np.mean([(hit[truth == i] == i).mean() for i in range(len(names))]))
    guess = 1 / len(names)
    return right, guess + 2 * float(np.sqrt(guess * (1 - guess) / len(rows)))


def test_a_linear_classifier_sees_each_factor_in_the_pictures() -> None:
    """Of 600: nose 0.28 for 0.20, material 0.59 for 0.25; crest 0.83 for 0.08, light 0.99 for 0.33."""
    known, pictures = seen_alone(360, 48)
    looks = Extractor.open()(pictures)
    grey = pictures.mean(3).reshape(-1, 24, 2, 24, 2).mean((2, 4))
    colours = pictures.reshape(-1, 16, 3, 16, 3, 3).mean((2, 4))
    rows = np.hstack(
        [even(a.reshape(len(known), -1)) for a in (grey, colours, looks.early, looks.late)]
    )
    for name in set(FACTOR_NAMES) - {"heads"}:
        right, guessed = told_apart(rows, [getattr(factors, name) for factors in known])
        assert right > guessed, f"{name}: {right:.2f}, {guessed:.2f} by guessing"


def test_a_linear_classifier_counts_the_heads() -> None:
    known = [mask_factors(12, index) for index in range(160)]
    pictures = np.stack([paint_mask(factors, 16) for factors in known])
    rows = even(pictures.reshape(len(known), -1).astype(np.float64))

    right, _ = told_apart(rows, [factors.heads for factors in known])
    assert right > 0.5  # 0.25 by guessing


def test_prepare_keeps_the_factors_of_every_picture(tmp_path: Path) -> None:
    write_masks(tmp_path / "masks", count=12, size=16, seed=6, workers=1)
    prepare(tmp_path / "masks", tmp_path / "dataset", size=16, workers=1)

    with (tmp_path / "dataset" / "pictures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    for row in rows:
        index = int(Path(row["file"]).stem)
        factors = mask_factors(6, index)
        assert {name: row[name] for name in FACTOR_NAMES} == {
            name: getattr(factors, name) for name in FACTOR_NAMES
        }
        assert row["class"] == factors.material
        assert row["licence"] == "CC0-1.0"
