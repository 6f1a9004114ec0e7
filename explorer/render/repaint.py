"""One picture, as it is kept: painted in float32 on the CPU, with the recipe that paints it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.gallery.chunks import is_as_written
from explorer.gallery.pictures import pixels_sha256, read_picture
from explorer.gallery.recipe import ModelRef, Recipe, rgb
from explorer.latent.expression import Expression
from explorer.latent.resolve import resolve
from explorer.latent.seeds import Latent
from explorer.models.generator import AS_IS, Generator, Truncation
from explorer.models.library import Library
from explorer.upscale.stages import MAX_PIXELS, MAX_SIDE, Stage
from explorer.upscale.upscaler import Upscalers

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture as it is kept, RGB ``(height, width, 3)``."""

AS_PAINTED = 1
"""Levels of 255 by which a picture painted again may differ: processors round differently."""
AFTER_UPSCALING = 2


_PAINTED = 0.1  # of the progress bar, where upscaling follows


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """All that one picture is made of, resolved: nothing in it changes under the brush."""

    generator: Generator
    expression: Expression
    point: Latent  # (dim,) or (num_ws, dim), before truncation
    label: Latent | None = None  # (classes,)
    truncation: Truncation = AS_IS
    noise_scale: float = 1.0
    upscale: tuple[Stage, ...] = ()


def compose(
    generator: Generator,
    expression: Expression,
    *,
    label: Latent | None = None,
    truncation: Truncation = AS_IS,
    noise_scale: float = 1.0,
    upscale: Sequence[Stage] = (),
) -> Request:
    """Work out where ``expression`` leads in this model, once; raises as ``resolve`` does."""
    point = resolve(expression, generator.given(label))
    return Request(
        generator, expression, point, label, truncation, noise_scale, upscale=tuple(upscale)
    )


def painter(model: ModelRef, library: Library) -> Generator:
    """The installed generator that a recipe names.

    Raises:
        KnownError: it is missing, or is another one under the same id.
    """
    # By id only: a recipe comes from strangers, and library.open takes paths too.
    entries = [e for e in library.entries() if e.card is not None and e.problem is None]
    paths = {entry.card.id: entry.path for entry in entries if entry.card is not None}
    if model.id not in paths:
        raise KnownError(f"It was painted by the model {model.id}, which is not installed; add it.")
    generator = library.open(paths[model.id])
    if generator.painting_hash != model.sha256:
        raise KnownError(
            f"It was painted by another model than the {model.id} installed here "
            f"({model.sha256[:12]}, not {generator.painting_hash[:12]}); install the one it names."
        )
    return generator


def recalled(recipe: Recipe, generator: Generator) -> Request:
    """The request that ``recipe`` wrote down; its point is taken as it stands."""
    return Request(
        generator,
        recipe.expression,
        recipe.point.array(),
        None if recipe.label is None else np.array(recipe.label, np.float32),
        recipe.truncation,
        recipe.noise_scale,
        recipe.upscale,
    )


def paint(
    request: Request, upscalers: Upscalers, progress: Progress = Progress()
) -> tuple[Pixels, Recipe]:
    """The picture and its recipe.

    Raises:
        KnownError: an upscaler is missing, or is another than the request names.
        Cancelled: ``progress`` was told that nobody wants it any more.
    """
    progress.reach(0.0)
    (picture,) = paint_together([request])
    progress.reach(_PAINTED if request.upscale else 1.0)
    return finish(picture, request, upscalers, progress.part(_PAINTED, 1.0))


def paint_recipe(
    recipe: Recipe, library: Library, upscalers: Upscalers, progress: Progress = Progress()
) -> Pixels:
    """Paint what ``recipe`` says, upscaling included; raises as ``painter`` and ``paint`` do."""
    request = recalled(recipe, painter(recipe.model, library))
    pixels, _ = paint(request, upscalers, progress)
    return pixels


