"""What an export is asked for, and from it every picture's name and making: plans, no painting."""

import hashlib
import re
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from explorer.core.errors import KnownError
from explorer.core.files import parse_json
from explorer.gallery.pictures import Caption
from explorer.gallery.recipe import ModelRef, Recipe
from explorer.latent.expression import Seed
from explorer.models.card import Card
from explorer.models.generator import AS_IS, Generator, Truncation
from explorer.models.library import Library
from explorer.render.repaint import Request, compose, painter, planned_size, recalled
from explorer.upscale.stages import Stage

Stages: TypeAlias = tuple[Stage, ...]

_MAX_LINE = 2 << 20  # bytes; a recipe has at most 1 MB, and a manifest line little more
_MAX_PICTURES = 1_000_000
_MAX_TITLE = 200  # characters
_MAX_SLUG = 48  # characters, so that the longest name stays far under every system's limit
_PIXELS_TOGETHER = 1 << 18
_MOST_TOGETHER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What holds for every picture of an export, whatever it shows."""

    titles: Sequence[str] = ()  # by position; where one is missing or "", the picture's own
    truncation: Truncation = AS_IS  # of seeds; a recipe has its own
    upscale: Stages | None = None  # None leaves a recipe its own
    upscale_first: int | None = None  # so many pictures are upscaled; all if None
    size: Stages = ()  # the resampling that every picture ends with
    creator: str = ""
    rights: str = ""
    heading: str = ""  # of the page that shows them; the model's title if ""

    def stages(self, at: int, own: Stages) -> Stages:
        """What the picture at position ``at`` goes through after painting."""
        chosen = own if self.upscale is None else self.upscale
        if self.upscale_first is not None and at >= self.upscale_first:
            chosen = ()
        if self.size:
            chosen = tuple(stage for stage in chosen if stage.to is None) + self.size
        return chosen

    def caption(self, at: int, own: str) -> Caption:
        title = self.titles[at] if at < len(self.titles) else ""
        return Caption(title=title or own, creator=self.creator, rights=self.rights)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One picture to be."""

    number: int  # its seed, or its line in the recipes
    file: str
    caption: Caption
    model: str  # as it was asked for: the key to its generator
    of: Seed | Recipe
    truncation: Truncation
    upscale: Stages

    def request(self, generator: Generator) -> Request:
        """Find its point; raises as ``compose`` does."""
        if isinstance(self.of, Recipe):
            return replace(recalled(self.of, generator), upscale=self.upscale)
        return compose(generator, self.of, truncation=self.truncation, upscale=self.upscale)

    @property
    def kind(self) -> object:
        """Pieces of one kind may be painted in one run of the model."""
        if isinstance(self.of, Seed):
            return (self.model, self.truncation)
        point, label = self.of.point, self.of.label
        shares = None if label is None else len(label)
        return (self.model, self.truncation, self.of.noise_scale, shares, point.shape)


class Order(BaseModel):
    """What was asked, option by option: only the same order continues an export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    asked: dict[str, str]

    def differs_in(self, other: "Order") -> str | None:
        """The first option that is not as in ``other``."""
        options = [*self.asked, *other.asked]
        return next((o for o in options if self.asked.get(o) != other.asked.get(o)), None)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that an export will do."""

    order: Order
    pieces: tuple[Piece, ...]  # at least one
    generators: Mapping[str, Generator]  # by their ids
    heading: str
    credit: tuple[str, ...]  # lines under the pictures: whose they are, and whose the model is


def plan_seeds(generator: Generator, seeds: Sequence[int], wishes: Wishes) -> Plan:
    """One picture a seed, in their order; without a name it is called "Seed 12".

    Raises:
        KnownError: upscaling would lead to a picture that is too large.
    """
    model = generator.card.id
    pieces = []
    for at, seed in enumerate(seeds):
        caption = wishes.caption(at, "")
        file = file_name(seed, caption.title)
        caption = replace(caption, title=caption.title or f"Seed {seed}")
        stages = wishes.stages(at, ())
        pieces.append(Piece(seed, file, caption, model, Seed(seed=seed), wishes.truncation, stages))
    return _plan({"seeds": runs(seeds)}, pieces, {model: generator}, wishes)


def plan_recipes(path: Path, library: Library, wishes: Wishes) -> Plan:
    """One picture a line of ``path``, in their order, numbered from 1.

    Raises:
        KnownError: a line is no recipe, its model is missing or another one, or upscaling leads
            to a picture that is too large.
    """
    titled = read_recipes(path)
    generators = _painters(titled, library, path)
    pieces = []
    for at, (title, recipe) in enumerate((each.title, each.recipe) for each in titled):
        number = at + 1
        caption = wishes.caption(at, tidy(title))
        file = file_name(number, caption.title)
        caption = replace(caption, title=caption.title or f"Picture {number}")
        stages = wishes.stages(at, recipe.upscale)
        pieces.append(
            Piece(number, file, caption, recipe.model.id, recipe, recipe.truncation, stages)
        )
    asked = {"recipes": f"{len(titled)} {_digest([t.model_dump_json() for t in titled])}"}
    return _plan(asked, pieces, generators, wishes)


