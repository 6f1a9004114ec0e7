"""A folder and a zip full of bad files: each is named with its reason, and nothing good is lost."""

import csv
import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from training.data.prepare import prepare

needs_names = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps such names")


def packed(kind: str, size: int = 64, **how: object) -> bytes:
    values = np.random.default_rng(size).integers(0, 256, (size, size, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, kind, **how)
    return out.getvalue()


def half(kind: str) -> bytes:
    content = packed(kind)
    return content[: len(content) // 2]


def chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png(width: int, height: int, body: bytes, before: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rest = before + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rest


def spoiled(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]


def deep() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.ones((64, 64), np.float32)).save(out, "TIFF")
    return out.getvalue()


GIF_BOMB = b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;"
CHATTY = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(8 << 20)))
BMP_BOMB = b"BM" + struct.pack("<IHHIIiiHH", 54, 0, 0, 54, 40, 90_000, 90_000, 1, 24) + bytes(24)
NO_WIDTH = packed("JPEG").replace(b"\x00\x40\x00\x40\x03", b"\x00\x40\x00\x00\x03")

BAD: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", "is empty"),
    "notes.txt": (b"these are my notes", "is not a picture that can be read"),
    "not-found.jpg": (b"<html>404</html>", "is not a picture"),
    "zeros.png": (bytes(5000), "is not a picture"),
    "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
    "layers.psd": (b"8BPS\0\1" + bytes(60), "is not a picture"),
    "icon.ico": (b"\0\0\1\0\1\0\x10\x10" + bytes(40), "is not a picture"),
    "cut.jpg": (half("JPEG"), "is damaged"),
    "cut.png": (half("PNG"), "is damaged"),
    "cut.webp": (half("WEBP"), "is "),
    "cut.gif": (half("GIF"), "is damaged"),
    "cut.tif": (half("TIFF"), "is "),
    "cut.bmp": (half("BMP"), "is damaged"),
    "cut.avif": (half("AVIF"), "is "),
    "spoiled.png": (spoiled(packed("PNG"), 60), "is damaged"),
    "short.png": (png(64, 64, zlib.compress(bytes(200))), "is damaged"),
    "no-zlib.png": (png(64, 64, b"no zlib at all"), "is damaged"),
    "chatty.png": (png(8, 8, zlib.compress(bytes(200)), CHATTY), "is "),
    "no-width.jpg": (NO_WIDTH, "is "),
    "bomb.png": (png(60_000, 60_000, b""), "has more than 89 million pixels"),
    "bomb.gif": (GIF_BOMB, "has more than 89 million pixels"),
    "bomb.bmp": (BMP_BOMB, "has more than 89 million pixels"),
    "sliver.png": (png(9000, 1, zlib.compress(bytes(27_001))), "is too small"),
    "deep.tif": (deep(), "32 bits a channel"),
}


GOOD = {"good.png": packed("PNG"), "really-a-jpeg.png": packed("JPEG"), "no-ending": packed("WEBP")}


def listed(card: object) -> dict[str, str]:
    return {one.file: one.reason for one in card.skipped}  # type: ignore[attr-defined]  # a card


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_every_bad_file_is_named_with_its_reason_and_no_good_one_is_lost(
    tmp_path: Path, zipped: bool
) -> None:
    files = {**{name: content for name, (content, _) in BAD.items()}, **GOOD}
    source = tmp_path / "s"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)
    if zipped:
        with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name in files:
                archive.write(source / name, name)
        source = tmp_path / "s.zip"
    card = prepare(source, tmp_path / "out", size=16)
    reasons = listed(card)
    assert card.count == len(GOOD)
    assert reasons.keys() == BAD.keys()
    for name, (_, reason) in BAD.items():
        assert reason in reasons[name], (name, reasons[name])
        assert "\n" not in reasons[name]


def test_a_file_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    source = tmp_path / "s"
    source.mkdir()
    (source / "good.png").write_bytes(packed("PNG"))
    with (source / "huge.png").open("wb") as file:
        file.write(packed("PNG"))
        file.truncate(2 << 30)  # sparse: takes no room
    card = prepare(source, tmp_path / "out", size=16)
    assert listed(card) == {"huge.png": "is longer than 128 MB"}
    assert card.count == 1


