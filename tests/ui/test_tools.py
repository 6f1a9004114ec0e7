"""The panel on the right, under a hand that means something else."""

from explorer.latent.expression import Seed

from .conftest import Room, wheel


def test_the_wheel_scrolls_the_tools_and_turns_no_control_it_passes(room: Room) -> None:
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    window, tools = room.window, room.window.tools
    window.resize(1000, 480)
    tools.kinds.addItems(["plain", "horned", "round"])
    tools._kind.show()
    window.bar.models.addItems(["one", "another"])
    room.until(lambda: tools.verticalScrollBar().maximum() > 0)
    before = room.state, tools.kinds.currentIndex(), window.bar.models.currentIndex()
    controls = (tools.truncation, tools.pins.slider, *tools.arithmetic.weights, tools.kinds)

    for control in controls:
        window.canvas.setFocus()
        tools.ensureWidgetVisible(control)
        stood = tools.verticalScrollBar().value()
        wheel(control, 120 if stood else -120)
        assert tools.verticalScrollBar().value() != stood, control
        assert not control.hasFocus()
    wheel(window.bar.models, -120)

    after = room.state, tools.kinds.currentIndex(), window.bar.models.currentIndex()
    assert after == before


def test_the_wheel_turns_the_control_that_was_chosen(room: Room) -> None:
    tools = room.window.tools
    before = room.state.psi

    tools.truncation.setFocus()
    wheel(tools.truncation, -120)
    weight = tools.arithmetic.weights[0]
    weight.setFocus()
    wheel(weight, 120)

    assert room.state.psi < before
    assert weight.value() > 1.0
