import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor, Features
from explorer.likeness.make import make_pack, principal, thumbnail, to_nearest_other
from explorer.likeness.pack import (
    DIM,
    EARLY,
    LATE,
    LikenessPack,
    Picture,
    pack_files,
    read_pack,
    unit_rows,
)

SHA = "1" * 64
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
HOSTILE = (
    "../../etc/passwd",
    'a,"b"\r\nc.png',
    "carriage\rreturn.png",
    "\x1b[2Jgone.png",
    "nul\0.png",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>.png",
    "\u202egnp.exe",
    " ",
    "",
)


def drawn(n: int, seed: int = 0, rank: int = 24) -> Features:
    """Features as a network gives them: none negative, few causes behind many numbers."""
    rng = np.random.default_rng(seed)

    def layer(width: int) -> NDArray[np.float32]:
        causes = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, width))
        return np.maximum(causes / rank + 2, 0).astype(np.float32)

    return Features(layer(EARLY), layer(LATE))


def at(features: Features, places: list[int]) -> Features:
    return Features(features.early[places], features.late[places])


def packed(features: Features, progress: Progress = Progress()) -> LikenessPack:
    """A pack of plain squares, the files of which are called by their number."""
    n = len(features)
    jpeg = thumbnail(np.full((8, 8, 3), 128, np.uint8))
    pictures = [Picture(f"{i}.png", "", "", "", "CC0-1.0") for i in range(n)]
    return make_pack(features, [jpeg] * n, pictures, extractor_sha256=SHA, progress=progress)


def again(pack: LikenessPack) -> LikenessPack:
    return read_pack(pack_files(pack).__getitem__, name="again")


@given(st.data(), st.integers(1, 9))
@settings(max_examples=12, deadline=None)
def test_what_is_written_is_read(data: st.DataObject, n: int) -> None:
    pictures = [
        Picture(*data.draw(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), label="row")) for _ in range(n)
    ]
    shades = data.draw(st.lists(st.integers(0, 255), min_size=n, max_size=n), label="shades")
    jpegs = [thumbnail(np.full((4, 6, 1), shade, np.uint8)) for shade in shades]
    made = make_pack(drawn(n), jpegs, pictures, extractor_sha256=SHA)

    read = again(made)

    assert read.pictures == tuple(pictures)
    assert read.thumbnails == tuple(jpegs)
    assert read.extractor_sha256 == SHA
    for key in ("early", "late", "early_mean", "late_mean", "early_basis", "late_basis"):
        np.testing.assert_array_equal(getattr(read, key), getattr(made, key))
    np.testing.assert_array_equal(read.self_early, made.self_early)
    np.testing.assert_array_equal(read.self_late, made.self_late)


def test_hostile_names_come_back_as_they_were() -> None:
    pictures = tuple(Picture(name, name, name, name, name) for name in HOSTILE)
    assert again(replace(packed(drawn(len(HOSTILE))), pictures=pictures)).pictures == pictures


def test_half_a_character_in_a_name_is_no_reason_to_fail() -> None:
    pack = replace(packed(drawn(1)), pictures=(Picture("\udcff.png", "", "", "", ""),))
    assert again(pack).pictures[0].file == "?.png"


def test_the_same_pictures_make_the_same_bytes() -> None:
    assert pack_files(packed(drawn(300))) == pack_files(packed(drawn(300)))


@pytest.mark.parametrize("n", [1, 2, 3, 127, 128, 129, 400])
def test_any_number_of_pictures_makes_a_pack(n: int) -> None:
    pack = again(packed(drawn(n, rank=200)))
    assert len(pack) == n
    for basis in (pack.early_basis, pack.late_basis):
        lengths = np.linalg.norm(basis, axis=0)
        assert np.isclose(lengths, np.arange(DIM) < min(n - 1, DIM), atol=1e-5).all()
        across = basis.T @ basis
        np.testing.assert_allclose(across, np.diag(np.diag(across)), atol=1e-5)


def test_a_picture_alone_is_as_far_from_others_as_can_be() -> None:
    pack = again(packed(drawn(1)))
    assert pack.self_early.tolist() == pack.self_late.tolist() == [2]


def test_two_pictures_lie_opposite_each_other() -> None:
    np.testing.assert_allclose(again(packed(drawn(2))).self_late, 2, atol=1e-3)


