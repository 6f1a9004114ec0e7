"""Write ``docs/manual.md`` from the commands' own help: ``python docs/make_manual.py``."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

import explorer.cli
import training.cli

MANUAL = Path(__file__).with_name("manual.md")

HEAD = """# The commands

This page is written from the commands' own help by `docs/make_manual.py`; change the help, not
the page. `explorer` paints, keeps and shows; `explorer-train` makes the models. Every command
exits with 0 when it is done, 1 when the work failed, 2 when it was called wrongly and 130 after
Ctrl-C.
"""


def manual() -> str:
    """The whole page."""
    parts = [HEAD]
    for app in (explorer.cli.app, training.cli.app):
        command: Any = typer.main.get_command(app)
        parts += _command(command, str(command.name), depth=2)
    return "\n".join(parts)


def _command(command: Any, name: str, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} `{name}`\n"
    yield from _help(command.help or "")
    yield from _parameters(command)
    for below in getattr(command, "commands", {}).values():
        if not below.hidden:
            yield from _command(below, f"{name} {below.name}", depth + 1)


def _help(text: str) -> Iterator[str]:
    """Paragraphs as they are; what stands indented under ``Example`` becomes code."""
    prose, _, example = re.sub(r"\[/?\w+\]", "", inspect.cleandoc(text)).partition("Example:\n")
    for paragraph in prose.strip().split("\n\n"):
        yield paragraph.strip() + "\n"
    if example:
        code = [line.strip() for line in example.splitlines() if line.strip()]
        yield "\n".join(["```sh", *code, "```\n"])


def _parameters(command: Any) -> Iterator[str]:
    """A table of arguments and options."""
    rows = [
        f"| {_called(each)} | {_cell(each.help or '')} | {_default(each)} |"
        for each in command.params
        if not getattr(each, "hidden", False) and each.name != "help"
    ]
    if rows:
        yield "\n".join(["| option | what | default |", "|---|---|---|", *rows]) + "\n"


def _called(parameter: Any) -> str:
    metavar = f" {parameter.metavar}" if parameter.metavar else ""
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).upper()}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{name}{metavar}`" for name in names)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    default = parameter.default
    if default is None or default is False or default == "" or callable(default):
        return ""
    return f"`{_cell(str(getattr(default, 'value', default)))}`"


def _cell(text: str) -> str:
    plain = re.sub(r"\[/?\w+\]", "", text)
    return " ".join(plain.split()).replace("|", "\\|")


if __name__ == "__main__":
    MANUAL.write_text(manual(), encoding="utf-8")
