"""What a stranger's generator takes and paints: decided by what was observed, or asked for.

Nothing here runs a graph. ``explorer.models.rewrite`` writes what is decided here into one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from explorer.core.errors import KnownError

Range: TypeAlias = Literal["-1,1", "0,1", "0,255"]
Layout: TypeAlias = Literal["nchw", "nhwc"]

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int32", "int64")
PAINTS = (*FLOATS, *INTEGERS, "uint8")

_MAX_SIDE = 4096  # pixels
_MAX_DIM = 16_384
_ENDS: dict[Range, tuple[int, int]] = {"-1,1": (-1, 1), "0,1": (0, 1), "0,255": (0, 255)}
_MAX_CUT = 0.25  # of what was painted; an overshoot is less, a wrong range of tanh is half


class Undecided(KnownError):
    """Only the person knows; the sentence names the options to say it with."""


class Wishes(BaseModel):
    """What the person said of the model, None or empty where they left it to be observed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    latent: str | None = None  # the input's name
    label: str | None = None  # the input's name
    image: str | None = None  # the output's name
    z_dim: int | None = None
    classes: tuple[str, ...] = ()
    range: Range | None = None
    layout: Layout | None = None
    size: tuple[int, int] | None = None  # width, height
    z: Literal["normal", "uniform"] = "normal"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output as the file declares it; a side is None where it may be any."""

    name: str
    kind: str  # numpy's word for its type
    shape: tuple[int | None, ...] | None  # None where the file says nothing

    def __str__(self) -> str:
        sides = (
            "?"
            if self.shape is None
            else ", ".join("n" if s is None else str(s) for s in self.shape)
        )
        return f"{self.name[:80]!r} ({sides}) of {self.kind}"


@dataclass(frozen=True, slots=True)
class Feed:
    """An input, and how many numbers of ours go into it."""

    name: str
    kind: str
    rank: int  # 4: (n, count, 1, 1), 2: (n, count) or (n, 1), 1: (n,)
    count: int
    is_index: bool = False  # takes a class by its number
    said: str = ""  # the option that told the count, where the file does not


@dataclass(frozen=True, slots=True)
class Inputs:
    latent: Feed
    label: Feed | None
    batch: int | None  # pictures at once, where the file fixes it


@dataclass(frozen=True, slots=True)
class Picture:
    """How the output is to be read. Sizes in pixels."""

    height: int
    width: int
    channels: int
    layout: Layout
    flat: bool
    range: Range


@dataclass(frozen=True, slots=True)
class Seen:
    """What an output was over the latents that were tried.

    ``typical`` are the numbers painted from ordinary latents, ``far`` those from latents up to
    four times as long; both flat.
    """

    shape: tuple[int, ...]
    kind: str
    typical: NDArray[np.float32]
    far: NDArray[np.float32]


def choose_inputs(tensors: Sequence[Tensor], wishes: Wishes, *, name: str) -> Inputs:
    """Which input is the latent and which the label.

    Raises:
        Undecided: the person has to say.
        KnownError: it takes what can't be given.
    """
    takes = " and ".join(map(str, tensors)) or "nothing"
    by_name = {tensor.name: tensor for tensor in tensors}
    for option, wished in (("--latent-input", wishes.latent), ("--label-input", wishes.label)):
        if wished is not None and wished not in by_name:
            raise KnownError(f"{name} has no input {wished[:80]!r} for {option}; it takes {takes}.")
    if not 1 <= len(tensors) <= 2:
        raise KnownError(
            f"{name} takes {takes}; only a latent and a label can be given, so export it with "
            "the rest fixed."
        )
    if wishes.latent is not None and wishes.latent == wishes.label:
        raise KnownError(f"{name}: {wishes.latent[:80]!r} can't be the latent and the label.")
    if wishes.latent is not None:
        latent = by_name[wishes.latent]
    else:
        could_be = [each for each in tensors if _is_latent(each) and each.name != wishes.label]
        if len(could_be) > 1:
            raise Undecided(
                f"{name} takes {takes}; say which of them is the latent: --latent-input NAME."
            )
        if not could_be:
            raise KnownError(
                f"{name} takes {takes}, and none of it is a latent of (n, d) or (n, d, 1, 1) "
                "floating-point numbers; export it so."
            )
        (latent,) = could_be
    rest = [tensor for tensor in tensors if tensor is not latent]
    if not _is_latent(latent) or latent.shape is None:
        raise KnownError(f"{name} takes {latent}, which is no latent of (n, d) or (n, d, 1, 1).")
    dim = _said_or_asked(latent.shape[1], wishes.z_dim, "--z-dim", name, f"{latent} has numbers")
    if dim > _MAX_DIM:
        raise KnownError(f"{name} takes {latent}, more numbers than any latent has; refused.")
    said = "--z-dim" if latent.shape[1] is None else ""
    feed = Feed(latent.name, latent.kind, len(latent.shape), dim, said=said)
    label = _label(rest[0], wishes, name) if rest else None
    if label is None and (wishes.classes or wishes.label is not None):
        raise KnownError(f"{name} takes only {takes}, so it has no classes; leave them out.")
    batches = {each.shape[0] for each in tensors if each.shape} - {None, 0}
    if len(batches) > 1:
        raise KnownError(f"{name} takes {takes}, which are never as many; export it anew.")
    return Inputs(feed, label, batches.pop() if batches else None)


def choose_image(
    gives: Mapping[str, tuple[tuple[int, ...], str]], wishes: Wishes, *, name: str
) -> str:
    """Which output, by name to shape and type, is the picture.

    Raises:
        Undecided: several may be.
        KnownError: none is.
    """
    told = " and ".join(
        f"{key[:80]!r} {_said(shape)} of {kind}" for key, (shape, kind) in gives.items()
    )
    if wishes.image is not None and wishes.image not in gives:
        raise KnownError(f"{name} has no output {wishes.image[:80]!r}; it gives {told}.")
    could_be = [
        key
        for key, (shape, kind) in gives.items()
        if wishes.image in (None, key) and _is_picture(shape, kind)
    ]
    if len(could_be) > 1:
        raise Undecided(f"{name} gives {told}; say which is the picture: --image-output NAME.")
    if not could_be and wishes.image is not None:
        raise KnownError(
            f"{name} gives {told}, and {wishes.image[:80]!r} is no grey or RGB picture as "
            "(n, c, h, w), (n, h, w, c) or a row; name another --image-output."
        )
    if not could_be:
        raise KnownError(
            f"{name} gives {told or 'nothing'}, and none of it is a grey or RGB picture as "
            "(n, c, h, w), (n, h, w, c) or a row; export it so."
        )
    return could_be[0]


def choose_picture(seen: Seen, wishes: Wishes, *, name: str) -> Picture:
    """How the pictures lie in an output, and what range they have.

    Raises:
        Undecided: the person has to say.
        KnownError: it paints no pictures that can be shown.
    """
    asked: list[str] = []
    layout, size, flat = wishes.layout, wishes.size, len(seen.shape) == 2
    if flat:
        channels = _channels_of_row(seen.shape[1], size, name)
        if size is None:
            colour = ", and in colour --layout nchw|nhwc" if channels == 3 and not layout else ""
            asked.append(f"the size of its rows of {seen.shape[1]:,} numbers (--size WxH{colour})")
        elif channels == 3 and layout is None:
            asked.append(
                "whether a row goes colour by colour or pixel by pixel (--layout nchw|nhwc)"
            )
        layout = layout or ("nhwc" if channels == 1 else None)
    else:
        could_be = layouts(seen.shape)
        if not could_be or (layout is not None and layout not in could_be):
            raise KnownError(
                f"{name} paints {_said(seen.shape)}, which is no grey or RGB picture"
                f"{'' if layout is None else f' as {layout}'}; export it so that it paints one."
            )
        if len(could_be) == 1:
            (layout,) = could_be
        elif layout is None:
            asked.append(f"the layout of {_said(seen.shape)} (--layout nchw|nhwc)")
        _, a, b, c = seen.shape
        channels, *sides = (a, c, b) if layout == "nchw" else (c, b, a)
        if layout is not None and size is not None and size != tuple(sides):
            raise KnownError(
                f"{name} paints {sides[0]}x{sides[1]} pixels and not what --size says."
            )
        size = (sides[0], sides[1])
    range_ = _range(seen, wishes.range, name)
    if range_ is None:
        low, high = float(seen.far.min()), float(seen.far.max())
        asked.append(f"the range, having painted {low:.3g} to {high:.3g} (--range -1,1|0,1|0,255)")
    if asked or layout is None or size is None or range_ is None:
        raise Undecided(f"{name} leaves open what you have to say: {' and '.join(asked)}.")
    if max(size) > _MAX_SIDE or min(size) < 1:
        raise KnownError(f"{name} paints {size[0]}x{size[1]} pixels, which is no picture's size.")
    return Picture(size[1], size[0], channels, layout, flat, range_)


def _is_picture(shape: tuple[int, ...], kind: str) -> bool:
    if kind not in PAINTS:
        return False
    return bool(layouts(shape)) or (len(shape) == 2 and min(shape) > 0)


def layouts(shape: tuple[int, ...]) -> list[Layout]:
    """The ways in which a tensor of four sides may be pictures; none for any other."""
    if len(shape) != 4 or min(shape) < 1:
        return []
    ways: list[tuple[Layout, int]] = [("nchw", shape[1]), ("nhwc", shape[3])]
    return [layout for layout, channels in ways if channels in (1, 3)]


def range_of(seen: Seen) -> Range | None:
    """The range that the numbers tell of, None where they would suit two.

    A generator that ends in a squashing function stays inside its range even for long latents,
    and touches its ends. One without may overshoot, so only ordinary latents count for it.
    """
    if seen.kind not in FLOATS:
        return "0,255"
    low, high = float(seen.far.min()), float(seen.far.max())
    if low >= -1.001 and high <= 1.001:
        if low <= -0.75:
            return "-1,1"
        return "0,1" if -0.001 <= low <= 0.1 and high >= 0.9 else None
    low, high = float(seen.typical.min()), float(seen.typical.max())
    if low >= -64 and 64 <= high <= 320:
        return "0,255"
    inside = float((np.abs(seen.typical) <= 1.05).mean())
    dark = float((seen.typical < -0.25).mean())
    if -3 <= low <= -0.75 and high <= 3 and inside >= 0.9 and dark >= 0.02:
        return "-1,1"
    return None


def _range(seen: Seen, wished: Range | None, name: str) -> Range | None:
    if seen.kind not in FLOATS and wished not in (None, "0,255"):
        raise KnownError(f"{name} paints whole numbers, whose range is 0,255; leave --range out.")
    range_ = wished or range_of(seen)
    if range_ is not None:
        _check_range(seen, range_, name)
    return range_


def cut_off(seen: Seen, range_: Range) -> float:
    """How much of what ordinary latents painted lies outside a range, 0 to 1."""
    low, high = _ENDS[range_]
    slack = (high - low) / 10  # what is cut there is hardly missed
    return float(((seen.typical < low - slack) | (seen.typical > high + slack)).mean())


def _check_range(seen: Seen, range_: Range, name: str) -> None:
    cut = cut_off(seen, range_)
    is_black = range_ == "0,255" and float(seen.far.max()) <= 1.001
    if cut < _MAX_CUT and not is_black:
        return
    low, high = float(seen.typical.min()), float(seen.typical.max())
    come = "all of it would be black" if is_black else f"{cut:.0%} of it would be cut off"
    way_out = (
        "say another --range or leave it out"
        if seen.kind in FLOATS
        else "export it with whole numbers from 0 to 255"
    )
    raise KnownError(
        f"{name} painted {low:.3g} to {high:.3g}: {come} in the range {range_}; {way_out}."
    )


def _is_latent(tensor: Tensor) -> bool:
    if tensor.kind not in FLOATS or tensor.shape is None:
        return False
    return len(tensor.shape) == 2 or (len(tensor.shape) == 4 and tensor.shape[2:] == (1, 1))


def _label(tensor: Tensor, wishes: Wishes, name: str) -> Feed:
    shape = tensor.shape
    named = len(wishes.classes) or None
    if shape is not None and _is_latent(tensor) and shape[1] != 1:
        count = _said_or_asked(shape[1], named, "--classes", name, f"{tensor} has classes")
        said = "--classes" if shape[1] is None else ""
        return Feed(tensor.name, tensor.kind, len(shape), count, said=said)
    if shape is not None and tensor.kind in INTEGERS and (len(shape) == 1 or shape[1:] == (1,)):
        count = _said_or_asked(None, named, "--classes", name, f"{tensor} has classes")
        return Feed(tensor.name, tensor.kind, len(shape), count, is_index=True)
    raise KnownError(
        f"{name} also takes {tensor}, which is neither one share a class, (n, classes), nor a "
        "class by its number, (n,); export it with that input fixed."
    )


def _said_or_asked(found: int | None, wished: int | None, option: str, name: str, of: str) -> int:
    """How many: as the file says, or the person; a contradiction is refused."""
    if found is None and wished is None:
        example = "NAME,NAME,... or their number" if option == "--classes" else "N"
        raise Undecided(f"{name} does not say how many {_turned(of)}; say it: {option} {example}.")
    if found is not None and wished is not None and found != wished:
        raise KnownError(f"{name} takes {found} numbers there, and {option} says {wished}.")
    count = found if found is not None else wished
    if count is None or count < 1:
        raise KnownError(f"{name} takes no numbers at all ({_turned(of)}); export it anew.")
    return count


def _turned(of: str) -> str:
    """``X has numbers`` as ``numbers X has``."""
    what, _, thing = of.rpartition(" has ")
    return f"{thing} {what} has"


def _channels_of_row(length: int, size: tuple[int, int] | None, name: str) -> int:
    if size is None:
        return 3 if length % 3 == 0 else 1
    channels = {math.prod(size): 1, 3 * math.prod(size): 3}.get(length)
    if channels is None:
        raise KnownError(
            f"{name} paints rows of {length:,} numbers, which are no grey or RGB pictures of "
            f"{size[0]}x{size[1]} pixels; say another --size."
        )
    return channels


def _said(shape: tuple[int, ...]) -> str:
    if not shape:
        return "one number"
    return f"(n, {', '.join(map(str, shape[1:]))})"
