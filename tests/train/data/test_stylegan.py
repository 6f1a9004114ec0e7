"""StyleGAN's zips: there and back, labels and all."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from explorer.core.errors import KnownError
from training.data.prepare import prepare
from training.data.sources.stylegan import read_labels

from .pictures import filled, png, rows


def stylegan(path: Path, labels: object, count: int = 4) -> Path:
    """As StyleGAN's own tool writes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for n in range(count):
            archive.writestr(f"00000/img{n:08d}.png", png(n))
        archive.writestr("dataset.json", json.dumps({"labels": labels}))
    return path


def test_there_and_back_pictures_and_classes_are_the_same(tmp_path: Path) -> None:
    files = {f"{kind}/{n}.png": png(n) for n in range(3) for kind in ("wood", "clay")}
    source = filled(tmp_path / "s", files | {"LICENCE": b"CC0-1.0\n"})
    direct = prepare(source, tmp_path / "direct", size=8)
    zipped = prepare(source, tmp_path / "out.zip", size=8, name="s")
    back = prepare(tmp_path / "out.zip", tmp_path / "back", size=8, name="s")
    assert direct.content_sha256 == zipped.content_sha256 == back.content_sha256
    assert direct.classes == zipped.classes == back.classes
    assert back.licence == "CC0-1.0"
    assert [row["original"] for row in rows(tmp_path / "back")] == sorted(files)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["back", "direct", "out.zip", "s"]


def test_a_zip_is_what_stylegans_reader_wants(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{kind}/{n}.png": png(n) for n in range(2) for kind in "ab"})
    (source / "a/bad.png").write_bytes(b"")
    card = prepare(source, tmp_path / "out.zip", size=16)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = set(archive.namelist())
        told = json.loads(archive.read("dataset.json"))
        assert told["skipped"] == [{"file": "a/bad.png", "reason": "is empty"}]
        labels = told["labels"]
        assert labels == [[f"00000/img{n:08d}.png", n // 2] for n in range(4)]
        for name, _ in labels:
            with Image.open(io.BytesIO(archive.read(name))) as image:
                assert (image.size, image.mode) == ((16, 16), "RGB")
        endings = {Path(name).suffix for name in names if name not in dict(labels)}
        assert endings == {".json", ".csv"}  # nothing else that it would take for a picture
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
    (shard,) = card.shards
    assert (shard.file, shard.records) == ("out.zip", 4)


def test_the_same_pictures_give_the_same_zip_on_any_day(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{n}.png": png(n) for n in range(3)})
    for name in ("a", "b"):
        prepare(source, tmp_path / name / "out.zip", size=8, workers=1 if name == "a" else 3)
    assert (tmp_path / "a/out.zip").read_bytes() == (tmp_path / "b/out.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a/out.zip") as archive:
        assert json.loads(archive.read("dataset.json"))["labels"] is None


def test_labels_become_classes_in_the_order_of_numbers(tmp_path: Path) -> None:
    names = [f"00000/img{n:08d}.png" for n in range(4)]
    path = stylegan(tmp_path / "z.zip", list(zip(names, (2, 10, 2, 10), strict=True)))
    card = prepare(path, tmp_path / "out", size=8)
    assert [(one.name, one.count) for one in card.classes] == [("02", 2), ("10", 2)]
    assert [row["class"] for row in rows(tmp_path / "out")] == ["02", "10", "02", "10"]
    one_hot = stylegan(
        tmp_path / "y.zip", [[n, [0.0, 1.0] if n < names[1] else [1, 0]] for n in names]
    )
    assert [each.count for each in prepare(one_hot, tmp_path / "hot", size=8).classes] == [3, 1]


def test_a_zip_without_labels_has_no_classes(tmp_path: Path) -> None:
    card = prepare(stylegan(tmp_path / "z.zip", None), tmp_path / "out", size=8)
    assert (card.count, card.classes, card.skipped) == (4, (), ())


@pytest.mark.parametrize(
    "labels", [7, [["a"]], [["a", -1]], [["a", True]], [["a", [0.5, 0.5]]], [["a", "x"]], {"a": 1}]
)
def test_labels_that_are_no_classes_are_named_and_nothing_is_lost(
    tmp_path: Path, labels: object
) -> None:
    card = prepare(stylegan(tmp_path / "z.zip", labels), tmp_path / "out", size=8)
    assert (card.count, card.classes) == (4, ())
    assert [(one.file, one.reason) for one in card.skipped] == [
        ("dataset.json", "holds labels that are no classes, so they are not kept")
    ]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b"[]", b'{"label": 1}', b"1"])
def test_a_dataset_json_of_anything_else_is_named(content: bytes) -> None:
    with pytest.raises(ValueError, match="is "):
        read_labels(content, "")


def test_a_zip_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": b"no"})
    with pytest.raises(KnownError, match="no picture that can be used"):
        prepare(source, tmp_path / "out.zip", size=8)
    assert [each.name for each in tmp_path.iterdir()] == ["s"]
