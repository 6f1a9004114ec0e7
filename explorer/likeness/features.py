"""What a picture looks like, in numbers that a small photographic network gives.

EfficientNet-lite0 (Tan and Le 2019), trained on photographs, was found to tell drawn and
painted pictures apart as well. Its early layer sees colour and texture, its late one shape.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from explorer.core.errors import KnownError
from explorer.core.files import read_json
from explorer.core.progress import Progress
from explorer.likeness.pack import EARLY, LATE, Single
from explorer.models.graphs import check_graph
from explorer.models.sessions import open_session, run_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_NAME = "efficientnet-lite0"
_AT_ONCE = 16  # pictures; more take memory and are no faster


class ExtractorCard(BaseModel):
    """``<id>.json`` beside ``<id>.onnx``.

    The graph takes ``input`` float32 (n, 3, size, size) RGB in [0, 1] and gives ``early``
    float32 (n, early) and ``late`` float32 (n, late).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    size: Literal[128]  # pixels a side
    early: Literal[384]
    late: Literal[1280]
    licence: Annotated[str, Field(max_length=200)]
    credits: tuple[str, ...]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Annotated[str, Field(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Features:
    """Of ``n`` pictures, one a row; raw: neither centred nor of any length."""

    early: Single  # (n, 384) colour and texture, 24 channels in 4 × 4 places
    late: Single  # (n, 1280) shape, the mean over all places

    def __len__(self) -> int:
        return len(self.late)


class Extractor:
    """The network, open. Several threads may ask it at once."""

    def __init__(self, card: ExtractorCard, session: "InferenceSession") -> None:
        self.card = card
        self._session = session

    @classmethod
    def open(cls, folder: Path | None = None, *, threads: int | None = None) -> Self:
        """Open the one that ships, or the one in ``folder``.

        Args:
            threads: how many to compute with; as many as there are physical cores if None.

        Raises:
            KnownError: it is missing, or not the file its card describes.
        """
        folder = folder or Path(str(resources.files("exported_models"))) / "features"
        card = read_json(folder / f"{_NAME}.json", ExtractorCard)
        path = folder / f"{_NAME}.onnx"
        try:
            graph = path.read_bytes()
        except OSError as error:
            raise KnownError(
                f"{path} can't be read: {error.strerror}; install Masquerade again."
            ) from error
        if hashlib.sha256(graph).hexdigest() != card.sha256:
            raise KnownError(
                f"{path} is not the file its card describes; install Masquerade again."
            )
        check_graph(graph, id=None, name=str(path))
        return cls(card, open_session(graph, threads=threads, name=str(path)))

    @property
    def sha256(self) -> str:
        """Of the graph; features of another extractor can't be compared with these."""
        return self.card.sha256

    def __call__(self, pictures: NDArray[np.uint8], progress: Progress = Progress()) -> Features:
        """Features of uint8 (n, height, width, 1 or 3), grey or RGB.

        A picture's features don't depend on its neighbours in the batch. Any size is brought to
        128 × 128 pixels, so that what is not square is stretched.

        Raises:
            Cancelled: between two batches, if someone asked for it.
        """
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] not in (1, 3):
            raise ValueError(f"{pictures.dtype} {pictures.shape} is not uint8 (n, h, w, 1 or 3)")
        n = len(pictures)
        early, late = np.empty((n, EARLY), np.float32), np.empty((n, LATE), np.float32)
        progress.reach(0.0)
        for part in _parts(n):
            found = run_session(
                self._session,
                {"input": fitted(pictures[part], self.card.size)},
                ["early", "late"],
                name=self.card.title,
            )
            early[part], late[part] = found["early"], found["late"]
            progress.reach(part.stop / n)
        return Features(early, late)


def fitted(pictures: NDArray[np.uint8], size: int) -> Single:
    """Bring uint8 (n, h, w, 1 or 3) to float32 (n, 3, size, size) in [0, 1].

    By Pillow's bicubic filter, which widens with the reduction: what skips pixels instead
    changes features more than many a flaw would (Parmar et al. 2022, section 3).
    """
    planes = np.empty((len(pictures), 3, size, size), np.float32)
    for plane, picture in zip(planes, pictures, strict=True):
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        resized = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
        plane[:] = resized if resized.ndim == 2 else resized.transpose(2, 0, 1)
    planes /= 255
    return planes


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _AT_ONCE):
        yield slice(start, min(start + _AT_ONCE, count))
