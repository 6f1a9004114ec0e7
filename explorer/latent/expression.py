"""How a point came to be, as a tree: what a recipe keeps and lineage is read from."""

import base64
import binascii
import math
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from explorer.core.errors import KnownError
from explorer.latent.seeds import MAX_SEED, Latent

MAX_DEPTH = 64
MAX_NODES = 4096
_MAX_JSON = 16 << 20  # bytes of one expression
_MAX_NUMBERS = 1 << 18  # in one point

Space: TypeAlias = Literal["z", "w", "ws"]
Layers: TypeAlias = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]]
"""A half-open range of the rows of ws: ``(0, 4)`` is the first four."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in whole(self).items() if value is not None}


class _Node(_Part):
    """Depth and number of nodes are counted as trees are built, so none too deep ever exists."""

    _depth: int = PrivateAttr(default=1)
    _nodes: int = PrivateAttr(default=1)

    def children(self) -> "tuple[Expression, ...]":
        return ()

    @property
    def depth(self) -> int:
        """1 for a seed; at most 64."""
        return self._depth

    @property
    def nodes(self) -> int:
        """1 for a seed; at most 4,096."""
        return self._nodes

    @model_validator(mode="after")
    def _small_enough(self) -> "_Node":
        children = self.children()
        self._depth = 1 + max((child.depth for child in children), default=0)
        self._nodes = 1 + sum(child.nodes for child in children)
        if self._depth > MAX_DEPTH:
            raise ValueError(f"an expression is at most {MAX_DEPTH} deep")
        if self._nodes > MAX_NODES:
            raise ValueError(f"an expression has at most {MAX_NODES} parts")
        return self


class Seed(_Node):
    """The point a number stands for."""

    op: Literal["seed"] = "seed"
    seed: int = Field(ge=0, le=MAX_SEED)


class Point(_Node):
    """Numbers, when nothing shorter says it: a picked, dragged or foreign point."""

    op: Literal["point"] = "point"
    space: Space
    shape: tuple[int, ...]
    data: str  # base64 of little-endian float32

    @classmethod
    def of(cls, space: Space, array: Latent) -> "Point":
        return cls(space=space, shape=array.shape, data=encode(array))

    def array(self) -> Latent:
        """float32 of ``shape``."""
        return decode(self.data).reshape(self.shape)

    @model_validator(mode="after")
    def _is_whole(self) -> "Point":
        rank = 2 if self.space == "ws" else 1
        if len(self.shape) != rank or min(self.shape) < 1:
            raise ValueError(f"a point in {self.space} has {rank} positive sizes")
        if decode(self.data).size != math.prod(self.shape):
            raise ValueError(f"the data of the point is not {math.prod(self.shape)} numbers")
        return self


class Artwork(_Node):
    """A saved work, called by its title; ``was`` is what it was made of when it was used."""

    op: Literal["artwork"] = "artwork"
    id: str = Field(min_length=1, max_length=64)
    title: str = Field(max_length=1000)
    was: "Expression"

    @classmethod
    def of(cls, id: str, title: str, was: "Expression", point: Point) -> "Artwork":
        """Refer to a work; where its lineage has grown too long, only its ``point`` is kept."""
        too_long = was.depth > MAX_DEPTH // 2 or was.nodes > MAX_NODES // 4
        return cls(id=id, title=title, was=point if too_long else was)

    def children(self) -> "tuple[Expression, ...]":
        return (self.was,)


class Mean(_Node):
    op: Literal["mean"] = "mean"
    of: "tuple[Expression, ...]" = Field(min_length=1)

    def children(self) -> "tuple[Expression, ...]":
        return self.of


class Term(_Part):
    weight: FiniteFloat = 1.0
    point: "Expression"


class Sum(_Node):
    """Weighted points added up; ``typical`` brings a sum in z back to the length of a seed."""

    op: Literal["sum"] = "sum"
    norm: Literal["typical", "keep"] = "typical"
    terms: tuple[Term, ...] = Field(min_length=1)

    def children(self) -> "tuple[Expression, ...]":
        return tuple(term.point for term in self.terms)


class Between(_Node):
    """Part of the way from one point (t=0) to another (t=1); ``from`` and ``to`` in JSON."""

    op: Literal["between"] = "between"
    path: Literal["slerp", "lerp"] = "slerp"
    start: "Expression" = Field(alias="from")
    end: "Expression" = Field(alias="to")
    t: FiniteFloat

    def children(self) -> "tuple[Expression, ...]":
        return (self.start, self.end)


class Direction(_Part):
    """A direction that the model's bundle brings along."""

    kind: Literal["pca", "sefa"]
    index: int = Field(ge=0, lt=1 << 16)


