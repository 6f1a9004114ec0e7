"""What an upscaler says of itself, and where the installed ones lie."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from explorer.core import places
from explorer.core.errors import KnownError
from explorer.core.files import read_json
from explorer.models.graphs import check_graph

_MAX_WEIGHTS = 512 << 20  # bytes; the largest Real-ESRGAN in float32 has 67 MB


class UpscalerCard(BaseModel):
    """``<id>.json`` beside ``<id>.onnx``.

    The graph takes ``input`` float32 (n, 3, h, w) in [0, 1] and gives ``output`` float32
    (n, 3, h * scale, w * scale).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    scale: Annotated[int, Field(ge=2, le=8)]
    radius: Annotated[int, Field(ge=0, le=4096)]  # receptive, in input pixels
    channels: Literal[3]
    licence: Annotated[str, Field(max_length=200)]
    credits: tuple[str, ...]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Annotated[str, Field(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Weights:
    """An installed upscaler; ``path`` is its graph."""

    card: UpscalerCard
    path: Path

    def content(self) -> bytes:
        """The graph, fit to be opened.

        Raises:
            KnownError: it is missing, not the file its card was written for, or holds what no
                upscaler needs.
        """
        try:
            if self.path.stat().st_size > _MAX_WEIGHTS:
                raise KnownError(f"{self.path} is larger than any upscaler; remove it.")
            graph = self.path.read_bytes()
        except OSError as error:
            raise KnownError(f"{self.path} can't be read: {error.strerror}.") from error
        if hashlib.sha256(graph).hexdigest() != self.card.sha256:
            raise KnownError(f"{self.path} is not the file its card describes; install it again.")
        check_graph(graph, id=None, name=str(self.path))
        return graph


def folders() -> list[Path]:
    """Where upscalers are looked for: those that ship, then the person's own."""
    shipped = Path(str(resources.files("exported_models"))) / "upscalers"
    return [shipped, places.home() / "upscalers"]


def installed(where: Sequence[Path]) -> dict[str, Weights]:
    """The upscalers of these folders by id, the first of a name winning.

    A card that can't be read is passed over; ``problem`` tells what is wrong with it.
    """
    found: dict[str, Weights] = {}
    for path in _cards(where):
        try:
            weights = read_weights(path)
        except KnownError:
            continue
        found.setdefault(weights.card.id, weights)
    return found


def problems(where: Sequence[Path]) -> list[str]:
    """One sentence for each card that can't be used."""
    sentences = []
    for path in _cards(where):
        try:
            read_weights(path)
        except KnownError as error:
            sentences.append(str(error))
    return sentences


def read_weights(card: Path) -> Weights:
    """Read one card; the graph itself is checked when it is opened."""
    told = read_json(card, UpscalerCard)
    if told.id != card.stem:
        raise KnownError(f"{card} is the card of {told.id}; name it {told.id}.json.")
    graph = card.with_suffix(".onnx")
    if not graph.is_file():
        raise KnownError(f"{graph} is missing beside its card; install the upscaler again.")
    return Weights(told, graph)


def _cards(where: Sequence[Path]) -> list[Path]:
    return [card for folder in where for card in sorted(folder.glob("*.json"))]
