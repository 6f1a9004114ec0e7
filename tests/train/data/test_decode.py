"""Odd and broken pictures, one at a time."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, data, integers, sampled_from
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from training.data.fitting.decode import Fit, Pixels, Skipped, colour, to_png
from training.data.fitting.steps import Plan

WHITE = (255, 255, 255)
COLOUR_8 = Fit(8, grey=False, background=WHITE)
GREY_8 = Fit(8, grey=True, background=WHITE)


def decode(content: bytes, fit: Fit) -> Pixels:
    (pixels,) = Plan(fit).pixels(content)
    return pixels


def fit_array(content: Pixels, fit: Fit) -> Pixels:
    (pixels,) = Plan(fit).pixels(content)
    return pixels


def speckled(height: int, width: int, channels: int = 3) -> Pixels:
    values = np.random.default_rng(height * width).integers(0, 256, (height, width, channels))
    return values.astype(np.uint8)


def packed(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def raw_png(
    width: int, height: int, depth: int, kind: int, data: bytes, before: bytes = b""
) -> bytes:
    """A PNG as Pillow would not write it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + body


def see_through(*colour: int) -> bytes:
    """The PNG chunk that says which tone, or red, green and blue, is none."""
    content = b"tRNS" + struct.pack(f">{len(colour)}H", *colour)
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


def animation(kind: str) -> bytes:
    first, second = (Image.new("RGB", (8, 8), name) for name in ("red", "blue"))
    return packed(first, kind, save_all=True, append_images=[second], duration=50, lossless=True)


def test_a_picture_of_the_right_size_is_kept_to_the_bit() -> None:
    pixels = speckled(8, 8)
    assert np.array_equal(decode(to_png(pixels), COLOUR_8), pixels)
    assert np.array_equal(decode(to_png(pixels[..., :1]), GREY_8), pixels[..., :1])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_exif_rotation_is_honoured(orientation: int, kind: str) -> None:
    quarters = np.array([[255, 170], [85, 0]], np.uint8).repeat(32, 0).repeat(32, 1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned: dict[int, NDArray[np.uint8]] = {  # by the EXIF specification, 4.6.4 A
        1: quarters,
        2: quarters[:, ::-1],
        3: quarters[::-1, ::-1],
        4: quarters[::-1],
        5: quarters.T,
        6: np.rot90(quarters, -1),
        7: quarters[::-1, ::-1].T,
        8: np.rot90(quarters),
    }
    content = packed(Image.fromarray(quarters), kind, exif=exif)
    seen = decode(content, Fit(64, grey=True, background=WHITE))[..., 0]
    assert np.abs(seen.astype(int) - turned[orientation]).mean() < 2


def test_broken_exif_costs_only_the_rotation() -> None:
    content = packed(Image.fromarray(speckled(8, 8)), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(decode(content, COLOUR_8), speckled(8, 8))


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    tones = speckled(8, 8, 1)[..., 0]
    deep = Image.fromarray(tones.astype(np.uint16) * 257)
    assert np.array_equal(decode(packed(deep, "PNG"), GREY_8)[..., 0], tones)
    assert np.array_equal(decode(packed(deep, "TIFF"), GREY_8)[..., 0], tones)


@pytest.mark.parametrize("clear", [0, 0x1234, 0xFFFF])
def test_one_see_through_tone_of_sixteen_bit_grey_is_laid_on_the_background(clear: int) -> None:
    other = clear ^ 1  # so near that eight bits can't tell them apart
    row = struct.pack(">8H", *[clear] * 4, *[other] * 4)
    png = raw_png(8, 8, 16, 0, (b"\0" + row) * 8, see_through(clear))
    seen = decode(png, Fit(8, grey=False, background=(7, 80, 9)))
    assert (seen[:, :4] == (7, 80, 9)).all()
    assert (seen[:, 4:] == round(other / 257)).all()


@pytest.mark.parametrize("clear", [(0x1234, 0x5678, 0x9ABC), (0x3412,) * 3, (0, 0, 0x00FF)])
def test_one_see_through_colour_of_sixteen_bits_is_laid_on_the_background(
    clear: tuple[int, int, int],
) -> None:
    other = (0x1212, 0x3412, 0xFFFF)
    row = struct.pack(">24H", *clear * 4, *other * 4)
    png = raw_png(8, 8, 16, 2, (b"\0" + row) * 8, see_through(*clear))
    seen = decode(png, Fit(8, grey=False, background=(7, 80, 9)))
    assert (seen[:, :4] == (7, 80, 9)).all()
    assert (seen[:, 4:] == (0x12, 0x34, 0xFF)).all()


def test_sixteen_bit_colour_keeps_its_tones() -> None:
    tones = speckled(8, 8)
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in tones)
    assert np.array_equal(decode(raw_png(8, 8, 16, 2, rows), COLOUR_8), tones)


def test_cmyk_becomes_the_colours_it_prints() -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    seen = decode(packed(image, "JPEG", quality=95), COLOUR_8)
    assert np.abs(seen.astype(int) - [255, 0, 0]).max() < 12


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_is_laid_on_the_background(kind: str) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 4, 8))
    content = packed(image, kind, transparency=0)
    seen = decode(content, Fit(8, grey=False, background=(7, 8, 9)))
    assert seen[0, 0].tolist() == [7, 8, 9]
    assert seen[0, 7].tolist() == [200, 100, 50]


