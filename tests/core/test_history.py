from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import integers

from explorer.core.history import History


def test_undo_and_redo_name_what_they_do() -> None:
    history = History("blank")
    assert history.undo() is None
    assert history.redo() is None
    history.commit("red", "paint red")
    assert (history.undo_label, history.redo_label) == ("paint red", None)
    assert history.undo() == "paint red"
    assert history.state == "blank"
    assert (history.undo_label, history.redo_label) == (None, "paint red")
    assert history.redo() == "paint red"
    assert history.state == "red"


def test_a_new_edit_forgets_what_was_undone() -> None:
    history = History(0)
    history.commit(1, "one")
    history.undo()
    history.commit(2, "two")
    assert history.redo() is None
    assert history.state == 2


def test_a_drag_undoes_as_one() -> None:
    history = History(0)
    history.commit(1, "before")
    for place in (2, 3, 4):
        history.commit(place, "drag", gesture="a")
    history.commit(5, "drag", gesture="b")
    assert [history.undo(), history.state] == ["drag", 4]
    assert [history.undo(), history.state] == ["drag", 1]
    history.redo()
    assert history.state == 4


def test_a_gesture_that_comes_back_leaves_no_step_behind() -> None:
    history = History("")
    history.commit("b", "before")
    for title in ("ba", "b"):
        history.commit(title, "typing", gesture="t")
    assert (history.state, history.undo_label) == ("b", "before")
    history.commit("bc", "typing", gesture="t")
    assert [history.undo(), history.state] == ["typing", "b"]
    assert [history.undo(), history.state] == ["before", ""]


class Remembering(RuleBasedStateMachine):
    """History against a plain list of states and a place in it."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(0)
        self.states, self.at = [0], 0

    @rule(state=integers())
    def commit(self, state: int) -> None:
        self.history.commit(state, str(state))
        self.states = [*self.states[: self.at + 1], state]
        self.at += 1

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self) -> None:
        assert self.history.undo() == str(self.states[self.at])
        self.at -= 1

    @precondition(lambda self: self.at < len(self.states) - 1)
    @rule()
    def redo(self) -> None:
        self.at += 1
        assert self.history.redo() == str(self.states[self.at])

    @invariant()
    def is_where_the_list_is(self) -> None:
        assert self.history.state == self.states[self.at]
        assert (self.history.undo_label is None) == (self.at == 0)
        assert (self.history.redo_label is None) == (self.at == len(self.states) - 1)


TestRemembering = Remembering.TestCase
TestRemembering.settings = settings(max_examples=25, stateful_step_count=25)
