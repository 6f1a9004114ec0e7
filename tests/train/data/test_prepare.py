"""From SRC to a dataset: nothing usable is lost, nothing broken stops it, nothing is half there."""

import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from training.data import shards
from training.data.card import DatasetCard, read_dataset
from training.data.prepare import prepare

from .pictures import filled, png, rows

GOLDEN = Path(__file__).parents[2] / "golden" / "dataset"


def golden_source(folder: Path) -> Path:
    """The six pictures that `tests/golden/dataset` was prepared from."""
    y, x = np.mgrid[:8, :8]
    table = ["file,shape,source,author"]
    for n in range(6):
        kind, name = ("moon", "sun")[n % 2], f"{n}.png"
        planes = [(x * 31 + y * 7 + n * 11) % 256, (x * y * (n + 1)) % 256, (y * 29 + n) % 256]
        out = io.BytesIO()
        Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(out, "PNG")
        filled(folder, {f"{kind}/{name}": out.getvalue()})
        table.append(f"{kind}/{name},{'round' if n < 3 else 'long'},formula,Nobody {n}")
    filled(folder, {"moon/broken.png": b"no picture", "LICENCE": b"CC0-1.0\n"})
    return filled(folder, {"pictures.csv": "\n".join(table).encode(), "CREDITS": b"Nobody\n"})


def test_the_golden_dataset_is_made_again_from_its_pictures(tmp_path: Path) -> None:
    card = prepare(golden_source(tmp_path / "suns"), tmp_path / "out", size=8)
    # A shard's bytes may differ with the zlib that packs them; the pictures may not.
    # The golden one is older than these two.
    newer = {"prepared": card.prepared, "credits": card.credits}
    may_differ = {"shards": card.shards, "software": card.software, **newer}
    assert card == read_dataset(GOLDEN).model_copy(update=may_differ)
    assert (tmp_path / "out/pictures.csv").read_bytes() == (GOLDEN / "pictures.csv").read_bytes()


def test_bad_files_are_listed_and_end_nothing(tmp_path: Path) -> None:
    truncated = png(0, size=64)[:600]
    bad = {"cut.png": truncated, "empty.jpg": b"", "text.png": b"words", "z.zip": b"PK\x05\x06"}
    good = {f"{n}.png": png(n) for n in range(4)}
    card = prepare(filled(tmp_path / "s", {**bad, **good}), tmp_path / "out", size=8)
    assert card.count == 4
    assert {one.file for one in card.skipped} == set(bad)
    assert all(one.reason for one in card.skipped)
    assert [row["file"] for row in rows(tmp_path / "out")] == sorted(good)


@pytest.mark.parametrize("workers", [1, 5])
def test_the_records_do_not_depend_on_how_many_worked(tmp_path: Path, workers: int) -> None:
    source = filled(tmp_path / "s", {f"{n % 3}/{n}.png": png(n) for n in range(60)})
    one, many = (
        prepare(source, tmp_path / name, size=6, workers=n, name="s")
        for name, n in (("one", 1), ("many", workers))
    )
    assert one == many
    assert (tmp_path / "one/pictures.csv").read_bytes() == (
        tmp_path / "many/pictures.csv"
    ).read_bytes()


def test_a_folder_and_its_zip_give_the_same_pictures(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{n % 2}/{n}.png": png(n) for n in range(6)})
    archive = shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path, "s")  # wrapped in `s/`
    from_folder = prepare(source, tmp_path / "a", size=8)
    from_zip = prepare(Path(archive), tmp_path / "b", size=8)
    assert from_folder.content_sha256 == from_zip.content_sha256
    assert from_folder.classes == from_zip.classes


def test_many_records_go_into_several_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", np.arange(10 * 64, dtype=np.uint8).reshape(10, 8, 8))
    whole = prepare(tmp_path / "a.npy", tmp_path / "one", size=8, grey=True)
    monkeypatch.setattr(shards, "MAX_RECORDS", 4)
    parts = prepare(tmp_path / "a.npy", tmp_path / "many", size=8, grey=True)
    assert [shard.records for shard in parts.shards] == [4, 4, 2]
    assert parts.content_sha256 == whole.content_sha256
    assert read_dataset(tmp_path / "many") == parts


def test_what_is_known_of_a_picture_goes_with_it(tmp_path: Path) -> None:
    table = b"file,index,class,material,author\nb.png,7,x,wood,Ada\nc.png,8,y,clay,\n"
    source = filled(
        tmp_path / "s", {"b.png": png(1), "c.png": png(2), "a.png": b"", "pictures.csv": table}
    )
    prepare(source, tmp_path / "out", size=8, licence="CC-BY-4.0")
    fixed = {"class": "", "source": "", "licence": "CC-BY-4.0"}
    assert rows(tmp_path / "out") == [
        {"index": "0", "file": "b.png", "author": "Ada", "material": "wood", **fixed},
        {"index": "1", "file": "c.png", "author": "", "material": "clay", **fixed},
    ]


def test_a_class_is_a_label_in_order_of_name(tmp_path: Path) -> None:
    files = {"sun/1.png": png(1), "moon/2.png": png(2), "moon/3.png": png(3), "read.me": b"hi"}
    card = prepare(filled(tmp_path / "s", files), tmp_path / "out", size=8)
    assert [(one.name, one.count) for one in card.classes] == [("moon", 2), ("sun", 1)]


