"""The golden models, opened as the commands open them, and the script that makes them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from explorer.models.generator import Generator
from explorer.models.library import Library
from explorer.upscale.upscaler import Upscalers

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def library() -> Library:
    return Library([GOLDEN])


@pytest.fixture(scope="session")
def dcgan(library: Library) -> Generator:
    return library.open("golden-dcgan")


@pytest.fixture(scope="session")
def upscalers() -> Upscalers:
    """Lanczos only: it is always there, and at once."""
    return Upscalers([])


@pytest.fixture(scope="session")
def make_bundles() -> ModuleType:
    return _script(GOLDEN / "make_bundles.py")


@pytest.fixture(scope="session")
def exports() -> ModuleType:
    return _script(Path(__file__).parent / "dying_exports.py")


def _script(path: Path) -> ModuleType:
    """Import a file that lies in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
