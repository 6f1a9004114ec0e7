"""What an installation walks through and keeps: one model, one gallery. Slow: for workers only."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.places import gallery_folder
from explorer.core.progress import Progress
from explorer.gallery.caption import Caption
from explorer.gallery.names import names
from explorer.gallery.pictures import read_picture
from explorer.gallery.store import Gallery
from explorer.latent.expression import Point
from explorer.latent.seeds import Latent
from explorer.models.generator import AS_IS, Truncation
from explorer.models.library import Library
from explorer.render.repaint import compose, paint
from explorer.studio.walk import Stop
from explorer.upscale.stages import LANCZOS, TWO_STAGES
from explorer.upscale.upscaler import Upscalers

if TYPE_CHECKING:
    from explorer.gallery.artwork import Artwork
    from explorer.models.generator import Generator
    from explorer.upscale.stages import Stage

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture, shape (height, width, channels), channels 1 or 3."""

_POOL = 48  # points to drag towards; they also tell where the middle of w lies
_STOPS = 12
_WORKS = 8  # of the stops, at most
_CHOSEN_FROM = 60  # the newest works of the model
_GENTLE = Truncation(psi=0.8)  # in w; a hall is no place for the model's mistakes
_LARGE_ENOUGH = 512  # pixels; what is painted this large is shown and kept as it is
_TRIES = 20
_TWICE_ENLARGED = 80  # pixels; up to here two stages come to 1280 at most


class Installation:
    """Everything behind the picture; one worker at a time may use it, or several."""

    def __init__(
        self,
        generator: Generator,
        upscalers: Upscalers,
        gallery: Gallery,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self._generator = generator
        self._upscalers = upscalers
        self._gallery = gallery
        self._chance = chance or random.Random()
        self._truncation = _GENTLE if generator.name == "w" else AS_IS
        self.pool = [self._shaped(generator.seed_point(self._seed())) for _ in range(_POOL)]
        self.centre: Latent = np.zeros_like(self.pool[0])
        if generator.name == "w":
            self.centre = np.stack(self.pool).mean(axis=0, dtype=np.float32)

    @classmethod
    def open(cls, model: str, gallery: Path | None = None) -> Installation:
        """Open a model by id or path, and the gallery to keep works in.

        Raises:
            KnownError: either can't be opened.
        """
        generator = Library().open(model)
        return cls(generator, Upscalers(), Gallery.open(gallery or gallery_folder()))

    def close(self) -> None:
        self._gallery.close()

    @property
    def title(self) -> str:
        return self._generator.card.title

    def stops(self) -> list[Stop]:
        """A new walk: some of the newest kept works of this model, with seeds between them."""
        works = list(itertools.islice(self._works(), _CHOSEN_FROM))
        chosen = self._chance.sample(works, min(_WORKS, len(works)))
        stops = [self._at_work(work) for work in chosen]
        while len(stops) < _STOPS:
            at = self._chance.randrange(len(stops) + 1)
            stops.insert(at, Stop(self._shaped(self._generator.seed_point(self._seed()))))
        return stops

    def _works(self) -> Iterator[Artwork]:
        """The kept works of this model, newest first, however many of others hang between them."""
        page = self._gallery.search()
        while page:
            for work in page:
                if work.recipe.model.sha256 == self._generator.painting_hash:
                    yield work
            page = self._gallery.search(after=page[-1])

    def paint(self, point: Latent) -> Pixels:
        """The picture at ``point``, as large as the model paints."""
        pictures = self._generator.paint(point[None], truncation=self._truncation)
        picture: Pixels = pictures[0]
        return picture

    def fine(self, stop: Stop, progress: Progress = Progress()) -> Pixels:
        """The picture a rest deserves: the kept one, or what was painted, upscaled.

        Raises:
            Cancelled: ``progress`` was told that nobody wants it any more.
        """
        if stop.work is not None:
            try:
                return self._kept(stop.work)
            except KnownError:  # someone deleted it since; the walk was planned with it
                pass
        return self._upscalers.run(self.paint(stop.point), self._stages(), progress)

    def keep(self, point: Latent) -> str:
        """Paint the picture at ``point`` once more, upscale and save it; the name it was given.

        Raises:
            KnownError: the disk is full, or the gallery can't be written.
        """
        space = "ws" if point.ndim == 2 else self._generator.name
        request = compose(
            self._generator,
            Point.of(space, point),
            truncation=self._truncation,
            upscale=self._stages(),
        )
        pixels, recipe = paint(request, self._upscalers)
        title = fresh_name(names(), self._is_taken, self._chance)
        self._gallery.save(pixels, recipe, Caption(title=title))
        return title

    def _at_work(self, work: Artwork) -> Stop:
        point = work.recipe.point.array()
        if self._generator.name == "z":
            point = (work.recipe.truncation.psi * point).astype(np.float32)
        return Stop(self._shaped(point), work.title, work.uuid)

    def _kept(self, uuid: str) -> Pixels:
        work = self._gallery.get(uuid)
        pixels, _, _ = read_picture(self._gallery.picture_path(work))
        return pixels

    def _shaped(self, point: Latent) -> Latent:
        """``point`` in the shape that all points of this installation share."""
        rows = self._generator.num_ws
        if rows is None or point.ndim == 2:
            return point
        return np.tile(point, (rows, 1))

    def _stages(self) -> tuple[Stage, ...]:
        card = self._generator.card
        side = max(card.width, card.height)
        if side >= _LARGE_ENOUGH:
            return ()
        wanted = TWO_STAGES.split(",")[: 2 if side <= _TWICE_ENLARGED else 1]
        there = [name for name in wanted if name in self._upscalers.ids()]
        return self._upscalers.plan(",".join(there) or LANCZOS)

    def _is_taken(self, title: str) -> bool:
        return self._gallery.named(title) is not None

    def _seed(self) -> int:
        return self._chance.randrange(2**32)


def fresh_name(known: Sequence[str], is_taken: Callable[[str], bool], chance: random.Random) -> str:
    """A name that no kept work bears; with a number behind it once such are hard to find."""
    drawn = [chance.choice(known) for _ in range(_TRIES)]
    free = next((name for name in drawn if not is_taken(name)), None)
    if free is not None:
        return free
    return next(name for n in itertools.count(2) if not is_taken(name := f"{drawn[0]} {n}"))
