"""``explorer upscalers``: what makes pictures larger."""

from typing import Annotated

import typer

from explorer.cli.screen import give_json, give_table, tell

app = typer.Typer(help="The upscalers that are installed.", no_args_is_help=True)


@app.command("list")
def list_upscalers(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """List what --upscale may name; Lanczos is always there.

    Example:
      explorer upscalers list
    """
    from explorer.upscale.upscaler import Upscalers
    from explorer.upscale.weights import folders, problems

    upscalers = Upscalers()
    rows = [(name, upscalers.title(name)) for name in upscalers.ids()]
    if as_json:
        give_json([{"id": name, "title": title} for name, title in rows])
    else:
        give_table(("id", "title"), rows)
    for problem in problems(folders()):
        tell(problem)
