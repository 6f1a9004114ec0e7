"""Only what reads a dataset needs TensorFlow here."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz, write_npz
from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor, Features
from training.data.masks.factors import mask_factors
from training.data.masks.render import paint_mask
from training.data.records import pictures_in_order
from training.evaluation.measures import count_distinct, distances
from training.judging import score as scoring
from training.judging.score import Judge
from training.report import to_bytes

pytestmark = pytest.mark.train

SHIPPED = Path(str(resources.files("exported_models")))


class Counting(Extractor):
    """An extractor that tells how many pictures it looked at."""

    looked = 0

    def __call__(self, pictures: NDArray[np.uint8], progress: Progress = Progress()) -> Features:
        self.looked += len(pictures)
        return super().__call__(pictures, progress)


@pytest.fixture(scope="module")
def extractor() -> Counting:
    return Counting.open()


@pytest.fixture(scope="module")
def masks() -> NDArray[np.uint8]:
    return np.stack([paint_mask(mask_factors(0, index), 32) for index in range(128)])


@pytest.fixture(scope="module")
def judge(extractor: Extractor, masks: NDArray[np.uint8]) -> Judge:
    return Judge.of_pictures([masks[:40], masks[40:64]], extractor=extractor)


def near_copies(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """64 of these few, each a little otherwise."""
    few = np.resize(pictures, (64, *pictures.shape[1:]))
    noisy = few + np.random.default_rng(0).integers(-2, 3, few.shape)
    levels: NDArray[np.uint8] = np.clip(noisy, 0, 255).astype(np.uint8)
    return levels


def test_other_masks_of_the_same_hand_score_zero_within_its_error(
    judge: Judge, masks: NDArray[np.uint8]
) -> None:
    score = judge.score(masks[64:])
    assert abs(score.kid) < 0.1  # noise has 3.6
    assert score.diversity == pytest.approx(1, abs=0.1)
    assert score.distinct > 0.9
    assert score.novelty == pytest.approx(1, abs=0.2)


def test_kid_is_unbiased_so_that_fewer_pictures_score_no_worse(
    extractor: Extractor, masks: NDArray[np.uint8]
) -> None:
    features = extractor(masks).late
    rng = np.random.default_rng(0)
    halves = [
        Judge(features[order[:100]], extractor)._kid(features[order[100:]])
        for order in (rng.permutation(128) for _ in range(20))
    ]
    assert abs(np.mean(halves)) < 2 * np.std(halves) / np.sqrt(5)  # splits overlap
    assert min(halves) < 0 < max(halves)


def test_noise_scores_far_from_masks(judge: Judge) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    score = judge.score(noise)
    assert score.kid > 1
    assert score.diversity < 0.3


def test_a_collapsed_generator_has_no_diversity(judge: Judge, masks: NDArray[np.uint8]) -> None:
    score = judge.score(near_copies(masks[70:71]))
    assert score.diversity < 0.4  # 0 without the noise
    assert score.distinct <= 2 / 64
    assert score.kid > 0.5
    flat = judge.score(np.full((8, 32, 32, 3), 128, np.uint8))
    assert flat.diversity == pytest.approx(0, abs=1e-3)
    assert flat.distinct == 1 / 8


def test_eight_modes_look_diverse_and_are_counted(judge: Judge, masks: NDArray[np.uint8]) -> None:
    score = judge.score(near_copies(masks[70:78]))
    assert score.diversity > 0.7  # why the distinct ones are counted beside it
    assert score.distinct <= 12 / 64


def test_copies_of_the_training_pictures_are_not_novel(
    judge: Judge, masks: NDArray[np.uint8]
) -> None:
    assert judge.score(masks[:64]).novelty < 0.01
    assert judge.score(near_copies(masks[:64])).novelty < 0.6
    assert judge.score(masks[64:]).novelty > 0.8


def test_what_a_trained_model_paints_scores_between_masks_and_noise(
    judge: Judge, masks: NDArray[np.uint8]
) -> None:
    with Image.open(SHIPPED / "masks-64-r2" / "preview.png", formats=["PNG"]) as sheet:
        rgb = np.asarray(sheet.convert("RGB").resize((256, 256)))
    painted = rgb.reshape(8, 32, 8, 32, 3).swapaxes(1, 2).reshape(64, 32, 32, 3)
    score = judge.score(painted)
    assert abs(judge.score(masks[64:]).kid) < score.kid < 2.5
    assert score.distinct > 0.9


def test_the_same_pictures_have_the_same_score(judge: Judge, masks: NDArray[np.uint8]) -> None:
    assert judge.score(masks[100:]) == judge.score(masks[100:])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many real pictures are looked at, instead of thousands."""
    monkeypatch.setattr(scoring, "REAL", 7)
    return 7


