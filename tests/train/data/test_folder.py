"""Folders and archives, hostile ones included: what is tried, what is listed, what is passed by."""

import io
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from training.data.fitting.decode import Fit, Skipped
from training.data.origins.credits import Credit
from training.data.sources.folder import open_source
from training.data.sources.source import classes

FIT = Fit(8, grey=True, background=(255, 255, 255))


def png(tone: int = 128) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((8, 8), tone, np.uint8)).save(out, "PNG")
    return out.getvalue()


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def filled(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def outcome(path: Path) -> dict[str, str]:
    """What becomes of every file that is not passed by: "" where it can be used."""
    found = {}
    with open_source(path) as source:
        for picture in source.pictures:
            try:
                picture.read(FIT)
                found[picture.file] = ""
            except Skipped as reason:
                found[picture.file] = str(reason)
        return found | dict(source.skipped)


FILES = {
    "b.png": png(),
    "a/one.png": png(),
    "a/notes.txt": b"hello",
    ".hidden.png": png(),
    "a/.DS_Store": b"\0",
    "__MACOSX/a/one.png": png(),
    "Thumbs.db": b"\0",
    "LICENCE": b"CC0-1.0\n",
    "CREDITS": b"Ada\n\nGrace\n",
}


@pytest.mark.parametrize("make", [filled, zipped])
def test_pictures_are_tried_and_files_of_the_system_passed_by(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    path = make(tmp_path / "source", FILES)
    assert outcome(path) == {
        "a/notes.txt": "is not a picture that can be read",
        "a/one.png": "",
        "b.png": "",
    }
    with open_source(path) as source:
        assert [picture.file for picture in source.pictures] == sorted(outcome(path))
        assert (source.licence, list(source.credits)) == ("CC0-1.0", ["Ada", "Grace"])


def test_a_table_beside_the_pictures_is_kept(tmp_path: Path) -> None:
    table = 'file,shape,note\na/one.png,oval,"two\nlines"\n'
    for wrap in ("", "all/"):
        path = filled(
            tmp_path / f"x{wrap}",
            {f"{wrap}pictures.csv": table.encode(), f"{wrap}a/one.png": png()},
        )
        with open_source(path) as source:
            assert source.columns == ["shape", "note"]
            assert source.table == {f"{wrap}a/one.png": ["oval", "two\nlines"]}


@pytest.mark.parametrize("make", [filled, zipped])
@pytest.mark.parametrize("wrap", ["", "all/"])
def test_a_notice_speaks_for_its_own_folder_and_those_below(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path], wrap: str
) -> None:
    own = {"b/LICENCE": b"CC0-1.0\n", "b/CREDITS": b"Bob\n", "b/pictures.csv": b"file,x\n2.png,5\n"}
    files = {"a/1.png": png(), "b/2.png": png(), "b/in/3.png": png(), **own}
    path = make(tmp_path / "source", {wrap + name: content for name, content in files.items()})
    bob = Credit(author="Bob", licence="CC0-1.0")
    with open_source(path) as source:
        assert (source.licence, list(source.credits), source.table) == ("", [], {})
        assert [source.known.of(each.file) for each in source.pictures] == [Credit(), bob, bob]
        (table,) = source.skipped
        assert table[0] == f"{wrap}b/pictures.csv"
        assert "root" in table[1]

    path = make(
        tmp_path / "more",
        {wrap + "LICENCE": b"CC-BY-4.0\n", **{wrap + n: c for n, c in files.items()}},
    )
    with open_source(path) as source:
        assert source.licence == "CC-BY-4.0"
        ours = [source.known.of(each.file).licence for each in source.pictures]
        assert ours == ["CC-BY-4.0", "CC0-1.0", "CC0-1.0"]


@pytest.mark.parametrize("table", [b"\xff\xfe", b"name,shape\na,b\n", b'file,x\n"a', b"file\n,\n"])
def test_a_broken_table_is_listed_and_ends_nothing(tmp_path: Path, table: bytes) -> None:
    found = outcome(filled(tmp_path / "s", {"pictures.csv": table, "a.png": png()}))
    assert found["a.png"] == ""
    assert "pictures.csv" not in found or "is no table" in found["pictures.csv"]


def test_hostile_names_in_an_archive_are_refused_by_name(tmp_path: Path) -> None:
    names = ["../up.png", "/root.png", "a/../../up.png", "C:/x.png", "..\\on.png", "C:\\y.png"]
    found = outcome(zipped(tmp_path / "z.zip", {name: png() for name in [*names, "good.png"]}))
    assert found.pop("good.png") == ""
    assert len(found) == 6
    assert set(found.values()) == {"has a name that leads out of the archive"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["z.zip"]


def test_an_archive_in_an_archive_is_no_picture(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.png": png()}).read_bytes()
    found = outcome(zipped(tmp_path / "z.zip", {"inner.zip": inner}))
    assert found == {"inner.zip": "is not a picture that can be read"}


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"a.png": png(), "b.png": png()})
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    assert outcome(path) == {"a.png": "is encrypted", "b.png": ""}


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    found = outcome(zipped(tmp_path / "z.zip", {"bomb.png": bytes(17 << 20)}))
    assert found == {"bomb.png": "unpacks to more than 200 times its size, as no picture does"}


def test_damage_inside_an_archive_costs_one_picture(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"a.png": png(), "b.png": png()})
    content = bytearray(path.read_bytes())
    content[40:50] = b"\0" * 10
    path.write_bytes(content)
    found = outcome(path)
    assert found["a.png"].startswith("is damaged in the archive")
    assert found["b.png"] == ""


