"""Pictures as files: a PNG that carries its recipe and its caption, whole or not there at all."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.files import written_whole
from explorer.gallery.caption import UNTITLED, Caption
from explorer.gallery.chunks import SIGNATURE, chunk_bytes, itxt, painted, read_texts, with_texts
from explorer.gallery.packing import header, packed
from explorer.gallery.provenance import read_xmp, xmp
from explorer.gallery.recipe import Recipe, parse_recipe, pixels_sha256, rgb

__all__ = [
    "Caption",
    "encode_picture",
    "pixels_sha256",
    "read_caption",
    "read_picture",
    "read_recipe",
    "recaption",
    "write_picture",
]

Pixels = NDArray[np.uint8]

_RECIPE = "explorer:recipe"
_XMP = "XML:com.adobe.xmp"
_CAPTION = frozenset({"Title", "Author", "Description", _XMP})


def encode_picture(pixels: Pixels, recipe: Recipe, caption: Caption = UNTITLED) -> bytes:
    """A PNG of uint8 (h, w, 3), or grey (h, w, 1), with recipe and caption inside.

    Raises:
        KnownError: the recipe is over 1 MB long.
        ValueError: the recipe is of another picture.
    """
    if recipe.picture.sha256 != pixels_sha256(pixels):
        raise ValueError("the recipe belongs to other pixels")
    texts = {_RECIPE: recipe.to_json()} | _caption_texts(caption, recipe)
    whole = rgb(pixels)
    return b"".join(
        [
            SIGNATURE,
            header(whole),
            chunk_bytes(b"sRGB", b"\0"),  # perceptual
            *(itxt(keyword, text) for keyword, text in texts.items()),
            packed(whole),
            chunk_bytes(b"IEND", b""),
        ]
    )


def write_picture(path: Path, pixels: Pixels, recipe: Recipe, caption: Caption) -> None:
    """Write, read back and only then put in place.

    Raises:
        KnownError: the folder can't be written, the disk is full or gives back something else.
    """
    put_picture(path, encode_picture(pixels, recipe, caption), recipe.picture.sha256)


def put_picture(path: Path, content: bytes, shows: str) -> None:
    """Put an encoded picture in place, if its pixels, reopened, have the hash ``shows``."""
    with written_whole(path) as beside:
        beside.write_bytes(content)
        _check(beside, path, content, shows)


def recaption(path: Path, caption: Caption) -> None:
    """Change what a picture says about itself; pixels and recipe stay byte for byte."""
    recipe = read_recipe(path)
    with _opened(path) as file:
        content = with_texts(file, path, _caption_texts(caption, recipe))
    put_picture(path, content, pixels_sha256(read_pixels(path)))


def read_recipe(path: Path) -> Recipe:
    """The recipe inside a PNG, ours or a stranger's; the pixels are not decoded.

    Raises:
        KnownError: it is no whole PNG, or holds no recipe that can be used.
    """
    texts = read_texts(path, frozenset({_RECIPE}))
    if _RECIPE not in texts:
        raise KnownError(f"{path} holds no recipe; it was not saved here, or a program dropped it.")
    return parse_recipe(texts[_RECIPE], name=f"The recipe in {path}")


def read_caption(path: Path) -> Caption:
    """What the picture says about itself; XMP first, since that is what other programs edit."""
    texts = read_texts(path, _CAPTION)
    plain = Caption(
        title=texts.get("Title", ""),
        creator=texts.get("Author", ""),
        description=texts.get("Description", ""),
    )
    try:
        return read_xmp(texts[_XMP]) if _XMP in texts else plain
    except KnownError:  # a broken label is no reason to lose the picture
        return plain


def read_picture(path: Path) -> tuple[Pixels, Recipe, Caption]:
    """Pixels uint8 (h, w, 3), the recipe, and the caption.

    Raises:
        KnownError: as ``read_recipe``, or the pixels are damaged.
    """
    recipe = read_recipe(path)
    return read_pixels(path), recipe, read_caption(path)


def read_pixels(path: Path) -> Pixels:
    """uint8 (h, w, 3) of any PNG of a sane size; raises KnownError where it is damaged."""
    with _opened(path) as file:
        content = io.BytesIO(painted(file, path))
    try:
        with Image.open(content, formats=["PNG"]) as image:
            return np.array(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise KnownError(f"{path} is damaged and can't be shown; save it again.") from error


def _opened(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error


def _caption_texts(caption: Caption, recipe: Recipe) -> dict[str, str]:
    return {
        "Title": caption.title,
        "Author": caption.creator,
        "Description": caption.description,
        "Software": recipe.software,
        _XMP: xmp(caption, tool=recipe.software),
    }


def _check(beside: Path, path: Path, content: bytes, shows: str) -> None:
    try:
        whole = pixels_sha256(read_pixels(beside)) == shows
        read_recipe(beside)
    except KnownError:
        whole = False
    if not whole or beside.read_bytes() != content:
        raise KnownError(f"{path} did not come back from the disk as written; check the disk.")
