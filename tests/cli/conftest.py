"""Run the commands as a person does, in this process, with a home of their own."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from explorer.cli import main

GOLDEN = Path(__file__).parents[1] / "golden"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line on standard error, which is all that a known failure says."""
        (line,) = self.err.splitlines()
        return line


Explorer: TypeAlias = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with the golden DCGAN installed."""
    home = tmp_path / "home"
    shutil.copytree(GOLDEN / "dcgan-bundle", home / "models" / "golden-dcgan")
    monkeypatch.setenv("MASQUERADE_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def explorer(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Explorer:
    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["explorer", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        status = ended.value.code
        assert isinstance(status, int | None)
        return Ran(status or 0, said.out, said.err)

    return run
