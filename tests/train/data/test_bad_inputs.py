"""Bad inputs to prepare, curate and credits, one case each: a clear sentence, and nothing lost.

A file that can't be used never ends the work: it is listed with its reason, and its good neighbour is
kept. A source, a table or a target that can't be used ends it in one sentence that names it.
"""

import io
import json
import os
import shutil
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from training.cli import app
from training.data.prepare import prepare

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def packed(kind: str = "PNG", mode: str = "RGB", **how: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(out, kind, **how)
    return out.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png(width: int, height: int, before: bytes = b"", kind: int = 2, lace: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, lace)
    body = zlib.compress(bytes((3 * width + 1) * height if width < 99 else 9))
    chunks = chunk(b"IHDR", header) + before + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff(tag: int, value: int | None) -> bytes:
    """A TIFF whose ``tag`` has another value, or is gone."""
    content = bytearray(packed("TIFF"))
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", content, at) == (tag,):
            if value is None:
                struct.pack_into("<H", content, at, 65_000)
            else:
                struct.pack_into("<I", content, at + 8, value)
    return bytes(content)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def jpeg(width: int, height: int) -> bytes:
    size = b"\xff\xc0\x00\x11\x08"
    return packed("JPEG").replace(size + b"\0\x20\0\x20", size + struct.pack(">HH", height, width))


def label(words: str) -> str:
    return words.replace(" ", "-")


LONG = zlib.compress(bytes(8 << 20))
FILES = {  # what lies beside a good picture, its name, and what is said of it
    "0 bytes": ("a.png", b"", "is empty"),
    "JPEG cut off": ("a.jpg", half(packed("JPEG")), "is damaged"),
    "PNG cut off": ("a.png", half(packed()), "is damaged"),
    "interlaced PNG cut off": ("a.png", half(png(64, 64, lace=1)), "is "),
    "GIF cut off": ("a.gif", half(packed("GIF")), "is "),
    "WebP cut off": ("a.webp", half(packed("WEBP")), "is "),
    "BMP cut off": ("a.bmp", half(packed("BMP")), "is damaged"),
    "PNG palette missing": ("a.png", png(64, 64, kind=3), "is damaged"),
    "PNG transparency cut off": ("a.png", png(64, 64, chunk(b"tRNS", b"\1")), "is damaged"),
    "PNG text bomb": ("a.png", png(64, 64, chunk(b"zTXt", b"k\0\0" + LONG)), "is "),
    "PNG XMP bomb": ("a.png", png(64, 64, chunk(b"iTXt", b"k\0\1\0\0\0" + LONG)), "is "),
    "PNG profile bomb": ("a.png", png(64, 64, chunk(b"iCCP", b"k\0\0" + LONG)), "is "),
    "PNG bomb": ("a.png", png(60_000, 60_000), "more than 89 million pixels"),
    "JPEG bomb": ("a.jpg", jpeg(65_535, 65_535), "more than 89 million pixels"),
    "JPEG no width": ("a.jpg", jpeg(0, 32), "is "),
    "WebP bomb": (
        "a.webp",
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff" * 6 + bytes(8),
        "more than 89 million pixels",
    ),
    "GIF frame larger than its screen": (
        "a.gif",
        b"GIF89a\x40\0\x40\0\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        "more than 89 million pixels",
    ),
    "APNG of endless frames": (
        "a.png",
        png(64, 64, chunk(b"acTL", b"\x7f" * 8) + chunk(b"fcTL", b"\x3f" * 26)),
        "is ",
    ),
    "TIFF strips missing": ("a.tif", tiff(273, None), "is "),
    "TIFF strips beyond the end": ("a.tif", tiff(273, 2**31), "is damaged"),
    "TIFF unknown packing": ("a.tif", tiff(259, 9999), "is "),
    "TIFF 77 bits": ("a.tif", tiff(258, 77), "is "),
    "TIFF 32 bits": ("a.tif", packed("TIFF", "F"), "32 bits a channel"),
    "sliver": ("a.png", png(98, 1), "is too small"),
    "text": ("a.png", b"these are my notes", "is not a picture"),
    "HTML": ("a.jpg", b"<html>404</html>", "is not a picture"),
    "SVG": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
    "PostScript": ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not a picture"),
    "PDF": ("a.jpg", b"%PDF-1.4\n", "is not a picture"),
    "Photoshop": ("a.psd", b"8BPS\0\1" + bytes(60), "is not a picture"),
    "JPEG 2000 in disguise": ("a.jpg", packed("JPEG2000"), "is not a picture"),
    "HEIC": ("a.heic", b"\0\0\0\x18ftypheic" + bytes(60), "is HEIC, which is not read; export it"),
    "camera raw": ("a.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(60), "is not a picture"),
    "film that is none": ("a.mp4", bytes(5000), "film"),
    "credits of no columns": ("credits.csv", b"a,b\n1,2\n", "is no table with the columns"),
    "credits of what is not there": (
        "credits.csv",
        b"file,author\nno.png,Ada\n",
        "credits 'no.png', which is not there",
    ),
    "credits that contradict themselves": (
        "credits.csv",
        b"file,author\ngood.png,Ada\ngood.png,Bob\n",
        "line 3 contradicts line 2",
    ),
    "credits of a field of 1 MB": (
        "credits.csv",
        b"file,author\ngood.png," + b"x" * (1 << 20) + b"\n",
        "line 2",
    ),
    "licence of 2 MB": ("LICENCE", bytes(2 << 20), "is longer than 1 MB"),
    "pictures.csv of bytes": ("pictures.csv", bytes(range(256)), "is no table"),
    "labels that are no JSON": ("dataset.json", b'{"labels":' + b"[" * 9999, "is no JSON"),
    "labels below 0": ("dataset.json", b'{"labels":[["good.png",-1]]}', "labels that are no"),
    "labels NaN": ("dataset.json", b'{"labels":[["good.png",NaN]]}', "labels that are no"),
    "two labels of one file": (
        "dataset.json",
        b'{"labels":[["good.png",0],["good.png",1]]}',
        "labels that are no",
    ),
    "labels of what is not there": (
        "dataset.json",
        b'{"labels":[["no.png",0],["good.png",1]]}',
        "labels 'no.png', which is not there",
    ),
}


@pytest.mark.parametrize(("name", "content", "reason"), FILES.values(), ids=map(label, FILES))
def test_a_bad_file_is_listed_and_its_neighbour_kept(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    (tmp_path / "s" / name).write_bytes(content)
    card = prepare(tmp_path / "s", tmp_path / "out", size=16)
    assert card.count == 1
    ((file, why),) = ((one.file, one.reason) for one in card.skipped)
    assert file == name
    assert reason in why
    assert "\n" not in why
    assert len(why) < 300
    assert (tmp_path / "s" / name).read_bytes() == content


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 << 30)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.png", "is longer than 128 MB"),
        ("a.mp4", "is no film"),
        ("credits.csv", "is longer than 128 MB"),
        ("../credits.csv", "is longer than 128 MB"),
        ("LICENCE", "is longer than 1 MB"),
        ("pictures.csv", "is longer than 128 MB"),
        ("dataset.json", "is longer than 128 MB"),
    ],
)
def test_a_file_of_two_gigabytes_is_listed_and_not_read(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    sparse(tmp_path / "s" / name)
    card = prepare(tmp_path / "s", tmp_path / "out", size=16)
    assert [(one.file, one.reason[: len(reason)]) for one in card.skipped] == [(name, reason)]
    assert card.count == 1


@posix
@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/nowhere"),
        lambda path: path.symlink_to("..", target_is_directory=True),
    ],
    ids=["named-pipe", "device", "link-to-itself", "link-to-nothing", "link-to-a-folder"],
)
def test_what_is_no_file_is_listed_and_not_opened(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    make(tmp_path / "s/a.png")
    card = prepare(tmp_path / "s", tmp_path / "out", size=16)
    assert [one.file for one in card.skipped] == ["a.png"]
    assert card.count == 1


def npy(header: bytes, version: int = 1, length: int | None = None) -> bytes:
    long = len(header) if length is None else length
    return b"\x93NUMPY" + struct.pack("<BBH" if version == 1 else "<BBI", version, 0, long) + header


def shape(text: str, dtype: str = "|u1") -> bytes:
    return npy(
        b"{'descr':'%s','fortran_order':False,'shape':%s}\n" % (dtype.encode(), text.encode())
    )


def zip_of(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


SOURCES = {  # a file that is to be prepared, its name, and the sentence that follows it
    "0 bytes": ("a.zip", b"", "is empty"),
    "neither": ("a.bin", b"x" * 50, "is neither a folder, nor a zip"),
    "broken zip": ("a.zip", b"PK\5\6" + b"\xff" * 18, "can't be read"),
    "zip of nothing": ("a.zip", zip_of(), "holds no picture"),
    "zip in a zip": ("a.zip", zip_of(a=zip_of(b=b"")), "holds no picture"),
    "npz": ("a.npz", zip_of(a=npy(b"{}")), "holds no picture"),
    "npy magic only": ("a.npy", b"\x93NUMPY", "can't be opened"),
    "npy header of 2 GB": ("a.npy", npy(b"{", 2, (2 << 30) - 1), "can't be opened"),
    "npy header no Python": ("a.npy", npy(b"{'descr':" + b"[" * 3000), "can't be opened"),
    "npy of objects": ("a.npy", shape("(1, 8, 8)", "|O"), "can't be opened"),
    "npy cut off": ("a.npy", shape("(9, 8, 8)"), "can't be opened"),
    "npy of 10**30": ("a.npy", shape(f"({10**30}, 8, 8)"), "can't be opened"),
    "npy shape True": ("a.npy", shape("(True, 8, 8)"), "can't be opened"),
    "npy shape -1": ("a.npy", shape("(-1, 8, 8)"), "can't be opened"),
    "npy 5 axes": ("a.npy", shape("(1, 1, 1, 1, 1)") + b"\0", "has shape"),
    "npy channels first": ("a.npy", shape("(1, 3, 8, 9)") + bytes(216), "channels first"),
    "npy of whole numbers": ("a.npy", shape("(1, 8, 8)", "<i4") + bytes(256), "holds int32"),
    "film of nothing": ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(60), "holds no picture"),
}


@pytest.mark.parametrize(("name", "content", "sentence"), SOURCES.values(), ids=map(label, SOURCES))
def test_a_bad_source_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path, sentence, "prepare", tmp_path / name, tmp_path / "out", "--size", "16")


