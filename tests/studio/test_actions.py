"""The manual, the menus and the keys say the same."""

from pathlib import Path

from explorer.studio.actions import ACTIONS, action, keys_as_table

MANUAL = Path(__file__).parents[2] / "docs" / "studio.md"


def test_the_manual_lists_every_key() -> None:
    assert MANUAL.read_text(encoding="utf-8").endswith(keys_as_table())


def test_every_action_has_its_own_id_and_key() -> None:
    assert len({each.id for each in ACTIONS}) == len(ACTIONS)
    keys = [each.shortcut for each in ACTIONS if each.shortcut]
    assert len(set(keys)) == len(keys)


def test_an_action_is_found_by_its_id() -> None:
    assert all(action(each.id) is each for each in ACTIONS)
