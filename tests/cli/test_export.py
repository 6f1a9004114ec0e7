import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.gallery.names import names as shipped_names
from explorer.gallery.pictures import read_caption

Explorer = Callable[..., Any]
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != ".lock"}


def test_seeds_become_named_pictures_with_a_page(explorer: Explorer, tmp_path: Path) -> None:
    out = tmp_path / "out"

    ran = explorer(
        *("export", "--model", "golden-dcgan", "--seeds", "0-3,9", "--names", "shipped"),
        *("--upscale", "lanczos", "--upscale-first", 2, "--size", "40x20"),
        *("--creator", "Ada", "--rights", "CC0", "--out", out),
    )

    assert ran.status == 0
    assert "5 pictures are in" in ran.sentence
    pictures = sorted(out.glob("*.png"))
    assert [path.name[:6] for path in pictures] == [
        "000000",
        "000001",
        "000002",
        "000003",
        "000009",
    ]
    caption = read_caption(pictures[0])
    assert (caption.title, caption.creator, caption.rights) == (shipped_names()[0], "Ada", "CC0")
    assert (out / "index.html").read_text(encoding="utf-8").count("<img") >= 5
    assert explorer("verify", *pictures).status == 0


def test_words_that_are_no_text_lose_only_what_no_file_can_hold(
    explorer: Explorer, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("--creator", "A\udcffda", "--rights", "\udcff", "--title", "Mo\udcffon")

    ran = explorer("export", "--model", "golden-dcgan", "--seeds", "0", *words, "--out", out)

    assert ran.status == 0
    assert read_caption(out / "000000.png").creator == "Ada"
    assert "<title>Moon</title>" in (out / "index.html").read_text(encoding="utf-8")


def test_the_same_command_again_does_nothing(explorer: Explorer, tmp_path: Path) -> None:
    command = ("export", "--model", "golden-dcgan", "--seeds", "0-2", "--out", tmp_path / "out")
    explorer(*command)
    before = files(tmp_path / "out")

    again = explorer(*command)

    assert (again.status, files(tmp_path / "out")) == (0, before)
    assert "already" in again.sentence


def test_another_export_is_set_aside_only_when_asked_and_never_changed(
    explorer: Explorer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out, first, second = tmp_path / "out", tmp_path / "out-1", tmp_path / "out-2"
    command = ("export", "--seeds", "0-2", "--out", "out")
    explorer(*command, "--model", "golden-dcgan")
    painted = files(out)
    shutil.move(home / "models" / "golden-dcgan", tmp_path / "older")
    shutil.copytree(GOLDEN / "stylegan2-bundle", home / "models" / "golden-stylegan2")
    other = (*command, "--model", "golden-stylegan2")

    assert "asked for otherwise (model:" in explorer(*other).sentence
    assert files(out) == painted

    ran = explorer(*other, "--set-aside")
    assert (ran.status, files(first)) == (0, painted)
    assert str(first) in ran.err
    again = files(out)
    assert explorer(*other, "--set-aside").status == 0
    assert (files(out), second.exists()) == (again, False)

    (out / "export.json").write_text('{"format": 2}')
    assert explorer(*other, "--set-aside").status == 0
    assert (files(first), files(out)) == (painted, again)
    assert (second / "export.json").read_text() == '{"format": 2}'


def test_the_folder_a_person_is_in_is_not_set_aside_from_under_them(
    explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "below").mkdir(parents=True)
    (here / "notes.txt").touch()

    for where, out in ((here, "."), (here, here), (here / "below", "..")):
        monkeypatch.chdir(where)
        ran = explorer(
            *("export", "--model", "golden-dcgan", "--seeds", "1", "--out", out, "--set-aside")
        )
        assert ran.status == 1
        assert "while you are in it" in ran.sentence
        assert sorted(path.name for path in here.iterdir()) == ["below", "notes.txt"]
    assert not (tmp_path / "here-1").exists()


def test_a_manifest_is_exported_again_larger(explorer: Explorer, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    explorer("export", "--model", "golden-dcgan", "--seeds", "0-2", "--out", small)

    ran = explorer(
        "export", "--recipes", small / "manifest.jsonl", "--size", "64x64", "--out", large
    )

    assert ran.status == 0
    lines = [json.loads(line) for line in (large / "manifest.jsonl").read_text().splitlines()]
    assert [line["title"] for line in lines] == ["Seed 0", "Seed 1", "Seed 2"]
    assert {(line["width"], line["height"]) for line in lines} == {(64, 64)}


def test_fewer_names_than_pictures_fall_back_to_seeds(explorer: Explorer, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Moon Child\n")

    ran = explorer(
        *("export", "--model", "golden-dcgan", "--seeds", "7-9"),
        *("--names", names, "--out", tmp_path / "out"),
    )

    assert ran.status == 0
    assert "1 names for 3 pictures" in ran.err
    found = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert found == ["000007-moon-child.png", "000008.png", "000009.png"]


_STOPPED = """
import signal, sys
renamed = 0
def hear(event, arguments):
    global renamed
    if event == "os.rename" and str(arguments[1]).endswith(".png"):
        renamed += 1
        if renamed == 3:
            signal.raise_signal(signal.SIGINT)
sys.addaudithook(hear)
sys.argv[0] = "explorer"
from explorer.cli import main
main()
"""


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(
    explorer: Explorer, home: Path, tmp_path: Path
) -> None:
    asked = ("export", "--model", "golden-dcgan", "--seeds", "0-199")
    stopped = subprocess.run(
        [sys.executable, "-c", _STOPPED, *asked, "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert stopped.returncode == 130
    assert "Stopped" in stopped.stderr
    assert "the same command goes on" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    kept = len(list((tmp_path / "out").glob("*.png")))
    assert 0 < kept < 200
    assert not list((tmp_path / "out").glob(".beside-*"))

    explorer(*asked, "--out", tmp_path / "out")
    explorer(*asked, "--out", tmp_path / "peaceful")
    assert files(tmp_path / "out") == files(tmp_path / "peaceful")


WRONG = {
    "no seeds": ["--out", "out"],
    "seeds that are words": ["--seeds", "all", "--out", "out"],
    "seeds backwards": ["--seeds", "9-3", "--out", "out"],
    "a seed too large": ["--seeds", "4294967296", "--out", "out"],
    "negative seeds": ["--seeds", "-5", "--out", "out"],
    "too many seeds": ["--seeds", "0-4294967295", "--out", "out"],
    "seeds and recipes": ["--seeds", "1", "--recipes", "r.jsonl", "--out", "out"],
    "a model for recipes": ["--model", "golden-dcgan", "--recipes", "r.jsonl", "--out", "out"],
    "a truncation for recipes": [
        *("--truncation", "1", "--recipes", "r.jsonl", "--out", "out"),
    ],
    "no folder": ["--seeds", "1"],
    "no size": ["--seeds", "1", "--size", "large", "--out", "out"],
    "size nothing": ["--seeds", "1", "--size", "0x0", "--out", "out"],
    "size of a wall": ["--seeds", "1", "--size", "100000x100000", "--out", "out"],
    "size of a long wall": ["--seeds", "1", "--size", "16000x16000", "--out", "out"],
    "truncation nan": ["--seeds", "1", "--truncation", "nan", "--out", "out"],
    "truncation far": ["--seeds", "1", "--truncation", "9", "--out", "out"],
    "fewer than none": ["--seeds", "1", "--upscale-first", "-1", "--out", "out"],
    "an unknown option": ["--seeds", "1", "--frames", "3", "--out", "out"],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_told_and_nothing_is_written(
    wrong: list[str], explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ran = explorer("export", *wrong)

    assert ran.status == 2
    assert "Usage" in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


FAILING = {
    "pictures of a wall": (
        ["--model", "golden-dcgan", "--seeds", "1", "--upscale", ",".join(["lanczos"] * 7)],
        "too large",
    ),
    "an unknown model": (["--model", "nobody", "--seeds", "1"], "no model 'nobody'"),
    "an unknown upscaler": (["--seeds", "1", "--upscale", "magic"], "no upscaler 'magic'"),
    "names that are gone": (["--seeds", "1", "--names", "gone.txt"], "gone.txt can't be read"),
    "names that are no text": (["--seeds", "1", "--names", "bytes"], "not UTF-8"),
    "recipes that are gone": (["--recipes", "gone.jsonl"], "gone.jsonl can't be read"),
    "a bad line": (["--recipes", "bad.jsonl"], "bad.jsonl, line 1, can't be used"),
    "a folder of models": (["--model", ".", "--seeds", "1"], "card.json"),
}


@pytest.mark.parametrize(("asked", "said"), FAILING.values(), ids=FAILING.keys())
def test_what_the_world_lacks_is_one_sentence_and_nothing_is_written(
    asked: list[str],
    said: str,
    explorer: Explorer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    (tmp_path / "bad.jsonl").write_text("{}\n")

    ran = explorer("export", *asked, "--out", "out")

    assert ran.status == 1
    assert said in ran.sentence
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_written_is_one_sentence(
    explorer: Explorer, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    for out in (tmp_path / "file", tmp_path / "file" / "below", "/proc/none"):
        ran = explorer("export", "--model", "golden-dcgan", "--seeds", "1", "--out", out)
        assert ran.status == 1
        assert str(out) in ran.sentence


def test_a_title_can_not_steer_the_terminal(explorer: Explorer, tmp_path: Path) -> None:
    ran = explorer("export", "--seeds", "1", "--names", "\x1b[2J\ngone", "--out", tmp_path / "o")

    assert ran.status == 1
    assert "\x1b" not in ran.sentence
