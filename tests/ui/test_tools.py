"""The panel on the right, under a hand that means something else."""

from collections import Counter

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QSlider, QWidget

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


class _Witness(QObject):
    """Counts what every widget is told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[QEvent.Type] = Counter()
        self.painted: set[QWidget] = set()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if isinstance(watched, QWidget):
            self.seen[event.type()] += 1
            if event.type() == QEvent.Type.Paint:
                self.painted.add(watched)
        return False


def _drag(room: Room, slider: QSlider, app: QApplication) -> _Witness:
    witness = _Witness()
    slider.setSliderDown(True)
    slider.setValue(slider.value() - 1)
    room.until_painted()  # what a first step changes, such as the name of the undo; back at its start it is none
    app.installEventFilter(witness)
    for _ in range(5):
        slider.setValue(slider.value() - 1)
        room.until_painted()
    app.removeEventFilter(witness)
    slider.setSliderDown(False)
    return witness


def test_a_drag_lays_nothing_out_and_renames_no_button(room: Room, qapp: QApplication) -> None:
    room.studio.pin("a", Seed(seed=1))
    room.studio.pin("b", Seed(seed=2))
    room.show_seed(3)
    room.until(lambda: room.window.tools.pins.b.image is not None)

    for slider in (room.window.tools.pins.slider, room.window.tools.truncation):
        seen = _drag(room, slider, qapp).seen
        assert seen[QEvent.Type.Paint]
        assert not seen[QEvent.Type.ToolTipChange], slider
        assert not seen[QEvent.Type.LayoutRequest], slider


def test_the_easel_alone_is_painted_where_it_hangs(room: Room, qapp: QApplication) -> None:
    room.show_seed(1)
    room.window.canvas.repaint()  # with all that was still to be painted elsewhere
    witness = _Witness()
    qapp.installEventFilter(witness)
    room.window.canvas.repaint()
    qapp.removeEventFilter(witness)

    assert witness.painted == {room.window.canvas}
