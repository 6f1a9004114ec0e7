"""``explorer``: the studio, and everything that needs no window.

Nothing heavy is imported here or by the modules that describe the commands, so that help comes
at once, and comes where Qt or ONNX Runtime are broken or missing.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

import explorer
from explorer.cli import doctor, export, models, pictures, upscalers, windows
from explorer.cli.screen import never_fail, tell
from explorer.core.words import last_words

app = typer.Typer(
    name="explorer",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(windows.kiosk)
app.command()(export.export)
app.command()(pictures.upscale)
app.command()(pictures.verify)
app.add_typer(models.app, name="models")
app.add_typer(upscalers.app, name="upscalers")
app.command()(doctor.doctor)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"masquerade {explorer.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The model that the studio opens, by id or path."),
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder where the studio keeps pictures.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Which it is.")
    ] = False,
    selftest: Annotated[bool, typer.Option("--selftest", hidden=True)] = False,
) -> None:
    """Open a generator, wander through it, keep what you find.

    Without a command the studio opens.

    Example:
      explorer

      explorer --model masks-64-r2
    """
    if selftest:
        raise typer.Exit(windows.selftest())
    if context.invoked_subcommand is None:
        raise typer.Exit(windows.studio(model, gallery))
    if model is not None or gallery is not None:
        raise typer.BadParameter(
            f"write it behind {context.invoked_subcommand}; before it, it is for the studio",
            param_hint="--model" if model is not None else "--gallery",
        )


def main() -> None:
    """Run the command of this process. Exits 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C."""
    never_fail()
    try:
        app(prog_name="explorer")
    except Exception as error:  # noqa: BLE001 - what is our mistake goes to the log, whole
        tell(last_words(error, "explorer"))
        sys.exit(1)
