"""What goes into the frozen app and the container, as far as it shows without building them."""

import configparser
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"


@pytest.fixture(scope="module")
def freeze() -> ModuleType:
    spec = importlib.util.spec_from_file_location("freeze", PACKAGING / "freeze.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_file_that_is_opened_goes_to_where_it_will_be_looked_for(freeze: ModuleType) -> None:
    data = {path.relative_to(ROOT).as_posix(): folder.as_posix() for path, folder in freeze.data()}
    assert data["explorer/gallery/names.txt"] == "explorer/gallery"
    upscaler = "exported_models/upscalers/realesrgan-x4plus.onnx"
    assert data[upscaler] == "exported_models/upscalers"
    assert not any(name.endswith((".py", ".pyc")) for name in data)
    assert not any(name.startswith("training") for name in data)


def test_what_is_not_needed_is_taken_out_with_the_links_to_it(
    freeze: ModuleType, tmp_path: Path
) -> None:
    network = tmp_path / "PySide6/Qt/lib/libQt6Network.so.6"
    core = tmp_path / "PySide6/Qt/lib/libQt6Core.so.6"
    core.parent.mkdir(parents=True)
    network.touch()
    core.touch()
    (tmp_path / "PySide6/Qt/qml/deep").mkdir(parents=True)
    if sys.platform != "win32":
        (tmp_path / "libQt6Network.so.6").symlink_to(network)
        (tmp_path / "libQt6Core.so.6").symlink_to(core)
    freeze.slim(tmp_path)
    left = {path.name for path in tmp_path.rglob("*") if not path.is_dir()}
    assert left == {"libQt6Core.so.6"}
    assert not (tmp_path / "PySide6/Qt/qml").exists()


def test_the_container_copies_only_what_is_sent_to_it_and_runs_as_nobody_special() -> None:
    lines = (PACKAGING / "docker" / "Dockerfile").read_text().splitlines()
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    sources = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert set(sources) <= allowed
    assert all((ROOT / source).exists() for source in sources)
    assert "USER trainer" in lines
    assert lines.index("USER trainer") > max(
        number for number, line in enumerate(lines) if line.startswith("RUN")
    )


def test_the_desktop_entry_names_a_program_that_is_installed() -> None:
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]  # keys differ by case
    entry.read(PACKAGING / "linux" / "masquerade.desktop")
    fields = entry["Desktop Entry"]
    assert fields["Exec"] in (ROOT / "pyproject.toml").read_text()
    assert fields["Categories"].endswith(";")
    assert re.fullmatch(r"[\w.-]+", fields["Icon"])