def test_pictures_that_are_all_the_same_are_doubles_and_not_noise() -> None:
    one = drawn(1)
    close = np.float32(1) + np.random.default_rng(0).normal(0, 1e-7, (6, 1)).astype(np.float32)
    for features in (at(one, [0] * 6), Features(one.early * close, one.late * close)):
        pack = again(packed(features))
        assert not pack.early_basis.any()
        assert pack.self_early.tolist() == pack.self_late.tolist() == [0] * 6


def test_features_that_are_all_zero_make_a_pack() -> None:
    nothing = Features(np.zeros((3, EARLY), np.float32), np.zeros((3, LATE), np.float32))
    assert again(packed(nothing)).self_late.tolist() == [0, 0, 0]


def test_doubles_are_at_distance_0_and_others_are_not() -> None:
    places = [*range(40), 7, 7, 12]
    pack = again(packed(at(drawn(40), places)))
    is_double = np.isin(places, [7, 12])
    for far in (pack.self_early, pack.self_late):
        assert (far[is_double] < 1e-6).all()
        assert (far[~is_double] > 1e-2).all()
        assert (far >= 0).all()
        assert (far <= 2).all()


def test_a_picture_that_is_the_mean_is_like_no_other() -> None:
    two = drawn(2)
    rows = [np.stack([*x, (x[0] + x[1]) / 2]) for x in (two.early, two.late)]
    far = again(packed(Features(*rows))).self_late
    np.testing.assert_allclose(far[2], 1, atol=1e-3)


@given(st.integers(2, 60), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_nearest_other_is_what_comparing_all_would_find(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, DIM))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    wide = rows.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    cosine = wide @ wide.T
    np.fill_diagonal(cosine, -1)
    np.testing.assert_allclose(to_nearest_other(rows), 1 - cosine.max(axis=1), atol=1e-6)


def test_many_pictures_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = packed(drawn(150))
    monkeypatch.setattr("explorer.likeness.make._BLOCK", 1000)  # 6 rows at once
    monkeypatch.setattr("explorer.likeness.make._ROWS", 32)
    told: list[float] = []
    parts = packed(drawn(150), Progress(told.append))
    np.testing.assert_allclose(parts.self_late, whole.self_late, atol=1e-3)
    np.testing.assert_allclose(parts.early_basis[:, :20], whole.early_basis[:, :20], atol=1e-3)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 50


def test_making_stops_when_asked() -> None:
    with pytest.raises(Cancelled):
        packed(drawn(20), Progress(is_cancelled=lambda: True))


def test_rows_that_do_not_belong_together_are_our_mistake() -> None:
    pack = packed(drawn(3))
    for n, pictures in ((3, pack.pictures[:2]), (2, pack.pictures), (0, ())):
        with pytest.raises(ValueError, match="thumbnails"):
            make_pack(
                drawn(3) if n == 3 else at(drawn(3), list(range(n))),
                pack.thumbnails[:n],
                pictures,
                extractor_sha256=SHA,
            )
    spoilt = drawn(3)
    spoilt.late[1, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        packed(spoilt)


def test_axes_are_those_along_which_pictures_vary_most() -> None:
    raw = drawn(500, rank=300).late
    mean, basis = principal(raw)
    spread = np.linalg.eigvalsh(np.cov(raw.T))[::-1][:DIM]
    np.testing.assert_allclose(((raw - mean) @ basis).var(axis=0, ddof=1), spread, rtol=1e-3)
    assert (np.take_along_axis(basis, np.abs(basis).argmax(axis=0)[None], axis=0) > 0).all()


@pytest.mark.parametrize(
    "shape", [(28, 28, 1), (512, 300, 3), (300, 512, 3), (4096, 1, 3), (64, 64, 3)]
)
def test_a_thumbnail_is_64_px_on_its_long_side(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    jpeg = thumbnail(pixels)
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        picture.load()
        assert max(picture.size) == 64
        assert (picture.width > picture.height) == (shape[1] > shape[0])
        assert picture.mode == ("L" if shape[2] == 1 else "RGB")
    assert len(jpeg) < 64 << 10


def test_a_near_copy_of_a_real_picture_lies_where_the_pack_keeps_it() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (12, 8, 8, 1), np.uint8).repeat(8, 1).repeat(8, 2)
    extractor = Extractor.open(threads=1)
    features = extractor(grey)
    pack = again(packed(features))
    darker = extractor((grey * 0.97).astype(np.uint8))
    query = unit_rows(darker.late, pack.late_mean, pack.late_basis)
    np.testing.assert_array_equal((query @ pack.late.T).argmax(axis=1), np.arange(12))
