"""The two commands: what they would do, and that the pins fit the project."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "packaging" / "setup.sh"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs GNU make")


def make(*words: str, cwd: Path = ROOT) -> str:
    run = subprocess.run(["make", *words], cwd=cwd, capture_output=True, text=True, check=True)
    return run.stdout


def pins() -> dict[str, str]:
    lines = (ROOT / "packaging" / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_make_alone_tells_what_can_be_made() -> None:
    for target in ("app", "test", "check", "bundle", "bench", "docs", "clean"):
        assert re.search(rf"^make {target} ", make(), re.MULTILINE)


def test_an_environment_that_is_up_to_date_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / ".app").touch()
    (tmp_path / ".test").touch()
    for target in ("app", "test", "check"):
        assert "setup.sh environment" not in make("-n", target, f"VENV={tmp_path}")


def test_new_pins_make_the_environment_again(tmp_path: Path) -> None:
    (tmp_path / ".app").touch()
    os.utime(tmp_path / ".app", (0, 0))
    assert f"environment {tmp_path} app\n" in make("-n", "app", f"VENV={tmp_path}")


def test_every_dependency_is_pinned_and_no_pin_names_a_host() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + [
        line for extra in ("app", "train", "bundle", "dev") for line in extras[extra]
    ]
    names = {plain(re.split(r"[<>=\[; ]", line)[0]) for line in wanted}
    assert names <= {plain(name) for name in pins()}
    assert all(re.fullmatch(r"[\w.]+", version) for version in pins().values())


def test_python_that_is_too_old_is_answered_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3.11"
    old.write_text("#!/bin/sh\nexit 1\n")  # as pyenv's stand-in does
    old.chmod(0o755)
    run = subprocess.run(
        ["bash", SETUP, "environment", tmp_path / "venv", "app"],
        env={"PATH": os.environ["PATH"], "PYTHON": str(old)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("No Python 3.11, 3.12 or 3.13 is here;")
    assert run.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a display is always there")
def test_without_a_display_the_journey_goes_without_a_window(tmp_path: Path) -> None:
    explorer = tmp_path / "bin" / "explorer"
    explorer.parent.mkdir()
    explorer.write_text('#!/bin/sh\necho "explorer $@"\n')
    explorer.chmod(0o755)

    def app(**environment: str) -> str:
        run = subprocess.run(
            ["bash", SETUP, "app", tmp_path],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    assert app(DISPLAY=":0") == "explorer \n"
    assert app(WAYLAND_DISPLAY="wayland-0") == "explorer \n"
    without = app().splitlines()
    assert "no display" in without[0]
    assert "explorer export --seeds 0-47" in without[1]
    assert "--set-aside" in without[1]  # else an update that brings another model ends the journey


def test_no_registry_host_is_named_where_the_project_is_set_up() -> None:
    files = [ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / "pyproject.toml"]
    files += [path for path in (ROOT / "packaging").rglob("*") if path.is_file()]
    for path in files:
        text = path.read_text(errors="replace")
        assert not re.search(r"index-url|find-links|pypi\.org|pythonhosted", text), path
