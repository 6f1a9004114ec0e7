"""What a pickle is turned into: plain data, views of the file's numbers, and names."""

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = Any
"""None, bool, int, float, str, memoryview (of bytes), list, tuple, dict, set, or a class below."""

_MAX_AXES = 8
_CODES = {"b1", "i1", "u1", "i2", "i4", "i8", "f2", "f4", "f8"}


class Refused(Exception):
    """Why a pickle was not read, as the middle of a sentence."""


@dataclass(eq=False, slots=True)
class Name:
    """What a pickle refers to as ``module.name``, and no more than that."""

    text: str


@dataclass(eq=False, slots=True)
class Thing:
    """An object of a class that we know by its name alone, and what it remembers."""

    kind: str
    state: dict[str | int, Value] = field(default_factory=dict)

    def fill(self, state: Value) -> None:
        if not isinstance(state, dict):
            raise Refused("an object in it remembers something else than named values")
        self.state = state


@dataclass(eq=False, slots=True)
class Dtype:
    """A numpy dtype of plain numbers, such as f4."""

    code: str
    order: str = "<"

    def __post_init__(self) -> None:
        if self.code not in _CODES:
            raise Refused("it has an array of something else than plain numbers")

    def fill(self, state: Value) -> None:
        if not isinstance(state, tuple) or state[1:2] not in (("<",), (">",), ("|",)):
            raise Refused("it has an array of something else than plain numbers")
        self.order = state[1]

    @property
    def real(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


@dataclass(eq=False, slots=True)
class Array:
    """The numbers of a numpy array or a tensor, as a view of the file."""

    numbers: NDArray[Any] | None = None  # None until the pickle fills it

    def fill(self, state: Value) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused("it has an array that is written as none is")
        _, shape, dtype, fortran, raw = state
        self.numbers = from_bytes(raw, dtype, shape, "F" if fortran is True else "C")


def is_shape(value: Value) -> bool:
    """Whether it is a tuple of at most eight sizes."""
    if not isinstance(value, tuple) or len(value) > _MAX_AXES:
        return False
    return all(type(side) is int and side >= 0 for side in value)


def from_bytes(raw: Value, dtype: Value, shape: Value, order: Value) -> NDArray[Any]:
    """The bytes ``raw`` as an array, without a copy.

    Raises:
        Refused: they are not what dtype and shape say.
    """
    if not isinstance(raw, memoryview) or not isinstance(dtype, Dtype) or order not in ("C", "F"):
        raise Refused("it has an array of something else than plain numbers")
    if not is_shape(shape) or math.prod(shape) * dtype.real.itemsize != len(raw):
        raise Refused("it has an array of another size than it claims")
    flat = np.frombuffer(raw, dtype.real)
    return flat.reshape(shape, order=order) if len(raw) else flat
