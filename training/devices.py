"""Where a step runs. One strategy object; the loop never asks which."""

import tensorflow as tf


def strategy() -> tf.distribute.Strategy:
    """The first GPU of this machine, or the processor where there is none.

    That is what TensorFlow's default strategy does. `OneDeviceStrategy` would say it more
    plainly, but it feeds the step through a multi-device iterator, which hangs on datasets
    that read records in Python.
    """
    return tf.distribute.get_strategy()
