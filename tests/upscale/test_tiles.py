import numpy as np
from hypothesis import given
from hypothesis.strategies import integers

from explorer.upscale.tiles import Box, tiles
from explorer.upscale.upscaler import plan_tiles


@given(
    width=integers(1, 300),
    height=integers(1, 300),
    side=integers(8, 128),
    margin=integers(0, 24),
)
def test_every_pixel_is_kept_once(width: int, height: int, side: int, margin: int) -> None:
    times_kept = np.zeros((height, width), int)
    for tile in tiles(width, height, side=side, margin=margin):
        times_kept[tile.kept.top : tile.kept.bottom, tile.kept.left : tile.kept.right] += 1
    assert (times_kept == 1).all()


@given(width=integers(1, 1500), height=integers(1, 1500), radius=integers(0, 400))
def test_no_piece_is_larger_than_memory_allows(width: int, height: int, radius: int) -> None:
    most = 320 if radius <= 32 else 128
    for tile in plan_tiles(width, height, radius):
        assert 0 < tile.seen.right - tile.seen.left <= most
        assert 0 < tile.seen.bottom - tile.seen.top <= most


@given(width=integers(1, 1500), height=integers(1, 1500), radius=integers(0, 32))
def test_every_kept_pixel_sees_as_far_as_the_network_looks(
    width: int, height: int, radius: int
) -> None:
    picture = Box(0, 0, width, height)
    for tile in plan_tiles(width, height, radius):
        assert tile.seen == tile.kept.grown(radius, within=picture)


@given(width=integers(1, 128), height=integers(1, 128), radius=integers(0, 400))
def test_a_picture_of_128_pixels_is_never_cut(width: int, height: int, radius: int) -> None:
    (tile,) = plan_tiles(width, height, radius)
    assert tile.kept == tile.seen == Box(0, 0, width, height)
