import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz, write_npz
from explorer.models.bundle import Bundle, write_bundle
from explorer.models.card import Card

if TYPE_CHECKING:
    from tests.models.conftest import Spoiled

DCGAN_HASH = "ded7a1037b8cd2c8f88e7eccc036ac721893bec64a11e74ddbd9ab41b8ba5264"
STYLEGAN2_HASH = "96ef77bdfe6457eefc272eb92fcb1c18dd4168afd8ddc04157ecd4e7320f2099"


def zipped(folder: Path, out: Path, *, inside: str = "") -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, inside + file.relative_to(folder).as_posix())
    return out


def files_of(bundle: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in bundle.iterdir() if file.name != "card.json"}


def test_of_two_that_write_one_bundle_at_once_the_second_is_told(
    golden: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    card = Bundle.read(golden / "dcgan-bundle").card.model_copy(update={"files": {}})

    class Late(dict[str, bytes]):
        def items(self) -> Any:  # asked for when all was looked at
            write_bundle(out, card, dict(self))
            return super().items()

    with pytest.raises(KnownError, match="exists already; choose another name"):
        write_bundle(out, card, Late(files_of(golden / "dcgan-bundle")))
    assert Bundle.read(out).painting_hash == DCGAN_HASH
    assert [each.name for each in tmp_path.iterdir()] == ["bundle"]


def test_the_painting_hash_of_a_golden_bundle_never_changes(golden: Path) -> None:
    assert Bundle.read(golden / "dcgan-bundle").painting_hash == DCGAN_HASH
    assert Bundle.read(golden / "stylegan2-bundle").painting_hash == STYLEGAN2_HASH


def test_the_golden_bundles_are_what_their_script_makes(
    golden: Path, tmp_path: Path, make_bundles: Any
) -> None:
    make_bundles.dcgan(tmp_path / "dcgan")
    assert Bundle.read(tmp_path / "dcgan").card.graph_files == ("synthesis.onnx",)
    made, kept = (Bundle.read(p).card for p in (tmp_path / "dcgan", golden / "dcgan-bundle"))
    assert made.files["synthesis.onnx"] == kept.files["synthesis.onnx"]


def test_a_title_and_metrics_do_not_change_the_painting_hash(dcgan: "Spoiled") -> None:
    dcgan.card(title="Another", metrics={"fid": 12.5}, credits=["someone"])
    assert Bundle.read(dcgan.path).painting_hash == DCGAN_HASH


def test_another_w_avg_changes_the_painting_hash(stylegan2: "Spoiled") -> None:
    arrays = read_npz((stylegan2.path / "latents.npz").read_bytes(), "latents")
    stylegan2.file("latents.npz", write_npz(**arrays | {"w_avg": arrays["w_avg"] + 1}))
    assert Bundle.read(stylegan2.path).painting_hash != STYLEGAN2_HASH


@pytest.mark.parametrize("inside", ["", "my model/"])
def test_a_zip_of_a_bundle_is_the_bundle(golden: Path, tmp_path: Path, inside: str) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip", inside=inside)
    bundle = Bundle.read(packed)
    assert bundle.painting_hash == DCGAN_HASH
    assert bundle.content("preview.png") == (golden / "dcgan-bundle/preview.png").read_bytes()


def test_what_nobody_listed_is_left_alone(dcgan: "Spoiled") -> None:
    (dcgan.path / ".DS_Store").write_bytes(b"x")
    with pytest.raises(KnownError, match="has no "):
        Bundle.read(dcgan.path).content(".DS_Store")


def test_a_file_changed_after_opening_is_noticed(dcgan: "Spoiled") -> None:
    bundle = Bundle.read(dcgan.path)
    (dcgan.path / "synthesis.onnx").write_bytes(b"other")
    with pytest.raises(KnownError, match="changed while it was in use"):
        bundle.content("synthesis.onnx")


# -- what strangers send ------------------------------------------------------------------------


def refused(path: Path, sentence: str) -> None:
    with pytest.raises(KnownError, match=sentence) as refusal:
        Bundle.read(path)
    said = str(refusal.value)
    assert str(path) in said
    assert "\n" not in said
    assert said.endswith(".")


CARD_LIES: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "newer version"),
    ({"format": 0}, "format"),
    ({"id": "../../etc"}, "id"),
    ({"id": ""}, "id"),
    ({"title": "\x1b]0;evil\x07"}, "control characters"),
    ({"title": "two\nlines"}, "title"),
    ({"credits": ["fine", "\x1b[2J"]}, "control characters"),
    ({"height": 100_000}, "height"),
    ({"channels": 4}, "channels"),
    ({"surprise": 1}, "surprise"),
    ({"architecture": "stylegan2"}, "w_dim"),
    ({"w_dim": 4}, "only a stylegan2"),
    ({"files": {}}, "lists no synthesis.onnx"),
    ({"files": {"../../secret": "0" * 64}}, "plain name"),
    ({"files": {"/etc/passwd": "0" * 64}}, "plain name"),
    ({"files": {"a\\b": "0" * 64}}, "plain name"),
    ({"files": {"synthesis.onnx": "0" * 63}}, "files"),
    ({"files": {"synthesis.onnx": "0" * 64}}, "not the file its card lists"),
    ({"files": {"synthesis.onnx": "0" * 64, "gone.onnx": "0" * 64}}, "has lost gone.onnx"),
]


