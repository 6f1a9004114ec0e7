"""From pictures to a report, and everything that may be wrong with them."""

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.likeness.features import Extractor
from training.cli import app
from training.curation.curate import Curated, curate
from training.data.decisions import Decision, read_decisions
from training.data.prepare import prepare

for module in ("cv2", "imagehash", "sklearn"):
    pytest.importorskip(module, reason="needs the extra `data`")


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor.open(threads=1)


@pytest.fixture
def look(extractor: Extractor) -> Callable[..., Curated]:
    """Curate with an extractor that is open already."""
    return lambda source, out, **words: curate(
        source, out, open_extractor=lambda: extractor, **words
    )


def data_of(report: Path) -> dict[str, Any]:
    content = (report / "index.html").read_text(encoding="utf-8")
    text = content.partition('id="data">')[2].partition("</script>")[0]
    data: dict[str, Any] = json.loads(text)
    return data


def told(report: Path, key: str) -> list[list[str]]:
    """The files in each group of a section."""
    data = data_of(report)
    for section in data["sections"]:
        if section["key"] == key:
            return [[data["pictures"][n][0] for n, _ in group] for group in section["groups"]]
    return []


def few(folder: Path, photographs: Callable[[int], Image.Image], count: int = 3) -> Path:
    folder.mkdir(parents=True)
    for seed in range(count):
        photographs(seed).save(folder / f"{seed}.png")
    return folder


def test_each_flaw_is_found_where_it_is(
    pictures: Path, tmp_path: Path, look: Callable[..., Curated]
) -> None:
    done = look(pictures, tmp_path / "report")
    report = tmp_path / "report"

    assert told(report, "exact") == [["03.png", "33 again.png"]]
    assert sorted(map(sorted, told(report, "near"))) == [
        ["04.jpg", "04.png"],
        ["05 mirrored.png", "05.png"],
    ]
    for kind, file in (
        ("blurry", "blurred.png"),
        ("dark", "dark.png"),
        ("bright", "pale.png"),
        ("empty", "empty.png"),
        ("drawing", "drawn \"quoted\", 'twice'.png"),
        ("size", "narrow.png"),
    ):
        assert file in told(report, kind)[0], kind
    assert data_of(report)["unreadable"][0][0] == "torn.png"
    assert (done.unreadable, done.count) == (1, len(list(pictures.iterdir())) - 1)
    decisions = read_decisions(done.table)
    assert decisions.rejects("33 again.png")
    assert not decisions.rejects("03.png")
    out = decisions.by_file.get("05 mirrored.png") or decisions.by_file["05.png"]
    assert out.reason.startswith("suggested: nearly a mirrored copy of 05")


def test_prepare_leaves_out_what_the_decisions_reject(
    pictures: Path, tmp_path: Path, look: Callable[..., Curated]
) -> None:
    done = look(pictures, tmp_path / "report")
    card = prepare(pictures, tmp_path / "dataset", size=16, decisions=done.table)
    table = (tmp_path / "dataset" / "pictures.csv").read_text(encoding="utf-8")
    assert card.count < done.count
    assert "33 again.png" not in table
    assert ",03.png," in table


