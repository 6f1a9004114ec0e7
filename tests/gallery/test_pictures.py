import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, text
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE
from explorer.gallery.caption import Caption
from explorer.gallery.chunks import SIGNATURE, chunk_bytes, itxt
from explorer.gallery.pictures import (
    Pixels,
    encode_picture,
    read_caption,
    read_picture,
    read_recipe,
    recaption,
    write_picture,
)
from explorer.gallery.provenance import TRAINED_ALGORITHMIC_MEDIA, read_xmp, xmp
from explorer.gallery.recipe import Recipe, pixels_sha256

GOLDEN = Path(__file__).parents[1] / "golden" / "artwork.png"
Paint = Callable[..., tuple[Pixels, Recipe]]


def put_in(content: bytes, *chunks: bytes) -> bytes:
    """The PNG with more chunks right after its header."""
    return content[:33] + b"".join(chunks) + content[33:]


def without(content: bytes, keyword: bytes) -> bytes:
    at = content.index(b"iTXt" + keyword) - 4
    (length,) = struct.unpack(">I", content[at : at + 4])
    return content[:at] + content[at + 12 + length :]


def test_the_golden_artwork_is_read_whole() -> None:
    pixels, recipe, caption = read_picture(GOLDEN)
    assert recipe.picture.sha256 == pixels_sha256(pixels)
    assert (recipe.picture.width, recipe.picture.height) == (42, 42)
    assert caption.title == "Low Sun <& “Half a Promise”>"
    assert caption.tags == ("amber", "étude", "🎭")
    assert caption.rating == 4


def test_a_picture_comes_back_as_it_was_kept(paint: Paint, tmp_path: Path) -> None:
    pixels, recipe = paint()
    caption = Caption("Low Sun", "A. N.", "two\nlines", ("a", "b"), "CC0", 3)
    path = tmp_path / "moon.png"

    write_picture(path, pixels, recipe, caption)

    again, recipe_again, caption_again = read_picture(path)
    assert np.array_equal(again, pixels)
    assert recipe_again == recipe
    assert caption_again == caption
    assert [file.name for file in tmp_path.iterdir()] == ["moon.png"]


def test_other_programs_find_provenance_colour_space_and_title(
    paint: Paint, tmp_path: Path
) -> None:
    path = tmp_path / "moon.png"
    write_picture(path, *paint(), Caption("Low Sun", "A. N."))
    with Image.open(path, formats=["PNG"]) as image:
        image.load()
        info = image.info
    assert info["srgb"] == 0
    assert info["Title"] == "Low Sun"
    assert info["Author"] == "A. N."
    assert info["Software"].startswith("masquerade ")
    assert TRAINED_ALGORITHMIC_MEDIA in info["XML:com.adobe.xmp"]
    assert b"sRGB" in path.read_bytes().split(b"IDAT")[0]


def test_grey_is_kept_as_rgb(paint: Paint, tmp_path: Path) -> None:
    pixels, recipe = paint(channels=1)
    write_picture(tmp_path / "grey.png", pixels, recipe, Caption())
    assert np.array_equal(read_picture(tmp_path / "grey.png")[0], np.repeat(pixels, 3, axis=2))


def test_a_recipe_of_other_pixels_is_never_written(paint: Paint) -> None:
    with pytest.raises(ValueError, match="other pixels"):
        encode_picture(paint(1)[0], paint(2)[1])


@given(title=text(), creator=text(), description=text(), tags=lists(text()), rating=integers(-9, 9))
def test_any_caption_survives_xmp(
    title: str, creator: str, description: str, tags: list[str], rating: int
) -> None:
    caption = Caption(title, creator, description, tuple(tags), title, rating)
    assert read_xmp(xmp(caption)) == caption


@pytest.mark.parametrize(
    "title",
    [
        "🎭👩‍🎨",
        "a\0b\x07c",
        "“<&>'\"]]>",
        "عنوان قديم",
        "\ud800 lone",
        "\u202eevil",
        "  \r\n ",
        "x" * 9999,
    ],
)
def test_any_title_survives_the_file(paint: Paint, tmp_path: Path, title: str) -> None:
    caption = Caption(title)
    write_picture(tmp_path / "x.png", *paint(), caption)
    assert read_caption(tmp_path / "x.png") == caption
    assert all(ord(letter) >= 32 for letter in caption.title)


@pytest.mark.parametrize(
    "packet",
    [
        "",
        "<x>",
        "not xml",
        '<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>',
        '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        "<x>&undeclared;</x>",
        "<x>" * 50_000,
    ],
)
def test_xmp_that_is_no_plain_xml_is_refused(packet: str) -> None:
    with pytest.raises(KnownError, match="XMP"):
        read_xmp(packet)


@pytest.mark.parametrize("rating", ["", "NaN", "1e999", "-1", "five", "99"])
def test_a_strangers_rating_is_brought_into_range(rating: str) -> None:
    packet = xmp(Caption()).replace("<xmp:Rating>0<", f"<xmp:Rating>{rating}<")
    assert 0 <= read_xmp(packet).rating <= 5


