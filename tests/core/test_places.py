import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core import places


def test_a_chosen_home_holds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path))
    assert places.home() == tmp_path
    for place in (
        places.gallery_folder(),
        places.models_folder(),
        places.settings_file(),
        places.log_file(),
    ):
        assert place.parent == tmp_path
        assert not place.exists()


@pytest.mark.parametrize("chosen", [None, ""])
def test_without_a_choice_home_is_the_persons_own(
    chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MASQUERADE_HOME", raising=False)
    if chosen is not None:
        monkeypatch.setenv("MASQUERADE_HOME", chosen)
    assert places.home().is_absolute()
    assert places.home().name == "masquerade"


def test_a_tilde_and_a_relative_home_become_whole_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASQUERADE_HOME", "~/things")
    assert places.home() == Path("~/things").expanduser()
    monkeypatch.setenv("MASQUERADE_HOME", "things")
    assert places.home() == Path.cwd() / "things"


def test_the_core_is_light_to_import() -> None:
    code = (
        "import sys, explorer.core.places, explorer.core.progress, explorer.core.latest,"
        " explorer.core.history, explorer.core.errors, explorer.core.npz;"
        "heavy = {'numpy', 'pydantic', 'PIL', 'onnxruntime', 'PySide6'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, check=True)
