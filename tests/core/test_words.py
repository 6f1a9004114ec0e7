import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.errors import KnownError
from explorer.core.words import last_words


def test_what_the_world_did_is_said_on_one_line_that_steers_no_terminal() -> None:
    assert last_words(KnownError("a\x1b[2J\nb.png is cut off."), "explorer") == (
        "a�[2J b.png is cut off."
    )


_TWO_MISTAKES = """
from explorer.core.words import last_words
last_words(ValueError("\\udcff one"), "explorer")
print(last_words(ValueError("two"), "explorer"))
"""


def test_our_mistakes_are_written_down_one_after_the_other(tmp_path: Path) -> None:
    # A process of its own: pytest's workers can't pass on a log that is no Unicode.
    told = subprocess.run(
        [sys.executable, "-c", _TWO_MISTAKES, "doctor"],
        env={**os.environ, "MASQUERADE_HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    log = tmp_path / "masquerade.log"
    assert told.stdout == f"Something is wrong on our side; please send us the end of {log}.\n"
    assert told.stderr == ""
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
