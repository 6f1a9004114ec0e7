"""A generator, opened: points in, pictures out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from explorer.core.errors import KnownError
from explorer.latent.seeds import Latent, seed_latent
from explorer.models.bundle import Bundle
from explorer.models.card import Card
from explorer.models.wiring import NEXT, Graph, Shape, fits, open_graphs, said

Pixels: TypeAlias = NDArray[np.uint8]
"""Pictures, ``(n, height, width, channels)``, 0 to 255."""

_MAX_NOISE = 100
_MAX_NUMBER = 1e6  # in a point; seeds stay under 10


class Truncation(BaseModel):
    """How far points are drawn towards the average: 1 leaves them, 0 paints only the average."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    psi: float = Field(default=1.0, ge=-10, le=10)
    cutoff: int | None = Field(default=None, ge=0)  # layers from this one on are left alone


AS_IS = Truncation()


class Generator:
    """Paints points of its space, in float32 on the CPU. Safe to share between threads."""

    def __init__(self, bundle: Bundle, mapping: Graph | None, synthesis: tuple[Graph, ...]) -> None:
        self.card: Card = bundle.card
        self.painting_hash: str = bundle.painting_hash
        self._latents = bundle.latents
        self._mapping = mapping
        self._synthesis = synthesis

    @classmethod
    def open(cls, bundle: Bundle, *, threads: int | None = None) -> "Generator":
        """Open every graph of a bundle and compare it with what the card says of it.

        Raises:
            KnownError: a graph is not what a bundle may hold, or not what the card claims.
        """
        graphs = open_graphs(bundle, threads=threads)
        mapping = graphs.pop(0) if bundle.card.space == "w" else None
        return cls(bundle, mapping, tuple(graphs))

    @property
    def name(self) -> Literal["z", "w"]:
        return self.card.space

    @property
    def dim(self) -> int:
        return self.card.dim

    @property
    def num_ws(self) -> int | None:
        return self.card.num_ws

    def seed_point(self, seed: int, label: Latent | None = None) -> Latent:
        """Where a seed lies, float32 ``(dim,)``: in z, or mapped to w, untruncated."""
        z = seed_latent(seed, self.card.z_dim)
        if self._mapping is None:
            return z
        fed = {"z": z[None]} | self._labels(label, 1)
        w: Latent = self._mapping.run(fed, 1)["w"][0]
        if not np.isfinite(w).all():
            raise KnownError(f"{self._mapping.name} maps seed {seed} to no finite point.")
        return w

    def direction(self, kind: Literal["pca", "sefa"], index: int) -> Latent:
        """How far one unit goes, float32 ``(dim,)``; KnownError where the bundle has no such."""
        return self._latents.direction(kind, index)

    def directions(self, kind: Literal["pca", "sefa"]) -> int:
        """How many of this kind there are."""
        return len(self._latents.pca if kind == "pca" else self._latents.sefa)

    def given(self, label: Latent | None) -> "Labelled":
        """The same space, where seeds are mapped under ``label``."""
        return Labelled(self, label)

    def paint(
        self,
        points: Latent,
        *,
        labels: Latent | None = None,
        truncation: Truncation = AS_IS,
        noise_scale: float = 1.0,
    ) -> Pixels:
        """Paint untruncated points.

        Args:
            points: ``(n, dim)``, or ``(n, num_ws, dim)`` for a StyleGAN2; n may be 0.
            labels: ``(n, classes)`` or one ``(classes,)`` for all, rows that sum to 1. None
                mixes all classes alike. Only a DCGAN paints with it: w has it in already.
            truncation: applied here.
            noise_scale: of the stored noise, where the card says noise; -100 to 100.

        Returns:
            uint8 ``(n, height, width, channels)``.

        Raises:
            KnownError: the points or labels don't fit, or the model paints what it shouldn't.
        """
        *_, picture = self.stages(
            points, labels=labels, truncation=truncation, noise_scale=noise_scale
        )
        return picture

    def stages(
        self,
        points: Latent,
        *,
        labels: Latent | None = None,
        truncation: Truncation = AS_IS,
        noise_scale: float = 1.0,
    ) -> Iterator[Pixels]:
        """As ``paint``, but growing: each picture is twice the last one's size, and goes on from it.

        Nothing is computed for a picture that isn't asked for, and nothing twice.
        """
        if not abs(noise_scale) <= _MAX_NOISE:
            raise KnownError(f"A noise of {noise_scale:g} is no scale; 0 to 1 is usual.")
        points = self._truncated(self._checked(points), truncation)
        if self.num_ws is None:
            fed = {"z": points} | self._labels(labels, len(points))
        else:
            fed = {"ws": np.ascontiguousarray(self._rows(points, self.num_ws))}
            if self.card.noise:
                fed["noise_scale"] = np.array(noise_scale, np.float32)
        return self._grow(fed, len(points))

    def _grow(self, fed: dict[str, Any], count: int) -> Iterator[Pixels]:
        carried: dict[str, Any] = {}
        for graph in self._synthesis:
            found = graph.run(fed | carried, count)
            if "rgb" in found and not np.isfinite(found["rgb"]).all():
                raise KnownError(f"{graph.name} paints numbers that are not finite.")
            image: Pixels = found.pop("image")
            carried = {key.removeprefix(NEXT): tensor for key, tensor in found.items()}
            yield image

    def _checked(self, points: Latent) -> Latent:
        with np.errstate(over="ignore"):  # a double may be too large; it is refused below
            points = np.ascontiguousarray(points, np.float32)
        rows: list[Shape] = [(None, self.dim)]
        if self.num_ws is not None:
            rows.append((None, self.num_ws, self.dim))
        if not any(fits(points.shape, shape) for shape in rows):
            raise KnownError(
                f"The points are {said(points.shape)} numbers and {self.card.title}'s are "
                f"{said(rows[0])}; they belong to another model."
            )
        if not (np.abs(points) <= _MAX_NUMBER).all():  # or not a number
            raise KnownError("A point holds numbers too large to paint; choose another one.")
        return points

    def _truncated(self, points: Latent, truncation: Truncation) -> Latent:
        psi = np.float32(truncation.psi)
        if self._latents.w_avg is None or self.num_ws is None:
            if truncation.cutoff is not None:
                raise KnownError(f"{self.card.title} has no layers for a truncation to stop at.")
            return points if psi == 1 else psi * points
        if psi == 1:
            return points
        drawn = self._latents.w_avg + psi * (points - self._latents.w_avg)
        if truncation.cutoff is None:
            return drawn
        below = (np.arange(self.num_ws) < truncation.cutoff)[:, None]
        mixed: Latent = np.where(
            below, self._rows(drawn, self.num_ws), self._rows(points, self.num_ws)
        )
        return mixed

    def _rows(self, points: Latent, num_ws: int) -> Latent:
        """One row a layer, ``(n, num_ws, dim)``."""
        rows = points if points.ndim == 3 else points[:, None, :]
        return np.broadcast_to(rows, (len(points), num_ws, self.dim))

    def _labels(self, labels: Latent | None, count: int) -> dict[str, Latent]:
        classes = len(self.card.classes)
        if classes == 0:
            if labels is not None:
                raise KnownError(f"{self.card.title} has no classes to choose from.")
            return {}
        if labels is None:
            return {"label": np.full((count, classes), 1 / classes, np.float32)}
        labels = np.asarray(labels, np.float32)
        if labels.shape not in ((classes,), (count, classes)):
            raise KnownError(
                f"The label is {said(labels.shape)} numbers and {self.card.title} has "
                f"{classes} classes; choose again."
            )
        if not (labels >= 0).all() or not np.allclose(labels.sum(-1), 1, atol=1e-3):
            raise KnownError("A label's shares are not negative and sum to 1; choose again.")
        return {"label": np.ascontiguousarray(np.broadcast_to(labels, (count, classes)))}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A generator's space under one label, for ``explorer.latent.resolve``."""

    generator: Generator
    label: Latent | None

    @property
    def name(self) -> Literal["z", "w"]:
        return self.generator.name

    @property
    def dim(self) -> int:
        return self.generator.dim

    @property
    def num_ws(self) -> int | None:
        return self.generator.num_ws

    def seed_point(self, seed: int) -> Latent:
        return self.generator.seed_point(seed, self.label)

    def direction(self, kind: Literal["pca", "sefa"], index: int) -> Latent:
        return self.generator.direction(kind, index)
