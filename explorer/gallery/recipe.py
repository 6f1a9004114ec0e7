"""All it takes to paint a picture again."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_serializer

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import parse_json
from explorer.latent.expression import Expression, Point
from explorer.latent.seeds import Latent
from explorer.models.generator import AS_IS, Truncation
from explorer.upscale.stages import MAX_SIDE, Stage

MAX_RECIPE = 1 << 20  # bytes of JSON

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1.001)]  # of a class; they sum to 1, but for rounding


class ModelRef(BaseModel):
    """Which generator painted; ``sha256`` is its painting hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(max_length=500)]
    sha256: Sha256


class PictureRef(BaseModel):
    """The finished picture; ``sha256`` is of its RGB bytes, row by row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    height: Annotated[int, Field(ge=1, le=MAX_SIDE)]
    sha256: Sha256


class Recipe(BaseModel):
    """Format 1. The expression is the lineage; the point paints even when an ancestor is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    software: Annotated[str, Field(max_length=200)]
    model: ModelRef
    expression: Expression
    point: Point
    label: tuple[Share, ...] | None = None
    truncation: Truncation = AS_IS
    noise_scale: FiniteFloat = 1.0
    upscale: Annotated[tuple[Stage, ...], Field(max_length=16)] = ()
    picture: PictureRef

    @classmethod
    def for_picture(
        cls,
        pixels: NDArray[np.uint8],
        *,
        model: ModelRef,
        expression: Expression,
        point: Point | Latent,
        space: Literal["z", "w"] = "z",
        label: Sequence[float] | Latent | None = None,
        truncation: Truncation = AS_IS,
        noise_scale: float = 1.0,
        upscale: Sequence[Stage] = (),
    ) -> "Recipe":
        """Write down how ``pixels``, uint8 (h, w, 3) or grey (h, w, 1), came about.

        ``point`` is the resolved one; an array is taken to lie in ``space``, or in ws where
        it has rows.
        """
        if not isinstance(point, Point):
            point = Point.of("ws" if point.ndim == 2 else space, point)
        return cls(
            software=software(),
            model=model,
            expression=expression,
            point=point,
            label=None if label is None else tuple(float(part) for part in label),
            truncation=truncation,
            noise_scale=noise_scale,
            upscale=tuple(upscale),
            picture=PictureRef(
                width=pixels.shape[1], height=pixels.shape[0], sha256=pixels_sha256(pixels)
            ),
        )

    @field_serializer("point")
    def _point_alone(self, point: Point) -> dict[str, Any]:
        # Nothing but a point can stand here, so its op goes unsaid.
        return {"space": point.space, "shape": point.shape, "data": point.data}

    def to_json(self) -> str:
        """One line of JSON.

        Raises:
            KnownError: it would be longer than a recipe may be.
        """
        text = self.model_dump_json(by_alias=True)
        if len(text.encode()) > MAX_RECIPE:
            raise KnownError(
                "The recipe of this picture is over 1 MB long; "
                "pin the point it came to and go on from there."
            )
        return text


def parse_recipe(content: str | bytes, *, name: str) -> Recipe:
    """Read a recipe that may come from a stranger; ``name`` is what a complaint calls it.

    Raises:
        KnownError: it is too long, or no recipe.
    """
    if len(content) > MAX_RECIPE:
        raise KnownError(f"{name} is over 1 MB long, which no recipe is.")
    return parse_json(content, Recipe, name=name)


def software() -> str:
    """What made the picture, with its version."""
    return f"masquerade {__version__}"


def rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels (h, w, 3) or grey (h, w, 1) as contiguous (h, w, 3)."""
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def pixels_sha256(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 in hex of the RGB bytes, row by row; grey counts as three equal channels."""
    return hashlib.sha256(rgb(pixels).data).hexdigest()
