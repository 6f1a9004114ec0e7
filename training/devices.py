"""Where a step runs. One strategy object; the loop never asks which."""

import tensorflow as tf


def strategy(replicas: int | None = None) -> tf.distribute.Strategy:
    """Every GPU of this machine, or the processor where there is none.

    Args:
        replicas: use that many of them; None uses all.
    """
    gpus = tf.config.list_logical_devices("GPU")[:replicas]
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy([gpu.name for gpu in gpus])
    return tf.distribute.get_strategy()
