"""Which part of a picture is kept, and where on its square it comes to lie."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, sampled_from
from PIL import Image, ImageDraw

from explorer.core.errors import KnownError
from training.data.fitting.fit import (
    Fit,
    Pixels,
    Skipped,
    all_fitted,
    checked,
    fitted,
    middle,
    tiles,
)
from training.data.fitting.interest import most_interesting, saliency

sides = integers(16, 300)
sizes = sampled_from([8, 16, 28, 64])


def painted(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width * height).integers(0, 256, (height, width, 3))
    return Image.fromarray(values.astype(np.uint8))


@given(width=sides, height=sides, across=sizes, down=sizes)
def test_a_crop_has_the_targets_proportions_and_lies_in_the_middle(
    width: int, height: int, across: int, down: int
) -> None:
    left, top, right, bottom = middle(width, height, Fit(max(across, down), inner=(across, down)))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert (right - left == width) or (bottom - top == height)
    assert abs((right - left) * down - (bottom - top) * across) <= max(across, down)
    assert abs(left - (width - right)) <= 1
    assert abs(top - (height - bottom)) <= 1


@settings(max_examples=40)
@given(width=sides, height=sides, tile=integers(8, 80), step=integers(1, 80))
def test_tiles_cover_every_pixel_and_lie_no_further_apart_than_a_step(
    width: int, height: int, tile: int, step: int
) -> None:
    fit = Fit(8, how="tiles", tile=tile, step=min(step, tile))
    boxes = tiles(width, height, fit)
    if tile > min(width, height):
        assert boxes == [middle(width, height, fit)]
        return
    covered = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        assert right - left == bottom - top == tile
        covered[top:bottom, left:right] = True
    assert covered.all()
    assert len(set(boxes)) == len(boxes)
    for places in (sorted({b[0] for b in boxes}), sorted({b[1] for b in boxes})):
        assert all(b - a <= fit.step for a, b in pairwise(places))


@settings(max_examples=40)
@given(
    width=sides,
    height=sides,
    across=sizes,
    down=sizes,
    how=sampled_from(["crop", "pad", "stretch"]),
)
def test_every_fit_gives_the_square_that_networks_need(
    width: int, height: int, across: int, down: int, how: str
) -> None:
    inner = None if across == down else (across, down)
    fit = checked(Fit(max(across, down), inner=inner, how=how))  # type: ignore[arg-type]  # drawn
    pixels = fitted(painted(width, height), fit)
    assert pixels.shape == (fit.size, fit.size, 3)


def test_what_is_padded_lies_where_the_card_says() -> None:
    fit = Fit(64, background=(1, 2, 3), how="stretch", inner=(64, 48))
    assert fit.padding == "64x48+0+8 on #010203"
    pixels = fitted(Image.new("RGB", (100, 100), "red"), fit)
    assert (pixels[8:56] == (255, 0, 0)).all()
    assert (pixels[:8] == (1, 2, 3)).all()
    assert (pixels[56:] == (1, 2, 3)).all()
    assert Fit(64).padding is None
    grey = fitted(Image.new("L", (100, 100), 9), Fit(8, grey=True, how="stretch", inner=(4, 8)))
    assert (grey[:, :, 0] == [255, 255, 9, 9, 9, 9, 255, 255]).all()


def test_padding_keeps_the_whole_picture_and_stretching_all_of_the_square() -> None:
    wide = Image.new("RGB", (80, 20), "red")
    padded = fitted(wide, Fit(16, how="pad"))
    assert (padded[6:10] == (255, 0, 0)).all()
    assert (padded[:6] == 255).all()
    assert (fitted(wide, Fit(16, how="stretch")) == (255, 0, 0)).all()


def test_tiles_are_parts_of_the_picture_in_rows() -> None:
    picture = painted(32, 24)
    parts = list(all_fitted(picture, Fit(16, how="tiles", step=8)))
    assert len(parts) == 3 * 2
    assert np.array_equal(parts[0], np.asarray(picture)[:16, :16])
    assert np.array_equal(parts[1], np.asarray(picture)[:16, 8:24])
    assert np.array_equal(parts[-1], np.asarray(picture)[8:, 16:])
    larger = list(all_fitted(picture, Fit(8, how="tiles", tile=16, step=16)))
    assert [part.shape for part in larger] == [(8, 8, 3)] * 4


def test_a_picture_of_too_many_tiles_is_left_out() -> None:
    with pytest.raises(Skipped, match=r"would give 3,721 tiles, more than 1,024"):
        list(all_fitted(Image.new("L", (68, 68)), Fit(8, grey=True, how="tiles", step=1)))


@pytest.mark.parametrize(
    ("fit", "sentence"),
    [
        (Fit(8, how="squeeze"), "--fit squeeze is none of crop, pad, stretch, tiles"),  # type: ignore[arg-type]  # a wrong word
        (Fit(8, crop="nose"), "--crop nose is none of centre, interest"),  # type: ignore[arg-type]  # a wrong word
        (Fit(8, how="pad", crop="interest"), "--crop interest goes with --fit crop"),
        (Fit(8, tile=9), "go with --fit tiles only"),
        (Fit(64, how="tiles", tile=15), "--tile 15 would be enlarged more than 4 times"),
        (Fit(8, how="tiles", step=9), "--tile-step 9 would leave out what lies between"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fit: Fit, sentence: str) -> None:
    with pytest.raises(KnownError, match=sentence):
        checked(fit)


def scene(x: int, y: int, width: int = 320, height: int = 120) -> Image.Image:
    """A speckled disc on an even ground."""
    image = Image.new("RGB", (width, height), (120, 130, 140))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - 25, y - 25, x + 25, y + 25), "orange", "black", 4)
    for n in range(6):
        draw.line((x - 15 + 5 * n, y - 15, x - 10 + 5 * n, y + 15), "navy", 2)
    return image


@settings(max_examples=25)
@given(x=integers(30, 290), y=integers(30, 90))
def test_an_interesting_crop_keeps_the_subject(x: int, y: int) -> None:
    left, top, right, bottom = most_interesting(scene(x, y), (120, 120))
    assert (right - left, bottom - top) == (120, 120)
    assert left <= max(0, x - 20)
    assert right >= min(320, x + 20)


def test_where_nothing_stands_out_the_middle_is_kept() -> None:
    assert saliency(Image.new("RGB", (90, 60), "teal")).max() == 0
    assert most_interesting(Image.new("RGB", (90, 60), "teal"), (60, 60)) == (15, 0, 75, 60)


def test_a_subject_in_the_middle_moves_no_crop_far() -> None:
    left, *_ = most_interesting(scene(160, 60), (120, 120))
    assert abs(left - 100) <= 12


def test_an_interesting_crop_goes_through_the_whole_fit() -> None:
    seen: Pixels = fitted(scene(270, 60), Fit(32, crop="interest"))
    blind: Pixels = fitted(scene(270, 60), Fit(32))
    orange = np.array([255, 165, 0])
    assert (np.abs(seen.astype(int) - orange).sum(-1) < 60).sum() > 20
    assert (np.abs(blind.astype(int) - orange).sum(-1) < 60).sum() == 0