@pytest.mark.parametrize(("lie", "sentence"), CARD_LIES, ids=lambda part: str(part)[:40])
def test_a_card_that_lies_is_refused(dcgan: "Spoiled", lie: dict[str, Any], sentence: str) -> None:
    dcgan.card(**lie)
    refused(dcgan.path, sentence)


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        ({"stages": [32]}, "last stage"),
        ({"stages": [64]}, "begin at 32"),
        ({"stages": [32, 48, 64]}, "double"),
        ({"stages": []}, "at least one stage"),
        ({"width": 32}, "square"),
        ({"num_ws": None}, "num_ws"),
    ],
    ids=str,
)
def test_stages_that_make_no_picture_are_refused(
    stylegan2: "Spoiled", lie: dict[str, Any], sentence: str
) -> None:
    stylegan2.card(**lie)
    refused(stylegan2.path, sentence)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\x00", b"[" * 100_000])
def test_a_card_that_is_no_card_is_refused(dcgan: "Spoiled", text: bytes) -> None:
    (dcgan.path / "card.json").write_bytes(text)
    refused(dcgan.path, "can't be used")


def test_a_card_of_many_megabytes_is_refused(dcgan: "Spoiled") -> None:
    dcgan.card(description="x" * (5 << 20))
    refused(dcgan.path, "larger than 4 MB")


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "has no card.json")


def test_a_bundle_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    refused(tmp_path / "nothing", "does not exist")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_a_pipe_is_no_bundle_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    refused(tmp_path / "pipe.zip", "is no folder and no file")


def test_a_file_altered_by_one_bit_is_refused(dcgan: "Spoiled") -> None:
    file = dcgan.path / "synthesis.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    refused(dcgan.path, "synthesis.onnx is not the file")


def test_a_lost_file_is_named(dcgan: "Spoiled") -> None:
    (dcgan.path / "synthesis.onnx").unlink()
    refused(dcgan.path, "has lost synthesis.onnx")


def test_a_link_out_of_the_folder_is_refused(dcgan: "Spoiled", tmp_path: Path) -> None:
    file = dcgan.path / "synthesis.onnx"
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    refused(dcgan.path, "outside")


