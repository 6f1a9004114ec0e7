"""A stranger's file becomes a bundle: the whole way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
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


def test_a_folder_that_cannot_be_written_is_told_before_the_trial(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "moons.onnx"
    file.write_bytes(b"not even looked at")
    home.write_bytes(b"a file")
    with pytest.raises(KnownError, match=r"Nothing can be added to .*, because .*home can't"):
        adopt(file, home / "models" / "moons", ABOUT, Wishes())


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"id": "x" * 300}, "'x{80}' can't be an id, which is .*; choose another --id"),
        ({"id": "月"}, "'月' can't be an id"),
        ({"title": "x" * 501}, "title can't be written so: .* one line of 1 to 500"),
        ({"credits": ("Ada", "two\nlines")}, "credits can't be written so: .* one line"),
        ({"licence": "\x1b[31m"}, "licence can't be written so: .* control characters"),
    ],
)
def test_what_no_card_can_hold_is_told_before_the_trial(
    home: Path, said: dict[str, object], sentence: str
) -> None:
    about = About.model_validate(ABOUT.model_dump() | said)
    with pytest.raises(KnownError, match=sentence):
        adopt(Path("not-even-looked-at.onnx"), home / "models" / about.id, about, Wishes())


def test_a_file_that_keeps_its_weights_elsewhere_is_refused_with_the_way_out(
    tmp_path: Path,
) -> None:
    file = tmp_path / "moons.onnx"
    onnx.save(Stranger().model(), file, save_as_external_data=True, size_threshold=0)
    with pytest.raises(KnownError, match=r"other files, .* one file \(external_data=False\)\.$"):
        look(file, Wishes())


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
