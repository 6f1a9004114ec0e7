"""What training is given: always the same layout and range, and the same pictures at every step."""

import json
import runpy
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis.strategies import integers
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.data.prepare import prepare
from training.data.records import epoch_order, pictures_in_order, training_pictures

pytestmark = pytest.mark.train

GOLDEN = Path(__file__).parents[2] / "golden" / "dataset"
COUNT = 11
PICTURES = np.random.default_rng(0).integers(0, 256, (COUNT, 6, 6, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    np.save(folder / "pictures.npy", PICTURES)
    prepare(folder / "pictures.npy", folder / "dataset", size=6)
    return folder / "dataset"


def first(dataset: tf.data.Dataset, batches: int) -> list[tuple[NDArray[Any], ...]]:
    return [tuple(part.numpy() for part in batch) for batch in dataset.take(batches)]


def test_the_golden_dataset_is_read_as_it_was_written() -> None:
    ((images, labels, index),) = first(pictures_in_order(GOLDEN, batch=8), 2)
    assert images.shape == (6, 8, 8, 3)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert index.tolist() == list(range(6))
    x = np.arange(8) * 31 % 256  # the formula of its first picture's red plane, first row
    assert np.array_equal(images[0, 0, :, 0], np.float32(x) / np.float32(127.5) - 1)


def test_pictures_come_as_float32_channels_last_between_minus_one_and_one(dataset: Path) -> None:
    stream = training_pictures(dataset, batch=4, seed=1)
    images, labels, index = stream.element_spec
    assert images == tf.TensorSpec((4, 6, 6, 3), tf.float32)
    assert labels == tf.TensorSpec((4,), tf.int32)
    assert index == tf.TensorSpec((4,), tf.int64)
    for delivered, _, numbers in first(stream, 3):
        expected = PICTURES[numbers].astype(np.float32) / np.float32(127.5) - 1
        assert np.array_equal(delivered, expected)
        assert delivered.min() >= -1
        assert delivered.max() <= 1


def test_the_code_in_the_manual_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manual = Path(__file__).parents[3] / "docs" / "data.md"
    _, _, rest = manual.read_text(encoding="utf-8").partition("```python\n")
    (tmp_path / "code.py").write_text(rest.partition("```")[0])
    shutil.copytree(GOLDEN, tmp_path / "my-dataset")
    monkeypatch.chdir(tmp_path)
    assert runpy.run_path("code.py")["images"].shape == (64, 8, 8, 3)


def test_byte_0_is_minus_one_and_byte_255_is_one(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[0, 255, 0, 255]] * 2, np.uint8))
    prepare(tmp_path / "a.npy", tmp_path / "out", size=2, grey=True)
    ((images, _, _),) = first(pictures_in_order(tmp_path / "out", batch=2), 1)
    assert images.shape == (2, 2, 2, 1)
    assert set(images.ravel().tolist()) == {-1.0, 1.0}


def test_every_epoch_shows_every_picture_once_and_nothing_is_dropped(dataset: Path) -> None:
    batches = first(training_pictures(dataset, batch=4, seed=1), 11)  # 44 pictures, 4 epochs
    epochs = np.concatenate([index for _, _, index in batches]).reshape(4, COUNT)
    assert (np.sort(epochs) == np.arange(COUNT)).all()
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 4


@given(share=integers(1, 12), of=integers(1, 3), step=integers(0, 30), seed=integers(0, 2**32))
@settings(max_examples=6, deadline=None)
def test_started_at_any_step_and_shared_by_machines_the_stream_is_what_it_would_have_been(
    share: int, of: int, step: int, seed: int
) -> None:
    batch = share * of
    parts = [
        first(training_pictures(GOLDEN, batch=batch, seed=seed, step=step, part=part, of=of), 1)[0]
        for part in range(of)
    ]
    images, index = (np.concatenate([part[i] for part in parts]) for i in (0, 2))
    stream = range(step * batch, (step + 1) * batch)
    expected = [epoch_order(6, seed, at // 6)[at % 6] for at in stream]
    assert index.tolist() == expected
    assert np.array_equal(images, golden_images()[index])


@cache
def golden_images() -> NDArray[np.float32]:
    ((images, _, _),) = first(pictures_in_order(GOLDEN, batch=6), 1)
    return np.asarray(images)


def test_resumed_batches_are_the_same_to_the_bit(dataset: Path) -> None:
    whole = first(training_pictures(dataset, batch=5, seed=7), 9)
    resumed = first(training_pictures(dataset, batch=5, seed=7, step=4), 5)
    for one, other in zip(whole[4:], resumed, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_order_is_the_same_with_every_numpy() -> None:
    assert epoch_order(8, 3, 0).tolist() == [6, 1, 5, 2, 7, 4, 3, 0]
    assert sorted(epoch_order(1000, 5, 2).tolist()) == list(range(1000))


def test_different_seeds_give_different_orders(dataset: Path) -> None:
    orders = {tuple(epoch_order(COUNT, seed, 0).tolist()) for seed in range(20)}
    assert len(orders) == 20


def changed(dataset: Path, to: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the dataset whose card says something else."""
    shutil.copytree(dataset, to)
    card = json.loads((to / "dataset.json").read_bytes())
    change(card)
    (to / "dataset.json").write_text(json.dumps(card))
    return to


@pytest.mark.parametrize(
    "lie", [{"channels": 1}, {"height": 12, "width": 3}, {"height": 3, "width": 12}], ids=str
)
def test_a_card_that_lies_about_its_pictures_stops_the_stream(
    dataset: Path, tmp_path: Path, lie: dict[str, int]
) -> None:
    liar = changed(dataset, tmp_path / "liar", lambda card: card.update(lie))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible"):
        first(training_pictures(liar, batch=2, seed=0), 1)


def test_a_shard_cut_off_is_refused_before_training(dataset: Path, tmp_path: Path) -> None:
    folder = changed(dataset, tmp_path / "cut", lambda card: None)
    shard = folder / "records-00000.tfrecord"
    content = shard.read_bytes()
    for length in (0, 5, len(content) // 2, len(content) - 1):
        shard.write_bytes(content[:length])
        with pytest.raises(KnownError, match=r"records-00000\.tfrecord"):
            training_pictures(folder, batch=2, seed=0)


def test_a_card_that_promises_more_records_is_refused(dataset: Path, tmp_path: Path) -> None:
    def more(card: dict[str, Any]) -> None:
        card["count"] = card["shards"][0]["records"] = COUNT + 1

    with pytest.raises(KnownError, match="does not hold the 12 records"):
        training_pictures(changed(dataset, tmp_path / "more", more), batch=2, seed=0)
