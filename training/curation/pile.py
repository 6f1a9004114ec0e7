"""The pictures to be sorted, seen one way whether folder, zip, array or prepared dataset."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from explorer.core.errors import KnownError
from training.data.fitting.decode import decode_whole, from_pixels
from training.data.fitting.fit import Fit, Skipped
from training.data.fitting.steps import Raw
from training.data.sources.folder import open_source
from training.data.sources.source import Picture, classes

_FIT = Fit(128)  # on white; a JPEG is unpacked to twice that at least


@dataclass(frozen=True, slots=True)
class Pile:
    """All pictures, in order of name."""

    name: str
    pictures: Sequence[Picture]
    skipped: Sequence[tuple[str, str]]  # file, reason
    classes_of: Callable[[Sequence[bool]], list[str]]  # which can be read -> a class each, or ""


@contextmanager
def open_pile(path: Path) -> Iterator[Pile]:
    """Open a folder, a zip of one, a `.npy` array or what `prepare` wrote.

    Raises:
        KnownError: it is none of these, can't be read, or holds nothing.
    """
    with open_source(path) as source:
        if not len(source.pictures):
            first = f": {source.skipped[0][0]} {source.skipped[0][1]}" if source.skipped else ""
            raise KnownError(f"{path} holds no picture to look at{first}.")

        def classes_of(readable: Sequence[bool]) -> list[str]:
            files = [picture.file for picture in source.pictures]
            told = source.classes
            found = classes(files, lambda n: readable[n]) if told is None else told
            return [found.get(file, "") for file in files]

        name = path.resolve().name if path.is_dir() else path.stem
        yield Pile(name, source.pictures, tuple(source.skipped), classes_of)


def load(picture: Picture) -> Raw:
    """A picture's file, or its pixels where it has none.

    Raises:
        Skipped: it can't be read, or is a film.
    """
    if picture.film is not None:
        raise Skipped("is a film: prepare a dataset of its frames, and curate that")
    return picture.load()


def image_of(raw: Raw) -> tuple[Image.Image, tuple[int, int]]:
    """Decode a picture, upright, on white, large enough to be looked at.

    Returns:
        An ``RGB`` image, and how wide and high in pixels the picture in the file is.

    Raises:
        Skipped: it is no picture that we read, or it is damaged.
    """
    if not isinstance(raw, bytes):
        image = from_pixels(raw, "RGB")
        return image, image.size
    return decode_whole(raw, _FIT)
