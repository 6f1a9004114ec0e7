"""A run's pictures on their way to the replicas."""

from pathlib import Path

import tensorflow as tf

from explorer.core.errors import KnownError
from training import devices
from training.data.records import training_pictures
from training.data.shards import plainly


class Feed:
    """Batches in the order that the run's seed gives, from any step on.

    They are handed over as values, not drawn by an iterator inside the step: what a replica gets
    is decided here alone, and `tf.data`'s iterators over several devices hang on records that are
    read in Python.
    """

    def __init__(
        self, dataset: Path, strategy: tf.distribute.Strategy, *, batch: int, seed: int, step: int
    ) -> None:
        self._dataset = dataset
        self._strategy = strategy
        part, of = devices.place(strategy)
        self._batches = iter(
            training_pictures(dataset, batch=batch, seed=seed, step=step, part=part, of=of)
        )

    def next(self, steps: int, *, labelled: bool) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The next batches, laid before the replicas.

        Returns:
            Pictures float32 (steps, n, height, width, channels) in [-1, 1], and labels int32
            (steps, n) where they are asked for.

        Raises:
            KnownError: a record is not what the dataset's card says.
        """
        try:
            batches = [next(self._batches) for _ in range(steps)]
        except tf.errors.OpError as error:
            raise KnownError(
                f"{self._dataset} holds a record that can't be read as its card says "
                f"({plainly(error)}): explorer-train look {self._dataset} tells more."
            ) from error
        pictures = tf.stack([pictures for pictures, _, _ in batches])
        labels = tf.stack([labels for _, labels, _ in batches]) if labelled else None
        laid: tuple[tf.Tensor, tf.Tensor | None] = devices.laid_out(
            self._strategy, (pictures, labels)
        )
        return laid
