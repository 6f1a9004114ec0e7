"""What words and menus are told while a hand drags."""

from explorer.latent.expression import Seed
from explorer.studio.session import SessionState
from explorer.ui.steady import Steadily

from .conftest import Room


def test_a_drag_is_told_now_and_then_and_its_last_state_always(room: Room) -> None:
    steady = Steadily(room.studio, room.window)
    heard: list[SessionState] = []
    steady.changed.connect(heard.append)
    drag = object()

    room.studio.show(Seed(seed=1))
    assert heard == [room.state]  # stands alone: at once
    heard.clear()
    for seed in range(100, 150):
        room.studio.show(Seed(seed=seed), gesture=drag)

    assert heard[0].shown == Seed(seed=100)
    assert len(heard) < 50
    room.until(lambda: heard[-1] == room.state)


def test_what_follows_a_drag_is_told_at_once_and_once(room: Room) -> None:
    steady = Steadily(room.studio, room.window)
    drag = object()
    room.studio.show(Seed(seed=1), gesture=drag)
    room.studio.show(Seed(seed=2), gesture=drag)
    heard: list[SessionState] = []
    steady.changed.connect(heard.append)

    room.studio.show(Seed(seed=3))
    room.until(lambda: not steady._timer.isActive())

    assert heard == [room.state]
