"""Undo, for anything small enough to remember whole."""

from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Edit(Generic[S]):
    label: str
    before: S
    after: S
    gesture: object = None


class History(Generic[S]):
    """Remembers states, not how to reverse them, so no edit can undo itself wrongly."""

    def __init__(self, state: S) -> None:
        self._state = state
        self._done: list[Edit[S]] = []
        self._undone: list[Edit[S]] = []

    @property
    def state(self) -> S:
        return self._state

    def commit(self, after: S, label: str, *, gesture: object = None) -> None:
        """Step to ``after``. Steps of one ``gesture``, such as a drag, undo as one.

        A gesture that comes back to where it began leaves no step behind.
        """
        before = self._state
        if self._done and gesture is not None and self._done[-1].gesture == gesture:
            before = self._done.pop().before
            if after != before:
                self._done.append(Edit(label, before, after, gesture))
        else:
            self._done.append(Edit(label, before, after, gesture))
        self._undone.clear()
        self._state = after

    def undo(self) -> str | None:
        """Step back and give the label of what was undone, or None at the start."""
        if not self._done:
            return None
        edit = self._done.pop()
        self._undone.append(edit)
        self._state = edit.before
        return edit.label

    def redo(self) -> str | None:
        """Step forward again and give the label of what was done, or None at the end."""
        if not self._undone:
            return None
        edit = self._undone.pop()
        self._done.append(edit)
        self._state = edit.after
        return edit.label

    @property
    def gesture(self) -> object:
        """What the newest step is part of, such as a drag; None where it stands alone."""
        return self._done[-1].gesture if self._done else None

    @property
    def undo_label(self) -> str | None:
        """What ``undo`` would take back."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """What ``redo`` would do again."""
        return self._undone[-1].label if self._undone else None