@posix
def test_pipes_and_devices_are_no_sources(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        sentence = f"{path} is neither a folder nor a plain file"
        refused(tmp_path, sentence, "prepare", path, tmp_path / "out", "--size", "16")


def test_an_array_of_pictures_without_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        file.write(shape("(1, 40000, 40000)"))
        file.truncate(40_000**2 + 200)
    refused(tmp_path, "89 million", "prepare", tmp_path / "a.npy", tmp_path / "out", "--size", "16")


def test_a_member_that_would_unpack_without_bounds_is_left_packed(tmp_path: Path) -> None:
    """Of deflate alone, as much is unpacked as the archive announces, and no more."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("bomb.png", bytes(1000))
        archive.writestr(zipfile.ZipInfo("good.png"), packed())
    card = prepare(tmp_path / "a.zip", tmp_path / "out", size=16)
    assert {one.file for one in card.skipped} == {"bomb.png"}
    assert "packed in a way that is not read" in card.skipped[0].reason


def card_with(change: dict[str, object]) -> Callable[[Path], object]:
    def spoil(dataset: Path) -> None:
        content = json.loads((dataset / "dataset.json").read_bytes()) | change
        (dataset / "dataset.json").write_text(json.dumps(content))

    return spoil


SHARD = "records-00000.tfrecord"
DATASETS: dict[str, tuple[Callable[[Path], object], str]] = {
    "card cut off": (lambda d: (d / "dataset.json").write_bytes(b'{"format": 1,'), "can't be used"),
    "card of 2 GB": (lambda d: sparse(d / "dataset.json"), "is larger than"),
    "card of tomorrow": (card_with({"format": 9}), "of format 9"),
    "card that leads out": (
        card_with({"shards": [{"file": "../x", "records": 1, "sha256": "0" * 64}]}),
        "lies outside",
    ),
    "shard missing": (lambda d: (d / SHARD).unlink(), "lacks its shard"),
    "shard cut off": (
        lambda d: (d / SHARD).write_bytes((d / SHARD).read_bytes()[:-9]),
        "does not hold",
    ),
    "shard of 2 GB": (lambda d: sparse(d / SHARD), "does not hold the 1 records"),
    "shard of 0 bytes": (lambda d: (d / SHARD).write_bytes(b""), "can't be read"),
    "table missing": (lambda d: (d / "pictures.csv").unlink(), "lacks its pictures.csv"),
    "table of 2 GB": (lambda d: sparse(d / "pictures.csv"), "is larger than"),
    "table of bytes": (
        lambda d: (d / "pictures.csv").write_bytes(bytes(range(256))),
        "can't be used",
    ),
    "table of nothing": (lambda d: (d / "pictures.csv").write_bytes(b""), "can't be used"),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    (folder / "s").mkdir()
    (folder / "s/good.png").write_bytes(packed())
    prepare(folder / "s", folder / "dataset", size=32)
    return folder / "dataset"


@pytest.mark.parametrize(("spoil", "sentence"), DATASETS.values(), ids=map(label, DATASETS))
def test_a_bad_dataset_is_one_sentence(
    tmp_path: Path, dataset: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    here = tmp_path / "dataset"
    shutil.copytree(dataset, here)
    spoil(here)
    refused(tmp_path, sentence, "prepare", here, tmp_path / "out", "--size", "16")


DECISIONS = {
    "0 bytes": (b"", "has no column 'file'"),
    "wrong heading": (b"name,what\ngood.png,keep\n", "has no column 'file'"),
    "kept and rejected": (b"file,decision\ngood.png,keep\ngood.png,reject\n", "contradicts itself"),
    "two classes": (
        b"file,decision,class\ngood.png,keep,a\ngood.png,keep,b\n",
        "contradicts itself about 'good.png' in lines 2 and 3",
    ),
    "unknown file": (b"file,decision\nno.png,keep\n", "'no.png', which is not among the pictures"),
    "of another dataset": (b"file,decision\nmasks/1.png,reject\n", "is not among the pictures"),
    "unknown part": (b"file,decision\ngood.png#7,reject\n", "is not among the pictures"),
    "unknown word": (b"file,decision\ngood.png,maybe\n", "a decision is keep or reject"),
    "no word": (b"file,decision\ngood.png\n", "a decision is keep or reject"),
    "no file": (b"file,decision\n,keep\n", "names no file in line 2"),
    "open quote": (b'file,decision\n"good.png,keep\n', "can't be read in line 2"),
    "bytes": (bytes(range(256)), "is not UTF-8"),
    "field of 1 MB": (b"file,decision\n" + b"x" * (1 << 20) + b",keep\n", "can't be read in line"),
    "all rejected": (b"file,decision\ngood.png,reject\n", "all were rejected"),
}


@pytest.mark.parametrize(("content", "sentence"), DECISIONS.values(), ids=map(label, DECISIONS))
def test_bad_decisions_are_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    (tmp_path / "d.csv").write_bytes(content)
    decided = ("--decisions", tmp_path / "d.csv")
    refused(tmp_path, sentence, "prepare", tmp_path / "s", tmp_path / "out", "--size=16", *decided)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "2-GB"])
def test_decisions_that_are_no_file_are_one_sentence(tmp_path: Path, kind: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if sys.platform == "win32":
            pytest.skip("Windows has no such files")
        os.mkfifo(path)
    elif kind == "2-GB":
        sparse(path)
    decided = ("--decisions", path)
    refused(
        tmp_path, f"{path} ", "prepare", tmp_path / "s", tmp_path / "out", "--size=16", *decided
    )


def test_what_a_spreadsheet_makes_of_decisions_is_read(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "s" / name).write_bytes(packed())
    for number, text in enumerate(
        ("file;decision\r\na.png;reject\r\n", "file\tdecision\na.png\treject\n")
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(text, encoding="utf-16" if number else "utf-8", newline="")
        card = prepare(tmp_path / "s", tmp_path / f"out{number}", size=16, decisions=path)
        assert card.count == 1


TARGETS = {  # where it shall be written, and what is said
    "there already": ("s", "is already there"),
    "inside the source": ("s/out", "lies inside"),
    "below a file": ("file/out", "can't be written"),
    "name of 300 letters": ("x" * 300, "can't be written"),
    "zip below a file": ("file/out.zip", "can't be written"),
}


@pytest.mark.parametrize(("out", "sentence"), TARGETS.values(), ids=map(label, TARGETS))
def test_a_bad_target_is_one_sentence(tmp_path: Path, out: str, sentence: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    (tmp_path / "file").touch()
    refused(tmp_path, sentence, "prepare", tmp_path / "s", tmp_path / out, "--size", "16")


@pytest.mark.parametrize("html", ["folder", "file/credits.html", "no/credits.html", "x" * 300])
def test_a_bad_target_of_credits_is_one_sentence(tmp_path: Path, dataset: Path, html: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    refused(tmp_path, "can't be written", "credits", dataset, "--html", tmp_path / html)


@pytest.mark.parametrize("what", ["folder", "file", "missing"])
def test_credits_of_what_is_no_dataset_are_one_sentence(tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    refused(tmp_path, "is not a dataset", "credits", tmp_path / what)


CURATED = {  # what is to be curated, where to, by which marks, and what is said
    "empty folder": ("empty", "report", None, "holds no picture to look at"),
    "nothing there": ("nothing", "report", None, "is not there"),
    "report inside": ("s", "s/report", None, "lies inside"),
    "report below a file": ("s", "file/report", None, "can't be written"),
    "report over other things": ("s", "other", None, "holds something else"),
    "marks that contradict": ("s", "report", b"file,decision\na,keep\na,reject\n", "contradicts"),
    "marks without columns": ("s", "report", b"x\n", "has no column"),
}


@pytest.mark.parametrize(
    ("source", "out", "marks", "sentence"), CURATED.values(), ids=map(label, CURATED)
)
def test_curate_refuses_in_one_sentence(
    tmp_path: Path, source: str, out: str, marks: bytes | None, sentence: str
) -> None:
    pytest.importorskip("imagehash", reason="the extra `data`")
    for name in ("s", "empty", "other"):
        (tmp_path / name).mkdir()
    for file in ("s/good.png", "other/mine.png"):
        (tmp_path / file).write_bytes(packed())
    (tmp_path / "file").touch()
    words = ["curate", tmp_path / source, "--out", tmp_path / out]
    if marks is not None:
        (tmp_path / "marks.csv").write_bytes(marks)
        words += ["--wanted-from", tmp_path / "marks.csv"]
    refused(tmp_path, sentence, *words)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such bytes")
def test_words_that_are_no_text_are_kept_as_far_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed())
    shutil.copytree(tmp_path / "s", tmp_path / "t")
    strange = os.fsdecode(b"caf\xe9")
    card = prepare([tmp_path / "s", tmp_path / "t"], tmp_path / strange, size=16, licence=strange)
    assert card.name == card.licence == "caf\ufffd"
    assert prepare(tmp_path / "s", tmp_path / "o", size=16, name=strange).name == "caf\ufffd"


def refused(here: Path, sentence: str, *words: object) -> None:
    """Run a command that must end in one known sentence, and leave everything as it was."""
    before = everything(here)
    done = CliRunner().invoke(app, [str(word) for word in words])
    error = done.exception
    assert done.exit_code == 1
    assert isinstance(error, KnownError), repr(error)
    assert sentence in str(error)
    assert "\n" not in str(error)
    assert everything(here) == before


def everything(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(p.relative_to(folder)), p.lstat().st_size) for p in folder.rglob("*"))
