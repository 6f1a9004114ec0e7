"""A stranger's file becomes a bundle: the whole way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.models.adopt import About, adopt, id_of, look
from explorer.models.bundle import Bundle
from explorer.models.foreign import Undecided, Wishes
from explorer.models.generator import Generator
from explorer.models.library import Library

from .tried import Stranger

ABOUT = About(id="moons", title="Moons", licence="CC0-1.0", credits=("Ada Example",))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_strangers_file_becomes_a_bundle_that_opens_like_any_other(
    home: Path, tmp_path: Path
) -> None:
    stranger = Stranger(label="number", batch=1, opset=13, z_rank=4)
    file = tmp_path / "Moons & Stars.onnx"
    file.write_bytes(stranger.bytes)
    out = home / "models" / "moons"
    heard: list[float] = []
    wishes = Wishes(classes=("sun", "moon", "star", "sky"))

    card, _ = adopt(file, out, ABOUT, wishes, Progress(heard.append))

    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert (card.architecture, card.licence, card.credits) == (
        "foreign",
        "CC0-1.0",
        ("Ada Example",),
    )
    assert (out / "preview.png").exists()
    library = Library()
    generator = library.open("moons")
    label = np.array([0, 0, 1, 0], np.float32)
    point = generator.seed_point(12)
    picture = generator.paint(point[None], labels=label)
    levels = np.round((stranger.paints(point[None], label[None]) + 1) * 127.5)
    assert np.abs(picture - levels).max() <= 1
    with pytest.raises(KnownError, match="exists already; choose another --id"):
        adopt(file, out, ABOUT, wishes)


def test_work_that_is_stopped_leaves_nothing(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "moons.onnx"
    file.write_bytes(Stranger().bytes)
    with pytest.raises(Cancelled):
        adopt(file, home / "models" / "moons", ABOUT, Wishes(), Progress(is_cancelled=lambda: True))
    assert not (home / "models").exists()


def test_a_question_comes_back_from_the_child_as_a_question(tmp_path: Path) -> None:
    file = tmp_path / "moons.onnx"
    file.write_bytes(replace(Stranger(), flat=True, channels=1).bytes)
    with pytest.raises(Undecided, match=r"moons\.onnx leaves open .*--size WxH"):
        look(file, Wishes())


def test_an_id_is_suggested_by_any_files_name() -> None:
    names = {"Moons & Stars (2).onnx": "moons-stars-2", "月.onnx": "model", "a_b.c.onnx": "a_b.c"}
    assert {name: id_of(Path(name)) for name in names} == names
    assert len(id_of(Path("x" * 300 + ".onnx"))) == 64


def test_the_preview_shows_seeds_in_rows(home: Path, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "moons.onnx"
    file.write_bytes(Stranger(channels=1).bytes)
    out = home / "models" / "moons"
    adopt(file, out, ABOUT, Wishes())
    with Image.open(out / "preview.png", formats=["PNG"]) as sheet:
        pixels = np.asarray(sheet)
    generator = Generator.open(Bundle.read(out))
    ninth = generator.paint(generator.seed_point(9)[None])[0, :, :, 0]
    assert pixels.shape == (32, 40)
    assert np.array_equal(pixels[4:8, 5:10], ninth)
