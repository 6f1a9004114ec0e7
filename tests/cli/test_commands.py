import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.models.library import Library

Explorer = Callable[..., Any]
ROOT = Path(__file__).parents[2]
COMMANDS: tuple[list[str], ...] = (
    [],
    ["export"],
    ["verify"],
    ["upscale"],
    ["doctor"],
    ["kiosk"],
    ["models"],
    ["models", "list"],
    ["models", "show"],
    ["upscalers", "list"],
)

_HELP = """
import sys
sys.argv = ["explorer", *sys.argv[1:], "--help"]
from explorer.cli import main
try:
    main()
finally:
    heavy = {"onnxruntime", "PySide6", "PIL", "numpy", "sqlite3"} & sys.modules.keys()
    print(sorted(heavy), file=sys.stderr)
"""

_WITHOUT_QT = """
import sys
class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NoQt())
sys.argv[0] = "explorer"
from explorer.cli import main
main()
"""


def _run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS[:2], ids=["explorer", "export"])
def test_help_comes_without_loading_anything_heavy(command: list[str]) -> None:
    ran = _run(_HELP, *command)

    assert ran.returncode == 0
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_teaches_by_an_example(command: list[str], explorer: Explorer) -> None:
    ran = explorer(*command, "--help")

    assert ran.status == 0
    if command != ["models"]:
        assert "Example" in ran.out
        assert " ".join(["explorer", *command]) in ran.out
    assert "selftest" not in ran.out


def test_without_qt_the_studio_says_how_to_get_it_and_the_rest_works(
    home: Path, tmp_path: Path
) -> None:
    studio = _run(_WITHOUT_QT)
    doctor = _run(_WITHOUT_QT, "doctor")
    out = str(tmp_path / "out")
    export = _run(_WITHOUT_QT, "export", "--model", "golden-dcgan", "--seeds", "1", "--out", out)

    assert studio.returncode == 1
    assert "pip install 'masquerade[app]'" in studio.stderr
    assert len(studio.stderr.splitlines()) == 1
    assert doctor.returncode == 0, doctor.stdout
    assert export.returncode == 0, export.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
@pytest.mark.parametrize("command", [[], ["kiosk"]], ids=["studio", "kiosk"])
def test_without_a_display_a_window_is_one_sentence(command: list[str], explorer: Explorer) -> None:
    ran = explorer(*command)

    assert ran.status == 1
    assert "no display" in ran.sentence


def test_the_version_is_told(explorer: Explorer) -> None:
    ran = explorer("--version")

    assert ran.status == 0
    assert ran.out.startswith("masquerade 0.")


def test_studio_options_before_a_command_are_wrong_usage(explorer: Explorer) -> None:
    assert explorer("--model", "golden-dcgan", "export", "--seeds", "1").status == 2
    assert explorer("nonsense").status == 2


def test_models_are_listed_with_what_is_wrong_with_them(explorer: Explorer, home: Path) -> None:
    broken = home / "models" / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{}")

    table, told = explorer("models", "list"), explorer("models", "list", "--json").json

    assert "3 classes, CC0-1.0" in table.out  # of the faces that ship
    assert "golden-dcgan" in table.out
    assert "broken" in table.out
    problems = {Path(entry["path"]).name: entry["problem"] for entry in told}
    assert problems["golden-dcgan"] is None
    assert "card.json" in problems["broken"]


def test_a_model_shows_its_card(explorer: Explorer, home: Path) -> None:
    told = explorer("models", "show", "golden-dcgan", "--json").json

    assert told["painting_hash"] == Library().open("golden-dcgan").painting_hash
    assert told["z_dim"] == 4
    assert "4 numbers" in explorer("models", "show", "golden-dcgan").out
    by_path = explorer("models", "show", home / "models" / "golden-dcgan")
    assert by_path.status == 0
    assert explorer("models", "show", "nobody").status == 1


def test_lanczos_is_always_listed(explorer: Explorer) -> None:
    assert explorer("upscalers", "list", "--json").json[-1]["id"] == "lanczos"
    assert "Lanczos" in explorer("upscalers", "list").out


