"""The slow things: everything here runs on a worker and may take as long as it takes.

What it needs is imported where it is first used, so that the window stands before ONNX Runtime
and SQLite are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.latent.arithmetic import Path as Way
from explorer.latent.expression import Artwork as ArtworkNode
from explorer.latent.expression import Expression
from explorer.studio.session import Look, PaintRequest
from explorer.studio.soften import Pixels, softened

if TYPE_CHECKING:
    from explorer.gallery.artwork import Artwork
    from explorer.gallery.recipe import Recipe
    from explorer.gallery.store import Gallery
    from explorer.models.generator import Generator
    from explorer.models.library import Entry, Library
    from explorer.render.repaint import Request
    from explorer.upscale.stages import Stage
    from explorer.upscale.upscaler import Upscalers

_SKETCH = 128  # pixels
_SKETCHED_AT_ONCE = 12 * 64 * 64  # pixels: a session keeps the most memory that it ever took


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """What the model painted, (height, width, channels), before anything is made of it."""

    pixels: Pixels
    request: Request


@dataclass(frozen=True, eq=False)
class Picture:
    """What a worker brings back: the pixels and the recipe that paints them again."""

    pixels: Pixels
    soft: Pixels
    """The same, enlarged by Lanczos where it is small: for the eye, never for keeping."""
    write: Callable[[], Recipe]

    @classmethod
    def of(cls, pixels: Pixels, recipe: Recipe) -> Picture:
        return cls(pixels, softened(pixels), lambda: recipe)

    @cached_property
    def recipe(self) -> Recipe:
        """Written when somebody wants it: most pictures only pass by under a hand."""
        return self.write()


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A picture from the gallery or from a file, ready to be reopened."""

    recipe: Recipe
    picture: Picture | None
    """As the file holds it; None where the recipe no longer fits, so that it is painted again."""
    title: str
    warning: str | None = None