def test_a_broken_label_does_not_cost_the_picture(paint: Paint, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    content = without(encode_picture(*paint(), Caption("Low Sun")), b"XML:com.adobe.xmp")
    path.write_bytes(put_in(content, itxt("XML:com.adobe.xmp", "<!DOCTYPE x>")))
    assert read_picture(path)[2].title == "Low Sun"


def test_a_new_title_leaves_pixels_and_recipe_byte_for_byte(paint: Paint, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    write_picture(path, *paint(), Caption("Low Sun", "A. N.", tags=("a",)))
    before = path.read_bytes()

    recaption(path, read_caption(path).called("High Moon"))

    after = path.read_bytes()
    assert read_caption(path) == Caption("High Moon", "A. N.", tags=("a",))
    for kind in (b"IDAT", b"iTXtexplorer:recipe"):
        at, then = before.index(kind) - 4, after.index(kind) - 4
        length = 12 + struct.unpack(">I", before[at : at + 4])[0]
        assert before[at : at + length] == after[then : then + length]


def hostile() -> dict[str, Callable[[bytes], bytes]]:
    recipe = b"explorer:recipe"

    def instead(chunk: bytes) -> Callable[[bytes], bytes]:
        return lambda content: put_in(without(content, recipe), chunk)

    def packed(plain: bytes) -> bytes:
        return chunk_bytes(b"iTXt", recipe + b"\0\1\0\0\0" + zlib.compress(plain))

    def header(width: int, height: int) -> Callable[[bytes], bytes]:
        ihdr = chunk_bytes(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return lambda content: SIGNATURE + ihdr + content[33:]

    return {
        "empty": lambda content: b"",
        "signature alone": lambda content: content[:8],
        "no recipe": lambda content: without(content, recipe),
        "cut in the header": lambda content: content[:20],
        "cut in the pixels": lambda content: content[:-40],
        "cut before the end": lambda content: content[:-12],
        "one flipped pixel bit": lambda content: (
            content[: (at := content.index(b"IDAT") + 30)]
            + bytes([content[at] ^ 1])
            + content[at + 1 :]
        ),
        "one flipped recipe bit": lambda content: content.replace(b'"format":1', b'"format":3'),
        "a JPEG": lambda content: b"\xff\xd8\xff\xe0" + content,
        "a 2 GB chunk": lambda content: put_in(content, struct.pack(">I4s", 1 << 31, b"iTXt")),
        "a huge recipe": instead(itxt("explorer:recipe", "[" * (3 << 20))),
        "a recipe bomb": instead(packed(b"[" * (40 << 20))),
        "packed garbage": instead(chunk_bytes(b"iTXt", recipe + b"\0\1\0\0\0garbage")),
        "unknown packing": instead(chunk_bytes(b"iTXt", recipe + b"\0\1\7\0\0garbage")),
        "no end of keyword": instead(chunk_bytes(b"iTXt", recipe + b"\0")),
        "NUL": instead(itxt("explorer:recipe", "\0")),
        "not UTF-8": instead(chunk_bytes(b"iTXt", recipe + b"\0\0\0\0\0\xff\xfe")),
        "deep JSON": instead(itxt("explorer:recipe", '{"expression":' * 50_000)),
        "bad JSON": instead(itxt("explorer:recipe", "{format: 1}")),
        "no size": header(0, 16),
        "a gigapixel": header(1 << 16, 1 << 16),
        "more rows than there are": header(16, 5000),
        "header twice as wide": header(32, 12),
        "a million chunks": lambda content: put_in(content, chunk_bytes(b"teSt", b"") * 140_000),
    }


@pytest.mark.parametrize("case", hostile())
def test_a_hostile_picture_is_one_sentence_that_names_it(
    paint: Paint, tmp_path: Path, case: str
) -> None:
    path = tmp_path / "moon.png"
    path.write_bytes(hostile()[case](encode_picture(*paint(), Caption("Low Sun"))))
    with pytest.raises(KnownError, match=r"moon\.png.*\.$"):
        read_picture(path)


@given(at=integers(0), bit=integers(0, 7))
def test_a_flipped_bit_anywhere_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    content = bytearray(GOLDEN.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "flipped.png"
    path.write_bytes(content)
    with suppress(KnownError):
        assert read_picture(path)[0].dtype == np.uint8


def test_a_folder_or_missing_file_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "moon.png"):
        with pytest.raises(KnownError, match="can't be read"):
            read_recipe(path)


def test_a_picture_that_was_edited_elsewhere_still_opens(paint: Paint, tmp_path: Path) -> None:
    pixels, recipe = paint()
    content = encode_picture(pixels, recipe, Caption("Low Sun"))
    edited = io.BytesIO()
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(edited, "PNG")
    at = content.index(b"iTXtexplorer:recipe") - 4
    (length,) = struct.unpack(">I", content[at : at + 4])
    path = tmp_path / "edited.png"
    path.write_bytes(put_in(edited.getvalue(), content[at : at + 12 + length]))
    again, found, _ = read_picture(path)
    assert again.shape == (3, 5, 3)
    assert found == recipe


def test_a_full_disk_leaves_the_old_picture_and_nothing_else(paint: Paint, tmp_path: Path) -> None:
    """The system refuses files over 1 kB to a child process, as a full disk would."""
    path = tmp_path / "moon.png"
    write_picture(path, *paint(), Caption("Before"))
    before = path.read_bytes()
    child = subprocess.run(
        [sys.executable, "-c", _WRITE_ON_A_FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "can't be written: File too large; free some space" in child.stdout, child.stderr
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(f"{BESIDE}*"))


_WRITE_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from explorer.core.errors import KnownError
from explorer.gallery.pictures import read_picture, write_picture
path = Path(sys.argv[1])
kept = read_picture(path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_picture(path, *kept)
except KnownError as error:
    print(error)
"""
