"""What is done to every picture, one step after another, wherever it is done.

The order is fixed: upright (`decode`), then the steps that were asked for, such as aligning a
face or laying it on another background, then `fit`. A `Plan` holds all of it; it is made once,
sent to the workers with the pictures, and does the same to a picture on whichever thread, process or machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from PIL import Image

from training.data.fitting.decode import Pixels, Skipped, from_pixels, to_png, upright
from training.data.fitting.fit import Fit, Mode, all_fitted
from training.data.origins.credits import Embedded
from training.data.origins.embedded import said_inside

T = TypeVar("T")

Raw: TypeAlias = bytes | Pixels
"""A picture file's content, or pixels where there is no file, as for a film's frame."""


class Step(Protocol):
    """One thing that is done to a picture after it was turned upright and before it is fitted.

    A step is a frozen dataclass of plain settings, picklable and cheap: it crosses to other
    processes, and perhaps machines. What is heavy (a cascade, a session) is opened where it is
    needed, and kept there, as by ``functools.lru_cache`` over a module's function.
    """

    @property
    def told(self) -> str:
        """What `dataset.json` says of it, with every setting: enough to do it again."""
        ...

    def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
        """Give one or more ``RGB`` images for this one, itself perhaps.

        Two faces in one picture are two images; they are named `photo.jpg#1` and `photo.jpg#2`.
        A part that can't be used is the reason instead.

        Raises:
            Skipped: this picture is to be left out; the text says why, after the file's name,
                as in "shows no face". It goes into `dataset.json`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A picture as the dataset keeps it."""

    file: str
    png: bytes
    pixels: Pixels  # (side, side, channels)
    inside: Embedded  # what the file said of its own origin


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture, or a part of one, that the dataset does not keep."""

    file: str
    reason: str


Outcome: TypeAlias = Made | LeftOut
Load: TypeAlias = Callable[[], Raw]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that happens to a picture."""

    fit: Fit
    steps: tuple[Step, ...] = ()

    def outcomes(self, file: str, load: Load) -> tuple[Outcome, ...]:
        """What becomes of one picture: itself, its parts, or why not. Never empty."""
        try:
            content = load()
            image, inside = self._upright(content)
            parts: list[tuple[str, Image.Image]] = [(file, image)]
            left_out: list[Outcome] = []
            for step in self.steps:
                parts, without = _stepped(step, parts)
                left_out += without
            made = [m for name, part in parts for m in self._made(name, part, inside)]
        except Skipped as reason:
            return (LeftOut(file, str(reason)),)
        return (*made, *left_out)

    def pixels(self, content: Raw) -> list[Pixels]:
        """The same without a file: what ``content`` becomes.

        Raises:
            Skipped: nothing.
        """
        outcomes = self.outcomes("", lambda: content)
        made = [each.pixels for each in outcomes if isinstance(each, Made)]
        if not made:
            raise Skipped(next(each.reason for each in outcomes if isinstance(each, LeftOut)))
        return made

    def _upright(self, content: Raw) -> tuple[Image.Image, Embedded]:
        mode: Mode = "RGB" if self.steps else self.fit.mode  # steps see colours, and all pixels
        if not isinstance(content, bytes):
            return from_pixels(content, mode), Embedded()
        if self.steps:
            image = upright(content, mode, self.fit.background)
        else:
            enough, check = self.fit.enough, self.fit.check_either_way
            image = upright(content, mode, self.fit.background, enough=enough, check=check)
        return image, said_inside(content)

    def _made(self, file: str, image: Image.Image, inside: Embedded) -> Iterator[Outcome]:
        try:
            parts = list(all_fitted(image, self.fit))
        except Skipped as reason:
            yield LeftOut(file, str(reason))
            return
        for name, pixels in _named(file, parts):
            yield Made(name, to_png(pixels), pixels, inside)


def _stepped(
    step: Step, parts: list[tuple[str, Image.Image]]
) -> tuple[list[tuple[str, Image.Image]], list[LeftOut]]:
    """Every part after one step, and those that it left out."""
    done: list[tuple[str, Image.Image]] = []
    left_out: list[LeftOut] = []
    for file, image in parts:
        try:
            made = step(image)
        except Skipped as reason:
            left_out.append(LeftOut(file, str(reason)))
            continue
        for name, part in _named(file, made):
            if isinstance(part, Skipped):
                left_out.append(LeftOut(name, str(part)))
            else:
                done.append((name, part))
    return done, left_out


def _named(file: str, parts: Sequence[T]) -> Iterator[tuple[str, T]]:
    """`photo.jpg` where it stayed one, else `photo.jpg#1`, `photo.jpg#2`, ... ."""
    if len(parts) == 1:
        yield file, parts[0]
        return
    digits = len(str(len(parts)))
    for number, part in enumerate(parts, start=1):
        yield f"{file}#{number:0{digits}d}", part


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, or a film's frame, on its way to whoever works on it."""

    file: str
    of: str  # the source's picture that it comes from: the same, or the film
    load: Load


@dataclass(frozen=True, slots=True)
class Batch:
    """Some of them, as many as are worth a message."""

    plan: Plan
    items: tuple[Item, ...]
    done: float  # how much of the work is done with them, in [0, 1]


@dataclass(frozen=True, slots=True)
class Given:
    """What is loaded already, for a worker that sees other disks."""

    raw: Raw | Skipped

    def __call__(self) -> Raw:
        if isinstance(self.raw, Skipped):
            raise self.raw
        return self.raw

    def __len__(self) -> int:
        """Bytes."""
        if isinstance(self.raw, Skipped):
            return 0
        return len(self.raw) if isinstance(self.raw, bytes) else self.raw.nbytes

    @classmethod
    def by(cls, load: Load) -> "Given":
        try:
            return cls(load())
        except Skipped as reason:
            return cls(reason)


def work(batch: Batch) -> list[tuple[Outcome, ...]]:
    """What becomes of every item of a batch."""
    return [batch.plan.outcomes(item.file, item.load) for item in batch.items]