def test_a_link_to_itself_is_refused(dcgan: "Spoiled") -> None:
    (dcgan.path / "synthesis.onnx").unlink()
    (dcgan.path / "synthesis.onnx").symlink_to("synthesis.onnx")
    refused(dcgan.path, "leads nowhere|can't be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_rather_than_waited_for(dcgan: "Spoiled") -> None:
    (dcgan.path / "synthesis.onnx").unlink()
    os.mkfifo(dcgan.path / "synthesis.onnx")
    refused(dcgan.path, "not a regular file")


def test_a_card_that_is_a_folder_is_refused(dcgan: "Spoiled") -> None:
    (dcgan.path / "card.json").unlink()
    (dcgan.path / "card.json").mkdir()
    refused(dcgan.path, "not a regular file")


def test_a_zip_cut_short_is_refused(golden: Path, tmp_path: Path) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip")
    packed.write_bytes(packed.read_bytes()[:-200])
    refused(packed, "no zip file, or a damaged one")


def test_a_zip_damaged_within_is_refused(golden: Path, tmp_path: Path) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip")
    content = bytearray(packed.read_bytes())
    content[80] ^= 255
    packed.write_bytes(content)
    refused(packed, "damaged")


def test_a_zip_whose_names_are_no_text_is_refused(golden: Path, tmp_path: Path) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip")
    content = bytearray(packed.read_bytes())
    at = content.find(b"PK\x03\x04")
    while at != -1:
        content[at + 7] |= 8  # the flag of a name in UTF-8
        content[at + 30] = 0xFF
        at = content.find(b"PK\x03\x04", at + 1)
    packed.write_bytes(content)
    refused(packed, "damaged")


def test_a_text_file_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "note.zip").write_text("hello")
    refused(tmp_path / "note.zip", "no zip file")


def test_a_zip_that_unpacks_to_gigabytes_is_refused(dcgan: "Spoiled", tmp_path: Path) -> None:
    dcgan.file("synthesis.onnx", bytes(64 << 20))
    packed = zipped(dcgan.path, tmp_path / "bomb.zip")
    assert packed.stat().st_size < 1 << 20
    refused(packed, "unpacks to far more")


def test_a_zip_that_lies_about_its_sizes_is_refused(dcgan: "Spoiled", tmp_path: Path) -> None:
    dcgan.file("synthesis.onnx", bytes(8 << 20))
    packed = zipped(dcgan.path, tmp_path / "bomb.zip")
    content = packed.read_bytes().replace((8 << 20).to_bytes(4, "little"), b"\x10\0\0\0")
    packed.write_bytes(content)
    refused(packed, "damaged")


