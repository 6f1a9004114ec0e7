"""Arrays of pictures: the layouts that are read, and those that are refused in a sentence."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.data.fitting.decode import Fit, Skipped
from training.data.sources.folder import open_source

FIT = Fit(8, grey=False, background=(0, 0, 0))
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)


def saved(folder: Path, array: NDArray[np.generic]) -> Path:
    np.save(folder / "some.npy", array)
    return folder / "some.npy"


def read(path: Path, fit: Fit = FIT) -> NDArray[np.uint8]:
    with open_source(path) as source:
        return np.stack([picture.read(fit) for picture in source.pictures])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_come_back_as_the_bytes_they_stand_for(tmp_path: Path, dtype: type) -> None:
    assert np.array_equal(read(saved(tmp_path, (PICTURES / 255).astype(dtype))), PICTURES)


def test_every_layout_gives_the_same_pictures(tmp_path: Path) -> None:
    grey = PICTURES[..., 0]
    fit = Fit(8, grey=True, background=(0, 0, 0))
    for array in (grey, grey.reshape(5, 64), grey[..., None], np.asfortranarray(grey)):
        assert np.array_equal(read(saved(tmp_path, array), fit)[..., 0], grey)
    assert np.array_equal(read(saved(tmp_path, PICTURES)), PICTURES)


def test_pictures_are_called_by_their_row(tmp_path: Path) -> None:
    with open_source(saved(tmp_path, np.zeros((12, 8, 8), np.uint8) + 9)) as source:
        names = [picture.file for picture in source.pictures]
    assert names[:2] == ["some.npy#00", "some.npy#01"]
    assert names == sorted(names)


def test_a_row_with_holes_is_skipped_alone(tmp_path: Path) -> None:
    array = (PICTURES / 255).astype(np.float32)
    array[3, 0, 0, 0] = np.nan
    with open_source(saved(tmp_path, array)) as source:
        source.pictures[2].read(FIT)
        with pytest.raises(Skipped, match="no numbers"):
            source.pictures[3].read(FIT)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (PICTURES / 127.5 - 1, "holds floats from -1 to 1; bring them to [0, 1]"),
        (PICTURES.astype(np.float32), "holds floats from 0 to 255"),
        (PICTURES.astype(np.int64), "holds int64; save it as uint8"),
        (PICTURES > 128, "holds bool; save it as uint8"),
        (np.ones((4, 8, 8), np.uint8), "bytes of 0 and 1 only; multiply it by 255"),
        (PICTURES.reshape(5, -1), "rows of 192 values, which is no square picture"),
        (PICTURES.transpose(0, 3, 1, 2), "channels first; save array.transpose(0, 2, 3, 1)"),
        (np.zeros(9, np.uint8), "has shape (9,); it must be"),
        (np.zeros((5, 0), np.uint8), "has rows of 0 values"),
        (np.zeros((2, 8, 8, 5), np.uint8), "has shape (2, 8, 8, 5)"),
        (np.array([{"a": 1}, None]), "Python objects, which are never loaded"),
    ],
    ids=str,
)
def test_an_array_that_would_mislead_is_refused(
    tmp_path: Path, array: NDArray[np.generic], sentence: str
) -> None:
    path = saved(tmp_path, array)
    with pytest.raises(KnownError, match=re.escape(sentence)), open_source(path):
        pass


@pytest.mark.parametrize("length", [7, 60, 200])
def test_an_array_cut_off_is_refused(tmp_path: Path, length: int) -> None:
    path = saved(tmp_path, PICTURES)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(KnownError, match="it is cut off"), open_source(path):
        pass


@pytest.mark.parametrize("count", [b"-5", b"9" * 30])
def test_an_array_of_an_impossible_length_is_refused(tmp_path: Path, count: bytes) -> None:
    path = saved(tmp_path, PICTURES)
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"(5, 8, 8, 3), }" + b" " * len(count), b"(" + count + b", 8, 8, 3), } ", 1)
    )
    with pytest.raises(KnownError, match="it is cut off"), open_source(path):
        pass
