"""What is said of how pictures came to lie as they do stays true when they are prepared again."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, sampled_from
from PIL import Image

from training.data.card import DatasetCard, Prepared
from training.data.fitting.fit import Fit
from training.data.fitting.steps import Plan
from training.data.framing import framing
from training.data.prepare import prepare

from .pictures import filled, png, rows


@dataclass(frozen=True)
class Turned:
    told: str = "turned by hand"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image]:
        return [image.transpose(Image.Transpose.ROTATE_180)]


def settings(fit: Fit, rejected: int = 0) -> Prepared:
    return Prepared(
        sources=("s",),
        classes="auto",
        width=fit.width,
        height=fit.height,
        background="#ffffff",
        crop=None,
        tile=None,
        tile_step=None,
        steps=(),
        every_s=1.0,
        scenes=False,
        rejected=rejected,
    )


def padded(folder: Path) -> DatasetCard:
    files = {f"{kind}/{n}.png": png(n, size=32) for n in range(2) for kind in "ab"}
    return prepare(
        filled(folder / "s", files),
        folder / "first",
        size=(32, 24),
        fit="pad",
        background="#102030",
        steps=[Turned()],
        align="turned by hand",
        licence="CC0-1.0",
    )


def test_what_was_padded_and_aligned_still_is_when_only_sorted_anew(tmp_path: Path) -> None:
    first = padded(tmp_path)
    decisions = tmp_path / "d.csv"
    decisions.write_text("file,decision\na/1.png,reject\n")
    again = prepare(tmp_path / "first", tmp_path / "again", size=32, decisions=decisions)
    assert (again.fit, again.padding, again.align) == ("pad", first.padding, "turned by hand")
    assert first.prepared is not None
    changed = {"sources": ("first",), "rejected": 1}
    assert again.prepared == first.prepared.model_copy(update=changed)
    assert rows(tmp_path / "again")[0] == rows(tmp_path / "first")[0]
    third = prepare(tmp_path / "again", tmp_path / "third", size=32)
    assert (third.framing.padding, third.align) == (first.padding, first.align)


def test_at_another_size_the_padding_is_where_it_came_to_be(tmp_path: Path) -> None:
    padded(tmp_path)
    small = prepare(tmp_path / "first", tmp_path / "small", size=16)
    assert (small.fit, small.padding, small.align) == (
        "pad",
        "16x12+0+2 on #102030",
        "turned by hand",
    )
    assert small.prepared is not None
    assert (small.prepared.width, small.prepared.height) == (16, 12)
    other = prepare(tmp_path / "first", tmp_path / "other", size=(24, 32), steps=[Turned()])
    assert (other.fit, other.padding) == ("crop", "24x32+4+0 on #ffffff")
    assert other.align == "turned by hand"
    assert other.prepared is not None
    assert other.prepared.steps == ("turned by hand", "turned by hand")
    tiles = prepare(tmp_path / "first", tmp_path / "tiles", size=16, fit="tiles")
    assert (tiles.count, tiles.fit, tiles.padding) == (4 * 9, "tiles", None)


def test_a_stylegan_zip_of_ours_keeps_it_too(tmp_path: Path) -> None:
    first = padded(tmp_path)
    zipped = prepare(tmp_path / "first", tmp_path / "z.zip", size=32)
    back = prepare(tmp_path / "z.zip", tmp_path / "back", size=32)
    assert zipped.framing == back.framing.model_copy(update={"prepared": zipped.prepared})
    assert (back.fit, back.padding, back.align) == (first.fit, first.padding, first.align)
    assert first.prepared is not None
    assert back.prepared == first.prepared.model_copy(update={"sources": ("z",)})


@pytest.mark.parametrize(
    "change",
    [{"padding": 5}, {"width": -1}, {"prepared": {"steps": "x"}}, {"align": "\ud800"}],
    ids=ascii,
)
def test_a_zip_that_tells_nonsense_of_it_loses_only_that(
    tmp_path: Path, change: dict[str, object]
) -> None:
    padded(tmp_path)
    prepare(tmp_path / "first", tmp_path / "z.zip", size=32)
    with (
        zipfile.ZipFile(tmp_path / "z.zip") as old,
        zipfile.ZipFile(tmp_path / "y.zip", "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "dataset.json":
                content = json.dumps(json.loads(content) | change).encode()
            new.writestr(name, content)
    card = prepare(tmp_path / "y.zip", tmp_path / "out", size=32)
    assert (card.count, card.padding, len(card.classes)) == (4, None, 2)
    assert [one.file for one in card.skipped] == ["dataset.json"]


def test_of_several_sources_only_what_holds_for_all_is_said(tmp_path: Path) -> None:
    first = padded(tmp_path)
    prepare(tmp_path / "first", tmp_path / "twin", size=32)
    prepare(tmp_path / "s", tmp_path / "plain", size=32)
    both = [tmp_path / "first", tmp_path / "twin"]
    alike = prepare(both, tmp_path / "alike", size=32)
    assert (alike.fit, alike.padding, alike.align) == ("pad", first.padding, first.align)
    mixed = prepare([*both, tmp_path / "plain"], tmp_path / "mixed", size=32)
    assert (mixed.fit, mixed.padding, mixed.align) == ("crop", None, None)


@pytest.mark.parametrize("padding", ["9" * 5000 + "x1+0+0 on #ffffff", "64x48", ""])
def test_a_card_from_anywhere_breaks_nothing(padding: str) -> None:
    plan = Plan(Fit(4096))
    before = framing(settings(Fit(64)), Plan(Fit(64)), None)
    told = before.model_copy(update={"width": 1, "padding": padding})
    found = framing(settings(plan.fit), plan, None, told)
    assert found.padding is None
    assert found.prepared is not None
    assert found.prepared.width == 4096
    same = Plan(Fit(1))
    assert framing(settings(same.fit), same, None, told).padding == padding


@given(
    width=integers(1, 64),
    height=integers(1, 64),
    size=integers(1, 128),
    how=sampled_from(["crop", "pad", "stretch"]),
    told=booleans(),
)
def test_a_padding_scales_with_its_square(
    width: int, height: int, size: int, how: str, told: bool
) -> None:
    inner = None if width == height else (width, height)
    old = Fit(max(width, height), how="pad", inner=inner)
    before = framing(settings(old), Plan(old), "faces")
    if not told:
        before = before.model_copy(update={"prepared": None})
    new = Plan(Fit(size, how=how))  # type: ignore[arg-type]  # drawn
    found = framing(settings(new.fit, 3), new, None, before)
    assert (found.width, found.fit, found.align) == (size, "pad", "faces")
    assert found.prepared is not None
    assert found.prepared.rejected == 3
    if size == old.size:
        assert found.padding == before.padding
    elif size == 2 * old.size:
        twice = Fit(size, how="pad", inner=inner and (2 * width, 2 * height)).padding
        assert found.padding is not None
        assert twice is not None
        assert found.padding.partition("+")[0] == twice.partition("+")[0]
