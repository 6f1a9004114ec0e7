"""Training beside PyTorch, at 64 px: a DCGAN and a narrow StyleGAN2, in float32 and bfloat16."""

from collections.abc import Iterator
from itertools import product

from benchmarks.context import Context
from benchmarks.figures import Budget, Figure
from benchmarks.pipe import Worker

_NETWORKS = {  # and how many pictures are learned from in a call
    "dcgan": ("DCGAN-64 (4×4, 64 to 512 filters), batch 64", 64),
    "stylegan2": ("StyleGAN2-64 (at most 128 channels), batch 16, R1 every 16 steps", 16 * 16),
}
_PRECISIONS = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
_BUDGET = Budget("at least", 1.2, of="ratio")


def measure(context: Context) -> Iterator[Figure]:
    for network, precision in product(_NETWORKS, _PRECISIONS):
        what, pictures = _NETWORKS[network]
        yield context.compare(
            f"{what}: training in {_PRECISIONS[precision]}",
            pictures,
            "pictures/s",
            _BUDGET,
            peer="PyTorch",
            mine=("step", network, precision),
            theirs=("step", network, precision),
            agree=_same_size,
        )


def _same_size(ours: Worker, theirs: Worker) -> None:
    if ours.about["weights"] != theirs.about["weights"]:
        raise RuntimeError(
            f"the peer trains other players: {theirs.about['weights']} weights, "
            f"ours {ours.about['weights']}"
        )