def test_a_second_look_remembers_the_first(
    pictures: Path, tmp_path: Path, look: Callable[..., Curated]
) -> None:
    look(pictures, tmp_path / "report")
    first = (tmp_path / "report" / "index.html").read_bytes()

    class Refusing(Extractor):
        def __call__(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("it was seen before")

    refusing = Refusing.open(threads=1)
    curate(pictures, tmp_path / "report", open_extractor=lambda: refusing)
    assert (tmp_path / "report" / "index.html").read_bytes() == first


def test_a_zip_an_array_and_a_dataset_are_sorted_too(
    pictures: Path, tmp_path: Path, look: Callable[..., Curated]
) -> None:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for path in sorted(pictures.iterdir()):
            archive.write(path, path.name)
    look(tmp_path / "packed.zip", tmp_path / "a")
    assert told(tmp_path / "a", "exact") == [["03.png", "33 again.png"]]

    prepare(pictures, tmp_path / "dataset", size=64)
    look(tmp_path / "dataset", tmp_path / "b")
    assert told(tmp_path / "b", "exact") == [["03.png", "33 again.png"]]

    rows = np.random.default_rng(0).integers(0, 256, (12, 28, 28)).astype(np.uint8)
    rows[7] = rows[2]
    np.save(tmp_path / "rows.npy", rows)
    look(tmp_path / "rows.npy", tmp_path / "c")
    assert told(tmp_path / "c", "exact") == [["rows.npy#02", "rows.npy#07"]]


def test_pictures_in_the_wrong_class_are_told_with_the_right_one(
    photographs: Callable[[int], Image.Image],
    drawings: Callable[[int], Image.Image],
    tmp_path: Path,
    look: Callable[..., Curated],
) -> None:
    few(tmp_path / "in" / "photographs", photographs, 20)
    few(tmp_path / "in" / "drawings", drawings, 20)
    drawings(77).save(tmp_path / "in" / "photographs" / "astray.png")
    done = look(tmp_path / "in", tmp_path / "report")
    found = told(tmp_path / "report", "class")[0]
    assert "photographs/astray.png" in found
    pictures = data_of(tmp_path / "report")["pictures"]
    looks_like = {row[0]: row[-1] for row in pictures if row[-1]}
    assert set(looks_like) == set(found)  # every one can be moved, suggested or not
    assert looks_like["photographs/astray.png"] == "drawings"
    moved = [one for one in read_decisions(done.table).by_file.values() if one.class_name]
    assert all(one.decision == "keep" for one in moved)  # nobody suggests to leave them out


@pytest.mark.parametrize(("drawn", "are_told"), [(12, True), (20, False)])
def test_drawings_are_strangers_as_long_as_most_pictures_are_photographs(
    drawn: int,
    are_told: bool,
    photographs: Callable[[int], Image.Image],
    drawings: Callable[[int], Image.Image],
    tmp_path: Path,
    look: Callable[..., Curated],
) -> None:
    few(tmp_path / "in" / "a", photographs, 20)
    few(tmp_path / "in" / "b", drawings, drawn)
    look(tmp_path / "in", tmp_path / "report")
    names = {name for group in told(tmp_path / "report", "drawing") for name in group}
    assert names == ({f"b/{n}.png" for n in range(drawn)} if are_told else set())


def marked(path: Path, wanted: list[str], unwanted: list[str], extra: str = "") -> Path:
    lines = [f"{name},keep,,by hand" for name in wanted]
    lines += [f"{name},reject,,by hand" for name in unwanted]
    path.write_text("\n".join(["file,decision,class,reason", *lines]) + "\n" + extra)
    return path


def test_a_few_marks_sort_all_others(
    photographs: Callable[[int], Image.Image],
    drawings: Callable[[int], Image.Image],
    tmp_path: Path,
    look: Callable[..., Curated],
) -> None:
    few(tmp_path / "in", photographs, 25)
    for seed in range(25):
        drawings(seed).save(tmp_path / "in" / f"d{seed}.png")
    marks = marked(
        tmp_path / "marks.csv",
        [f"{n}.png" for n in range(12)],
        [f"d{n}.png" for n in range(12)],
        "24.png,reject,,suggested: too dark\nd24.png,keep,,suggested: wanted 0.6\n"
        "13.png,keep,portraits,a face\n",
    )
    done = look(tmp_path / "in", tmp_path / "report", wanted_from=marks)
    assert done.sorted is not None
    assert len(done.sorted.marks) == 25  # what was only suggested is no mark
    assert done.sorted.precision.value > 0.9
    by_file = read_decisions(done.table).by_file
    assert len(by_file) == 50
    right = [by_file[f"{n}.png"].decision == "keep" for n in range(12, 25)]
    right += [by_file[f"d{n}.png"].decision == "reject" for n in range(12, 25)]
    assert sum(right) >= 24
    assert by_file["0.png"].reason == "by hand"
    assert data_of(tmp_path / "report")["sections"][0]["key"] == "ask"
    marks_told = data_of(tmp_path / "report")["marks"]
    assert marks_told["d3.png"] == ["reject", "", "by hand"]
    assert marks_told["13.png"] == ["keep", "portraits", "a face"]
    assert by_file["13.png"] == Decision("13.png", "keep", "portraits", "a face")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,decision\n0.png,keep\n0.png,reject\n", "contradicts itself"),
        ("file,decision\n0.png,perhaps\n", "a decision is keep or reject"),
        ("file,verdict\n0.png,keep\n", "no column 'decision'"),
        ("file,decision\nother.png,keep\n", "no decision of yours"),
        ("file,decision,reason\n0.png,keep,suggested: so\n", "no decision of yours"),
        ("file,decision\n0.png,keep\n1.png,reject\n", "mark at least 20"),
        ("", "no column"),
    ],
)
def test_marks_that_make_no_sense_end_in_a_sentence(
    content: str,
    said: str,
    photographs: Callable[[int], Image.Image],
    tmp_path: Path,
    look: Callable[..., Curated],
) -> None:
    few(tmp_path / "in", photographs)
    (tmp_path / "marks.csv").write_text(content)
    with pytest.raises(KnownError, match=said):
        look(tmp_path / "in", tmp_path / "report", wanted_from=tmp_path / "marks.csv")


