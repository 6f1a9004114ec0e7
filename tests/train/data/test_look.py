"""The look at a dataset: it measures what is delivered, and is loud where that is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from training.data.card import read_dataset
from training.data.look import check_delivery, look
from training.data.prepare import prepare

pytestmark = pytest.mark.train

GOLDEN = Path(__file__).parents[2] / "golden" / "dataset"


def scenes(count: int = 24, size: int = 16) -> NDArray[np.uint8]:
    """Soft coloured discs on soft grounds: neighbours are alike, as in pictures."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    at = rng.uniform(-0.4, 0.4, (2, count, 1, 1))
    disc = np.exp(-4 * ((x - at[0]) ** 2 + (y - at[1]) ** 2))[..., None]
    ground, ink = rng.uniform(0, 255, (2, count, 1, 1, 3))
    return np.asarray(ground + (ink - ground) * disc).round().astype(np.uint8)


def made(folder: Path, pictures: NDArray[np.uint8], **how: Any) -> Path:
    np.save(folder / "pictures.npy", pictures)
    prepare(folder / "pictures.npy", folder / "dataset", size=pictures.shape[1], **how)
    return folder / "dataset"


def test_it_says_what_training_sees(tmp_path: Path) -> None:
    pictures = scenes()
    seen = look(made(tmp_path, pictures))
    assert (seen.dtype, seen.shape) == ("float32", (16, 16, 3))
    assert [channel.name for channel in seen.channels] == ["red", "green", "blue"]
    planes = pictures.reshape(-1, 3) / 127.5 - 1
    for channel, plane in zip(seen.channels, planes.T, strict=True):
        assert channel.minimum == pytest.approx(plane.min(), abs=1e-6)
        assert channel.maximum == pytest.approx(plane.max(), abs=1e-6)
        assert channel.mean == pytest.approx(plane.mean(), abs=1e-5)
    assert "float32 (n, 16, 16, 3) in [-1, 1], channels last" in str(seen)
    assert seen.picture == tmp_path / "dataset/look.png"


def test_the_contact_sheet_shows_the_pictures_themselves(tmp_path: Path) -> None:
    pictures = scenes(count=3)
    sheet = np.asarray(Image.open(look(made(tmp_path, pictures)).picture, formats=["PNG"]))
    for picture in pictures.repeat(6, 1).repeat(6, 2):  # 96 pixels, as the sheet enlarges them
        places = np.argwhere((sheet == picture[0, 0]).all(axis=-1))
        assert any(np.array_equal(sheet[y : y + 96, x : x + 96], picture) for y, x in places)


def test_grey_and_classes_are_shown_too(tmp_path: Path) -> None:
    assert [c.name for c in look(made(tmp_path, scenes()[..., 0], grey=True)).channels] == ["grey"]
    seen = look(GOLDEN, tmp_path / "golden.png")
    assert "  moon: 3\n  sun: 3\n" in str(seen)
    assert "skipped when prepared: 1 files" in str(seen)
    assert not (GOLDEN / "look.png").exists()


def test_a_few_flat_pictures_are_named_and_many_are_an_error(tmp_path: Path) -> None:
    pictures = scenes()
    pictures[[3, 20]] = 77
    seen = look(made(tmp_path, pictures))
    assert seen.flat == (3, 20)
    assert "one flat colour: 2 pictures (index 3, 20)" in str(seen)
    shutil.rmtree(tmp_path / "dataset")
    pictures[:12] = np.arange(12)[:, None, None, None] * 20
    with pytest.raises(KnownError, match="13 of 24 pictures are one flat colour"):
        look(made(tmp_path, pictures))


def test_channels_first_squeezed_into_channels_last_is_found(tmp_path: Path) -> None:
    squeezed = scenes().transpose(0, 3, 1, 2).reshape(24, 16, 16, 3)
    with pytest.raises(KnownError, match="channels first squeezed into channels last"):
        look(made(tmp_path, squeezed))


def test_noise_is_no_false_alarm(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3)).astype(np.uint8)
    assert look(made(tmp_path, noise)).flat == ()


def test_a_range_divided_once_too_often_is_found(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"all values lie between -1\.00 and -0\.98"):
        look(made(tmp_path, scenes() // 90))


def lying(to: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    shutil.copytree(GOLDEN, to)
    card = json.loads((to / "dataset.json").read_bytes())
    change(card)
    (to / "dataset.json").write_text(json.dumps(card))
    return to


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        ({"channels": 1}, "a record can't be read as its card says"),
        ({"width": 16}, "a record can't be read as its card says"),
        ({"height": 4, "width": 16}, "a record can't be read as its card says"),
        ({"content_sha256": "0" * 64}, "not those of the card's content_sha256"),
        ({"classes": []}, "the labels are"),
        (
            {"classes": [{"name": "sun", "count": 2}, {"name": "moon", "count": 4}]},
            "the labels are",
        ),
    ],
    ids=str,
)
def test_a_card_that_lies_is_found_out(tmp_path: Path, lie: dict[str, Any], sentence: str) -> None:
    with pytest.raises(KnownError, match=sentence) as found:
        look(lying(tmp_path / "liar", lambda card: card.update(lie)))
    assert "prepare it again" in str(found.value)
    assert "\n" not in str(found.value)
    assert "{{" not in str(found.value), "names of TensorFlow's operations help nobody"


def test_a_changed_shard_is_found_out(tmp_path: Path) -> None:
    folder = lying(tmp_path / "changed", lambda card: None)
    shard = folder / "records-00000.tfrecord"
    content = bytearray(shard.read_bytes())
    content[200] ^= 1
    shard.write_bytes(content)
    with pytest.raises(KnownError, match=r"records-00000\.tfrecord was changed"):
        look(folder)


def test_only_the_promised_layout_passes() -> None:
    card = read_dataset(GOLDEN)
    right = np.zeros((2, 8, 8, 3), np.float32)
    check_delivery(right, card)
    for wrong, sentence in (
        (right.astype(np.uint8), "pictures come as uint8 instead of float32"),
        (right.transpose(0, 3, 1, 2), r"\(n, 3, 8, 8\) \(channels first\) instead of"),
        (right[..., :1], r"\(n, 8, 8, 1\) instead of \(n, 8, 8, 3\)"),
        (right + 255, "from 255 to 255, not"),
        (right * np.float32("nan"), "from nan to nan"),
    ):
        with pytest.raises(KnownError, match=sentence):
            check_delivery(wrong, card)
