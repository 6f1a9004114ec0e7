"""What a study varies, and the cells that come of it: decided before anything is done."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import read_json, write_bytes
from training.config import PRESETS, Settings

FILE = "study.json"
MOST = 200
"""Cells in a study; more would be a month."""

OWN = ("size", "noise", "resolution")
"""What is varied in the pictures; every other name is a setting of a run."""

PAINTS = {"dcgan": (28, 32, 64, 128, 256), "stylegan2": (32, 64, 128, 256, 512, 1024)}
"""Pixels a side, as the networks' own modules say, which can't be asked without TensorFlow."""

_MOST_VARIED = 4  # things at once
_MOST_VALUES = 50  # of one of them
_NOT_VARIED = ("seed", "preset", "generator_filters", "discriminator_filters", "policy")

Value = int | float | bool | str


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Varied(_Told):
    """One thing that is varied, and what it takes one after another."""

    name: str
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=_MOST_VALUES)]


class Budget(_Told):
    """What every cell may use, the same for all."""

    steps: Annotated[int, Field(ge=1)] | None = None
    minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class Study(_Told):
    """`study.json`, format 1: what was asked. Written once."""

    format: Literal[1] = 1
    software: str = f"masquerade {__version__}"
    dataset: str  # its name
    content_sha256: str
    aliens_sha256: str | None = None  # of where noise is taken from, as ``Aliens`` has it
    varied: Annotated[tuple[Varied, ...], Field(max_length=_MOST_VARIED)]
    settings: Settings
    budget: Budget
    seeds: Annotated[int, Field(ge=1, le=20)]
    held_out: Annotated[int, Field(ge=50)]  # pictures that no cell learns from
    painted: Annotated[int, Field(ge=50)]  # by each cell, to be judged


class Cell(_Told):
    """One run of a study."""

    name: str  # of its folder
    values: dict[str, Value]
    seed: int

    @property
    def label(self) -> str:
        """What it differs in, without its seed."""
        return label(self.values)


def label(values: Mapping[str, Value]) -> str:
    """As a person would say it: ``size 1,000, noise 0.2``."""
    return ", ".join(f"{name.replace('_', ' ')} {said(value)}" for name, value in values.items())


def said(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value).removesuffix(".0")


def varied(texts: Sequence[str]) -> tuple[Varied, ...]:
    """Read ``size=1000,3000`` and the like.

    Raises:
        KnownError: it names nothing that can be varied, or values that it can't take.
    """
    found: dict[str, Varied] = {}
    for text in texts:
        name, is_there, values = text.partition("=")
        name = name.strip().replace("-", "_").lower()
        parts = [part.strip() for part in values.split(",") if part.strip()]
        if not is_there or not parts:
            raise KnownError(f"--vary {text} says no values: write it like --vary size=1000,3000.")
        if name in found:
            raise KnownError(f"--vary {name} was said twice: name all its values at once.")
        taken = tuple(_value(name, part) for part in parts)
        if len(set(taken)) != len(taken):
            raise KnownError(f"--vary {text} names a value twice: leave one out.")
        if len(taken) > _MOST_VALUES:
            raise KnownError(
                f"--vary {name} has {len(taken)} values and may have {_MOST_VALUES}: leave some out."
            )
        found[name] = Varied(name=name, values=taken)
    if len(found) > _MOST_VARIED:
        raise KnownError(
            f"A study varies {_MOST_VARIED} things at most, and {', '.join(found)} are "
            f"{len(found)}: make two studies of it."
        )
    return tuple(found.values())


def cells(study: Study) -> list[Cell]:
    """Every combination of what is varied, with every seed.

    A study that is cut short has one run of each rather than two of some.

    Raises:
        KnownError: they are too many.
    """
    axes = [[(one.name, value) for value in one.values] for one in study.varied]
    grid = [dict(each) for each in product(*axes)]
    count = len(grid) * study.seeds
    if count > MOST:
        raise KnownError(f"This study has {count} runs and may have {MOST}: vary less at once.")
    return [
        Cell(name=_name(values, seed), values=values, seed=seed)
        for seed in range(study.seeds)
        for values in grid
    ]


def settings_of(study: Study, cell: Cell) -> Settings:
    """What the cell's run is trained with.

    Raises:
        KnownError: the values don't make settings together.
    """
    given = {name: value for name, value in cell.values.items() if name not in OWN}
    return checked(study.settings, {**given, "seed": cell.seed})


def checked(base: Settings, given: Mapping[str, Any]) -> Settings:
    """``base`` with ``given`` laid over; KnownError names what it can't take."""
    try:
        return Settings.model_validate({**base.model_dump(), **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "a setting"
        raise KnownError(
            f"--vary {name}={given.get(name, '')} can't be: {first['msg']}."
        ) from error


def begun(folder: Path, study: Study) -> Study:
    """Write `study.json`, or see that the study that lies there asks the same.

    Raises:
        KnownError: the folder holds something else, or another study.
    """
    path = folder / FILE
    if path.exists():
        there = read_json(path, Study)
        for name in Study.model_fields:
            if name != "software" and getattr(there, name) != getattr(study, name):
                raise KnownError(
                    f"{folder} holds a study with other {_WORDS.get(name, name)}: repeat what it "
                    "began with to go on, or choose another --out."
                )
        return there
    try:
        if folder.exists() and any(folder.iterdir()):
            raise KnownError(
                f"{folder} holds other files and no study: choose an empty or new folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnownError(f"{folder} can't be made: {error.strerror}; choose another.") from error
    write_bytes(path, study.model_dump_json(indent=1).encode())
    return study


_WORDS = {
    "content_sha256": "pictures",
    "dataset": "pictures",
    "aliens_sha256": "aliens",
    "varied": "values of --vary",
    "budget": "--steps or --minutes",
    "held_out": "held-out pictures",
    "painted": "--pictures",
}


def _value(name: str, text: str) -> Value:
    """One value, as its kind takes it; ``name`` is checked here."""
    if name == "size":
        return _number(name, text, int, 50, 10_000_000)
    if name == "resolution":
        return _number(name, text, int, 16, 1024)
    if name == "noise":
        return _number(name, text, float, 0.0, 1.0, of="the share of --aliens, ")
    if name == "preset":
        if text not in PRESETS:
            raise KnownError(f"--vary preset={text} is none of {', '.join(PRESETS)}.")
        raise KnownError("A preset can't be varied: vary its settings, or make two studies.")
    if name == "seed":
        raise KnownError("Seeds are varied by --seeds, so that every cell has all of them.")
    if name not in Settings.model_fields or name in _NOT_VARIED:
        can = ", ".join(
            [*OWN, *(n for n in Settings.model_fields if n not in (*_NOT_VARIED, *OWN))]
        )
        raise KnownError(f"--vary {name} is nothing that can be varied: choose from {can}.")
    try:
        taken = Settings.model_validate({name: _plain(text)})
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        raise KnownError(f"--vary {name}={text} can't be: {why}.") from error
    value: Value = getattr(taken, name)
    return value


def _plain(text: str) -> Value | None:
    """What pydantic is shown: numbers as numbers, since a field may be one of several kinds."""
    words: dict[str, Value | None] = {"yes": True, "true": True, "no": False, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number(name: str, text: str, kind: type, low: float, high: float, of: str = "") -> Value:
    try:
        number: int | float = kind(text)
    except ValueError:
        number = high + 1
    if not low <= number <= high:
        raise KnownError(
            f"--vary {name}={text} can't be: it takes {of}{'whole ' if kind is int else ''}numbers from "
            f"{low:g} to {high:,g}."
        )
    return number


def _name(values: Mapping[str, Value], seed: int) -> str:
    parts = [f"{name}-{value}".replace("_", "-").lower() for name, value in values.items()]
    safe = "_".join("".join(c if c.isalnum() or c in ".-" else "-" for c in part) for part in parts)
    return f"{safe}_seed-{seed}" if safe else f"seed-{seed}"