def test_pictures_that_cannot_be_read_are_listed_and_end_nothing(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Curated]
) -> None:
    folder = few(tmp_path / "in", photographs)
    whole = (folder / "0.png").read_bytes()
    for name, content in (
        ("empty.png", b""),
        ("text.jpg", b"no picture"),
        ("cut.png", whole[: len(whole) // 2]),
        ("fake.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("bomb.gif", b"GIF89a" + b"\xff\xff\xff\xff\x00\x00\x00" + b"\x3b"),
    ):
        (folder / name).write_bytes(content)
    done = look(folder, tmp_path / "report")
    assert (done.count, done.unreadable) == (3, 5)
    lost = {file for file, _ in data_of(tmp_path / "report")["unreadable"]}
    assert lost == {"empty.png", "text.jpg", "cut.png", "fake.eps", "bomb.gif"}
    again = look(folder, tmp_path / "report")
    assert again.unreadable == 5


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_or_equal_pictures_are_no_reason_to_fail(
    count: int, photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    look(few(tmp_path / "few", photographs, count), tmp_path / "report")
    same = few(tmp_path / "same", lambda _: photographs(1), count)
    look(same, tmp_path / "report of the same")
    groups = told(tmp_path / "report of the same", "exact")
    assert groups == ([[f"{n}.png" for n in range(count)]] if count > 1 else [])


def test_all_even_pictures_are_no_reason_to_fail(tmp_path: Path, look: Callable[..., Any]) -> None:
    folder = few(tmp_path / "in", lambda n: Image.new("RGB", (40, 40), (n, 8 * n, 5 * n)), 30)
    assert look(folder, tmp_path / "report").count == 30


def test_sources_that_hold_nothing_end_in_a_sentence(
    tmp_path: Path, look: Callable[..., Any]
) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.png").write_bytes(b"no picture")
    for source, said in (
        ("nothing", "holds no picture"),
        ("text", "holds no picture that can be read: a.png is not a picture"),
        ("nowhere", "is not there"),
    ):
        with pytest.raises(KnownError, match=said):
            look(tmp_path / source, tmp_path / f"report of {source}")


def test_a_torn_dataset_ends_in_a_sentence(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    prepare(few(tmp_path / "in", photographs), tmp_path / "dataset", size=16)
    shard = next((tmp_path / "dataset").glob("*.tfrecord"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-20])
    with pytest.raises(KnownError, match="prepare the dataset again"):
        look(tmp_path / "dataset", tmp_path / "report")
    shard.write_bytes(whole)
    (tmp_path / "dataset" / "pictures.csv").write_text("index,file,class\n0,a.png,\n")
    with pytest.raises(KnownError, match="prepare the dataset again"):
        look(tmp_path / "dataset", tmp_path / "report")


def test_a_report_goes_nowhere_where_something_else_is(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    folder, other = few(tmp_path / "in", photographs), few(tmp_path / "other", photographs)
    with pytest.raises(KnownError, match="lies inside"):
        look(folder, folder / "report")
    with pytest.raises(KnownError, match="something else than a report"):
        look(folder, other)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(KnownError, match="can't be written"):
        look(folder, tmp_path / "file")
    with pytest.raises(KnownError, match="can't be written"):
        look(folder, tmp_path / "file" / "report")
    look(folder, tmp_path / "report")
    before = (tmp_path / "report" / "index.html").read_bytes()
    with pytest.raises(KnownError, match="another source, “in”"):
        look(other, tmp_path / "report")
    assert (tmp_path / "report" / "index.html").read_bytes() == before
    (tmp_path / "report" / "report.json").write_text('{"format": 9}')
    with pytest.raises(KnownError, match="can't be used"):
        look(folder, tmp_path / "report")
    assert sorted(path.name for path in other.iterdir()) == ["0.png", "1.png", "2.png"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_to_write_is_said(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    folder = few(tmp_path / "in", photographs)
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(KnownError, match="can't be written"):
        look(folder, tmp_path / "locked" / "report")


def test_stopping_midway_keeps_what_was_seen(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    folder = few(tmp_path / "in", photographs, 6)
    asked = 0

    def enough() -> bool:
        nonlocal asked
        asked += 1
        return asked > 4

    with pytest.raises(Cancelled):
        look(folder, tmp_path / "report", progress=Progress(is_cancelled=enough))
    assert not (tmp_path / "report" / "index.html").exists()
    assert (tmp_path / "report" / "seen.bin").stat().st_size > 4000
    assert look(folder, tmp_path / "report").count == 6


def test_the_page_lets_nothing_of_a_name_become_a_tag(
    photographs: Callable[[int], Image.Image], tmp_path: Path, look: Callable[..., Any]
) -> None:
    folder = tmp_path / "<script>alert(1)</script>".replace("/", "∕")
    few(folder, photographs)
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as archive:
        for name in ("</script><script>alert(1)</script>.png", "a,\"b\"\n'c'.png", "\x1b[31m.png"):
            archive.write(folder / "0.png", name)
        archive.write(folder / "1.png", "plain.png")
    for number, source in enumerate((folder, tmp_path / "names.zip")):
        look(source, tmp_path / f"report {number}")
        content = (tmp_path / f"report {number}" / "index.html").read_text(encoding="utf-8")
        assert content.count("<script") == content.count("</script>") == 2
        assert "\x1b" not in content
    files = {row[0] for row in data_of(tmp_path / "report 1")["pictures"]}
    decided = read_decisions(tmp_path / "report 1" / "decisions.csv").by_file
    assert set(decided) < files  # names come through the table as they are
    assert len(decided) == 2


def test_the_command_says_what_was_found_and_what_to_do(pictures: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["curate", str(pictures), "--out", str(tmp_path / "report")])
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "1 The same twice" in words
    assert "1 file can't be read" in words
    assert "index.html" in words.replace(" ", "")
    shutil.rmtree(tmp_path / "report")
    shown = CliRunner().invoke(app, ["curate", "--help"]).output
    assert "Example: explorer-train curate" in shown