def paint_together(requests: Sequence[Request]) -> Pixels:
    """Paint several points in one run of the model, uint8 (n, height, width, channels).

    The requests agree in all but expression, point, the numbers of the label, and upscaling.
    """
    first = requests[0]
    labels = [request.label for request in requests if request.label is not None]
    return first.generator.paint(
        np.stack([request.point for request in requests]),
        labels=np.stack(labels) if labels else None,
        truncation=first.truncation,
        noise_scale=first.noise_scale,
    )


def finish(
    picture: Pixels, request: Request, upscalers: Upscalers, progress: Progress = Progress()
) -> tuple[Pixels, Recipe]:
    """Upscale what the model painted, (h, w, 1 or 3), and write down how it came about."""
    ((pixels, recipe),) = finish_together(picture[None], [request], upscalers, progress)
    return pixels, recipe


def finish_together(
    pictures: Pixels, requests: Sequence[Request], upscalers: Upscalers, progress: Progress
) -> list[tuple[Pixels, Recipe]]:
    """As ``finish``, for several that are to be enlarged alike: (n, h, w, 1 or 3)."""
    if requests[0].upscale:
        pictures = upscalers.run_together(pictures, requests[0].upscale, progress)
    whole = [rgb(picture) for picture in pictures]
    return [
        (pixels, written_down(pixels, request))
        for pixels, request in zip(whole, requests, strict=True)
    ]


def written_down(pixels: Pixels, request: Request) -> Recipe:
    """The recipe of a finished picture, (h, w, 3), that came of ``request``."""
    card = request.generator.card
    return Recipe.for_picture(
        pixels,
        model=ModelRef(id=card.id, title=card.title, sha256=request.generator.painting_hash),
        expression=request.expression,
        point=request.point,
        space=request.generator.name,
        label=request.label,
        truncation=request.truncation,
        noise_scale=request.noise_scale,
        upscale=request.upscale,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a picture is what its recipe says, and one sentence that says so."""

    ok: bool
    sentence: str


def verify(
    path: Path, library: Library, upscalers: Upscalers, progress: Progress = Progress()
) -> Verdict:
    """Paint a picture again from the recipe inside it, and compare; raises only Cancelled."""
    try:
        kept, recipe, _ = read_picture(path)
        if pixels_sha256(kept) != recipe.picture.sha256:
            return Verdict(False, f"{path} was edited after it was painted: its pixels changed.")
        if not is_as_written(path):
            return Verdict(
                False,
                f"{path} was edited after it was painted: it is not plain 8-bit RGB any more.",
            )
        if (recipe.picture.height, recipe.picture.width) != kept.shape[:2]:
            return Verdict(False, f"{path} has another size than its recipe says: {_size(kept)}.")
        generator = painter(recipe.model, library)
        # Before anything is painted: enlarging takes minutes, and recipes come from strangers.
        leads_to = planned_size((generator.card.width, generator.card.height), recipe.upscale)
        if leads_to != (kept.shape[1], kept.shape[0]):
            return Verdict(
                False, f"{path} is not what its recipe paints: that would have another size."
            )
        again, _ = paint(recalled(recipe, generator), upscalers, progress)
    except KnownError as error:
        text = str(error)
        return Verdict(False, text if str(path) in text else f"{path} can't be verified: {text}")
    apart = int(np.abs(again.astype(np.int16) - kept).max())
    allowed = AFTER_UPSCALING if recipe.upscale else AS_PAINTED
    if apart > allowed:
        return Verdict(
            False, f"{path} is painted differently here: up to {apart} of 255 levels apart."
        )
    return Verdict(True, f"{path} is what its recipe says ({recipe.model.id}, {_size(kept)}).")


def planned_size(size: tuple[int, int], stages: Sequence[Stage]) -> tuple[int, int] | None:
    """Where the stages lead from ``size`` (width, height); None where one is too large to run."""
    for stage in stages:
        width, height = (side * (stage.scale or 1) for side in size)
        size = stage.to or (width, height)
        if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
            return None
    return size


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]} × {pixels.shape[0]}"
