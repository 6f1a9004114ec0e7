import sys
from pathlib import Path

import pytest

from explorer.core.errors import KnownError
from explorer.core.words import last_words


def test_what_the_world_did_is_said_on_one_line_that_steers_no_terminal() -> None:
    assert last_words(KnownError("a\x1b[2J\nb.png is cut off."), "explorer") == (
        "a�[2J b.png is cut off."
    )


def test_our_mistakes_are_written_down_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["explorer", "doctor"])

    first = last_words(ValueError("\udcff one"), "explorer")
    last_words(ValueError("two"), "explorer")

    log = tmp_path / "masquerade.log"
    assert first == f"Something is wrong on our side; please send us the end of {log}."
    written = log.read_text(encoding="utf-8")
    assert [written.count(w) for w in ("explorer doctor failed", "one", "two")] == [2, 1, 1]


def test_a_mistake_that_no_log_can_hold_is_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "file"))

    said = last_words(ValueError("three"), "explorer")

    assert said.endswith("please send us what stands above.")
    assert "ValueError: three" in capsys.readouterr().err
