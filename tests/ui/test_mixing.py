"""Pins, places and weights: pictures made of pictures, by hand."""

from PySide6.QtCore import QMimeData, Qt

from explorer.latent.expression import Seed

from .conftest import Room, drop

LEFT = Qt.MouseButton.LeftButton


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
