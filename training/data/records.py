"""What training sees. The one place that fixes the layout and range of pictures.

Layout ``(n, height, width, channels)``, float32, range [-1, 1], where 0 is middle grey: all
of it asserted in the graph, so that no other layout or range can ever reach a network.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.data.card import DatasetCard, read_dataset
from training.data.shards import Records

Places: TypeAlias = NDArray[np.int64]
"""Which records, by their index, int64 ``(n,)``."""

_READ_AT_ONCE = 64  # records; one hop into Python for each, so not one by one


def training_pictures(
    folder: Path, *, batch: int, seed: int, step: int = 0, part: int = 0, of: int = 1
) -> tf.data.Dataset:
    """Endless shuffled batches, beginning with the one that belongs to ``step``.

    Each is (images, labels, index): images float32 ``(batch, height, width, channels)`` in
    [-1, 1], labels int32 ``(batch,)``, index int64 ``(batch,)``, a picture's place in the
    dataset. Epochs follow one another without a gap and nothing is dropped; the order of an
    epoch depends on ``seed`` and its number alone. Started at any step, the stream is bit
    for bit what it would have been there.

    Where ``of`` machines share a batch, each asks for its ``part`` and gets ``batch // of``
    pictures a step: joined in order, they are the batch that one machine would get.

    Raises:
        KnownError: the dataset can't be read, or its shards are not what its card says.
    """
    if batch < 1 or step < 0 or seed < 0 or batch % of or not 0 <= part < of:
        raise ValueError("batch must be a multiple of `of`, step and seed at least 0")
    card = read_dataset(folder)
    share = batch // of
    order = _shuffled(card.count, seed)

    def places(stream: Places) -> Places:
        return order(stream // share * batch + part * share + stream % share)

    pictures = _pictures(Records(folder, card), card, step * share, places)
    return _checked(pictures.batch(share, drop_remainder=True), card).prefetch(2)


def pictures_in_order(folder: Path, *, batch: int) -> tf.data.Dataset:
    """Every picture once as training would see it, in the order of the records.

    Batches as in ``training_pictures``; the last one may be smaller.
    """
    card = read_dataset(folder)
    pictures = _pictures(Records(folder, card), card, 0, lambda places: places % card.count)
    return _checked(pictures.take(card.count).batch(batch), card).prefetch(2)


def epoch_order(count: int, seed: int, epoch: int) -> Places:
    """In which order epoch ``epoch`` visits the records, int64 ``(count,)``.

    Sorts the raw output of Philox, whose stream numpy promises never to change.
    """
    keys = np.random.Philox(key=np.array([seed, epoch], np.uint64)).random_raw(count)
    return np.argsort(keys, kind="stable")


def _shuffled(count: int, seed: int) -> Callable[[Places], Places]:
    order = lru_cache(maxsize=4)(lambda epoch: epoch_order(count, seed, epoch))

    def places(stream: Places) -> Places:
        return np.array([order(at // count)[at % count] for at in stream.tolist()], np.int64)

    return places


def _pictures(
    records: Records, card: DatasetCard, first: int, places: Callable[[Places], Places]
) -> tf.data.Dataset:
    """The endless stream of single pictures from its ``first`` on."""
    shape = (card.height, card.width, card.channels)

    def read(start: np.int64) -> NDArray[np.object_]:
        stream = start + np.arange(_READ_AT_ONCE, dtype=np.int64)
        return np.array(records.read(places(stream)), object)

    def fetch(start: tf.Tensor) -> tf.Tensor:
        serialised = tf.numpy_function(read, [start], tf.string, stateful=False)
        return tf.ensure_shape(serialised, (_READ_AT_ONCE,))

    def decode(serialised: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        features = tf.io.parse_single_example(
            serialised,
            {
                "image": tf.io.FixedLenFeature((), tf.string),
                "label": tf.io.FixedLenFeature((), tf.int64),
                "index": tf.io.FixedLenFeature((), tf.int64),
            },
        )
        # channels=0 keeps the file's own, so that a card which lies about them is found out
        pixels = tf.ensure_shape(tf.io.decode_png(features["image"], channels=0), shape)
        image = tf.cast(pixels, tf.float32) / 127.5 - 1.0
        return image, tf.cast(features["label"], tf.int32), features["index"]

    return (
        tf.data.Dataset.counter(start=first, step=_READ_AT_ONCE)
        .map(fetch, num_parallel_calls=2, deterministic=True)
        .unbatch()
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    )


def _checked(batches: tf.data.Dataset, card: DatasetCard) -> tf.data.Dataset:
    """Let nothing else pass than what the first lines of this file promise."""

    def check(
        images: tf.Tensor, labels: tf.Tensor, index: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        images = tf.ensure_shape(images, (None, card.height, card.width, card.channels))
        tf.debugging.assert_type(images, tf.float32)
        in_range = [
            tf.debugging.assert_greater_equal(images, -1.0, "pictures reach below -1"),
            tf.debugging.assert_less_equal(images, 1.0, "pictures reach above 1"),
        ]
        with tf.control_dependencies(in_range):
            return tf.identity(images), labels, index

    return batches.map(check)
