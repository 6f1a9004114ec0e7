"""What a person has in front of them, as one small frozen value, and the question it asks.

Every function here is pure: it takes a state and gives the next one. `Studio` keeps the states
in its history; nothing else may change what is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from explorer.latent.arithmetic import Path
from explorer.latent.expression import (
    Artwork,
    Between,
    Expression,
    Mean,
    Mix,
    Point,
    Seed,
    Shift,
    Sum,
    Term,
)
from explorer.upscale.stages import Stage

if TYPE_CHECKING:
    from explorer.gallery.recipe import Recipe

Pin = Literal["a", "b"]

WEIGHTS = (1.0, -1.0, 1.0)
"""A − B + C: the most useful sum there is (smiling − plain + another)."""

_HEAVIEST = 9.99  # that a place's weight can be dialled to


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Frozen):
    """One of the three drop places of A − B + C."""

    weight: float = Field(ge=-_HEAVIEST, le=_HEAVIEST, allow_inf_nan=False)
    point: Expression | None = None


class SessionState(Frozen):
    """Everything that undo brings back and that a kept picture reopens with."""

    model: str
    shown: Expression | None = None
    title: str = Field(default="", max_length=500)
    psi: float = Field(default=1.0, ge=-10.0, le=10.0)  # as in recipes
    cutoff: int | None = None
    label: tuple[float, ...] | None = None
    noise_scale: float = Field(default=1.0, allow_inf_nan=False)
    upscale: str = ""
    """Upscaler ids with commas, in the order they work; empty for the picture as painted."""
    stages: tuple[Stage, ...] = ()
    """What these came to in the recipe of a reopened picture, to the letter."""
    pin_a: Expression | None = None
    pin_b: Expression | None = None
    t: float = Field(default=0.5, ge=0.0, le=1.0)
    places: tuple[Place, Place, Place] = (
        Place(weight=WEIGHTS[0]),
        Place(weight=WEIGHTS[1]),
        Place(weight=WEIGHTS[2]),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_size(cls, given: object) -> object:
        """Settings written before there were ``stages`` hold a ``size``, always null."""
        if isinstance(given, dict) and given.get("size", 0) is None:
            return {key: value for key, value in given.items() if key != "size"}
        return given


@dataclass(frozen=True, slots=True)
class Look:
    """How points of a model are painted: what a whole contact sheet has in common."""

    model: str
    psi: float = 1.0
    cutoff: int | None = None
    label: tuple[float, ...] | None = None
    noise_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class PaintRequest:
    """A question to a worker. It is the same question only if every part of it is the same."""

    look: Look
    expression: Expression
    upscale: str = ""
    stages: tuple[Stage, ...] = ()

    @property
    def plain(self) -> "PaintRequest":
        """The same picture as the generator paints it."""
        return replace(self, upscale="", stages=())


def look(state: SessionState) -> Look:
    return Look(state.model, state.psi, state.cutoff, state.label, state.noise_scale)


def resolve(state: SessionState) -> PaintRequest | None:
    """The picture that ``state`` asks for, or None while nothing is chosen."""
    if state.shown is None:
        return None
    return PaintRequest(look(state), state.shown, state.upscale, state.stages)


_NEW = {"title": "", "upscale": "", "stages": ()}


def showing(state: SessionState, expression: Expression) -> SessionState:
    """Another picture: it has no name yet, and nobody asked to enlarge it."""
    return state.model_copy(update={"shown": expression, **_NEW})


def repainted(state: SessionState, **how: object) -> SessionState:
    """The same point with another truncation, label or noise."""
    return plain(state.model_copy(update=how))


def plain(state: SessionState) -> SessionState:
    """The same picture, not enlarged."""
    return state.model_copy(update={"upscale": "", "stages": ()})


def pinned(state: SessionState, pin: Pin, expression: Expression | None) -> SessionState:
    return state.model_copy(update={f"pin_{pin}": _arrived(expression)})


def travelled(state: SessionState, t: float, path: Path = "slerp") -> SessionState:
    """Stand at ``t`` between the two pins, or only move the slider while one is missing.

    ``path`` is the model's own: the arc in z, the straight line in w.
    """
    t = round(min(1.0, max(0.0, t)), 4)  # finer than any slider, and still a text to read
    if state.pin_a is None or state.pin_b is None:
        return state.model_copy(update={"t": t})
    there = Between(path=path, start=state.pin_a, end=state.pin_b, t=t)
    return state.model_copy(update={"t": t, "shown": there, **_NEW})


def placed(state: SessionState, index: int, expression: Expression | None) -> SessionState:
    """Put a picture on a drop place, and show the sum if there is anything to show."""
    point = _arrived(expression)
    return _summed(state, index, state.places[index].model_copy(update={"point": point}))


def weighed(state: SessionState, index: int, weight: float) -> SessionState:
    return _summed(state, index, state.places[index].model_copy(update={"weight": weight}))


def laid_out(state: SessionState, expression: Expression, path: Path = "slerp") -> SessionState:
    """Show ``expression`` with the tools set the way that made it, where they can make it."""
    state = showing(state, expression)
    match expression:
        case Between(start=a, end=b, t=t) if expression.path == path and 0.0 <= t <= 1.0:
            return state.model_copy(update={"pin_a": a, "pin_b": b, "t": t})
        case Sum(norm="typical", terms=terms) if len(terms) <= len(WEIGHTS) and all(
            abs(term.weight) <= _HEAVIEST for term in terms
        ):
            places = [Place(weight=weight) for weight in WEIGHTS]
            for at, term in zip(_spots([term.weight for term in terms]), terms, strict=True):
                places[at] = Place.model_construct(weight=term.weight, point=term.point)
            return state.model_copy(update={"places": tuple(places)})
    return state


def said(state: SessionState) -> tuple[Artwork, ...]:
    """The works that the text of what is shown names, in its order."""
    return tuple(_named(state.shown))


def at_hand(state: SessionState) -> tuple[Artwork, ...]:
    """The works on pins and places."""
    spots = (state.pin_a, state.pin_b, *(place.point for place in state.places))
    return tuple(work for spot in spots for work in _named(spot))


def reopened(
    state: SessionState, recipe: "Recipe", title: str, path: Path = "slerp"
) -> SessionState:
    """The whole state that a kept picture was made in."""
    state = laid_out(
        state.model_copy(
            update={
                "model": recipe.model.id,
                "psi": recipe.truncation.psi,
                "cutoff": recipe.truncation.cutoff,
                "label": None if recipe.label is None else tuple(recipe.label),
                "noise_scale": recipe.noise_scale,
            }
        ),
        recipe.expression,
        path,
    )
    ids = ",".join(stage.id for stage in recipe.upscale)
    return state.model_copy(update={"title": title, "upscale": ids, "stages": recipe.upscale})


FIRST_LOOK = Seed(seed=0)
"""What hangs on the easel when a model is opened for the first time."""


def moved_to_model(
    state: SessionState, model: str, label: tuple[float, ...] | None, path: Path = "slerp"
) -> SessionState:
    """The same seeds in another model, on its own ``path``; what means nothing there is put away."""
    places = tuple(
        Place.model_construct(weight=place.weight, point=_portable(place.point, path))
        for place in state.places
    )
    kept = showing(state, _portable(state.shown, path) or FIRST_LOOK)
    return kept.model_copy(
        update={
            "model": model,
            "label": label,
            "cutoff": None,
            "pin_a": _portable(state.pin_a, path),
            "pin_b": _portable(state.pin_b, path),
            "places": places,
        }
    )


def one_hot(classes: int, index: int = 0) -> tuple[float, ...] | None:
    """The label of one class; None where the model has none."""
    return tuple(float(at == index) for at in range(classes)) if classes else None


def is_portable(expression: Expression) -> bool:
    """Whether every leaf is a seed, which means something in every model."""
    if isinstance(
        expression, Point | Shift | Mix
    ):  # numbers, directions and layers are one model's
        return False
    return all(is_portable(child) for child in expression.children())


def _spots(weights: list[float]) -> tuple[int, ...]:
    """The places that terms of these weights came from: those that weigh so by themselves.

    Where a weight was dialled nobody can tell, and the places are filled from the left.
    """
    for spots in combinations(range(len(WEIGHTS)), len(weights)):
        if [WEIGHTS[at] for at in spots] == weights:
            return spots
    return tuple(range(len(weights)))


def _named(expression: Expression | None) -> Iterator[Artwork]:
    if isinstance(expression, Artwork):
        yield expression  # a text doesn't say what it was made of
    elif expression is not None:
        for child in expression.children():
            yield from _named(child)


def _portable(expression: Expression | None, path: Path) -> Expression | None:
    if expression is None or not is_portable(expression):
        return None
    return _along(path, expression)


def _along(path: Path, expression: Expression) -> Expression:
    """The same, with every way between two points going along ``path``."""
    match expression:
        case Between(start=a, end=b):
            ends = {"start": _along(path, a), "end": _along(path, b)}
            return expression.model_copy(update={"path": path, **ends})
        case Mean(of=of):
            return expression.model_copy(update={"of": tuple(_along(path, each) for each in of)})
        case Sum(terms=terms):
            along = tuple(t.model_copy(update={"point": _along(path, t.point)}) for t in terms)
            return expression.model_copy(update={"terms": along})
    return expression


def _arrived(expression: Expression | None) -> Expression | None:
    """The picture itself at either end of a way, so that what is taken from there keeps its name."""
    match expression:
        case Between(start=there, t=0.0) | Between(end=there, t=1.0):
            return _arrived(there)
    return expression


def _summed(state: SessionState, index: int, place: Place) -> SessionState:
    places = tuple(place if at == index else old for at, old in enumerate(state.places))
    state = state.model_copy(update={"places": places})
    terms = [Term(weight=p.weight, point=p.point) for p in places if p.point is not None]
    if not terms:
        return state
    if len(terms) == 1 and terms[0].weight == 1.0:
        return showing(state, terms[0].point)
    return showing(state, Sum(norm="typical", terms=tuple(terms)))