class OwnDirection(_Part):
    """A direction that the person found, float32 ``(dim,)``."""

    kind: Literal["own"] = "own"
    id: str = Field(min_length=1, max_length=64)
    title: str = Field(default="", max_length=1000)
    data: str  # base64 of little-endian float32

    @classmethod
    def of(cls, id: str, title: str, array: Latent) -> "OwnDirection":
        return cls(id=id, title=title, data=encode(array))

    def array(self) -> Latent:
        return decode(self.data)

    @field_validator("data")
    @classmethod
    def _is_numbers(cls, data: str) -> str:
        decode(data)
        return data


class Shift(_Node):
    op: Literal["shift"] = "shift"
    point: "Expression"
    direction: Annotated[Direction | OwnDirection, Field(discriminator="kind")]
    amount: FiniteFloat
    layers: Layers | None = None

    def children(self) -> "tuple[Expression, ...]":
        return (self.point,)

    @field_validator("layers")
    @classmethod
    def _has_rows(cls, layers: Layers | None) -> Layers | None:
        return _forwards(layers)


class Part(_Part):
    layers: Layers | None = None
    point: "Expression"

    @field_validator("layers")
    @classmethod
    def _has_rows(cls, layers: Layers | None) -> Layers | None:
        return _forwards(layers)


class Mix(_Node):
    """Rows of ws from different points; where parts overlap, the later one counts."""

    op: Literal["mix"] = "mix"
    parts: tuple[Part, ...] = Field(min_length=1)

    def children(self) -> "tuple[Expression, ...]":
        return tuple(part.point for part in self.parts)


Expression: TypeAlias = Annotated[
    Seed | Point | Artwork | Mean | Sum | Between | Shift | Mix, Field(discriminator="op")
]

for _model in (Artwork, Mean, Term, Sum, Between, Shift, Part, Mix):
    _model.model_rebuild()

_ANY: TypeAdapter[Expression] = TypeAdapter(Expression)


def read_expression(content: str | bytes) -> Expression:
    """Read the JSON of a tree that may come from a stranger.

    Raises:
        KnownError: it is no expression, or one too deep or too large to be a person's.
    """
    if len(content) > _MAX_JSON:
        raise KnownError(f"The expression is longer than {_MAX_JSON >> 20} MB; save it again.")
    try:
        return _ANY.validate_json(content)
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise KnownError(f"The expression can't be read: {what}.") from error


def write_expression(expression: Expression) -> str:
    """The tree as the JSON that ``read_expression`` reads."""
    return _ANY.dump_json(expression).decode()


def encode(array: Latent) -> str:
    """Base64 of little-endian float32."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def decode(data: str) -> Latent:
    """One row of float32 from base64.

    Raises:
        ValueError: it is not base64 of finite float32 numbers, or too many of them.
    """
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the data of the point is not base64") from error
    if len(raw) % 4 or not 0 < len(raw) // 4 <= _MAX_NUMBERS:
        raise ValueError("the data of the point is not a row of float32 numbers")
    numbers = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("the data of the point is not finite")
    return numbers


def _forwards(layers: Layers | None) -> Layers | None:
    if layers is not None and layers[0] >= layers[1]:
        raise ValueError("a range of layers ends after it begins")
    return layers