class Workroom:
    """Models, upscalers and the gallery, each opened when first needed. Safe from any thread."""

    def __init__(
        self,
        *,
        library: Callable[[], Library] | None = None,
        upscalers: Callable[[], Upscalers] | None = None,
        gallery: Callable[[], Gallery] | None = None,
    ) -> None:
        self._open_library = library or _library
        self._open_upscalers = upscalers or _upscalers
        self._open_gallery = gallery or _gallery
        self._opening = RLock()
        self._gallery: Gallery | None = None
        self._generators: dict[str, Generator] = {}

    @cached_property
    def library(self) -> Library:
        with self._opening:
            return self._open_library()

    @cached_property
    def upscalers(self) -> Upscalers:
        with self._opening:
            return self._open_upscalers()

    @property
    def gallery(self) -> Gallery:
        there = self._gallery
        if there is not None:  # whoever drags a picture out must not wait for a model to open
            return there
        with self._opening:
            if self._gallery is None:
                self._gallery = self._open_gallery()
            return self._gallery

    def close(self) -> None:
        with self._opening:
            if self._gallery is not None:
                self._gallery.close()
                self._gallery = None

    def generator(self, model: str) -> Generator:
        with self._opening:
            if model not in self._generators:  # the library would read every card again
                self._generators[model] = self.library.open(model)
            return self._generators[model]

    def entries(self) -> list[Entry]:
        return self.library.entries()

    def default_model(self) -> str:
        return self.library.default_id()

    def paint(self, question: PaintRequest, progress: Progress | None = None) -> Picture:
        """Paint what was asked, upscaled where that was asked too.

        Raises:
            KnownError: the model or an upscaler is missing, or the point belongs to another model.
            Cancelled: ``progress`` was told that nobody wants it any more.
        """
        from explorer.render.repaint import paint

        stages = question.stages
        if question.upscale and not stages:
            stages = self.upscalers.plan(question.upscale)
        request = self._compose(question.look, question.expression, stages)
        return Picture.of(*paint(request, self.upscalers, progress or Progress()))

    def brush(self, question: PaintRequest) -> Fresh:
        """Only what the model does of ``paint``, without enlarging; ``frame`` does the rest.

        Raises:
            KnownError: the model is missing, or the point belongs to another one.
        """
        from explorer.render.repaint import paint_together

        request = self._compose(question.look, question.expression)
        (pixels,) = paint_together([request])
        return Fresh(pixels, request)

    def frame(self, fresh: Fresh, *, soft: bool = True) -> Picture:
        """Make fit to be looked at what ``brush`` painted; not ``soft`` is quicker."""
        from explorer.gallery.recipe import rgb
        from explorer.render.repaint import written_down

        pixels = rgb(fresh.pixels)
        eased = softened(pixels) if soft else pixels
        return Picture(pixels, eased, lambda: written_down(pixels, fresh.request))

    def sketch(self, wanted: Sequence[tuple[Look, Expression]]) -> list[Pixels | None]:
        """Paint many points, those of one look together; None where a point can't be painted."""
        sketches: list[Pixels | None] = [None] * len(wanted)
        for look in dict.fromkeys(look for look, _ in wanted):
            indices = [at for at, (its, _) in enumerate(wanted) if its == look]
            self._sketch_alike(look, [(at, wanted[at][1]) for at in indices], sketches)
        return sketches

    def _sketch_alike(
        self,
        look: Look,
        wanted: Sequence[tuple[int, Expression]],
        sketches: list[Pixels | None],
    ) -> None:
        from explorer.render.repaint import paint_together

        requests: dict[int, Request] = {}
        for index, expression in wanted:
            with suppress(KnownError):
                requests[index] = self._compose(look, expression)
        todo = list(requests.items())
        while todo:
            card = todo[0][1].generator.card
            at_once = max(1, _SKETCHED_AT_ONCE // (card.width * card.height))
            some, todo = todo[:at_once], todo[at_once:]
            pictures = paint_together([request for _, request in some])
            for (index, _), pixels in zip(some, pictures, strict=True):
                sketches[index] = _small(pixels)

    def _compose(
        self, look: Look, expression: Expression, upscale: tuple[Stage, ...] = ()
    ) -> Request:
        from explorer.models.generator import Truncation
        from explorer.render.repaint import compose

        return compose(
            self.generator(look.model),
            expression,
            label=None if look.label is None else np.array(look.label, np.float32),
            truncation=Truncation(psi=look.psi, cutoff=look.cutoff),
            noise_scale=look.noise_scale,
            upscale=upscale,
        )

    def parse(
        self,
        text: str,
        path: Way = "slerp",
        said: Sequence[ArtworkNode] = (),
        at_hand: Sequence[ArtworkNode] = (),
    ) -> Expression:
        """Read what a person typed; a name after # means a work.

        First one that was ``said`` before, in the order of the text that was edited: titles are
        not unique, and works are renamed. Else the newest of the gallery, else one ``at_hand``.
        """
        from explorer.latent.arithmetic import parse

        before = _by_title(said)
        around = _by_title(at_hand)

        def named(title: str) -> ArtworkNode | None:
            works = before.get(_folded(title))
            if works:
                return works.pop(0) if len(works) > 1 else works[0]
            found = self._artwork_named(title)
            return found or next(iter(around.get(_folded(title), ())), None)

        return parse(text, named, path=path)

    def _artwork_named(self, title: str) -> ArtworkNode | None:
        artwork = self.gallery.named(title)
        return None if artwork is None else node(artwork)

    def keep(self, picture: Picture, title: str) -> Artwork:
        from explorer.gallery.pictures import Caption

        return self.gallery.save(picture.pixels, picture.recipe, Caption(title=title))

    def take_down(self, uuid: str) -> Kept:
        """Bring a picture of the gallery back with all it was made of."""
        artwork = self.gallery.get(uuid)
        kept = self.read(self.gallery.picture_path(artwork))
        return replace(kept, title=artwork.title)

    def read(self, path: Path) -> Kept:
        """Read a picture file, a stranger's or ours.

        Raises:
            KnownError: no recipe is inside, or its model isn't installed.
        """
        from explorer.gallery.pictures import pixels_sha256, read_picture

        pixels, recipe, caption = read_picture(path)
        there = {e.card.id for e in self.entries() if e.card is not None and not e.problem}
        if recipe.model.id not in there:
            raise KnownError(
                f"{path.name} was painted by “{recipe.model.title or recipe.model.id}”, "
                "which isn't installed; add that model first."
            )
        warning: str | None = None
        if pixels_sha256(pixels) != recipe.picture.sha256:
            warning = (
                f"{path.name} was edited after it was painted; this is what its recipe paints."
            )
            return Kept(recipe, None, caption.title, warning)
        if self.generator(recipe.model.id).painting_hash != recipe.model.sha256:
            warning = f"{path.name} was painted by another version of this model, and may differ."
        return Kept(recipe, Picture.of(pixels, recipe), caption.title, warning)

    def names(self) -> list[str]:
        from explorer.gallery.names import names

        return names()

    def thumbnails(self, uuids: Sequence[str]) -> list[bytes | None]:
        """JPEG bytes; None for what is no longer there."""
        return [self._thumbnail(uuid) for uuid in uuids]

    def _thumbnail(self, uuid: str) -> bytes | None:
        try:
            return self.gallery.thumbnail(self.gallery.get(uuid))
        except KnownError:
            return None


def node(artwork: Artwork) -> ArtworkNode:
    """How a kept picture stands in an expression: with what it was, should it ever be deleted."""
    recipe = artwork.recipe
    return ArtworkNode.of(artwork.uuid, artwork.title, recipe.expression, recipe.point)


def _by_title(works: Sequence[ArtworkNode]) -> dict[str, list[ArtworkNode]]:
    found: dict[str, list[ArtworkNode]] = {}
    for work in works:
        found.setdefault(_folded(work.title), []).append(work)
    return found


def _folded(title: str) -> str:
    """As the gallery compares titles."""
    from explorer.gallery.caption import Caption

    return Caption(title).title.casefold()


def _small(pixels: Pixels) -> Pixels:
    """At most about 128 px a side: a long sheet of large pictures must fit into memory."""
    by = max(pixels.shape[:2]) // _SKETCH
    if by < 2:
        return pixels
    height, width = pixels.shape[0] // by, pixels.shape[1] // by
    blocks = pixels[: height * by, : width * by].reshape(height, by, width, by, -1)
    small: Pixels = blocks.mean(axis=(1, 3)).round().astype(np.uint8)
    return small


def _library() -> Library:
    from explorer.models.library import Library

    return Library()


def _upscalers() -> Upscalers:
    from explorer.upscale.upscaler import Upscalers

    return Upscalers()


def _gallery() -> Gallery:
    from explorer.core.places import gallery_folder
    from explorer.gallery.store import Gallery

    return Gallery.open(gallery_folder())
