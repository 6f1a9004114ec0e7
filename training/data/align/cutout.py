"""`prepare --cut-out`: lay what a picture shows on another ground, as the user's network sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
from PIL import Image

from explorer.core.errors import KnownError
from explorer.models.sessions import open_session
from explorer.models.vet import Limits, read_model
from training.data.align.apart import Masked, Range, Task, tried
from training.data.align.masks import mask_of
from training.data.fitting.fit import Skipped, code

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_LEAST = 0.005  # of a picture; where less than this is subject, nothing was found


@dataclass(frozen=True, slots=True)
class CutOut:
    """Keep what a segmentation network calls the subject; cover the rest."""

    path: Path
    net: Masked
    background: tuple[int, int, int]

    @property
    def told(self) -> str:
        net = f"{self.path.name} {self.net.sha256[:16]}, range {self.net.range}"
        return f"cut out by {net}, on {code(self.background)}"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image]:
        """The subject on its new ground.

        Raises:
            Skipped: the network finds no subject.
        """
        image = image.convert("RGB")
        small = image.resize((self.net.width, self.net.height), Image.Resampling.BILINEAR)
        session = _session(self.path, self.net.sha256)
        mask = mask_of(session, self.net, np.asarray(small), name=str(self.path))
        if mask.mean() < _LEAST:
            raise Skipped("shows nothing that the network would cut out")
        stencil = Image.fromarray(np.rint(mask * 255).astype(np.uint8))
        stencil = stencil.resize(image.size, Image.Resampling.BILINEAR)
        return [Image.composite(image, Image.new("RGB", image.size, self.background), stencil)]


def cut_out(model: Path, background: tuple[int, int, int], range: str | None = None) -> CutOut:
    """The step, once the network passed the gate that every stranger's graph passes.

    Args:
        model: an ONNX file that takes a picture and gives a mask.
        background: red, green and blue of the new ground.
        range: of the numbers that it takes; a network that takes bytes needs none.

    Raises:
        KnownError: it is not to be opened, or is no such network.
    """
    if range is not None and range not in get_args(Range):
        raise KnownError(f"--cut-out-range {range} is none of imagenet; 0,1; -1,1; 0,255.")
    content, _ = read_model(model)
    task = Task.model_validate(
        {
            "kind": "mask",
            "path": model.absolute(),
            "limits": Limits.of(len(content)),
            "range": range,
        }
    )
    found = tried(task).masked
    if found is None:
        raise ValueError("the child answered another question")
    return CutOut(model.absolute(), found, background)


@lru_cache(maxsize=2)
def _session(path: Path, digest: str) -> "InferenceSession":
    """The network, opened once for each process; on one thread, as there is a worker a core."""
    import hashlib

    content, _ = read_model(path)
    if hashlib.sha256(content).hexdigest() != digest:
        raise KnownError(f"{path} changed while it was used; prepare once more.")
    return open_session(content, threads=1, name=str(path))