@needs_names
def test_hostile_names_end_up_in_tables_as_they_are_and_nowhere_else(tmp_path: Path) -> None:
    source = tmp_path / "s"
    source.mkdir()
    names = [
        "new\nline.png",
        'quo"te,comma.png',
        "=cmd|calc.png",
        "-rf.png",
        "\x1b[31mred.png",
        "<script>alert(1)</script>.png".replace("/", "\u2215"),
        "%s%n.png",
        "…" * 80 + ".png",
        "back\\slash.png",
        "#1.png",
        " blank .png",
    ]
    for name in names:
        (source / name).write_bytes(packed("PNG"))
    with open(bytes(source) + b"/caf\xe9.png", "wb") as file:  # noqa: PTH123 - bytes
        file.write(packed("PNG"))
    (source / "bad\nname.png").write_bytes(b"")
    card = prepare(source, tmp_path / "out", size=16)
    with (tmp_path / "out/pictures.csv").open(encoding="utf-8", newline="") as file:
        found = [row["file"] for row in csv.DictReader(file)]
    assert sorted(found) == sorted([*names, "caf\ufffd.png"])
    assert listed(card) == {"bad\nname.png": "is empty"}
    assert json.loads((tmp_path / "out/dataset.json").read_bytes())["count"] == len(names) + 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "s"]


def test_loops_of_links_end(tmp_path: Path) -> None:
    source = tmp_path / "s"
    (source / "a").mkdir(parents=True)
    (source / "a/good.png").write_bytes(packed("PNG"))
    (source / "self.png").symlink_to("self.png")
    (source / "a/up").symlink_to(source, target_is_directory=True)
    (source / "one.png").symlink_to("two.png")
    (source / "two.png").symlink_to("one.png")
    card = prepare(source, tmp_path / "out", size=16)
    assert card.count == 1
    assert listed(card).keys() == {"a/up", "one.png", "self.png", "two.png"}


def test_names_in_a_zip_that_lead_out_of_it_are_refused(tmp_path: Path) -> None:
    names = ["/abs.png", "../up.png", "a/../../up.png", "C:\\x.png", "\\\\host\\share.png"]
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for name in [*names, "good.png", "new\nline.png"]:
            archive.writestr(name, packed("PNG"))
    card = prepare(tmp_path / "z.zip", tmp_path / "out", size=16)
    assert card.count == 2
    assert set(listed(card).values()) == {"has a name that leads out of the archive"}
    assert len(card.skipped) == len(names)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "z.zip"]


def test_a_zip_within_a_zip_and_a_zip_bomb_are_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", packed("PNG"))
        archive.writestr("bomb.png", bytes(40 << 20))
        archive.writestr("inner.zip", b"PK\3\4" + bytes(60))
    card = prepare(tmp_path / "z.zip", tmp_path / "out", size=16)
    assert card.count == 1
    assert "unpacks to more than 200 times" in listed(card)["bomb.png"]
    assert "is not a picture" in listed(card)["inner.zip"]


@pytest.mark.parametrize("out", ["file/out", "file/out.zip", "link", "there", "there.zip"])
def test_a_target_that_cannot_be_written_is_one_sentence(tmp_path: Path, out: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/good.png").write_bytes(packed("PNG"))
    (tmp_path / "file").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "there.zip").touch()
    (tmp_path / "link").symlink_to("nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KnownError, match=r"can't be written|is already there") as refused:
        prepare(tmp_path / "s", tmp_path / out, size=16)
    assert "\n" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


FULL = """
import resource, sys
from pathlib import Path
from explorer.core.errors import KnownError
from training.data.prepare import prepare

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # as if the disk were full
try:
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), size=64)
except KnownError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit here")
@pytest.mark.parametrize("out", ["out", "out.zip"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, out: str) -> None:
    (tmp_path / "s").mkdir()
    for n in range(20):
        (tmp_path / "s" / f"{n}.png").write_bytes(packed("PNG"))
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "s", tmp_path / out],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 1
    assert f"{out} can't be written: File too large; free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["s"]


def test_a_picture_that_changes_while_it_is_read_ends_nothing(tmp_path: Path) -> None:
    """Its folder is read first to find the classes, and then once more."""
    source = tmp_path / "s"
    for kind in "ab":
        (source / kind).mkdir(parents=True)
        for n in range(40):
            (source / kind / f"{n:02d}.png").write_bytes(packed("PNG", 16))

    from explorer.core.progress import Progress

    def report(fraction: float) -> None:
        (source / "b/39.png").unlink(missing_ok=True)

    card = prepare(source, tmp_path / "out", size=16, progress=Progress(report), workers=1)
    assert card.count == 79
    assert "No such file" in listed(card)["b/39.png"]
