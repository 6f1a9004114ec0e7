"""The window, used as a person uses it."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollBar,
)
from pytestqt.qtbot import QtBot

from explorer.latent.expression import Between, Mean, Seed
from explorer.latent.seeds import MAX_SEED
from explorer.models.library import Library
from explorer.studio.hands import Hands
from explorer.studio.settings import Settings, read_settings
from explorer.studio.studio import Studio
from explorer.studio.workroom import Workroom
from explorer.ui.app import open_studio
from explorer.ui.bridge import Post
from explorer.ui.window import Window

from .conftest import GOLDEN, MODEL, Room, drop

LEFT = Qt.MouseButton.LeftButton


def test_a_clicked_seed_hangs_on_the_easel(room: Room) -> None:
    room.show_seed(7)

    assert room.state.shown == Seed(seed=7)
    assert room.window.canvas.picture is not None
    assert room.window.bar.expression.text() == "@7"


def test_arrows_wander_through_the_sheet(room: Room) -> None:
    room.show_seed(7)

    room.qtbot.keyClick(room.window.sheet.grid, Qt.Key.Key_Right)
    room.until_painted()

    assert room.state.shown == Seed(seed=8)


def test_the_sheet_paints_what_is_in_view_and_goes_on_without_end(room: Room) -> None:
    seeds, grid = room.window.sheet.seeds, room.window.sheet.grid
    room.until(lambda: seeds.picture(0) is not None)
    assert seeds.picture(200) is None  # far below

    before = seeds.rowCount()
    for _ in range(3):
        grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum())
        room.until(lambda: True)

    room.until(lambda: seeds.rowCount() > before)
    last = grid.rows_in_view()[1] - 1
    room.until(lambda: seeds.picture(seeds.seed(last)) is not None)


def test_a_seed_far_away_is_reached_by_its_number(room: Room) -> None:
    room.ctrl(Qt.Key.Key_G)
    room.qtbot.keyClicks(room.window.sheet.go, "1000000")
    room.qtbot.keyClick(room.window.sheet.go, Qt.Key.Key_Return)
    room.until_painted()

    assert room.state.shown == Seed(seed=1_000_000)
    assert room.window.sheet.seeds.row(1_000_000) is not None


@pytest.mark.parametrize(
    ("typed", "seed"), [("4000000000", 4_000_000_000), ("9999999999", MAX_SEED)]
)
def test_every_seed_there_is_can_be_reached(room: Room, typed: str, seed: int) -> None:
    go = room.window.sheet.go
    go.setFocus()
    room.qtbot.keyClicks(go, typed)
    room.qtbot.keyClick(go, Qt.Key.Key_Return)
    room.until_painted()

    assert room.state.shown == Seed(seed=seed)
    assert room.window.sheet.grid.currentIndex().data() == f"@{seed}"


def test_r_brings_a_random_seed(room: Room) -> None:
    room.key(Qt.Key.Key_R)
    room.until_painted()

    assert isinstance(room.state.shown, Seed)


def test_a_walk_between_two_pins_undoes_as_one_step(room: Room) -> None:
    room.show_seed(1)
    room.key(Qt.Key.Key_A)
    room.show_seed(2)
    room.key(Qt.Key.Key_B)
    before = room.state
    slider = room.window.tools.pins.slider
    assert slider.isEnabled()

    slider.setSliderDown(True)
    for value in range(500, 300, -20):
        slider.setValue(value)
    slider.setSliderDown(False)
    room.until_painted()

    room.until(lambda: room.window.bar.expression.text() == "mix(@1, @2, 0.32)")
    room.ctrl(Qt.Key.Key_Z)
    assert room.state == before
    assert slider.value() == 500


def test_play_moves_the_picture_until_it_is_stopped_and_undoes_as_one(room: Room) -> None:
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    before = room.state

    room.key(Qt.Key.Key_P)
    room.until(lambda: abs(room.state.t - before.t) > 0.01)
    playing = [room.window.tools.pins.is_playing]
    room.key(Qt.Key.Key_P)
    playing.append(room.window.tools.pins.is_playing)

    assert playing == [True, False]
    room.studio.undo()
    assert room.state == before


def test_choosing_another_picture_ends_the_play(room: Room) -> None:
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    room.key(Qt.Key.Key_P)
    room.until(lambda: room.studio.question is not None)

    room.show_seed(5)

    assert not room.window.tools.pins.is_playing
    assert room.state.shown == Seed(seed=5)


def test_pictures_dropped_on_three_places_make_a_sum(room: Room) -> None:
    places = room.window.tools.arithmetic.places

    for place, seed in zip(places, (6, 2, 7), strict=True):
        assert drop(place, Seed(seed=seed))
    room.until_painted()

    assert room.window.bar.expression.text() == "@6 - @2 + @7"
    room.until(lambda: all(place.image is not None for place in places))


def test_weights_are_dialled_and_a_visit_undoes_as_one(room: Room) -> None:
    arithmetic = room.window.tools.arithmetic
    drop(arithmetic.places[0], Seed(seed=6))
    drop(arithmetic.places[1], Seed(seed=2))
    before = room.state
    weight = arithmetic.weights[1]

    weight.setFocus()
    for _ in range(4):
        room.qtbot.keyClick(weight, Qt.Key.Key_Up)

    room.until(lambda: room.window.bar.expression.text() == "@6 - 0.6 * @2")
    room.ctrl(Qt.Key.Key_Z)
    assert room.state == before
    assert weight.value() == -1.0


def test_an_empty_place_takes_what_is_shown_and_delete_empties_it(room: Room) -> None:
    room.show_seed(4)
    place = room.window.tools.pins.a

    room.qtbot.mouseClick(place, LEFT)
    assert room.state.pin_a == Seed(seed=4)
    room.qtbot.keyClick(place, Qt.Key.Key_Delete)

    assert room.state.pin_a is None


def test_a_filled_place_shows_its_picture(room: Room) -> None:
    room.studio.pin("a", Seed(seed=4))
    room.show_seed(9)

    room.qtbot.mouseClick(room.window.tools.pins.a, LEFT)
    room.until_painted()

    assert room.state.shown == Seed(seed=4)


def test_a_picture_dropped_on_the_easel_is_shown(room: Room) -> None:
    room.show_seed(9)
    room.studio.pin("a", Seed(seed=4))
    seeds, canvas = room.window.sheet.seeds, room.window.canvas

    assert drop(canvas, seeds.mimeData([seeds.index(7)]))
    room.until_painted()
    assert room.state.shown == Seed(seed=7)
    from_pin = room.window.tools.pins.a.expression
    assert from_pin is not None
    assert drop(canvas, from_pin)
    room.until_painted()

    assert room.state.shown == Seed(seed=4)
    stranger = QMimeData()
    stranger.setText("@12")
    assert not drop(canvas, stranger)


def test_what_is_no_picture_of_ours_can_not_be_dropped(room: Room) -> None:
    mime = QMimeData()
    mime.setData("application/x-masquerade-expression", b'{"op": "seed", "seed": -1}')

    assert not drop(room.window.tools.pins.a, mime)
    assert room.state.pin_a is None


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


def test_light_turns_dark_and_back(room: Room) -> None:
    room.show_seed(1)
    before = room.window.grab().toImage().pixelColor(5, 300).lightness()

    room.ctrl(Qt.Key.Key_D)
    after = room.window.grab().toImage().pixelColor(5, 300).lightness()

    assert before > 200
    assert after < 60
    assert room.studio.settings.theme == "dark"


def test_another_model_is_chosen_and_undone(room: Room) -> None:
    room.show_seed(2)
    models = room.window.bar.models
    other = models.findData("golden-stylegan2")

    models.setCurrentIndex(other)
    models.activated.emit(other)
    room.until_painted()
    assert room.state.model == "golden-stylegan2"
    room.ctrl(Qt.Key.Key_Z)

    assert room.state.model == MODEL
    assert models.currentData() == MODEL


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


def test_f1_shows_every_key(room: Room) -> None:
    room.key(Qt.Key.Key_F1)
    sheets = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
    (sheet,) = sheets
    sheet.close()


def test_every_control_says_what_it_is(room: Room) -> None:
    for kind in (QAbstractButton, QAbstractSlider, QComboBox, QLineEdit):
        for control in room.window.findChildren(kind):
            inner = control.objectName().startswith("qt_") or isinstance(control, QScrollBar)
            if inner or isinstance(control.parent(), (QComboBox, QLineEdit)):
                continue
            named = control.accessibleName() or getattr(control, "text", str)()
            assert named, control


def test_the_window_remembers_what_was_on_the_easel(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    first = Room(home, qtbot)
    first.show_seed(5)
    first.key(Qt.Key.Key_U)
    first.until_painted()
    first.ctrl(Qt.Key.Key_D)
    first.ctrl(Qt.Key.Key_2)
    first.close()

    settings, sentence = read_settings(first.settings_file)
    assert sentence is None
    second = Room(home, qtbot, settings)
    second.until_painted()

    assert second.state.shown == Seed(seed=5)
    assert second.studio.settings.theme == "dark"
    assert not second.state.upscale  # a start doesn't begin with an upscaler
    focus = second.window.focusWidget()
    assert focus is second.window.canvas  # and not with a field that swallows the first key
    second.close()


def test_what_hangs_on_the_easel_is_written_before_the_window_is_closed(
    room: Room, qtbot: QtBot
) -> None:
    room.window.rested.setInterval(0)
    room.show_seed(5)
    room.ctrl(Qt.Key.Key_D)
    room.until(room.settings_file.exists)
    room.until(lambda: not room.window.rested.isActive())

    settings, sentence = read_settings(room.settings_file)  # as after a power cut

    assert sentence is None
    assert settings.session is not None
    assert settings.session.shown == Seed(seed=5)
    assert settings.theme == "dark"


def test_nothing_is_written_while_a_hand_is_on_a_slider(room: Room) -> None:
    room.show_seed(5)
    window, slider = room.window, room.window.tools.truncation

    slider.setSliderDown(True)
    slider.setValue(60)
    window.rested.timeout.emit()
    assert not room.settings_file.exists()
    assert window.rested.isActive()  # it is tried again

    slider.setSliderDown(False)
    window.rested.timeout.emit()
    settings, _ = read_settings(room.settings_file)
    assert settings.session is not None
    assert settings.session.psi == 0.6


def test_settings_that_can_not_be_written_are_logged_once_and_tried_again(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.settings_file.mkdir()  # in the way
    for seed in (5, 6):
        room.show_seed(seed)
        room.window.rested.timeout.emit()
    assert caplog.text.count("settings not written") == 1
    assert not room.complaints

    room.settings_file.rmdir()
    room.window.rested.timeout.emit()

    assert room.settings_file.is_file()


def test_a_broken_model_is_listed_and_can_not_be_chosen(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    broken = home / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{")
    room = Room(home, qtbot, folders=[GOLDEN, home / "models"])
    models = room.window.bar.models

    at = models.findText("broken", Qt.MatchFlag.MatchContains)
    before = room.state
    models.activated.emit(at)

    assert at >= 0
    assert not models.model().flags(models.model().index(at, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert room.state == before
    room.close()


def test_a_model_named_by_its_path_is_opened(home: Path, qtbot: QtBot, qapp: QApplication) -> None:
    window, studio = open_studio(str(GOLDEN / "dcgan-bundle"))
    complaints: list[str] = []
    studio.complained.connect(complaints.append)
    window.show()
    studio.start()
    qtbot.waitUntil(lambda: bool(studio.entries))

    assert studio.state.model == MODEL
    assert not complaints
    qtbot.waitUntil(lambda: window.canvas.picture is not None)
    window.close()
    window.deleteLater()


def test_no_model_at_all_is_an_invitation_and_not_a_crash(
    home: Path, qtbot: QtBot, qapp: QApplication
) -> None:

    post = Post()
    studio = Studio(
        Workroom(library=lambda: Library([home])), Hands.threads(), post, settings=Settings()
    )
    listed: list[bool] = []
    studio.models_listed.connect(lambda: listed.append(True))
    window = Window(studio, home / "settings.json")
    window.show()
    studio.start()
    qtbot.waitUntil(lambda: bool(listed))

    studio.show_seed(1)

    assert window.canvas.picture is None
    window.close()
    window.deleteLater()


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


def test_turning_to_the_gallery_and_back_leaves_letters_commands(room: Room) -> None:
    room.window.sheet.grid.setFocus()

    room.studio.set(side="gallery")
    assert room.window.focusWidget() is room.window.gallery.grid
    room.studio.set(side="seeds")
    assert room.window.focusWidget() is room.window.sheet.grid
    room.studio.set(side="gallery")
    room.until(room.window.gallery.hint.isVisible)

    assert not isinstance(room.window.focusWidget(), QLineEdit)


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


def test_escape_leaves_the_full_screen(room: Room) -> None:
    room.studio.summoned("fullscreen")
    assert room.window.isFullScreen()

    room.key(Qt.Key.Key_Escape)

    assert not room.window.isFullScreen()


def test_a_name_can_be_given_while_the_gallery_is_spread_out(room: Room) -> None:
    room.show_seed(1)
    room.studio.set(side="gallery", spread=True)

    room.studio.summoned("name")

    assert room.window.focusWidget() is room.window.plaque.title
    assert room.window.plaque.title.isVisible()
