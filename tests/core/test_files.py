import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from explorer.core.errors import KnownError
from explorer.core.files import (
    BESIDE,
    inside,
    parse_json,
    read_json,
    sha256,
    write_bytes,
    written_whole,
)


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int


def test_what_is_written_is_whole_and_alone(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"old")
    write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


def half_written(path: Path, failure: Exception) -> None:
    with written_whole(path) as beside:
        beside.write_bytes(b"half")
        raise failure


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"old")
    with pytest.raises(ZeroDivisionError):
        half_written(tmp_path / "a.bin", ZeroDivisionError())
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"old")
    with pytest.raises(KnownError, match="No space left on device; free some") as refusal:
        half_written(tmp_path / "a.bin", OSError(28, "No space left on device"))
    assert str(tmp_path / "a.bin") in str(refusal.value)
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="can't be written"):
        write_bytes(tmp_path / "none" / "a.bin", b"")


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Literal
from explorer.core.files import written_whole
with written_whole(Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_killed_while_writing_leaves_the_old_file_and_a_stray_one(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"old")
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "a.bin"],
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    strays = [file for file in tmp_path.iterdir() if file.name != "a.bin"]
    assert [file.name.startswith(BESIDE) for file in strays] == [True]


def test_json_is_read_or_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text('{"number": 3}')
    assert read_json(tmp_path / "page.json", Page).number == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "can't be used"),
        (b"\xff", "can't be used"),
        (b'{"number": "many"}', "number:"),
        (b'{"number": 1, "more": 2}', "more:"),
        (b"[" * 100_000, "can't be used"),
    ],
)
def test_json_from_a_stranger_is_refused_in_one_sentence(
    tmp_path: Path, text: bytes, sentence: str
) -> None:
    (tmp_path / "page.json").write_bytes(text)
    with pytest.raises(KnownError, match=sentence) as refusal:
        read_json(tmp_path / "page.json", Page)
    assert str(refusal.value).startswith(str(tmp_path / "page.json"))
    assert "\n" not in str(refusal.value)


def test_json_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="No such file"):
        read_json(tmp_path / "none.json", Page)


def test_text_is_called_by_its_name() -> None:
    with pytest.raises(KnownError, match=r"^the recipe can't be used"):
        parse_json("{", Page, name="the recipe")


def test_a_hash_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/../../x", "/etc/passwd", "a\0b"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KnownError):
        inside(tmp_path / "in", name)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(KnownError, match="outside"):
        inside(tmp_path / "in", "link/x")


def test_plain_names_are_resolved(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b.png") == tmp_path.resolve() / "a" / "b.png"


@pytest.mark.parametrize("text", ['{"format": 2, "new": 0}', '{"within": {"format": 2}}'])
def test_a_file_of_a_format_we_do_not_know_asks_for_an_update(text: str) -> None:
    class Inner(BaseModel):
        format: Literal[1] = 1

    class Outer(Inner):
        model_config = ConfigDict(extra="forbid")
        within: Inner = Inner()

    with pytest.raises(KnownError, match=r"^recipe can't be used: it is of format 2, .*; update"):
        parse_json(text, Outer, name="recipe")
