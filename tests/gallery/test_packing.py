"""Our own way of packing a PNG, read back by another's reader."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from explorer.gallery.chunks import SIGNATURE, chunk_bytes
from explorer.gallery.packing import Pixels, filtered, header, packed

sides = st.tuples(st.integers(1, 70), st.integers(1, 9), st.just(3))


def reread(pixels: Pixels) -> Pixels:
    content = SIGNATURE + header(pixels) + packed(pixels) + chunk_bytes(b"IEND", b"")
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        image.verify()
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        assert image.mode == "RGB"
        return np.array(image)


@given(pixels=arrays(np.uint8, sides))
def test_what_was_packed_is_read_to_the_last_bit(pixels: Pixels) -> None:
    assert np.array_equal(reread(pixels), pixels)


def test_a_picture_of_both_extremes_wraps_around_as_the_filter_wants() -> None:
    chance = np.random.default_rng(0)
    pixels = (chance.integers(0, 2, (64, 64, 3)) * 255).astype(np.uint8)
    assert np.array_equal(reread(pixels), pixels)


def test_every_row_names_its_filter_and_is_whole() -> None:
    pixels = np.zeros((33, 5, 3), np.uint8)
    assert filtered(pixels) == b"\4" + 15 * b"\0" + 32 * (b"\4" + 15 * b"\0")


@pytest.mark.parametrize("what", ["noise", "lines"])
def test_no_file_is_much_larger_than_a_patient_packer_makes_it(what: str) -> None:
    if what == "noise":
        noise = np.random.default_rng(0).normal(128, 20, (128, 128, 3))
        pixels = noise.clip(0, 255).astype(np.uint8)
    else:
        paper = Image.new("RGB", (32, 32), "white")
        ImageDraw.Draw(paper).ellipse((4, 6, 26, 28), outline="black")
        pixels = np.array(paper.resize((128, 128), Image.Resampling.LANCZOS))

    assert len(packed(pixels)) <= 1.2 * len(zlib.compress(filtered(pixels), 9)) + 12
