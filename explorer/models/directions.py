"""What a bundle knows of its own space: ``latents.npz``."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz
from explorer.latent.seeds import Latent

LATENTS = "latents.npz"


@dataclass(frozen=True, slots=True)
class Latents:
    """All float32; the bundle may lack any but a StyleGAN2's ``w_avg``."""

    w_avg: Latent | None  # (dim,)
    pca: Latent  # (k, dim): one standard deviation along each principal component
    sefa: Latent  # (k, dim) unit rows

    @classmethod
    def none(cls, dim: int) -> "Latents":
        return cls(None, np.zeros((0, dim), np.float32), np.zeros((0, dim), np.float32))

    @classmethod
    def read(cls, content: bytes, dim: int, *, name: str) -> "Latents":
        """Check the arrays' names, shapes and numbers; ``name`` is what a complaint calls them.

        Raises:
            KnownError: they are not those of a model whose points have ``dim`` numbers.
        """
        arrays = read_npz(content, name)
        for key, array in arrays.items():
            if array.dtype != np.float32 or not np.isfinite(array).all():
                raise KnownError(f"{name}: {key} is not finite float32; get the model again.")

        def rows(key: str) -> Latent:
            found = arrays.get(key, np.zeros((0, dim), np.float32))
            if found.ndim != 2 or found.shape[1] != dim:
                raise KnownError(f"{name}: {key} is not rows of {dim} numbers; get it again.")
            return found

        components, sefa = rows("pca_components"), rows("sefa_components")
        scale = arrays.get("pca_scale", np.zeros(0, np.float32))
        if scale.shape != (len(components),):
            raise KnownError(f"{name}: pca_scale is not one number a component; get it again.")
        w_avg = arrays.get("w_avg")
        if w_avg is not None and w_avg.shape != (dim,):
            raise KnownError(f"{name}: w_avg is not {dim} numbers; get the model again.")
        return cls(w_avg, components * scale[:, None], sefa)

    def direction(self, kind: Literal["pca", "sefa"], index: int) -> Latent:
        """How far one unit of ``amount`` goes, float32 ``(dim,)``.

        Raises:
            KnownError: there are fewer directions of this kind.
        """
        rows = self.pca if kind == "pca" else self.sefa
        if not 0 <= index < len(rows):
            raise KnownError(f"This model has {len(rows)} {kind} directions, and none is {index}.")
        row: Latent = rows[index]
        return row
