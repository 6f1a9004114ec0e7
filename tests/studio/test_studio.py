"""What a studio offers, and how it tells what went wrong."""

import pytest

from explorer.studio.actions import ACTIONS, action

from .conftest import Desk, started


def test_our_own_mistakes_go_to_the_log_and_are_not_quoted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.studio.complain(ZeroDivisionError("internal detail"))

    (complaint,) = desk.complaints
    assert "internal detail" not in complaint
    assert "internal detail" in caplog.text


def test_every_action_that_is_possible_can_be_done(desk: Desk) -> None:
    started(desk)
    desk.studio.show_seed(1)
    for each in ACTIONS:
        if each.is_possible(desk.studio):
            each.run(desk.studio)
            desk.work()

    assert not desk.complaints


def test_an_empty_desk_offers_only_what_makes_sense(desk: Desk) -> None:
    possible = {each.id for each in ACTIONS if each.is_possible(desk.studio)}

    assert not possible & {"save", "undo", "redo", "pin-a", "play", "upscale", "compare"}
    assert {"random", "open", "keys", "quit"} <= possible


def test_walls_go_round(desk: Desk) -> None:
    walls = []
    for _ in range(4):
        action("wall").run(desk.studio)
        walls.append(desk.studio.settings.wall)

    assert sorted(walls) == ["black", "grey", "room", "white"]
