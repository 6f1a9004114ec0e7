"""Where a step runs. One strategy object; the loop never asks which."""

import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from explorer.core.errors import KnownError
from training.workers import Workers, introduced, meet

_CPUS = re.compile(r"cpu:([1-9]\d?)")


def strategy(
    device: str = "auto",
    *,
    tpu: str | None = None,
    say: Callable[[str], None] = lambda sentence: None,
) -> tf.distribute.Strategy:
    """The strategy that trains on ``device``.

    Args:
        device: ``auto`` takes every GPU there is, else the processor; ``cpu``; ``gpu`` the
            first one; ``gpus`` all; ``cpu:2`` splits the processor in two, to try out what
            replicas do. Where ``TF_CONFIG`` names several machines, they train together, and
            each waits here for the others.
        tpu: ``local`` on a TPU VM, or the name or address of a TPU.
        say: told for whom it waits.

    Raises:
        KnownError: there is no such device, or it is none for several machines.
    """
    workers = introduced()
    splits = _CPUS.fullmatch(device)
    if workers.addresses and (tpu is not None or splits):
        asked = f"--device {device}" if tpu is None else f"--tpu {tpu}"
        raise KnownError(
            f"{asked} is for one machine, and --workers or TF_CONFIG name "
            f"{len(workers.addresses)}: leave one of both out."
        )
    if tpu is not None:
        return _tpu(tpu)
    gpus = tf.config.list_physical_devices("GPU")
    if device in ("gpu", "gpus") and not gpus:
        raise KnownError(
            "TensorFlow sees no GPU here: pip install 'masquerade[train-cuda]' on Linux with "
            "NVIDIA's driver, or leave --device out."
        )
    if splits:
        return _split_processor(int(splits.group(1)))
    if device not in ("auto", "cpu", "gpu", "gpus"):
        raise KnownError(f"--device is auto, cpu, cpu:N, gpu or gpus, not {device!r}.")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    elif device == "gpu":
        tf.config.set_visible_devices(gpus[:1], "GPU")
    if workers.addresses:
        return _together(workers, say)
    if device in ("auto", "gpus") and len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    # TensorFlow's default: the first GPU, or the processor.
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes what all of them have worked out."""
    return place(strategy)[0] == 0


def is_alone(strategy: tf.distribute.Strategy) -> bool:
    """Whether no other process trains with this one."""
    return not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_processor(strategy: tf.distribute.Strategy) -> bool:
    """Whether all of several replicas run on processors."""
    return all("CPU" in name.upper() for name in strategy.extended.worker_devices)


def place(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """Which part of every batch this process feeds to its replicas, and of how many."""
    if is_alone(strategy):
        return 0, 1
    workers = introduced()
    return workers.number, len(workers.addresses)


def laid_out(strategy: tf.distribute.Strategy, values: Any) -> Any:
    """Tensors (steps, n, ...) of this process, or None, shared among its replicas along n."""
    if strategy.num_replicas_in_sync == 1:
        return values
    _, parts = place(strategy)
    here = strategy.num_replicas_in_sync // parts

    def of_replica(tensor: tf.Tensor) -> Callable[[Any], tf.Tensor]:
        count = tensor.shape[1] // here

        def value(context: Any) -> tf.Tensor:
            at = context.replica_id_in_sync_group % here * count
            return tensor[:, at : at + count]

        return value

    return tf.nest.map_structure(
        lambda tensor: (
            None
            if tensor is None
            else strategy.experimental_distribute_values_from_function(of_replica(tensor))
        ),
        values,
    )


def any_says(strategy: tf.distribute.Strategy, yes: bool) -> bool:
    """Whether any of the processes that train together says yes; all must ask at once."""
    if is_alone(strategy):
        return yes

    @tf.function
    def ask(votes: tf.Tensor) -> tf.Tensor:
        return strategy.reduce(
            tf.distribute.ReduceOp.SUM, strategy.run(tf.identity, (votes,)), None
        )

    return float(ask(tf.constant(float(yes)))) > 0


def _together(workers: Workers, say: Callable[[str], None]) -> tf.distribute.Strategy:
    meet(workers, say)
    with _ended_by_ctrl_c():
        return tf.distribute.MultiWorkerMirroredStrategy()


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the process at once: where TensorFlow waits for machines, Python never hears it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _split_processor(replicas: int) -> tf.distribute.Strategy:
    """Replicas on one processor: slower than one, and a rehearsal for many."""
    cpus = tf.config.list_physical_devices("CPU")
    try:
        tf.config.set_logical_device_configuration(
            cpus[0], [tf.config.LogicalDeviceConfiguration()] * replicas
        )
    except RuntimeError:
        if len(tf.config.list_logical_devices("CPU")) < replicas:
            raise
    return tf.distribute.MirroredStrategy(
        [f"CPU:{i}" for i in range(replicas)],
        # Collectives between processors of one process meet in no fixed order.
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )


def _tpu(name: str) -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        if name != "local":
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, ImportError, tf.errors.OpError) as error:
        raise KnownError(
            f"There is no TPU {name!r} to be reached from here ({_first_line(error)}): on a TPU VM "
            "pip install 'masquerade[train-tpu]' and say --tpu local."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
