"""The fields that are typed into: what is written stays, and slips are shown."""

import pytest
from PySide6.QtCore import Qt

from explorer.latent.expression import Between, Mean, Seed

from .conftest import MODEL, Room

LEFT = Qt.MouseButton.LeftButton


def test_a_typed_expression_is_shown(room: Room) -> None:
    field = room.window.bar.expression
    room.ctrl(Qt.Key.Key_L)
    room.qtbot.keyClicks(field, "mean(@1, @2) - @3")
    room.qtbot.keyClick(field, Qt.Key.Key_Return)
    room.until(lambda: room.state.shown is not None)
    room.until_painted()

    assert field.text() == "mean(@1, @2) - @3"


def test_a_slip_shows_its_sentence_and_the_column(room: Room) -> None:
    room.show_seed(1)
    bar = room.window.bar
    bar.expression.clear()
    room.qtbot.keyClicks(bar.expression, "@1 + banana")
    room.qtbot.keyClick(bar.expression, Qt.Key.Key_Return)
    room.until(lambda: bar.error.isVisible())

    assert "banana" in bar.error.text()
    assert "column" in bar.error.text()
    assert bar.expression.cursorPosition() == 5
    assert bar.expression.text() == "@1 + banana"  # nothing typed is lost
    room.qtbot.keyClick(bar.expression, Qt.Key.Key_Backspace)
    assert not bar.error.isVisible()


def test_letters_typed_into_a_field_are_no_commands(room: Room) -> None:
    room.show_seed(1)
    title = room.window.plaque.title
    title.setFocus()

    room.qtbot.keyClicks(title, "bar 12")

    assert title.text() == "bar 12"
    assert room.state.shown == Seed(seed=1)
    assert room.state.pin_a is None


def test_in_w_both_the_slider_and_the_text_go_the_straight_way(room: Room) -> None:
    room.studio.choose_model("golden-stylegan2")
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    field = room.window.bar.expression

    room.studio.travel(0.25)
    room.until_painted()
    straight = Between(path="lerp", start=Seed(seed=1), end=Seed(seed=2), t=0.25)
    assert room.state.shown == straight
    assert field.text() == "mix(@1, @2, 0.25)"
    room.show_seed(3)
    field.clear()
    room.qtbot.keyClicks(field, "mix(@1, @2, 0.25)")
    room.qtbot.keyClick(field, Qt.Key.Key_Return)
    room.until(lambda: room.state.shown == straight)

    room.studio.choose_model(MODEL)
    arc = Between(path="slerp", start=Seed(seed=1), end=Seed(seed=2), t=0.25)
    assert room.state.shown == arc
    assert field.text() == "mix(@1, @2, 0.25)"


def test_what_is_being_typed_outlasts_what_happens_meanwhile(room: Room) -> None:
    room.show_seed(1)
    field = room.window.bar.expression
    room.ctrl(Qt.Key.Key_L)
    room.qtbot.keyClicks(field, "mean(@1, ")

    room.studio.upscale()  # as if it had been asked for before
    room.until_painted()
    room.studio.show_seed(7)
    assert field.text() == "mean(@1, "
    room.qtbot.keyClicks(field, "@2)")
    room.qtbot.keyClick(field, Qt.Key.Key_Return)
    room.until(lambda: isinstance(room.state.shown, Mean))

    assert field.text() == "mean(@1, @2)"


def test_escape_leads_out_of_every_field(room: Room) -> None:
    room.show_seed(1)
    window = room.window
    fields = (window.bar.expression, window.plaque.title, window.sheet.go)
    for field in (*fields, *window.tools.arithmetic.weights):
        field.setFocus()
        room.qtbot.keyClick(field, Qt.Key.Key_Escape)
        assert window.focusWidget() is window.sheet.grid

    window.bar.expression.setFocus()
    room.qtbot.keyClicks(window.bar.expression, "nonsense")
    room.qtbot.keyClick(window.bar.expression, Qt.Key.Key_Escape)
    assert window.bar.expression.text() == "@1"


def test_escape_says_again_what_is_shown_by_now(room: Room) -> None:
    room.show_seed(1)
    room.show_seed(2)
    room.ctrl(Qt.Key.Key_L)
    room.qtbot.keyClicks(room.window.bar.expression, "x")
    room.qtbot.mouseClick(room.window.bar.undo, LEFT)
    room.until_painted()
    assert room.window.bar.expression.text() == "x"

    room.qtbot.keyClick(room.window.bar.expression, Qt.Key.Key_Escape)

    assert room.window.bar.expression.text() == "@1"
    room.studio.redo()
    assert room.window.bar.expression.text() == "@2"


@pytest.mark.parametrize("before", ['#"\U0001f319\U0001f319" + ', "  @1 + "])
def test_the_cursor_stands_where_the_slip_is(room: Room, before: str) -> None:
    room.show_seed(3)
    room.studio.name("\U0001f319\U0001f319")
    room.studio.save()
    room.until(lambda: bool(room.kept))
    field = room.window.bar.expression
    field.setText(before + "?")

    room.qtbot.keyClick(field, Qt.Key.Key_Return)
    room.until(lambda: room.window.bar.error.isVisible())

    field.end(True)
    assert field.selectedText() == "?"
