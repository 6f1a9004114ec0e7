"""Everything a person can do, listed once; menus, keys, buttons and the cheat sheet read this."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from explorer.studio.studio import Studio

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Generic[S]):
    """Something a person can do. Stays true whichever toolkit shows it."""

    id: str
    title: str
    menu: str
    run: Callable[[S], None]
    shortcut: str | None = None
    is_possible: Callable[[S], bool] = lambda studio: True
    is_on: Callable[[S], bool] | None = None
    """Whether a tick stands before it; None for what is done rather than switched."""
    in_kiosk: bool = False
    ends_group: bool = False
    """A line is drawn below it in its menu."""


def _summons(place: str) -> Callable[[Studio], None]:
    return lambda studio: studio.summoned(place)


def _placing(index: int) -> Callable[[Studio], None]:
    return lambda studio: studio.place(index)


def _has_picture(studio: Studio) -> bool:
    return studio.state.shown is not None


def _has_pins(studio: Studio) -> bool:
    return studio.state.pin_a is not None and studio.state.pin_b is not None


ACTIONS: tuple[Action[Studio], ...] = (
    Action(
        id="open",
        title="Open picture…",
        menu="File",
        shortcut="Ctrl+O",
        run=_summons("open"),
    ),
    Action(
        id="save",
        title="Save to the gallery",
        menu="File",
        shortcut="Ctrl+S",
        run=lambda studio: studio.save(),
        is_possible=_has_picture,
        in_kiosk=True,
        ends_group=True,
    ),
    Action(id="quit", title="Quit", menu="File", shortcut="Ctrl+Q", run=_summons("quit")),
    Action(
        id="undo",
        title="Undo",
        menu="Edit",
        shortcut="Ctrl+Z",
        run=lambda studio: studio.undo(),
        is_possible=lambda studio: studio.history.undo_label is not None,
    ),
    Action(
        id="redo",
        title="Redo",
        menu="Edit",
        shortcut="Ctrl+Shift+Z",
        run=lambda studio: studio.redo(),
        is_possible=lambda studio: studio.history.redo_label is not None,
        ends_group=True,
    ),
    Action(
        id="copy",
        title="Copy the picture",
        menu="Edit",
        shortcut="Ctrl+C",
        run=_summons("copy"),
        is_possible=_has_picture,
    ),
    Action(
        id="expression",
        title="Type an expression",
        menu="Edit",
        shortcut="Ctrl+L",
        run=_summons("expression"),
    ),
    Action(
        id="name",
        title="Name the picture",
        menu="Edit",
        shortcut="Ctrl+N",
        run=_summons("name"),
        is_possible=_has_picture,
    ),
    Action(
        id="suggest",
        title="Suggest a name",
        menu="Edit",
        shortcut="Ctrl+Shift+N",
        run=lambda studio: studio.suggest_title(),
        is_possible=_has_picture,
        ends_group=True,
    ),
    Action(
        id="find",
        title="Search the gallery",
        menu="Edit",
        shortcut="Ctrl+F",
        run=_summons("search"),
    ),
    Action(
        id="go",
        title="Go to a seed",
        menu="Edit",
        shortcut="Ctrl+G",
        run=_summons("seed"),
    ),
    Action(
        id="random",
        title="Random seed",
        menu="Picture",
        shortcut="R",
        run=lambda studio: studio.show_random_seed(),
        in_kiosk=True,
        ends_group=True,
    ),
    Action(
        id="pin-a",
        title="Pin as A",
        menu="Picture",
        shortcut="A",
        run=lambda studio: studio.pin("a"),
        is_possible=_has_picture,
    ),
    Action(
        id="pin-b",
        title="Pin as B",
        menu="Picture",
        shortcut="B",
        run=lambda studio: studio.pin("b"),
        is_possible=_has_picture,
    ),
    Action(
        id="play",
        title="Play between A and B",
        menu="Picture",
        shortcut="P",
        run=_summons("play"),
        is_possible=_has_pins,
    ),
    Action(
        id="swap",
        title="Swap A and B",
        menu="Picture",
        shortcut="S",
        run=lambda studio: studio.swap_pins(),
        is_possible=_has_pins,
        ends_group=True,
    ),
    *(
        Action(
            id=f"place-{index + 1}",
            title=f"Put in {name} of A − B + C",
            menu="Picture",
            shortcut=str(index + 1),
            run=_placing(index),
            is_possible=_has_picture,
            ends_group=index == 2,
        )
        for index, name in enumerate("ABC")
    ),
    Action(
        id="upscale",
        title="Upscale",
        menu="Picture",
        shortcut="U",
        run=lambda studio: studio.upscale(),
        is_possible=lambda studio: _has_picture(studio) and not studio.state.upscale,
    ),
    Action(
        id="plain",
        title="Back to the picture as painted",
        menu="Picture",
        shortcut="Shift+U",
        run=lambda studio: studio.stop_upscaling(),
        is_possible=lambda studio: bool(studio.state.upscale),
        ends_group=True,
    ),
    Action(
        id="compare",
        title="Before and after",
        menu="View",
        shortcut="V",
        run=_summons("compare"),
        is_possible=lambda studio: studio.has_upscaled,
    ),
    Action(
        id="fit",
        title="Fit the picture",
        menu="View",
        shortcut="F",
        run=_summons("fit"),
    ),
    Action(
        id="crisp",
        title="Crisp pixels",
        menu="View",
        shortcut="C",
        run=lambda studio: studio.set(crisp=not studio.settings.crisp),
        is_on=lambda studio: studio.settings.crisp,
    ),
    Action(
        id="wall",
        title="Another wall",
        menu="View",
        shortcut="W",
        run=lambda studio: studio.next_wall(),
        ends_group=True,
    ),
    Action(
        id="seeds",
        title="Seeds",
        menu="View",
        shortcut="Ctrl+1",
        run=lambda studio: studio.set(side="seeds", spread=False),
        is_on=lambda studio: studio.settings.side == "seeds",
    ),
    Action(
        id="gallery",
        title="Gallery",
        menu="View",
        shortcut="Ctrl+2",
        run=lambda studio: studio.set(side="gallery"),
        is_on=lambda studio: studio.settings.side == "gallery",
    ),
    Action(
        id="spread",
        title="Spread the gallery out",
        menu="View",
        shortcut="Ctrl+3",
        run=lambda studio: studio.set(side="gallery", spread=not studio.settings.spread),
        is_on=lambda studio: studio.settings.side == "gallery" and studio.settings.spread,
        ends_group=True,
    ),
    Action(
        id="theme",
        title="Light or dark",
        menu="View",
        shortcut="Ctrl+D",
        run=_summons("theme"),
    ),
    Action(
        id="follow",
        title="Light as the system is",
        menu="View",
        run=lambda studio: studio.set(theme="system"),
        is_on=lambda studio: studio.settings.theme == "system",
    ),
    Action(
        id="fullscreen",
        title="Full screen",
        menu="View",
        shortcut="F11",
        run=_summons("fullscreen"),
    ),
    Action(
        id="keys",
        title="Keys",
        menu="Help",
        shortcut="F1",
        run=_summons("keys"),
    ),
)


def action(id: str) -> Action[Studio]:
    """The one action with this id; KeyError if there is none."""
    return _BY_ID[id]


def keys_as_table() -> str:
    """The last part of the manual: what each key does, in Markdown."""
    rows = [f"| {each.title} | `{each.shortcut}` |" for each in ACTIONS if each.shortcut]
    return "\n".join(["| does | key |", "|---|---|", *rows]) + "\n"


_BY_ID = {each.id: each for each in ACTIONS}