def _plan(
    asked: dict[str, str],
    pieces: Sequence[Piece],
    generators: Mapping[str, Generator],
    wishes: Wishes,
) -> Plan:
    for model, stages in {(piece.model, piece.upscale) for piece in pieces}:
        card = generators[model].card
        if planned_size((card.width, card.height), stages) is None:
            raise KnownError(
                f"A picture of {card.width}x{card.height} pixels becomes too large on its way "
                f"through {_said(stages)}; leave out a stage."
            )
    heading = wishes.heading or ", ".join(g.card.title for g in generators.values())
    models = (f"{model} {g.painting_hash[:12]}" for model, g in generators.items())
    titles = f"{len(wishes.titles)} {_digest(wishes.titles)}" if wishes.titles else ""
    first = "" if wishes.upscale_first is None else str(wishes.upscale_first)
    asked |= {
        "model": ", ".join(models),
        "names": titles,
        "truncation": repr(wishes.truncation.psi).removesuffix(".0"),
        "upscale": "as in the recipes" if wishes.upscale is None else _said(wishes.upscale),
        "upscale-first": first,
        "size": _said(wishes.size),
        "creator": wishes.creator,
        "rights": wishes.rights,
        "title": heading,
    }
    return Plan(Order(asked=asked), tuple(pieces), generators, heading, _credit(generators, wishes))


def _credit(generators: Mapping[str, Generator], wishes: Wishes) -> tuple[str, ...]:
    """Who made this, with what, under which licence: what a label on a wall owes its visitors."""
    lines = [wishes.creator, wishes.rights]
    for card in (generator.card for generator in generators.values()):
        licence = f", {card.licence}" if card.licence else ""
        lines += [f"Painted by the model {card.title} ({card.id}{licence}).", *card.credits]
    return tuple(line for line in lines if line)


def _said(stages: Stages) -> str:
    return ", ".join(
        f"{s.id} to {s.to[0]}x{s.to[1]}" if s.to else f"{s.id} {(s.sha256 or '')[:12]}".rstrip()
        for s in stages
    )


def file_name(number: int, title: str) -> str:
    """``000012-moon-child.png``: safe on every system, and in order in every listing."""
    title = re.sub("[\"'’‘]", "", title)
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_MAX_SLUG].strip("-")
    return f"{number:06d}-{slug}.png" if slug else f"{number:06d}.png"


def batches(
    pieces: Sequence[Piece], generators: Mapping[str, Generator]
) -> Iterator[Sequence[Piece]]:
    """Cut the pieces into runs of the model, always at the same places.

    A picture's last bits may depend on what it was painted with, so an export that goes on
    paints whole batches again and keeps what it lacks.
    """
    for _, alike in groupby(pieces, lambda piece: piece.kind):
        run = list(alike)
        step = at_once(generators[run[0].model].card)
        yield from (run[at : at + step] for at in range(0, len(run), step))


def at_once(card: Card) -> int:
    """How many pictures one run of the model paints: enough to be fast, few enough for memory."""
    return min(max(1, _PIXELS_TOGETHER // (card.height * card.width)), _MOST_TOGETHER)


class Titled(BaseModel):
    """A recipe and what the picture is called: the part of a manifest's line that is read back."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # lines also tell sizes and hashes

    title: str = ""
    recipe: Recipe


def read_recipes(path: Path) -> list[Titled]:
    """Read recipes, one JSON object a line; the lines of a ``manifest.jsonl`` will do.

    What editors leave at the ends of a text, a byte order mark and empty lines, is passed by.

    Raises:
        KnownError: a line is no recipe; it is named by its number.
    """
    titled: list[Titled] = []
    ended = False
    try:
        with path.open("rb") as lines:
            if lines.read(len(BOM_UTF8)) != BOM_UTF8:
                lines.seek(0)
            while line := lines.readline(_MAX_LINE):
                name = f"{path}, line {len(titled) + 1},"
                if ended and line.strip():
                    raise KnownError(f"{name} can't be used: it is empty, and others follow.")
                ended = len(line) < _MAX_LINE and not line.strip()
                if ended:
                    continue
                if len(titled) == _MAX_PICTURES:
                    raise KnownError(f"{path} has over {_MAX_PICTURES:,} lines; ask in pieces.")
                titled.append(_read_recipe(line, name))
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    if not titled:
        raise KnownError(f"{path} holds no recipes; a manifest.jsonl of an export would do.")
    return titled


def _read_recipe(line: bytes, name: str) -> Titled:
    if len(line) == _MAX_LINE:
        raise KnownError(f"{name} can't be used: it is longer than any recipe.")
    if b'"recipe"' in line:
        return parse_json(line, Titled, name=name)
    return Titled(recipe=parse_json(line, Recipe, name=name))


def _painters(recipes: Sequence[Titled], library: Library, name: Path) -> dict[str, Generator]:
    """Open every model that the recipes of the file ``name`` were painted by, by its id.

    Raises:
        KnownError: one is missing or another one; the first line that wants it is named.
    """
    opened: dict[ModelRef, Generator] = {}
    for at, titled in enumerate(recipes, 1):
        model = titled.recipe.model
        if model in opened:
            continue
        try:
            opened[model] = painter(model, library)
        except KnownError as error:
            raise KnownError(f"{name}, line {at}, can't be painted: {error}") from error
    return {model.id: generator for model, generator in opened.items()}


def read_titles(path: Path) -> list[str]:
    """Read titles, one a line; an empty line leaves its picture unnamed.

    Raises:
        KnownError: it can't be read, or is not UTF-8 text.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise KnownError(f"{path} is not UTF-8 text; save it as UTF-8, one name a line.") from error
    return [tidy(line) for line in text.splitlines()]


def tidy(title: str) -> str:
    """A title without control characters and of a length that labels bear."""
    printable = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(printable.split())[:_MAX_TITLE].rstrip()


def runs(numbers: Sequence[int]) -> str:
    """Write ``0, 1, 2, 7`` as ``0-2,7``: what ``parse_seeds`` reads back in the same order."""
    cuts = [at for at, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    edges = [0, *cuts, len(numbers)]
    ends = [(numbers[a], numbers[b - 1]) for a, b in pairwise(edges) if b > a]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ends)


def _digest(texts: Sequence[str]) -> str:
    """One short name for many texts, to tell whether they changed."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
