"""What a file says of its networks, before it is believed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from training.transfer.pickles.values import Refused, Value

Views: TypeAlias = dict[str, NDArray[Any]]
"""Weights by PyTorch's names, in its layout, as views of the file."""

MAPPING_RATE = 0.01  # how much slower mapping layers learn where the file says nothing
OTHER_FILTER = "it smooths with another filter than every published StyleGAN2"


@dataclass(frozen=True, slots=True)
class Found:
    """The averaged generator and the discriminator (empty if there is none)."""

    generation: Literal["tensorflow", "pytorch"]
    generator: Views
    discriminator: Views
    mapping_rate: Value
    resolution: Value  # pixels a side, as the file claims


def expect_leaky(activations: Collection[Value]) -> None:
    """Check the activations of mapping and synthesis layers, by the names that files use.

    Raises:
        Refused: one of them is not the leaky ReLU of the papers.
    """
    if not all(isinstance(name, str) and name == "lrelu" for name in activations):
        raise Refused("it has other activations than every published StyleGAN2")