def test_a_zip_packed_in_a_rare_way_is_refused(golden: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rare.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.write(golden / "dcgan-bundle" / "card.json", "card.json")
    refused(tmp_path / "rare.zip", "packed in a rare way")


def test_a_locked_zip_is_refused(golden: Path, tmp_path: Path) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip")
    content = bytearray(packed.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at != -1:
        content[at + 8] |= 1  # the flag of a password
        content[content.find(b"PK\x03\x04") + 6] |= 1
        at = content.find(b"PK\x01\x02", at + 1)
    packed.write_bytes(content)
    refused(packed, "damaged or locked")


def test_a_zip_with_two_files_of_one_name_is_refused(golden: Path, tmp_path: Path) -> None:
    packed = zipped(golden / "dcgan-bundle", tmp_path / "packed.zip")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("synthesis.onnx", b"another")
    refused(packed, "twice")


@pytest.mark.parametrize(
    ("latents", "sentence"),
    [
        (b"no zip", "damaged"),
        (write_npz(pca_mean=np.ones(8, np.float32)), "no w_avg"),
        (write_npz(w_avg=np.ones(9, np.float32)), "w_avg is not 8 numbers"),
        (write_npz(w_avg=np.ones(8)), "not finite float32"),
        (write_npz(w_avg=np.full(8, np.nan, np.float32)), "not finite float32"),
        (write_npz(w_avg=np.ones(8, np.float32), sefa_components=np.ones((2, 9), np.float32)), "rows of 8"),
        (write_npz(w_avg=np.ones(8, np.float32), pca_components=np.ones((2, 8), np.float32)), "pca_scale"),
    ],
)  # fmt: skip
def test_latents_that_fit_no_model_are_refused(
    stylegan2: "Spoiled", latents: bytes, sentence: str
) -> None:
    stylegan2.file("latents.npz", latents)
    refused(stylegan2.path, sentence)


# -- writing ------------------------------------------------------------------------------------


def test_what_is_written_is_read(golden: Path, tmp_path: Path) -> None:
    source = Bundle.read(golden / "dcgan-bundle")
    bare = source.card.model_copy(update={"files": {}})
    files = files_of(golden / "dcgan-bundle") | {"likeness/pictures.csv": b"index\n"}

    card = write_bundle(tmp_path / "new" / "bundle", bare, files)

    bundle = Bundle.read(tmp_path / "new" / "bundle")
    assert bundle.card == card
    assert bundle.painting_hash == DCGAN_HASH
    assert bundle.content("likeness/pictures.csv") == b"index\n"
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "bundle"]


def test_what_exists_is_never_overwritten(golden: Path, tmp_path: Path) -> None:
    card = Bundle.read(golden / "dcgan-bundle").card
    (tmp_path / "bundle").mkdir()
    with pytest.raises(KnownError, match="exists already"):
        write_bundle(tmp_path / "bundle", card, files_of(golden / "dcgan-bundle"))


@pytest.mark.parametrize("spoil", ["lost", "strange"])
def test_what_is_no_bundle_is_not_written(golden: Path, tmp_path: Path, spoil: str) -> None:
    card = Bundle.read(golden / "dcgan-bundle").card
    files = files_of(golden / "dcgan-bundle")
    if spoil == "lost":
        del files["synthesis.onnx"]
    else:
        files["../evil"] = b""
    with pytest.raises(KnownError):
        write_bundle(tmp_path / "bundle", card, files)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_told_from_a_model(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    refused(tmp_path, "is a training run and no model yet; make one of it: explorer-train export")


def test_a_folder_that_cannot_be_made_is_a_sentence(golden: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    card = Bundle.read(golden / "dcgan-bundle").card
    with pytest.raises(KnownError, match="can't be written"):
        write_bundle(tmp_path / "file" / "bundle", card, files_of(golden / "dcgan-bundle"))


WRITER = """
import os, signal, sys
from pathlib import Path
from explorer.models import bundle

golden, out, fatal = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
files = {f.name: f.read_bytes() for f in golden.iterdir() if f.name != "card.json"}
card = bundle.Bundle.read(golden).card

steps = 0
def die_at_a_step(frame, event, argument):
    global steps
    if event == "c_call" and getattr(argument, "__name__", "") in ("open", "write", "fsync", "rename", "mkdir", "flush"):
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.setprofile(die_at_a_step)
bundle.write_bundle(out, card, files)
sys.setprofile(None)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_killed_at_any_step_leaves_no_half_bundle(golden: Path, tmp_path: Path) -> None:
    for fatal in (3, 6, 11, 16, 500):
        out = tmp_path / f"bundle-{fatal}"
        ended = subprocess.run(
            [sys.executable, "-c", WRITER, golden / "dcgan-bundle", out, str(fatal)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            capture_output=True,
        )
        if out.exists():
            assert Bundle.read(out).painting_hash == DCGAN_HASH
        else:
            assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert (tmp_path / "bundle-500").exists()
    assert not (tmp_path / "bundle-6").exists()


def test_a_card_reads_back_as_it_was_written(golden: Path) -> None:
    for name in ("dcgan-bundle", "stylegan2-bundle"):
        text = (golden / name / "card.json").read_text()
        assert json.loads(Card.model_validate_json(text).model_dump_json()) == json.loads(text)


def test_every_key_of_the_contract_is_on_the_card(golden: Path) -> None:
    keys = (
        "format id title description architecture height width channels z_dim w_dim num_ws classes "
        "noise stages files licence credits training metrics parity"
    )
    card = json.loads((golden / "dcgan-bundle" / "card.json").read_text())
    assert list(card) == keys.split()
    assert list(card["training"]) == (
        ["dataset", "images_seen", "loss", "augmentation", "settings", "versions"]
    )
    assert list(card["training"]["dataset"]) == ["name", "content_sha256", "count", "licence"]
    assert list(card["parity"]) == ["rgb_max_abs", "image_max_levels"]


def test_reading_leaves_the_bundle_as_it_was(dcgan: "Spoiled") -> None:
    before = sorted(dcgan.path.iterdir())
    Bundle.read(dcgan.path)
    assert sorted(dcgan.path.iterdir()) == before
    shutil.rmtree(dcgan.path)  # nothing is held open, on Windows either
