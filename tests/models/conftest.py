"""The golden bundles, and copies of them to spoil."""

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


class Spoiled:
    """A copy of a golden bundle, and ways to make it lie."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def card(self, **changes: Any) -> None:
        card = json.loads((self.path / "card.json").read_bytes()) | changes
        (self.path / "card.json").write_text(json.dumps(card))

    def file(self, name: str, content: bytes) -> None:
        """Replace a file and put its true hash on the card, as a stranger would."""
        (self.path / name).write_bytes(content)
        card = json.loads((self.path / "card.json").read_bytes())
        card["files"][name] = hashlib.sha256(content).hexdigest()
        (self.path / "card.json").write_text(json.dumps(card))


@pytest.fixture
def dcgan(tmp_path: Path) -> Spoiled:
    return Spoiled(Path(shutil.copytree(GOLDEN / "dcgan-bundle", tmp_path / "dcgan")))


@pytest.fixture
def stylegan2(tmp_path: Path) -> Spoiled:
    return Spoiled(Path(shutil.copytree(GOLDEN / "stylegan2-bundle", tmp_path / "stylegan2")))


@pytest.fixture(scope="session")
def make_bundles() -> ModuleType:
    """The script that made the golden bundles; test folders are no packages to import from."""
    spec = importlib.util.spec_from_file_location("make_bundles", GOLDEN / "make_bundles.py")
    if spec is None or spec.loader is None:
        raise ImportError("tests/golden/make_bundles.py is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