def test_the_datasets_features_are_extracted_once(
    grey_dataset: Path, colour_dataset: Path, tmp_path: Path, extractor: Counting, few: int
) -> None:
    cache = tmp_path / "features.npz"
    extractor.looked = 0
    first = Judge.of_dataset(grey_dataset, cache, extractor=extractor)
    again = Judge.of_dataset(grey_dataset, cache, extractor=extractor)
    assert extractor.looked == few
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28, 1), np.uint8)
    assert first.score(pictures) == again.score(pictures)

    extractor.looked = 0
    Judge.of_dataset(colour_dataset, cache, extractor=extractor)
    assert extractor.looked == few  # other pictures, other features
    assert [path.name for path in tmp_path.iterdir()] == ["features.npz"]


def test_a_cache_that_does_not_fit_is_made_again(
    grey_dataset: Path, tmp_path: Path, extractor: Counting, few: int
) -> None:
    cache = tmp_path / "features.npz"
    Judge.of_dataset(grey_dataset, cache, extractor=extractor)
    whole = cache.read_bytes()
    found = read_npz(whole, "cache")
    late = found.pop("late")
    other = {**found, "extractor_sha256": np.array("0" * 64)}
    for spoiled in (
        whole[: len(whole) // 2],
        b"PK no",
        write_npz(late=late, **other),
        write_npz(late=late),
        write_npz(late=late[:-1], **found),
        write_npz(late=late * np.float32(np.nan), **found),
    ):
        cache.write_bytes(spoiled)
        extractor.looked = 0
        Judge.of_dataset(grey_dataset, cache, extractor=extractor)
        assert extractor.looked == few
        assert cache.read_bytes() == whole


def test_a_large_dataset_is_seen_from_all_over(
    grey_dataset: Path, tmp_path: Path, extractor: Counting, few: int
) -> None:
    cache = tmp_path / "features.npz"
    Judge.of_dataset(grey_dataset, cache, extractor=extractor)
    pictures = to_bytes(next(iter(pictures_in_order(grey_dataset, batch=48)))[0].numpy())
    every = extractor(pictures).late
    places = distances(read_npz(cache.read_bytes(), "x")["late"], every).argmin(axis=1)
    assert len(places) == few
    assert (places[0], places[-1]) == (0, 47)
    assert (np.diff(places) >= 7).all()


def test_looking_at_the_dataset_can_be_stopped(
    grey_dataset: Path, tmp_path: Path, extractor: Counting
) -> None:
    told: list[float] = []
    Judge.of_dataset(
        grey_dataset, tmp_path / "f.npz", extractor=extractor, progress=Progress(told.append)
    )
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    stopped = Progress(is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        Judge.of_dataset(grey_dataset, tmp_path / "g.npz", extractor=extractor, progress=stopped)
    assert not (tmp_path / "g.npz").exists()


def test_a_cache_that_cannot_be_written_is_one_sentence(
    grey_dataset: Path, tmp_path: Path, extractor: Counting, few: int
) -> None:
    with pytest.raises(KnownError, match="can't be written"):
        Judge.of_dataset(grey_dataset, tmp_path / "missing" / "features.npz", extractor=extractor)


def test_one_picture_has_no_variety(judge: Judge, extractor: Extractor) -> None:
    with pytest.raises(ValueError, match="no variety"):
        judge.score(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="no features of two"):
        Judge(np.zeros((1, 1280), np.float32), extractor)


def test_a_dataset_of_one_colour_still_gives_numbers(extractor: Extractor) -> None:
    flat = Judge.of_pictures([np.full((4, 8, 8, 1), 9, np.uint8)], extractor=extractor)
    score = flat.score(np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), np.uint8))
    assert np.isfinite(list(score.scalars().values())).all()


@given(
    arrays(np.float32, (7, 3), elements=st.floats(-8, 8, width=16)),
    st.floats(0, 10),
)
def test_every_picture_is_distinct_or_near_one_that_is(
    points: NDArray[np.float32], nearer_than: float
) -> None:
    between = distances(points, points)
    count = count_distinct(between, nearer_than=nearer_than)
    assert 1 <= count <= 7
    assert count_distinct(between, nearer_than=0) == 7
    assert count_distinct(between, nearer_than=1e9) == 1
    np.testing.assert_allclose(
        between, np.linalg.norm(points[:, None] - points[None], axis=-1), atol=0.02
    )
