"""What every picture of a dataset is brought to, and which part of it that keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from explorer.core.errors import KnownError
from training.data.fitting.interest import Box, most_interesting

Pixels: TypeAlias = NDArray[np.uint8]
"""One picture, uint8 ``(height, width, channels)``, channels 1 or 3."""

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue in 0..255."""

Mode: TypeAlias = Literal["L", "RGB"]
How: TypeAlias = Literal["crop", "pad", "stretch", "tiles"]
Crop: TypeAlias = Literal["centre", "interest"]

MAX_ENLARGEMENT = 4  # beyond this a picture would be mostly invented
MAX_TILES = 1024  # of one picture: they wait for one another in memory


class Skipped(Exception):
    """This picture can't be used; the text says why, without naming the file."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture becomes ``(size, size, channels)``; crosses to other processes.

    Networks need a square. Where another shape is wanted, the picture is brought to ``inner`` and
    laid on the middle of the square.
    """

    size: int  # pixels a side
    grey: bool = False
    background: Colour = (255, 255, 255)  # under transparency and around pictures
    how: How = "crop"
    inner: tuple[int, int] | None = None  # width and height, the larger as long as ``size``
    crop: Crop = "centre"
    tile: int = 0  # pixels of the picture that a tile's shorter side covers; 0: as it comes out
    step: int = 0  # pixels from one tile to the next; 0: half a tile

    @property
    def width(self) -> int:
        """Pixels; of the picture, not of the square that it may lie on."""
        return self.inner[0] if self.inner else self.size

    @property
    def height(self) -> int:
        return self.inner[1] if self.inner else self.size

    @property
    def covered(self) -> int:
        """Pixels of the picture that a tile's shorter side covers."""
        return self.tile or min(self.width, self.height)

    @property
    def stride(self) -> int:
        """Pixels from one tile to the next, at most."""
        return self.step or max(1, self.covered // 2)

    @property
    def channels(self) -> Literal[1, 3]:
        return 1 if self.grey else 3

    @property
    def mode(self) -> Mode:
        return "L" if self.grey else "RGB"

    @property
    def padding(self) -> str | None:
        """Where in the square the picture lies, and on what; None where it fills the square.

        `64x48+0+8 on #ffffff` is 64 pixels wide, 48 high, and begins 8 below the top.
        """
        if self.how != "pad" and self.width == self.height:
            return None
        left, top = (self.size - self.width) // 2, (self.size - self.height) // 2
        return f"{self.width}x{self.height}+{left}+{top} on {code(self.background)}"

    @property
    def ground(self) -> int | Colour:
        """The background in this mode."""
        if not self.grey:
            return self.background
        grey = Image.new("RGB", (1, 1), self.background).convert("L").getpixel((0, 0))
        return int(grey) if isinstance(grey, int | float) else 0

    def check(self, width: int, height: int) -> None:
        """Raise ``Skipped`` where a picture of this size would be mostly invented."""
        across, down = self.width / width, self.height / height
        # What only pads never enlarges more than its longer side allows.
        larger = min(across, down) if self.how == "pad" else max(across, down)
        if larger > MAX_ENLARGEMENT:
            raise Skipped(
                f"is too small: its {width}×{height} pixels would be enlarged more than "
                f"{MAX_ENLARGEMENT} times"
            )

    def check_either_way(self, width: int, height: int) -> None:
        """The same before it is known which way up the picture is: only a sure thing counts."""
        try:
            self.check(height, width)
        except Skipped:
            self.check(width, height)

    @property
    def enough(self) -> int | None:
        """Pixels a side from which a picture still comes out clean; None where all count."""
        return None if self.how == "tiles" else 2 * self.size


def checked(fit: Fit) -> Fit:
    """The same, if it makes sense.

    Raises:
        KnownError: it doesn't, and says which option.
    """
    if fit.how not in get_args(How):
        raise KnownError(f"--fit {fit.how} is none of {', '.join(get_args(How))}.")
    if fit.crop not in get_args(Crop):
        raise KnownError(f"--crop {fit.crop} is none of {', '.join(get_args(Crop))}.")
    if fit.how != "crop" and fit.crop != "centre":
        raise KnownError(f"--crop {fit.crop} goes with --fit crop, not with --fit {fit.how}.")
    if fit.how != "tiles" and (fit.tile or fit.step):
        raise KnownError("--tile and --tile-step go with --fit tiles only.")
    if fit.tile < 0 or fit.step < 0:
        raise KnownError("--tile and --tile-step are numbers of pixels, so at least 1.")
    if fit.covered * MAX_ENLARGEMENT < min(fit.width, fit.height):
        raise KnownError(
            f"--tile {fit.covered} would be enlarged more than {MAX_ENLARGEMENT} times; choose a larger "
            "tile or a smaller --size."
        )
    if fit.step > fit.covered:
        raise KnownError(
            f"--tile-step {fit.step} would leave out what lies between tiles of {fit.covered} "
            f"pixels; choose at most {fit.covered}."
        )
    return fit


def colour(name: str) -> Colour:
    """The red, green and blue of a colour's name or code; alpha is dropped.

    Raises:
        KnownError: there is no such colour.
    """
    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError as error:
        raise KnownError(
            f"{name!r} is no colour; use a name like white or a code like #f4f1ea."
        ) from error
    return red, green, blue


def code(colour: Colour) -> str:
    """`#rrggbb`."""
    return f"#{bytes(colour).hex()}"


def middle(width: int, height: int, fit: Fit) -> Box:
    """The largest box of the target's proportions in the middle of the picture."""
    across, down = _largest(width, height, fit)
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def tiles(width: int, height: int, fit: Fit) -> list[Box]:
    """Boxes that cover the picture row by row, evenly spread, at most a step apart.

    Where the picture is smaller than a tile, its middle is the only one.
    """
    scale = fit.covered / min(fit.width, fit.height)
    across, down = round(fit.width * scale), round(fit.height * scale)
    if across > width or down > height:
        return [middle(width, height, fit)]
    return [
        (left, top, left + across, top + down)
        for top in _spread(height - down, fit.stride)
        for left in _spread(width - across, fit.stride)
    ]


def fitted(image: Image.Image, fit: Fit) -> Pixels:
    """Bring an ``L`` or ``RGB`` image to the square that ``fit`` wants; of tiles, the first.

    Raises:
        Skipped: it is too small.
    """
    return next(all_fitted(image, fit))


def all_fitted(image: Image.Image, fit: Fit) -> Iterator[Pixels]:
    """Bring an ``L`` or ``RGB`` image to one or, as tiles, to several squares.

    Raises:
        Skipped: it is too small, or gives too many tiles.
    """
    fit.check(*image.size)
    image = image if image.mode == fit.mode else image.convert(fit.mode)
    match fit.how:
        case "pad":
            scale = min(fit.width / image.width, fit.height / image.height)
            across = min(fit.width, max(1, round(image.width * scale)))
            down = min(fit.height, max(1, round(image.height * scale)))
            yield _squared(_resized(image, (across, down)), fit)
        case "stretch":
            yield _squared(_resized(image, (fit.width, fit.height)), fit)
        case "tiles":
            boxes = tiles(image.width, image.height, fit)
            if len(boxes) > MAX_TILES:
                raise Skipped(
                    f"would give {len(boxes):,} tiles, more than {MAX_TILES:,}; choose a larger "
                    "--tile or --tile-step"
                )
            for box in boxes:
                yield _cut(image, box, fit)
        case "crop":
            yield _cut(image, _kept(image, fit), fit)


def _kept(image: Image.Image, fit: Fit) -> Box:
    if fit.crop == "interest":
        return most_interesting(image, _largest(image.width, image.height, fit))
    return middle(image.width, image.height, fit)


def _largest(width: int, height: int, fit: Fit) -> tuple[int, int]:
    scale = min(width / fit.width, height / fit.height)
    return (
        min(width, max(1, round(fit.width * scale))),
        min(height, max(1, round(fit.height * scale))),
    )


def _spread(room: int, step: int) -> list[int]:
    """Where tiles begin: from 0 to ``room``, evenly, at most ``step`` apart."""
    gaps = -(-room // step)
    return [round(n * room / gaps) for n in range(gaps + 1)] if gaps else [0]


def _cut(image: Image.Image, box: Box, fit: Fit) -> Pixels:
    return _squared(_resized(image.crop(box), (fit.width, fit.height)), fit)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _squared(image: Image.Image, fit: Fit) -> Pixels:
    """Lay it on the middle of the square, if it does not fill it."""
    if image.size != (fit.size, fit.size):
        ground = Image.new(fit.mode, (fit.size, fit.size), fit.ground)
        # In two steps, so that the place is where `padding` says and the rest around it is even.
        left = (fit.size - fit.width) // 2 + (fit.width - image.width) // 2
        top = (fit.size - fit.height) // 2 + (fit.height - image.height) // 2
        ground.paste(image, (left, top))
        image = ground
    return np.asarray(image, np.uint8).reshape(fit.size, fit.size, fit.channels)
