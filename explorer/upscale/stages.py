"""One step of upscaling, as a recipe stores it."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

TWO_STAGES: Final = "realesrgan-x4plus,realesr-animevideov3-x4"
"""What upscaling means unless a person says otherwise: 64 -> 256 -> 1024 px."""

LANCZOS: Final = "lanczos"
"""Interpolation, always at hand, and never called by the name of a network."""

MAX_SIDE: Final = 16_384  # pixels
MAX_PIXELS: Final = 8_192 * 8_192  # of one picture; 200 MB as bytes

Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class Stage(BaseModel):
    """``scale`` times larger by upscaler ``id``, or resampled by Lanczos ``to`` (width, height)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=100)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    scale: Annotated[int, Field(ge=1, le=16)] | None = None
    to: tuple[Side, Side] | None = None

    @model_validator(mode="after")
    def _one_way_to_grow(self) -> "Stage":
        if (self.scale is None) == (self.to is None):
            raise ValueError("a stage has either a scale or a size to come to")
        if self.to is not None and self.id != LANCZOS:
            raise ValueError(f"only {LANCZOS} comes to a size")
        return self

    @model_serializer
    def _without_blanks(self) -> dict[str, Any]:
        given = {"id": self.id, "sha256": self.sha256, "scale": self.scale, "to": self.to}
        return {key: value for key, value in given.items() if value is not None}
