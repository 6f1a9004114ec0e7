"""What a bundle says about itself: ``card.json``."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

FORMAT = 1

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a title must not steer a terminal
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?", re.ASCII)

Line: TypeAlias = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\n\t]*$")]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=20_000)]
ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
"""What a model may be called."""
Sha256: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Side: TypeAlias = Annotated[int, Field(ge=1, le=4096)]  # pixels
Size: TypeAlias = Annotated[int, Field(ge=1, le=16_384)]


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _is_printable(cls, value: object) -> object:
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and _CONTROL.search(text):
                raise ValueError("it holds control characters")
        return value


class TrainedOn(_Page):
    name: Line
    content_sha256: Sha256
    count: int = Field(ge=0)
    licence: Line


class Training(_Page):
    dataset: TrainedOn
    images_seen: int = Field(ge=0)
    loss: Line
    augmentation: Line
    settings: dict[str, JsonValue]
    versions: dict[str, str]


class Parity(_Page):
    """How far ONNX Runtime and the framework that trained the model were found apart."""

    rgb_max_abs: FiniteFloat = Field(ge=0)
    image_max_levels: int = Field(ge=0, le=255)


class Card(_Page):
    """Format 1. Sizes in pixels, ``channels`` 1 (grey) or 3 (RGB)."""

    format: Literal[1] = 1
    id: str = Field(pattern=ID)
    title: Line = Field(min_length=1)
    description: Text = ""
    architecture: Literal["dcgan", "stylegan2", "foreign"]
    height: Side
    width: Side
    channels: Literal[1, 3]
    z_dim: Size
    w_dim: Size | None = None
    num_ws: Annotated[int, Field(ge=1, le=64)] | None = None
    classes: tuple[Line, ...] = Field(default=(), max_length=10_000)
    noise: bool = False
    stages: tuple[Side, ...] | None = None  # pixels of each stage's picture, growing
    files: dict[str, Sha256] = Field(default_factory=dict, max_length=1000)
    licence: Line = ""
    credits: tuple[Line, ...] = ()
    training: Training | None = None
    metrics: dict[str, FiniteFloat | int | str | None] = Field(default_factory=dict)
    parity: Parity | None = None

    @property
    def space(self) -> Literal["z", "w"]:
        """Where arithmetic runs."""
        return "w" if self.architecture == "stylegan2" else "z"

    @property
    def dim(self) -> int:
        """How many numbers a point of that space has."""
        return self.w_dim if self.w_dim is not None else self.z_dim

    @property
    def synthesis_files(self) -> tuple[str, ...]:
        """The graphs that paint, in the order they run."""
        if self.stages is None:
            return ("synthesis.onnx",)
        return tuple(f"synthesis-{side:04d}.onnx" for side in self.stages)

    @property
    def graph_files(self) -> tuple[str, ...]:
        mapping = ("mapping.onnx",) if self.space == "w" else ()
        return mapping + self.synthesis_files

    @field_validator("files")
    @classmethod
    def _are_plain_names(cls, files: dict[str, str]) -> dict[str, str]:
        for name in files:
            if _FILE.fullmatch(name) is None or name == "card.json":
                raise ValueError(f"{name[:80]!r} is not the plain name of a file")
        return files

    @model_validator(mode="after")
    def _is_one_architecture(self) -> "Card":
        in_w = (self.w_dim, self.num_ws, self.stages)
        if self.architecture != "stylegan2":
            if in_w != (None, None, None) or self.noise:
                raise ValueError("only a stylegan2 has w_dim, num_ws, stages and noise")
            return self
        if None in in_w or self.stages is None:
            raise ValueError("a stylegan2 has w_dim, num_ws and stages")
        if self.height != self.width or not self.stages:
            raise ValueError("a stylegan2 is square and has at least one stage")
        doubled = tuple(self.stages[0] << i for i in range(len(self.stages)))
        if self.stages[0] != min(32, self.height) or self.stages != doubled:
            raise ValueError("stages begin at 32 (or the only size) and double")
        if self.stages[-1] != self.height:
            raise ValueError("the last stage is the size of the picture")
        return self
