"""From a dataset to the likeness pack of a model that learned from it."""

import csv
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor
from explorer.likeness.pack import LikenessPack, Picture, read_pack
from training.bundles.likeness import likeness
from training.data.card import DatasetCard
from training.data.prepare import prepare
from training.data.sources.film import Frames

RED, GREEN, BLUE, GREY = (200, 40, 40), (40, 200, 40), (40, 40, 200), (90, 90, 90)
SHADES = {"r": RED, "g": GREEN, "b": BLUE, "x": GREY}


def png(colours: str, size: int = 8) -> bytes:
    """Squares of these colours in a row."""
    pixels = np.concatenate([np.full((size, size, 3), SHADES[c], np.uint8) for c in colours], 1)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def filled(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pack_of(dataset: Path, card: DatasetCard, progress: Progress = Progress()) -> LikenessPack:
    files = likeness(dataset, learned=card.content_sha256, progress=progress)
    assert all(name.startswith("likeness/") for name in files)
    return read_pack(lambda name: files[f"likeness/{name}"], name="pack")


def colours(pack: LikenessPack) -> str:
    """Of each thumbnail, whichever of the colours is nearest."""
    found = ""
    for jpeg in pack.thumbnails:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            mean = np.asarray(picture.convert("RGB"), float).mean(axis=(0, 1))
        found += min(SHADES, key=lambda c: float(np.abs(mean - SHADES[c]).sum()))
    return found


@pytest.fixture
def four(tmp_path: Path) -> tuple[Path, DatasetCard]:
    """Four pictures, two of them the same."""
    source = filled(tmp_path / "s", {f"{n}.png": png(c) for n, c in enumerate("rgbr")})
    return tmp_path / "out", prepare(source, tmp_path / "out", size=8, licence="CC0-1.0")


def test_every_row_has_its_own_picture_class_and_credit(tmp_path: Path) -> None:
    wood = filled(tmp_path / "wood", {"1.png": png("r"), "deep/2.png": png("g")})
    (wood / "credits.csv").write_text(
        "file,author,licence,source\n1.png,Åse,CC BY 4.0,https://ase.example/1\n"
    )
    clay = filled(tmp_path / "clay", {"1.png": png("b"), "LICENCE": b"CC0-1.0\n"})
    (clay / "CREDITS").write_text("Museum of Everything\n")
    card = prepare([wood, clay], tmp_path / "out", size=8)

    pack = pack_of(tmp_path / "out", card)

    assert pack.pictures == (
        Picture("wood/1.png", "wood", "https://ase.example/1", "Åse", "CC-BY-4.0"),
        Picture("wood/deep/2.png", "wood", "", "", ""),
        Picture("clay/1.png", "clay", "", "Museum of Everything", "CC0-1.0"),
    )
    assert colours(pack) == "rgb"
    assert pack.extractor_sha256 == Extractor.open().sha256


def test_tiles_have_a_row_each_with_the_credit_of_their_picture(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": png("rgb"), "z.png": png("x")})
    (source / "credits.csv").write_text("file,author\na.png,Ada\nz.png,Zoe\n")
    card = prepare(source, tmp_path / "out", size=8, fit="tiles", tile_step=8)
    pack = pack_of(tmp_path / "out", card)
    assert colours(pack) == "rgbx"
    assert [one.author for one in pack.pictures] == ["Ada", "Ada", "Ada", "Zoe"]
    assert len({one.file for one in pack.pictures}) == 4


def test_frames_of_a_film_have_a_row_each(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    (tmp_path / "s").mkdir()
    with av.open(str(tmp_path / "s" / "f.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for colour in (RED, GREEN, BLUE):
            for _ in range(4):
                pixels = np.full((32, 32, 3), colour, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    (tmp_path / "s" / "credits.csv").write_text("file,author\nf.mp4,Ada\n")
    card = prepare(tmp_path / "s", tmp_path / "out", size=32, frames=Frames(every_s=1.0))
    pack = pack_of(tmp_path / "out", card)
    assert colours(pack) == "rgb"
    assert [one.file.partition("#")[0] for one in pack.pictures] == ["f.mp4"] * 3
    assert len({one.file for one in pack.pictures}) == 3
    assert {one.author for one in pack.pictures} == {"Ada"}


def test_what_went_through_a_stylegan_zip_keeps_its_credits(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"wood/1.png": png("r"), "clay/2.png": png("g")})
    (source / "credits.csv").write_text("file,author\nwood/1.png,Ada\nclay/2.png,Zoe\n")
    prepare(source, tmp_path / "out.zip", size=8)
    card = prepare(tmp_path / "out.zip", tmp_path / "back", size=8)
    pack = pack_of(tmp_path / "back", card)
    assert [(one.kind, one.author) for one in pack.pictures] == [("clay", "Zoe"), ("wood", "Ada")]
    assert colours(pack) == "gr"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_hostile_file_name_is_only_a_name(tmp_path: Path) -> None:
    names = ["\x1b[2J.png", 'a,"b".png', "c\nd.png", "e\rf.png", "=1+1.png", "<b>.png"]
    source = filled(tmp_path / "s", dict.fromkeys(names, png("r")))
    (source / os.fsdecode(b"\xff.png")).write_bytes(png("g"))
    card = prepare(source, tmp_path / "out", size=8)
    pack = pack_of(tmp_path / "out", card)
    assert sorted(one.file for one in pack.pictures) == sorted([*names, "\ufffd.png"])


@pytest.mark.parametrize("shades", ["r", "rg", "rgb", "rrrr"])
def test_few_pictures_or_all_the_same_make_a_pack(tmp_path: Path, shades: str) -> None:
    source = filled(tmp_path / "s", {f"{n}.png": png(c) for n, c in enumerate(shades)})
    pack = pack_of(tmp_path / "out", prepare(source, tmp_path / "out", size=8))
    assert colours(pack) == shades
    if shades == "rrrr":
        assert pack.self_late.tolist() == pack.self_early.tolist() == [0] * 4


def test_grey_pictures_make_grey_thumbnails(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8))
    pack = pack_of(
        tmp_path / "out", prepare(tmp_path / "d.npy", tmp_path / "out", size=28, grey=True)
    )
    with Image.open(io.BytesIO(pack.thumbnails[0]), formats=["JPEG"]) as picture:
        assert (picture.mode, picture.size) == ("L", (64, 64))


def test_doubles_are_at_distance_0(four: tuple[Path, DatasetCard]) -> None:
    pack = pack_of(*four)
    assert (pack.self_late < 1e-6).tolist() == [True, False, False, True]
    assert (pack.self_early < 1e-6).tolist() == [True, False, False, True]


def test_made_again_from_what_was_kept_it_is_the_same_to_the_byte(
    four: tuple[Path, DatasetCard],
) -> None:
    dataset, card = four
    first = likeness(dataset, learned=card.content_sha256)
    assert [each.name for each in (dataset / "features").iterdir()] == ["0.00-4.npz"]
    assert likeness(dataset, learned=card.content_sha256) == first


def test_progress_is_told_and_cancelling_keeps_nothing(four: tuple[Path, DatasetCard]) -> None:
    dataset, card = four
    before = sorted(each.name for each in dataset.iterdir())
    with pytest.raises(Cancelled):
        pack_of(dataset, card, Progress(is_cancelled=lambda: True))
    assert sorted(each.name for each in dataset.iterdir()) == before
    told: list[float] = []
    pack_of(dataset, card, Progress(told.append))
    assert told == sorted(told)
    assert told[-1] == 1


def gone(dataset: Path) -> None:
    shutil.rmtree(dataset)


def another(dataset: Path) -> None:
    card = json.loads((dataset / "dataset.json").read_bytes()) | {"content_sha256": "0" * 64}
    (dataset / "dataset.json").write_text(json.dumps(card))


def other_pictures(dataset: Path) -> None:
    """Shards of a dataset of the same size, under the card that was there."""
    source = filled(dataset.parent / "t", {f"{n}.png": png("x") for n in range(4)})
    prepare(source, dataset.parent / "other", size=8)
    name = "records-00000.tfrecord"
    shutil.copy(dataset.parent / "other" / name, dataset / name)


def cut_off(dataset: Path) -> None:
    shard = dataset / "records-00000.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-9])


def tableless(dataset: Path) -> None:
    (dataset / "pictures.csv").unlink()


def rewritten(dataset: Path, change: str) -> None:
    path = dataset / "pictures.csv"
    with path.open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    if change == "shorter":
        rows.pop()
    elif change == "shuffled":
        rows.reverse()
    elif change == "narrow":
        heads, rows = heads[:4], [row[:4] for row in rows]
    elif change == "ragged":
        rows[2] = rows[2][:3]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (gone, "is not a dataset"),
        (another, "does not hold the pictures that the run learned from"),
        (other_pictures, "holds other pictures than its card tells of"),
        (cut_off, "does not hold the 4 records"),
        (tableless, r"lacks its pictures\.csv"),
        (lambda d: rewritten(d, "shorter"), "does not list the 4 pictures"),
        (lambda d: rewritten(d, "shuffled"), "in their order"),
        (lambda d: rewritten(d, "narrow"), "lacks one of file, class"),
        (lambda d: rewritten(d, "ragged"), "lacks one of file, class"),
        (lambda d: (d / "pictures.csv").write_bytes(b"\xff\xfe"), "no table that can be read"),
        (lambda d: (d / "pictures.csv").write_bytes(b"index\n"), "does not list"),
        (lambda d: (d / "pictures.csv").write_bytes(b""), "does not list"),
    ],
    ids=range(12),
)
def test_a_dataset_that_changed_or_vanished_is_told_in_one_sentence(
    four: tuple[Path, DatasetCard], spoil: object, sentence: str
) -> None:
    dataset, card = four
    assert callable(spoil)
    spoil(dataset)
    with pytest.raises(KnownError, match=sentence) as refusal:
        likeness(dataset, learned=card.content_sha256)
    assert "\n" not in str(refusal.value)


def test_pictures_that_changed_after_they_were_looked_at_are_not_shipped(
    four: tuple[Path, DatasetCard],
) -> None:
    dataset, card = four
    likeness(dataset, learned=card.content_sha256)  # what was seen is kept from here on
    other_pictures(dataset)
    with pytest.raises(KnownError, match="other pictures than its card"):
        likeness(dataset, learned=card.content_sha256)