def test_impossible_wishes_are_refused_in_one_sentence(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {"a.png": png(1)})
    bad = filled(tmp_path / "bad", {"a.png": b"", "b.png": b"x"})
    (tmp_path / "empty").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    for where, out, size, background, sentence in (
        (source, "there", 8, "white", "is already there; choose another folder"),
        (source, "file", 8, "white", "is already there"),
        (source, "s/out", 8, "white", "lies inside"),
        (source, "file/out", 8, "white", "can't be written: Not a directory"),
        (source, "out", 0, "white", "--size 0 makes no sense"),
        (source, "out", 8, "whitish", "'whitish' is no colour"),
        (tmp_path / "empty", "out", 8, "white", "holds no picture that can be used."),
        (bad, "out", 8, "white", "holds no picture that can be used: a.png is empty."),
        (source, "out", 64, "white", "a.png is too small"),
        (tmp_path / ("x" * 300), "out", 8, "white", "can't be read: .*name too long"),
        (Path("x=" + "y" * 300), "out", 8, "white", "can't be read: .*name too long"),
    ):
        with pytest.raises(KnownError, match=sentence) as refused:
            prepare(where, tmp_path / out, size=size, background=background)
        assert "\n" not in str(refused.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad", "empty", "file", "s", "there"]


@pytest.mark.parametrize("stop", [Cancelled, KeyboardInterrupt])
def test_stopping_leaves_nothing_behind(tmp_path: Path, stop: type[BaseException]) -> None:
    source = filled(tmp_path / "s", {f"{n}.png": png(n) for n in range(30)})

    def report(fraction: float) -> None:
        if fraction > 0.5:
            raise stop

    with pytest.raises(stop):
        prepare(source, tmp_path / "out", size=8, progress=Progress(report))
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_in_a_circle_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to(tmp_path / "s")
    with pytest.raises(KnownError, match="s is not there"):
        prepare(tmp_path / "s", tmp_path / "out", size=8)


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_of_two_that_write_to_one_place_the_first_to_finish_stays(
    tmp_path: Path, name: str
) -> None:
    source = filled(tmp_path / "s", {f"{n}.png": png(n) for n in range(5)})
    other = filled(tmp_path / "other", {"a.png": png(9)})
    out = tmp_path / name
    counts: list[int] = []

    def report(fraction: float) -> None:
        if not counts:
            counts.append(prepare(other, out, size=8).count)

    with pytest.raises(KnownError, match="is already there; choose another folder"):
        prepare(source, out, size=8, progress=Progress(report))
    prepare(out, tmp_path / "again", size=8)
    assert (counts, len(rows(tmp_path / "again"))) == ([1], 1)
    assert {one.name for one in tmp_path.iterdir()} == {"s", "other", name, "again"}


STOPPED = """
import os, resource, signal, sys
from pathlib import Path
from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from training.data.prepare import prepare

source, out = Path(sys.argv[1]), Path(sys.argv[2])

def in_child(act):
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    return os.waitpid(child, 0)[1]

for kill_at in range(1, 21):
    def report(fraction):
        if round(fraction * 20) >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    status = in_child(lambda: prepare(source, out, size=8, progress=Progress(report)))
    assert os.WTERMSIG(status) == signal.SIGKILL and not out.exists(), kill_at

def full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # as if the disk were full
    try:
        prepare(source, out, size=8)
    except KnownError as error:
        assert "can't be written" in str(error) and "free some space" in str(error), error
        os._exit(7)

assert os.waitstatus_to_exitcode(in_child(full)) == 7 and not out.exists()
prepare(source, out, size=8)  # and what they left does not stand in the way
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_or_out_of_space_it_leaves_no_dataset(tmp_path: Path) -> None:
    source = filled(tmp_path / "s", {f"{n}.png": png(n) for n in range(20)})
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, source, tmp_path / "out"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read_dataset(tmp_path / "out").count == 20


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 1500):  # both by processes
        np.save(tmp_path / f"{count}.npy", np.zeros((count, 64, 64, 3), np.uint8) + 9)
        tracemalloc.start()
        prepare(tmp_path / f"{count}.npy", tmp_path / f"out{count}", size=64, workers=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2_000_000  # the pictures alone are 18 MB


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"count": 5}, "don't add up"),
        ({"classes": [{"name": "moon", "count": 1}]}, "don't add up"),
        ({"format": 2}, "format"),
        ({"channels": 4}, "channels"),
        ({"width": 10**9}, "width"),
        ({"extra": 1}, "extra"),
        ({"content_sha256": "x"}, "content_sha256"),
    ],
    ids=str,
)
def test_a_card_that_cannot_be_true_is_refused(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    content = json.loads((GOLDEN / "dataset.json").read_bytes()) | change
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(KnownError, match=complaint):
        read_dataset(tmp_path)


def test_a_dataset_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="is not a dataset"):
        read_dataset(tmp_path)
    card = (GOLDEN / "dataset.json").read_text()
    (tmp_path / "dataset.json").write_text(card)
    with pytest.raises(KnownError, match=r"lacks its shard records-00000\.tfrecord"):
        read_dataset(tmp_path)
    (tmp_path / "dataset.json").write_text(card.replace("records-0", "../records-0"))
    with pytest.raises(KnownError, match="lies outside"):
        read_dataset(tmp_path)


def test_a_card_comes_back_as_it_was_written() -> None:
    card = read_dataset(GOLDEN)
    assert DatasetCard.model_validate_json(card.model_dump_json()) == card
    golden = json.loads((GOLDEN / "dataset.json").read_bytes())
    assert card.model_dump(mode="json") == {**golden, "prepared": None}
