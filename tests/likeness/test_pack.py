import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz, write_npz
from explorer.likeness.pack import (
    FEATURES,
    FOLDER,
    PICTURES,
    THUMBNAILS,
    LikenessPack,
    Picture,
    pack_files,
    read_bundle_pack,
    read_pack,
    read_pack_folder,
)
from explorer.models.bundle import Bundle, write_bundle

GOLDEN = Path(__file__).parents[1] / "golden" / "likeness-pack"


@pytest.fixture(scope="module")
def pack() -> LikenessPack:
    return read_pack_folder(GOLDEN)


def reader(files: dict[str, bytes]) -> Callable[[str], bytes]:
    def content(name: str) -> bytes:
        if name not in files:
            raise KnownError(f"the pack has no {name}")
        return files[name]

    return content


def test_the_golden_pack_is_what_the_contract_says(pack: LikenessPack) -> None:
    arrays = read_npz((GOLDEN / "features.npz").read_bytes(), "golden")
    assert {key: (array.dtype.str, array.shape) for key, array in arrays.items()} == {
        "early": ("<f2", (6, 128)),
        "late": ("<f2", (6, 128)),
        "early_mean": ("<f4", (384,)),
        "early_basis": ("<f4", (384, 128)),
        "late_mean": ("<f4", (1280,)),
        "late_basis": ("<f4", (1280, 128)),
        "self_early": ("<f4", (6,)),
        "self_late": ("<f4", (6,)),
        "extractor_sha256": ("<U64", ()),
    }
    with zipfile.ZipFile(GOLDEN / "thumbnails.zip") as archive:
        assert archive.namelist() == [f"{index:06d}.jpg" for index in range(6)]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    lines = (GOLDEN / "pictures.csv").read_text().splitlines()
    assert lines[0] == "index,file,class,source,author,licence"
    assert lines[1] == "0,wood/0.png,wood,made by hand,The Masquerade authors,CC0-1.0"

    assert len(pack) == 6
    assert pack.pictures[5].file == "wood/5.png"
    with Image.open(io.BytesIO(pack.thumbnails[3]), formats=["JPEG"]) as thumbnail:
        assert thumbnail.size == (64, 64)


def test_what_is_written_is_read(pack: LikenessPack) -> None:
    odd = Picture('a,"b".png', "", "line\nbreak", "Åse", "")
    changed = replace(pack, pictures=(odd, *pack.pictures[1:]))
    again = read_pack(reader(pack_files(changed)), name="again")
    assert again.pictures == changed.pictures
    assert again.thumbnails == pack.thumbnails
    np.testing.assert_array_equal(again.early, pack.early)
    assert pack_files(again) == pack_files(changed)


def test_a_zipped_pack_is_the_pack(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for file in GOLDEN.iterdir():
            archive.write(file, file.name)
    assert read_pack_folder(tmp_path / "pack.zip").pictures == read_pack_folder(GOLDEN).pictures


def changed_array(key: str, change: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    def spoil(files: dict[str, bytes]) -> None:
        arrays = read_npz(files[FEATURES], "x")
        arrays[key] = change(arrays[key])
        files[FEATURES] = write_npz(**arrays)

    return spoil


def changed_file(name: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], None]:
    def spoil(files: dict[str, bytes]) -> None:
        files[name] = change(files[name])

    return spoil


def compressed(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for index in range(6):
            archive.writestr(f"{index:06d}.jpg", content[:100])
    return out.getvalue()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (changed_array("early", lambda a: a.astype(np.float32)), "no early of"),
        (changed_array("early", lambda a: a[0]), "no early of"),
        (changed_array("early", lambda a: a[:, :64]), "no early of"),
        (changed_array("late", lambda a: a[:5]), "no late of 6 × 128"),
        (changed_array("late", lambda a: 2 * a), "not of length 1"),
        (changed_array("late_basis", lambda a: a.T), "no late_basis"),
        (changed_array("self_late", lambda a: a * np.nan), "not finite"),
        (changed_array("extractor_sha256", lambda a: np.array("short")), "extractor"),
        (changed_array("extractor_sha256", lambda a: np.zeros(64)), "extractor"),
        (changed_file(FEATURES, lambda c: c[:-100]), "damaged"),
        (changed_file(THUMBNAILS, lambda c: c[:-100]), "damaged"),
        (changed_file(THUMBNAILS, compressed), "stored"),
        (changed_file(THUMBNAILS, lambda c: c.replace(b"000005", b"000006")), "6 pictures"),
        (changed_file(PICTURES, lambda c: c.replace(b"author", b"artist", 1)), "columns"),
        (changed_file(PICTURES, lambda c: c.replace(b"\n3,", b"\n7,")), "in order"),
        (changed_file(PICTURES, lambda c: c + b"6,a,b,c,d,e\n"), "in order"),
        (changed_file(PICTURES, lambda c: c.replace(b",CC0-1.0", b"", 1)), "another length"),
        (changed_file(PICTURES, lambda c: c + b"\xff"), "UTF-8"),
        (changed_file(PICTURES, lambda c: c + b'6,"'), "table"),
        (changed_file(PICTURES, lambda c: b""), "columns"),
        (lambda files: files.pop(PICTURES), "has no pictures.csv"),
    ],
    ids=range(21),
)
def test_a_pack_that_disagrees_with_itself_is_refused_in_one_sentence(
    pack: LikenessPack, spoil: Callable[[dict[str, bytes]], None], sentence: str
) -> None:
    files = pack_files(pack)
    spoil(files)
    with pytest.raises(KnownError, match=sentence) as refusal:
        read_pack(reader(files), name="masks")
    assert "\n" not in str(refusal.value)


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"has no features\.npz"):
        read_pack_folder(tmp_path)


def test_a_bundle_brings_its_pack_as_a_folder_and_as_a_zip(
    pack: LikenessPack, tmp_path: Path
) -> None:
    plain = Bundle.read(GOLDEN.parent / "dcgan-bundle")
    assert read_bundle_pack(plain) is None
    files = {name: plain.content(name) for name in plain.card.files}
    shipped = {f"{FOLDER}/{name}": content for name, content in pack_files(pack).items()}
    write_bundle(tmp_path / "both", plain.card, files | shipped)
    shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path, "both")
    for path in (tmp_path / "both", tmp_path / "zipped.zip"):
        bundle = Bundle.read(path)
        assert bundle.painting_hash == plain.painting_hash
        read = read_bundle_pack(bundle)
        assert read is not None
        assert pack_files(read) == pack_files(pack)


def test_half_a_pack_in_a_bundle_is_refused_in_one_sentence(
    pack: LikenessPack, tmp_path: Path
) -> None:
    plain = Bundle.read(GOLDEN.parent / "dcgan-bundle")
    files = {name: plain.content(name) for name in plain.card.files}
    half = {f"{FOLDER}/{FEATURES}": pack_files(pack)[FEATURES]}
    write_bundle(tmp_path / "half", plain.card, files | half)
    with pytest.raises(KnownError, match=r"no likeness/thumbnails\.zip"):
        read_bundle_pack(Bundle.read(tmp_path / "half"))
