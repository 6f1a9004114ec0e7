"""What the how-to about exporting promises, tried as it is written."""

import re
import shlex
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "export.md").read_text(encoding="utf-8")


def _lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.slow
def test_every_command_of_the_page_does_what_it_says(
    explorer: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for line in _lines():
        if head := re.fullmatch(r"head -n (\d+) (\S+) > (\S+)", line):
            with Path(head[2]).open() as lines:
                Path(head[3]).write_text("".join(islice(lines, int(head[1]))))
            continue
        program, *words = shlex.split(line)
        assert program == "explorer"
        if words[0] == "export" and "--recipes" not in words:
            words += ["--model", "golden-dcgan"]  # 8 pixels: upscaling 64 takes a while
        given = [str(p) for w in words for p in (sorted(Path().glob(w)) if "*" in w else [w])]
        ran = explorer(*given)
        assert ran.status == 0, (line, ran.err, ran.out)

    assert len(list(Path("gallery").glob("*.png"))) == 48
    assert len(list(Path("print").glob("*.png"))) == 6
    assert {path.name for path in Path("print").iterdir() if path.suffix != ".png"} >= {
        "index.html",
        "manifest.jsonl",
        "export.json",
    }


def test_every_picture_of_the_page_is_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE)

    assert pictures
    assert all((DOCS / name).exists() for name in pictures)