def test_a_name_that_appears_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "z.zip"
    zipped(path, {"a.png": png(1), "b.png": png(2)})
    path.write_bytes(path.read_bytes().replace(b"b.png", b"a.png"))
    with open_source(path) as source:
        assert len(source.pictures) == 1
        assert source.skipped == [("a.png", "has the same name as another file")]


def test_a_file_that_cannot_be_opened_is_listed(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert "No such file" in outcome(tmp_path)["gone.png"]


def test_a_link_to_a_folder_is_listed_and_not_followed(tmp_path: Path) -> None:
    filled(tmp_path, {"real/1.png": png(), "source/a/2.png": png()})
    (tmp_path / "source" / "c").symlink_to(tmp_path / "real", target_is_directory=True)
    (tmp_path / "source" / "round").symlink_to(tmp_path / "source", target_is_directory=True)
    found = outcome(tmp_path / "source")
    assert found.pop("a/2.png") == ""
    assert sorted(found) == ["c", "round"]
    assert all("link to a folder" in reason for reason in found.values())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang_the_work(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert outcome(tmp_path) == {"pipe.png": "is not a plain file"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read_is_listed(tmp_path: Path) -> None:
    filled(tmp_path, {"a.png": png(), "locked/b.png": png()})
    (tmp_path / "a.png").chmod(0)
    (tmp_path / "locked").chmod(0)
    found = outcome(tmp_path)
    (tmp_path / "locked").chmod(0o700)
    assert found == dict.fromkeys(["a.png", "locked"], "can't be read: Permission denied")


def test_a_film_among_the_pictures_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "film.png").open("wb") as file:
        file.truncate(129 << 20)
    assert outcome(tmp_path) == {"film.png": "is longer than 128 MB"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such names")
def test_names_that_are_no_text_can_still_be_written_down(tmp_path: Path) -> None:
    with open(bytes(tmp_path) + b"/caf\xe9.png", "wb") as file:  # noqa: PTH123 - bytes
        file.write(png())
    (name,) = outcome(tmp_path)
    assert name.encode() == "caf\ufffd.png".encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is not there; name a folder"),
        (png(), "is neither a folder, nor a zip of one, nor a .npy array"),
        (b"", "is empty"),
        (b"PK\x05\x06" + b"\xff" * 18, "can't be read"),
    ],
    ids=["missing", "picture", "empty", "broken zip"],
)
def test_what_is_no_source_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "thing"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KnownError, match=sentence), open_source(path):
        pass


def spoiled(content: bytes, mark: bytes, at: int, byte: int) -> bytes:
    place = content.find(mark) + at
    return content[:place] + bytes([byte]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("at", "byte"), [(46, 0xFF), (6, 99)], ids=["a name of no text", "a version to come"]
)
def test_an_archive_that_cannot_be_listed_is_refused(tmp_path: Path, at: int, byte: int) -> None:
    path = zipped(tmp_path / "some.zip", {"é.png": png()})
    path.write_bytes(spoiled(path.read_bytes(), b"PK\x01\x02", at, byte))
    with pytest.raises(KnownError, match="can't be read"), open_source(path):
        pass


def test_subfolders_are_classes_however_they_are_wrapped() -> None:
    files = ["cats/1", "cats/young/2", "dogs/3"]
    expected = ["cats", "cats", "dogs"]
    for wrap in ("", "all/", "my/very/own/"):
        wrapped = [wrap + file for file in files]
        assert classes(wrapped, lambda n: True) == dict(zip(wrapped, expected, strict=True))


def test_one_folder_or_none_makes_no_classes() -> None:
    for files in ([], ["1", "2"], ["cats/1", "cats/2"], ["my/cats/1"]):
        assert classes(files, lambda n: True) == {}


def test_a_folder_without_a_picture_is_no_class() -> None:
    files = ["cats/1", "docs/readme", "dogs/2", "readme"]
    assert set(classes(files, lambda n: "readme" not in files[n]).values()) == {"cats", "dogs"}
    assert classes(["cats/1", "readme"], lambda n: n == 0) == {}


def test_pictures_beside_the_class_folders_are_a_class_too() -> None:
    assert classes(["1", "cats/2"], lambda n: True) == {"1": "unsorted", "cats/2": "cats"}
