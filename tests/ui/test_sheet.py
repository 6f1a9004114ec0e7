"""The sheet of seeds: clicked, wandered through, and reached by number."""

import pytest
from PySide6.QtCore import Qt

from explorer.latent.expression import Seed
from explorer.latent.seeds import MAX_SEED

from .conftest import Room


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
