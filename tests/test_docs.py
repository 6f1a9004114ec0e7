"""Every command in the README and the manual's pages is one that the programs understand."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import explorer.cli
import training.cli

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
PROGRAMS: dict[str, Any] = {
    "explorer": typer.main.get_command(explorer.cli.app),
    "explorer-train": typer.main.get_command(training.cli.app),
}


def commands(text: str) -> Iterator[str]:
    """The lines of a page's blocks that call one of our programs."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"(\S*/)?explorer(-train)?\b(?![/.])", line):
                yield line


TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
LINES = [(page, line) for page, text in TEXTS.items() for line in commands(text)]


def understood(line: str) -> None:
    """Parse a line as its program does, and run nothing.

    Raises:
        Exception: one of click's, with what is wrong with it.
    """
    program, *words = shlex.split(line, comments=True)
    command = PROGRAMS[Path(program).name]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands") and words and not words[0].startswith("-"):
        raise ValueError(f"No such command {words[0]}")
    command.make_context(program, words)


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{p.stem}: {each}" for p, each in LINES])
def test_a_command_of_the_docs_is_understood(page: Path, line: str) -> None:
    understood(line)


def test_the_pages_hold_commands_of_both_programs() -> None:
    assert len(LINES) > 30
    assert {Path(line.split()[0]).name for _, line in LINES} == set(PROGRAMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_that_is_named_in_passing_exists(page: Path) -> None:
    for span in re.findall(r"`(explorer(?:-train)?(?: [^`]+)?)`", TEXTS[page]):
        try:
            understood(span)
        except Exception as error:
            if type(error).__name__ not in ("MissingParameter", "NoArgsIsHelpError"):
                raise  # only what it needs may go unsaid


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("explorer exprot --seeds 1 --out x", "No such command"),
        ("explorer models shwo x", "No such command"),
        ("explorer export --seeds 1 --uot x", "No such option"),
        ("explorer export --seeds 1", "(?i)missing"),
        ("explorer-train prepare a b --size large", "valid int"),
        ("explorer-train run a b --out c", "unexpected extra argument"),
    ],
)
def test_a_command_that_is_none_would_be_found(line: str, wrong: str) -> None:
    with pytest.raises(Exception, match=wrong):
        understood(line)