def _exported(explorer: Explorer, out: Path) -> Path:
    explorer("export", "--model", "golden-dcgan", "--seeds", "4", "--out", out)
    return out / "000004.png"


@pytest.mark.parametrize("encoding", ["cp1252", "shift_jis"])
def test_results_can_be_written_where_output_is_not_unicode(
    encoding: str, explorer: Explorer, tmp_path: Path
) -> None:
    out = tmp_path / "夜 🌙"
    explorer("export", "--model", "golden-dcgan", "--seeds", 1, "--out", out)

    def piped(*command: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "explorer.cli", *command],
            capture_output=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert not ran.stderr
        return ran.stdout.decode(encoding)

    picture = str(out / "000001.png")
    assert piped("verify", picture).startswith("ok ")
    (told,) = json.loads(piped("verify", "--json", picture))
    assert (told["picture"], told["ok"]) == (picture, True)
    assert "ok" in piped("doctor")


def test_verify_judges_every_picture_and_fails_if_one_is_bad(
    explorer: Explorer, tmp_path: Path
) -> None:
    good, bad = _exported(explorer, tmp_path / "out"), tmp_path / "bad.png"
    bad.write_bytes(good.read_bytes()[:-30])

    ran = explorer("verify", bad, good, tmp_path / "gone.png")
    told = explorer("verify", "--json", bad, good).json

    assert ran.status == 1
    assert [line[0] for line in ran.out.splitlines()] == ["✗", "✓", "✗"]
    assert [each["ok"] for each in told] == [False, True]
    assert explorer("verify", good).status == 0
    assert explorer("verify").status == 2


def test_an_upscaled_picture_keeps_its_recipe_and_verifies(
    explorer: Explorer, tmp_path: Path
) -> None:
    small, large = _exported(explorer, tmp_path / "out"), tmp_path / "large.png"

    ran = explorer("upscale", small, "--upscale", "lanczos", "--size", "50x40", "--out", large)

    assert ran.status == 0
    assert "50 × 40" in explorer("verify", large).out
    again = explorer("upscale", small, "--upscale", "lanczos", "--out", large)
    assert again.status == 1
    assert "exists already" in again.sentence
    assert explorer("upscale", small, "--out", tmp_path / "large.jpg").status == 2
    assert explorer("upscale", tmp_path / "gone.png", "--out", tmp_path / "b.png").status == 1


def test_doctor_finds_a_whole_installation_well(explorer: Explorer, home: Path) -> None:
    ran = explorer("doctor", "--json")

    broken = [each for each in ran.json if each["state"] == "broken"]
    assert not broken
    assert ran.status == 0
    looked_at = {each["what"] for each in ran.json}
    assert {"onnxruntime", "model golden-dcgan", "gallery", "one picture", "window"} <= looked_at
    assert not (home / "gallery").exists()
    assert "one picture" in explorer("doctor").out


def test_doctor_names_what_is_broken_and_fails(explorer: Explorer, home: Path) -> None:
    graph = home / "models" / "golden-dcgan" / "synthesis.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    (home / "gallery").touch()

    ran = explorer("doctor", "--json")

    broken = {each["what"]: each["text"] for each in ran.json if each["state"] == "broken"}
    assert ran.status == 1
    assert "synthesis.onnx" in broken["model golden-dcgan"]
    assert "can't be written" in broken["gallery"]


def test_our_own_mistakes_go_to_the_log_with_a_sentence(
    explorer: Explorer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(library: Library) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Library, "entries", fail)

    ran = explorer("models", "list")

    assert ran.status == 1
    log = home / "masquerade.log"
    assert str(log) in ran.sentence
    assert "RuntimeError: a mistake of ours" in log.read_text()


def test_on_a_terminal_a_bar_comes_with_the_work_and_not_before_an_error(
    explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if standard error were a terminal
    command = ("export", "--model", "golden-dcgan", "--seeds", "4", "--out")

    refused = explorer(*command, tmp_path)
    done = explorer(*command, tmp_path / "out")

    assert "holds other files" in refused.sentence
    assert "1 of 1" in done.err
