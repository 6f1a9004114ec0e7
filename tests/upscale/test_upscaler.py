from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import text
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.models.sessions import open_session
from explorer.upscale import upscaler as module
from explorer.upscale.stages import LANCZOS, TWO_STAGES, Stage
from explorer.upscale.upscaler import Pixels, Upscalers
from explorer.upscale.weights import folders, installed

ANIME = "realesr-animevideov3-x4"
PHOTO = "realesrgan-x4plus"
MASK = Path(__file__).parent / "mask.png"


@pytest.fixture(scope="module")
def upscalers() -> Upscalers:
    return Upscalers(folders()[:1])


@pytest.fixture(scope="module")
def mask() -> Pixels:
    """A carved mask, uint8 (64, 64, 3)."""
    with Image.open(MASK, formats=["PNG"]) as image:
        return np.array(image.convert("RGB"))


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def apart(a: Pixels, b: Pixels) -> NDArray[np.int16]:
    difference: NDArray[np.int16] = np.abs(a.astype(np.int16) - b)
    return difference


def test_two_stages_take_64_pixels_to_1024_and_it_is_still_the_same_picture(
    upscalers: Upscalers, mask: Pixels
) -> None:
    seen: list[float] = []

    large = upscalers.run(mask, upscalers.plan(TWO_STAGES), Progress(seen.append))

    assert large.shape == (1024, 1024, 3)
    assert large.dtype == np.uint8
    # Measured 5.1; 12 with red and blue exchanged, 21 upside down, 10 a pixel off.
    assert apart(resized(large, 64, 64), mask).mean() < 8
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_tiles_of_the_drawn_network_join_without_a_trace(
    upscalers: Upscalers, mask: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = resized(mask, 200, 170)
    stages = upscalers.plan(ANIME)
    whole = upscalers.run(picture, stages)
    monkeypatch.setattr(module, "_SHALLOW_SEEN", 96)

    tiled = upscalers.run(picture, stages)

    assert len(module.plan_tiles(200, 170, 18)) > 1
    assert apart(tiled, whole).max() <= 1


@pytest.mark.parametrize("upscaler", [ANIME, PHOTO])
def test_a_flat_wall_has_no_frame_around_it(upscalers: Upscalers, upscaler: str) -> None:
    wall = np.full((32, 32, 3), 210, np.uint8)

    large = upscalers.run(wall, upscalers.plan(upscaler)).astype(int)

    # The networks shade a flat grey by up to 5 levels, but not differently at the edge.
    frame = np.ones((128, 128), bool)
    frame[4:-4, 4:-4] = False
    assert abs(large[frame].mean() - large[~frame].mean()) < 3
    assert apart(large.astype(np.uint8), np.full_like(large, 210, np.uint8)).max() < 12


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2), (5, 5)])
def test_the_smallest_pictures_are_upscaled_too(
    upscalers: Upscalers, size: tuple[int, int]
) -> None:
    height, width = size
    large = upscalers.run(np.zeros((height, width, 3), np.uint8), upscalers.plan(ANIME))
    assert large.shape == (height * 4, width * 4, 3)


def test_a_grey_picture_comes_out_as_its_three_equal_channels_would(
    upscalers: Upscalers, mask: Pixels
) -> None:
    grey = mask[:, :, :1]
    stages = upscalers.plan(ANIME)
    assert np.array_equal(
        upscalers.run(grey, stages), upscalers.run(np.repeat(grey, 3, axis=2), stages)
    )
    assert upscalers.run(grey, ()).shape == (64, 64, 3)


@pytest.mark.parametrize("plan", ["realesr-animevideov3-x4", "realesr-animevideov3-x4,lanczos"])
def test_pictures_come_out_together_as_each_would_alone(
    upscalers: Upscalers, mask: Pixels, plan: str
) -> None:
    stages = upscalers.plan(plan)
    pictures = np.stack([mask, mask[::-1], mask[:, ::-1], 255 - mask, mask // 2])
    assert 1 < upscalers.at_once(stages, mask.shape[1], mask.shape[0]) < len(pictures)

    together = upscalers.run_together(pictures, stages)

    alone = np.stack([upscalers.run(picture, stages) for picture in pictures])
    apart = np.abs(together.astype(int) - alone).max()
    assert apart <= 1, f"up to {apart} of 255 apart"


def test_deep_networks_and_large_pictures_are_fed_one_at_a_time(upscalers: Upscalers) -> None:
    deep, shallow = upscalers.plan("realesrgan-x4plus"), upscalers.plan("realesr-animevideov3-x4")
    assert upscalers.at_once(deep, 28, 28) == 1
    assert upscalers.at_once(shallow, 256, 256) == 1
    assert upscalers.at_once((), 64, 64) == 1


def test_a_size_ends_the_plan_with_lanczos(upscalers: Upscalers, mask: Pixels) -> None:
    stages = upscalers.plan(ANIME, size=(378, 300))
    assert stages[-1] == Stage(id=LANCZOS, to=(378, 300))
    assert upscalers.run(mask, stages).shape == (300, 378, 3)


def test_lanczos_alone_enlarges_four_times(upscalers: Upscalers, mask: Pixels) -> None:
    assert np.array_equal(upscalers.run(mask, upscalers.plan(LANCZOS)), resized(mask, 256, 256))


def test_a_plan_names_the_very_weights(upscalers: Upscalers) -> None:
    first, second = upscalers.plan(f" {PHOTO}, {ANIME} ")
    assert (first.id, first.scale) == (PHOTO, 4)
    assert first.sha256 == installed(folders()[:1])[PHOTO].card.sha256
    assert second.id == ANIME
    assert upscalers.plan("") == ()


@given(name=text(max_size=20))
def test_any_text_is_a_plan_or_one_sentence(name: str) -> None:
    upscalers = Upscalers([])
    with suppress(KnownError):
        assert all(stage.id == LANCZOS for stage in upscalers.plan(name))


@pytest.mark.parametrize("size", [(0, 10), (-1, 10), (10, 99_999)])
def test_a_size_that_is_none_is_refused(upscalers: Upscalers, size: tuple[int, int]) -> None:
    with pytest.raises(KnownError, match="is no size to upscale to"):
        upscalers.plan("", size=size)


def test_a_result_that_would_not_fit_into_memory_is_refused(upscalers: Upscalers) -> None:
    wide = np.zeros((8, 4100, 3), np.uint8)
    with pytest.raises(KnownError, match="too large; leave out a stage"):
        upscalers.run(wide, upscalers.plan("lanczos,lanczos"))


def test_a_stage_of_other_weights_is_refused(upscalers: Upscalers, mask: Pixels) -> None:
    with pytest.raises(KnownError, match="another one than"):
        upscalers.run(mask, [Stage(id=ANIME, sha256="0" * 64, scale=4)])
    with pytest.raises(KnownError, match="another one than"):
        upscalers.run(mask, [Stage(id=ANIME, scale=2)])


def test_work_stops_between_two_tiles(mask: Pixels) -> None:
    weights = installed(folders()[:1])[ANIME]
    session = open_session(weights.content())
    picture = resized(mask, 330, 8)
    seen: list[float] = []
    progress = Progress(seen.append, is_cancelled=lambda: len(seen) == 1)
    with pytest.raises(Cancelled):
        module.upscale(picture[None], session, weights.card, progress)
    assert seen == [0.0]
