"""Of the saves there are, the newest whole one is taken."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.core.errors import KnownError
from training.checkpoints import bring_back, saved, tidy

from .tears import TEARS, tear_index

pytestmark = pytest.mark.train


def saves(folder: Path, *numbers: int) -> tf.train.Checkpoint:
    """Checkpoints whose weights are their own number."""
    checkpoint = tf.train.Checkpoint(
        weights=tf.Variable(tf.zeros(300)), step=tf.Variable(0, dtype=tf.int64)
    )
    keeps = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
    for number in numbers:
        checkpoint.weights.assign(tf.fill((300,), float(number)))
        checkpoint.step.assign(number)
        keeps.save(checkpoint_number=number)
    checkpoint.weights.assign(tf.zeros(300))
    checkpoint.step.assign(0)
    return checkpoint


@pytest.mark.parametrize("tear", TEARS, ids=lambda tear: tear.__name__)
def test_a_torn_save_gives_way_to_the_one_before(
    tear: Callable[[Path], None], tmp_path: Path
) -> None:
    checkpoint = saves(tmp_path, 9, 10)
    newest, before = saved(tmp_path)
    assert (newest.name, before.name) == ("ckpt-10", "ckpt-9")
    tear(newest)

    restored = bring_back(checkpoint, tmp_path)

    assert restored is not None
    assert (restored.path, restored.torn) == (before, (newest,))
    np.testing.assert_array_equal(checkpoint.weights, np.full(300, 9.0))
    tidy(tmp_path, restored)
    assert saved(tmp_path) == [before]
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(before)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ending=st.sampled_from(["index", "data-00000-of-00001"]), data=st.data())
def test_a_save_cut_off_anywhere_or_changed_in_a_byte_is_never_taken(
    ending: str, data: st.DataObject, tmp_path: Path
) -> None:
    checkpoint = saves(tmp_path, 1, 2)
    file = tmp_path / f"ckpt-2.{ending}"
    content = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans(), label="cut off"):
        del content[at:]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)

    restored = bring_back(checkpoint, tmp_path)

    assert restored is not None
    # A bit of padding in the index may tell nothing.
    number = 2 - len(restored.torn)
    np.testing.assert_array_equal(checkpoint.weights, np.full(300, float(number)))
    assert int(checkpoint.step) == number
    assert restored.torn or ending == "index"


@pytest.mark.parametrize(
    "content",
    [None, b"", b"\0" * 40, b"model_checkpoint_path: 3", b"\xff{"],
    ids=["gone", "empty", "zeros", "another", "garbage"],
)
def test_the_list_of_saves_may_be_gone_or_garbage(content: bytes | None, tmp_path: Path) -> None:
    checkpoint = saves(tmp_path, 4, 8)
    if content is None:
        (tmp_path / "checkpoint").unlink()
    else:
        (tmp_path / "checkpoint").write_bytes(content)

    restored = bring_back(checkpoint, tmp_path)
    assert restored is not None
    assert int(checkpoint.step) == 8
    tidy(tmp_path, restored)

    keeps = tf.train.CheckpointManager(checkpoint, str(tmp_path), max_to_keep=2)
    keeps.save(checkpoint_number=12)
    assert [path.name for path in saved(tmp_path)] == ["ckpt-12", "ckpt-8"]


def test_what_a_save_left_half_done_is_swept_away(tmp_path: Path) -> None:
    checkpoint = saves(tmp_path, 3)
    (tmp_path / "ckpt-6_temp").mkdir()
    (tmp_path / "ckpt-6_temp" / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")

    restored = bring_back(checkpoint, tmp_path)
    assert restored is not None
    tidy(tmp_path, restored)

    assert not (tmp_path / "ckpt-6_temp").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert restored.torn == ()


def test_if_no_save_can_be_read_nothing_is_begun_over_them(tmp_path: Path) -> None:
    checkpoint = saves(tmp_path, 1, 2)
    for path in saved(tmp_path):
        tear_index(path)

    with pytest.raises(KnownError, match=r"None of the checkpoints .* begin a new run"):
        bring_back(checkpoint, tmp_path)

    assert len(saved(tmp_path)) == 2


def test_where_nothing_was_saved_nothing_is_brought_back(tmp_path: Path) -> None:
    assert bring_back(tf.train.Checkpoint(), tmp_path) is None
    assert bring_back(tf.train.Checkpoint(), tmp_path / "nowhere") is None
