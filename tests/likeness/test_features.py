import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor, fitted
from training.data.masks.factors import mask_factors
from training.data.masks.render import paint_mask

SHIPPED = Path(str(resources.files("exported_models")))
FEATURES = SHIPPED / "features"


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor.open()


@pytest.fixture(scope="module")
def masks() -> NDArray[np.uint8]:
    return np.stack([paint_mask(mask_factors(0, index), 64) for index in range(16)])


@pytest.fixture(scope="module")
def doodles() -> NDArray[np.uint8]:
    """64 painted faces, uint8 (64, 28, 28, 1)."""
    with Image.open(SHIPPED / "doodles-28-r1" / "preview.png", formats=["PNG"]) as sheet:
        grey = np.asarray(sheet.convert("L"))
    return grey.reshape(8, 28, 8, 28).swapaxes(1, 2).reshape(64, 28, 28, 1)


def in_colour(pictures: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Grey uint8 (n, h, w, 1) as (n, size, size, 3)."""
    levels: NDArray[np.uint8] = np.rint(fitted(pictures, size) * 255).astype(np.uint8)
    return levels.transpose(0, 2, 3, 1)


def apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    distance: NDArray[np.float32] = np.linalg.norm(a - b, axis=-1)
    return distance


def test_features_are_what_a_likeness_pack_is_made_of(
    extractor: Extractor, masks: NDArray[np.uint8]
) -> None:
    features = extractor(masks)
    assert len(features) == 16
    for layer, width in ((features.early, 384), (features.late, 1280)):
        assert layer.dtype == np.float32
        assert layer.shape == (16, width)
        assert np.isfinite(layer).all()
    assert len(extractor.sha256) == 64


def test_no_pictures_have_no_features(extractor: Extractor) -> None:
    features = extractor(np.empty((0, 64, 64, 3), np.uint8))
    assert features.early.shape == (0, 384)
    assert features.late.shape == (0, 1280)


def test_a_near_copy_lies_near_and_another_mask_far(
    extractor: Extractor, masks: NDArray[np.uint8]
) -> None:
    rng = np.random.default_rng(0)
    noisy = np.clip(masks + rng.normal(0, 2, masks.shape).round(), 0, 255).astype(np.uint8)
    darker = (masks * 0.95).astype(np.uint8)
    true = extractor(masks)
    for copy in (extractor(noisy), extractor(darker)):
        for there, here in ((true.early, copy.early), (true.late, copy.late)):
            between = apart(there[:, None], here[None])
            assert (between.argmin(axis=1) == np.arange(16)).all()
            others = between[~np.eye(16, dtype=bool)]
            # 0.34 and 0.48 with noise, 0.06 when darker
            assert np.median(np.diag(between)) < 0.6 * np.median(others)


def test_a_mask_lies_nearest_to_masks_and_a_doodle_to_doodles(
    extractor: Extractor, masks: NDArray[np.uint8], doodles: NDArray[np.uint8]
) -> None:
    kind = np.repeat([0, 1], 16)
    found = extractor(np.concatenate([masks, in_colour(doodles[:16], 64)])).late
    between = apart(found[:, None], found[None])
    np.fill_diagonal(between, np.inf)
    assert (kind[between.argmin(axis=1)] == kind).mean() > 0.9  # 31 of 32


def test_grey_is_the_same_grey_in_three_channels(
    extractor: Extractor, doodles: NDArray[np.uint8]
) -> None:
    grey, colour = extractor(doodles[:3]), extractor(np.repeat(doodles[:3], 3, axis=3))
    np.testing.assert_array_equal(grey.late, colour.late)
    np.testing.assert_array_equal(grey.early, colour.early)


def test_neighbours_in_the_batch_change_nothing_and_neither_do_threads(
    extractor: Extractor, doodles: NDArray[np.uint8]
) -> None:
    pictures = doodles[:20]  # more than are computed at once
    together = extractor(pictures)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(extractor, np.split(pictures, 20)))
    for index, one in enumerate(alone):
        np.testing.assert_allclose(one.late[0], together.late[index], atol=1e-4)
        np.testing.assert_allclose(one.early[0], together.early[index], atol=1e-4)
    np.testing.assert_array_equal(extractor(pictures).late, together.late)


@given(
    n=st.integers(0, 3),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    channels=st.sampled_from([1, 3]),
    grey=st.integers(0, 255),
)
@settings(max_examples=30)
def test_any_size_fits_and_a_flat_picture_stays_flat(
    n: int, height: int, width: int, channels: int, grey: int
) -> None:
    planes = fitted(np.full((n, height, width, channels), grey, np.uint8), 128)
    assert planes.dtype == np.float32
    assert planes.shape == (n, 3, 128, 128)
    assert (planes == np.float32(grey) / np.float32(255)).all()


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), np.uint8)
    np.testing.assert_array_equal(fitted(picture, 128) * 255, picture.transpose(0, 3, 1, 2))


def test_fine_stripes_become_grey_and_no_moire() -> None:
    stripes = np.zeros((1, 1000, 1000, 1), np.uint8)
    stripes[:, :, ::2] = 255
    inner = fitted(stripes, 128)[..., 2:-2]
    assert abs(inner - 0.5).max() < 0.02


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((1, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((1, 8, 8, 4), np.uint8),
        np.zeros((1, 3, 8, 8), np.uint8),
    ],
    ids=["floats", "no-batch", "alpha", "channels-first"],
)
def test_what_is_no_batch_of_pictures_is_our_mistake(
    extractor: Extractor, pictures: NDArray[Any]
) -> None:
    with pytest.raises(ValueError, match="is not uint8"):
        extractor(pictures)


def test_long_work_tells_its_progress_and_stops_when_asked(
    extractor: Extractor, doodles: NDArray[np.uint8]
) -> None:
    told: list[float] = []
    extractor(doodles[:40], Progress(told.append))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    with pytest.raises(Cancelled):
        extractor(doodles, Progress(is_cancelled=lambda: len(told) > 0))


def test_another_graph_under_the_same_card_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FEATURES, tmp_path / "features")
    graph = folder / "efficientnet-lite0.onnx"
    content = bytearray(graph.read_bytes())
    content[-1000] ^= 1
    graph.write_bytes(content)
    with pytest.raises(KnownError, match="not the file its card describes"):
        Extractor.open(folder)
    graph.unlink()
    with pytest.raises(KnownError, match="can't be read"):
        Extractor.open(folder)


@pytest.mark.parametrize(
    ("key", "value"), [("format", 2), ("size", 64), ("late", 1000), ("surprise", 1)]
)
def test_a_card_of_another_kind_is_refused(tmp_path: Path, key: str, value: int) -> None:
    folder = shutil.copytree(FEATURES, tmp_path / "features")
    card = folder / "efficientnet-lite0.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), key: value}))
    with pytest.raises(KnownError, match="can't be used"):
        Extractor.open(folder)
    card.unlink()
    with pytest.raises(KnownError, match="can't be read"):
        Extractor.open(folder)
