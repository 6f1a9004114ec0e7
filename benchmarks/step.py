"""A DCGAN-64 training step: the PyTorch tutorial's layers, float32, batch 64."""

from collections.abc import Iterator

from benchmarks.context import Context
from benchmarks.figures import Budget, Figure
from benchmarks.pipe import Worker

_BATCH = 64
_BUDGET = Budget("at least", 1.2, of="ratio")


def measure(context: Context) -> Iterator[Figure]:
    yield context.compare(
        f"DCGAN-64 (4×4, 64 to 512 filters): training, batch {_BATCH}",
        _BATCH,
        "pictures/s",
        _BUDGET,
        peer="PyTorch",
        mine=("step", _BATCH),
        theirs=("step", _BATCH),
        agree=_same_size,
    )


def _same_size(ours: Worker, theirs: Worker) -> None:
    if ours.about["weights"] != theirs.about["weights"]:
        raise RuntimeError(
            f"the peer trains other players: {theirs.about['weights']} weights, "
            f"ours {ours.about['weights']}"
        )
