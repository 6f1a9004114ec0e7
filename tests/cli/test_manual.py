import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "make_manual.py"


@pytest.fixture(scope="module")
def make_manual() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_manual", SCRIPT)
    if spec is None or spec.loader is None:
        raise ImportError(f"{SCRIPT} is gone")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_says_what_the_commands_say(make_manual: ModuleType) -> None:
    written = make_manual.MANUAL.read_text(encoding="utf-8")

    assert written == make_manual.manual(), "run: python docs/make_manual.py"


def test_the_manual_has_every_command_and_no_hidden_option(make_manual: ModuleType) -> None:
    text = make_manual.manual()

    for name in ("explorer export", "explorer models show", "explorer-train run"):
        assert f"`{name}`" in text
    assert "selftest" not in text
