"""``explorer models``: what is installed, and what it says about itself."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli import adoption
from explorer.cli.screen import give, give_json, give_table

if TYPE_CHECKING:
    from explorer.models.library import Entry

app = typer.Typer(help="The models that are installed.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
) -> None:
    """List every model, those that can't be opened too, with what is wrong with them.

    Example:
      explorer models list
    """
    from explorer.models.library import Library, user_folder

    entries = Library().entries()
    if as_json:
        give_json([_told(entry) for entry in entries])
    elif entries:
        give_table(("id", "title", "pixels", "kind", "what else"), [_row(e) for e in entries])
    else:
        give(f"No models; put a bundle's folder or zip into {user_folder()}.")


@app.command("show")
def show_model(
    model: Annotated[str, typer.Argument(help="A model's id, or the path of a bundle.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole card, as JSON.")] = False,
) -> None:
    """Show a model's card: what it paints, what it was trained on, its licence.

    Every file of the model is checked on the way.

    Example:
      explorer models show masks-64-r2
    """
    from explorer.models.library import Library

    generator = Library().open(model)
    card = generator.card
    told = card.model_dump(mode="json") | {"painting_hash": generator.painting_hash}
    if as_json:
        give_json(told)
        return
    trained = card.training
    rows = [
        ("id", card.id),
        ("title", card.title),
        ("description", card.description),
        ("pixels", _pixels(told)),
        ("kind", card.architecture),
        ("space", f"{card.space}, {card.dim} numbers"),
        ("classes", ", ".join(card.classes)),
        ("licence", card.licence),
        ("credits", "; ".join(card.credits)),
        ("trained on", "" if trained is None else _trained_on(told["training"])),
        ("metrics", ", ".join(f"{key} {value}" for key, value in card.metrics.items())),
        ("painting hash", generator.painting_hash),
    ]
    give_table(("", ""), [row for row in rows if row[1]])


app.command("add")(adoption.add_model)
app.command("check")(adoption.check_model)
app.command("probe", hidden=True)(adoption.probe)


def _told(entry: "Entry") -> dict[str, Any]:
    card = None if entry.card is None else entry.card.model_dump(mode="json")
    return {"path": str(entry.path), "card": card, "problem": entry.problem}


def _row(entry: "Entry") -> tuple[str, ...]:
    if entry.card is None:
        return (entry.path.name, "", "", "", entry.problem or "")
    card = entry.card
    told = card.model_dump(mode="json")
    classes = f"{len(card.classes)} classes, " if card.classes else ""
    what_else = entry.problem or classes + card.licence
    return (card.id, card.title, _pixels(told), card.architecture, what_else)


def _pixels(card: dict[str, Any]) -> str:
    grey = ", grey" if card["channels"] == 1 else ""
    return f"{card['width']} × {card['height']}{grey}"


def _trained_on(training: dict[str, Any]) -> str:
    dataset = training["dataset"]
    return (
        f"{dataset['name']}, {dataset['count']:,} pictures ({dataset['licence']}); "
        f"{training['images_seen']:,} seen"
    )
