"""``explorer models add`` and ``check``, as a person calls them."""

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adopting-onnx.md").read_text(encoding="utf-8")


def _strangers() -> ModuleType:
    path = ROOT / "tests" / "models" / "strangers.py"
    spec = importlib.util.spec_from_file_location("strangers", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is gone")
    module = importlib.util.module_from_spec(spec)
    sys.modules["strangers"] = module
    spec.loader.exec_module(module)
    return module


strangers: Any = _strangers()
Stranger: Any = strangers.Stranger


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page talks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moons.onnx").write_bytes(Stranger(z_rank=4, batch=1, opset=13).bytes)
    digits = Stranger(
        label="number", flat=True, channels=1, range="0,1", height=28, width=28, classes=10
    )
    (tmp_path / "digits.onnx").write_bytes(digits.bytes)
    return tmp_path


def test_the_commands_of_the_page_do_what_it_says(here: Path, explorer: Any, home: Path) -> None:
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
    ]
    for line in lines:
        ran = explorer(*shlex.split(line)[1:])
        assert ran.status == 0, (line, ran.err)
        assert "✓" in ran.out
    told = explorer("models", "show", "digits", "--json").json
    assert told["classes"][:2] == ["class 0", "class 1"]
    assert (told["width"], told["channels"], told["licence"]) == (28, 1, "MIT")
    moons = json.loads((home / "models" / "moons" / "card.json").read_text())
    assert (moons["title"], moons["credits"]) == ("Moons", ["Ada Example"])
    assert explorer("export", "--model", "moons", "--seeds", "0-2", "--out", "out").status == 0
    assert len(list(Path("out").glob("*.png"))) == 3


def test_what_it_asks_is_one_sentence_with_the_option(here: Path, explorer: Any) -> None:
    asked = explorer("models", "add", "digits.onnx", "--licence", "MIT", "--classes", "10")
    assert asked.status == 1
    assert "--size WxH" in asked.sentence
    looked = explorer("models", "check", "digits.onnx", "--classes", "10")
    assert looked.status == 0
    assert "--size WxH" in looked.out


def test_a_licence_has_to_be_said(here: Path, explorer: Any) -> None:
    ran = explorer("models", "add", "moons.onnx")
    assert ran.status == 2
    assert "--licence" in ran.err
    assert "unknown" in ran.err


def test_an_id_never_means_two(here: Path, explorer: Any) -> None:
    ran = explorer("models", "add", "moons.onnx", "--licence", "MIT", "--id", "golden-dcgan")
    assert ran.status == 1
    assert "choose another --id" in ran.sentence


@pytest.mark.parametrize("id", ["../moons", "a/b", "Moons", "", "x" * 65, "x" * 300, "moons\n"])
def test_an_id_that_leads_elsewhere_is_refused(
    here: Path, explorer: Any, home: Path, id: str
) -> None:
    ran = explorer("models", "add", "moons.onnx", "--licence", "MIT", f"--id={id}")
    assert ran.status == (0 if id == "" else 1), ran.err
    assert {each.name for each in (home / "models").iterdir()} <= {"golden-dcgan", "moons"}
    if id:
        assert "choose another --id" in ran.sentence


def test_a_title_of_nothing_is_the_files_name(here: Path, explorer: Any) -> None:
    ran = explorer("models", "add", "moons.onnx", "--licence", "MIT", "--title", " ")
    assert "Added moons as moons" in ran.out


@pytest.mark.parametrize("classes", ["0", "sun,,moon", ",", "99999999", "a,b, a"])
def test_classes_that_are_none_are_wrong_usage(here: Path, explorer: Any, classes: str) -> None:
    ran = explorer("models", "check", "digits.onnx", "--classes", classes)
    assert ran.status == 2
    assert "--classes" in ran.err


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="sees the child as Linux does")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_the_trial_and_adds_nothing(here: Path, home: Path, presses: int) -> None:
    Path("slow.onnx").write_bytes(strangers.slow().SerializeToString())
    command = [sys.executable, "-m", "explorer.cli", "models", "add"]
    running = subprocess.Popen(
        [*command, "slow.onnx", "--licence", "MIT"],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    while not children.read_text():
        assert running.poll() is None
    for _ in range(presses):
        running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"Traceback" not in said
    assert [each.name for each in (home / "models").iterdir()] == ["golden-dcgan"]


def test_a_hostile_file_is_refused_in_one_line(here: Path, explorer: Any) -> None:
    Path("moons.onnx").write_bytes(Path("moons.onnx").read_bytes()[:-40])
    for command in (["add", "moons.onnx", "--licence", "MIT"], ["check", "moons.onnx"]):
        ran = explorer("models", *command)
        assert ran.status == 1
        assert "moons.onnx" in ran.sentence