def test_palette_entries_may_each_be_partly_transparent() -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    seen = decode(packed(image, "PNG", transparency=bytes([0, 128])), COLOUR_8)
    assert np.abs(seen[0, 0].astype(int) - [227, 177, 152]).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_on_the_background(mode: str) -> None:
    clear = Image.new(mode, (8, 8))
    seen = decode(packed(clear, "PNG"), Fit(8, grey=False, background=(1, 2, 3)))
    assert (seen == [1, 2, 3]).all()


def test_black_and_white_scans_become_grey() -> None:
    seen = decode(packed(Image.new("1", (8, 8), 1), "PNG"), GREY_8)
    assert seen.shape == (8, 8, 1)
    assert (seen == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_picture_is_taken(kind: str) -> None:
    assert (decode(animation(kind), COLOUR_8) == [255, 0, 0]).all()


def test_the_middle_square_is_kept() -> None:
    stripes = np.zeros((16, 48, 3), np.uint8)
    stripes[:, 16:32] = 255
    for picture in (stripes, stripes.swapaxes(0, 1)):
        assert (decode(to_png(np.ascontiguousarray(picture)), COLOUR_8) == 255).all()


@given(width=integers(2, 90), height=integers(2, 90), grey=sampled_from([True, False]))
@settings(max_examples=40, deadline=None)
def test_any_shape_comes_out_square_and_right(width: int, height: int, grey: bool) -> None:
    fit = Fit(8, grey=grey, background=WHITE)
    assert decode(to_png(speckled(height, width)), fit).shape == (8, 8, fit.channels)
    assert fit_array(speckled(height, width, 1), fit).shape == (8, 8, fit.channels)


def test_a_sliver_is_skipped_and_says_so() -> None:
    sliver = packed(Image.new("RGB", (10_000, 1)), "PNG")
    with pytest.raises(Skipped, match=r"too small: its 10000×1 pixels would be enlarged"):
        decode(sliver, COLOUR_8)


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_skipped_by_its_header(side: int) -> None:
    with pytest.raises(Skipped, match="more than 89 million pixels"):
        decode(raw_png(side, side, 8, 2, b""), COLOUR_8)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"these are the notes on my pictures", "is not a picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
        (packed(Image.fromarray(speckled(64, 64)), "JPEG")[:900], "is damaged: .*truncated"),
        (packed(Image.fromarray(speckled(64, 64)), "PNG")[:900], "is damaged"),
        (packed(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), "32 bits a channel"),
        (packed(Image.fromarray(np.ones((8, 8), np.int32)), "TIFF"), "32 bits a channel"),
        (raw_png(8, 8, 8, 2, b"\0" * 20), "is damaged"),
    ],
    ids=["empty", "text", "eps", "svg", "jpeg-cut", "png-cut", "float", "int32", "png-short"],
)
def test_what_is_no_picture_is_skipped_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Skipped, match=reason):
        decode(content, COLOUR_8)


@given(data=data(), kind=sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]))
@settings(max_examples=150, deadline=None)
def test_damage_never_does_worse_than_a_skip(data: object, kind: str) -> None:
    content = bytearray(packed(Image.fromarray(speckled(12, 12)), kind))
    draw = data.draw  # type: ignore[attr-defined]  # hypothesis keeps DataObject to itself
    at = draw(integers(0, len(content) - 1))
    junk = draw(binary(max_size=6))
    content[at : at + draw(integers(0, 40))] = junk
    try:
        pixels = decode(bytes(content), COLOUR_8)
    except Skipped as reason:
        assert str(reason)  # noqa: PT017 - both outcomes are fine
    else:
        assert pixels.shape == (8, 8, 3)


def test_an_unknown_colour_is_named() -> None:
    assert colour("#102030") == (16, 32, 48)
    with pytest.raises(KnownError, match="'off-white' is no colour"):
        colour("off-white")
