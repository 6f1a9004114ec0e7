"""Latents and classes for a stranger's generator, in the form in which it takes them."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.latent.seeds import Latent, seed_latent
from explorer.models.foreign import Inputs, Wishes
from explorer.models.sessions import is_out_of_memory, run_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Painted: TypeAlias = NDArray[Any]
"""One output, as the graph gave it."""


class Feeds:
    """Latents and labels, in the form in which the stranger takes them."""

    def __init__(self, inputs: Inputs, wishes: Wishes) -> None:
        self.inputs = inputs
        self._even = wishes.z == "uniform"

    def ours(self, first: int, count: int, length: float = 1.0) -> dict[str, Latent]:
        """What the rewritten graph is fed for some seeds: ``z``, and ``label`` where it has one.

        The classes go round with the seeds.
        """
        dim = self.inputs.latent.count
        z = np.stack([seed_latent(seed, dim) for seed in range(first, first + count)])
        fed = {"z": z * np.float32(length)}
        if self.inputs.label is not None:
            classes = self.inputs.label.count
            fed["label"] = np.eye(classes, dtype=np.float32)[
                np.arange(first, first + count) % classes
            ]
        return fed

    def theirs(self, ours: Mapping[str, Latent]) -> dict[str, Painted]:
        """The same for the graph as it came."""
        z = ours["z"]
        if self._even:
            z = np.vectorize(math.erf, otypes=[np.float32])(z * np.float32(math.sqrt(0.5)))
        latent, label = self.inputs.latent, self.inputs.label
        fed = {latent.name: _formed(z, latent.rank, latent.kind)}
        if label is not None:
            given = ours["label"]
            if label.is_index:
                given = given.argmax(1)
                given = given[:, None] if label.rank == 2 else given
                fed[label.name] = given.astype(label.kind)
            else:
                fed[label.name] = _formed(given, label.rank, label.kind)
        return fed

    def of_class(self, number: int, count: int) -> dict[str, Painted]:
        """What the graph as it came is fed for the first seeds, all of one class if it has any."""
        ours = self.ours(0, count)
        if "label" in ours:
            ours["label"] = np.eye(ours["label"].shape[1], dtype=np.float32)[[number] * count]
        return self.theirs(ours)


def _formed(numbers: Latent, rank: int, kind: str) -> Painted:
    formed = numbers[:, :, None, None] if rank == 4 else numbers
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(formed.astype(kind))


def check_feeds(
    session: "InferenceSession", feeds: Feeds, outputs: Sequence[str], *, name: str
) -> None:
    """Paint, and where the graph takes a class by its number, paint the last one that was said.

    Raises:
        KnownError: it knows fewer classes, takes other numbers than were said, or can't paint.
    """
    latent, label = feeds.inputs.latent, feeds.inputs.label

    def paint(number: int) -> None:
        fed = feeds.of_class(number, feeds.inputs.batch or 1)
        run_session(session, fed, list(outputs), name=name)

    try:
        paint(0)
    except KnownError as error:
        said = [
            f"{feed.said} {feed.count}"
            for feed in (latent, label)
            if feed is not None and feed.said
        ]
        if not said or is_out_of_memory(error):
            raise
        raise KnownError(
            f"{name} can't paint with {' and '.join(said)}; say how many numbers it takes."
        ) from error
    if label is None or not label.is_index:
        return

    def is_unknown(number: int) -> bool:
        try:
            paint(number)
        except KnownError:
            return True
        return False

    if is_unknown(label.count - 1):
        known = bisect_left(range(label.count), True, key=is_unknown)
        raise KnownError(
            f"{name} knows {known:,} {'class' if known == 1 else 'classes'} and not "
            f"{label.count:,}; say so many with --classes."
        )


def last_two_alike(session: "InferenceSession", feeds: Feeds, image: str, *, name: str) -> bool:
    """Whether two classes are painted the very same: those past the end are, in some graphs.

    Args:
        session: of the graph for any number of pictures.
        feeds: what it takes.
        image: which output is the picture.
        name: what a complaint calls it.
    """
    label = feeds.inputs.label
    if label is None or not label.is_index or label.count < 2:
        return False
    one, other = (
        run_session(session, feeds.of_class(label.count - back, 3), [image], name=name)[image]
        for back in (2, 1)
    )
    return np.array_equal(one, other, equal_nan=True)
