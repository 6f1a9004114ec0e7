"""Pickles read as data: a small machine of our own that can call nothing.

A pickle is a program for a stack machine, and Python's own runs whatever functions the program
names. This one knows the opcodes that protocols 2 to 5 write for plain data (PEP 307, 3154 and
574), and a closed list of names; what a name stands for is a few lines of ours that make a dict,
an array or a `Thing`, never the function or class itself. Source code that lies in a file stays a
piece of text. What the file claims is compared with its length before memory is asked for.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from training.transfer.pickles.values import Array, Dtype, Name, Refused, Thing, Value

_MOST_STEPS = 500_000  # a StyleGAN2 of 1024 px takes about 100,000
_TEXT_A_STEP = 128  # bytes of text that count as a step: decoded, they may take four times that


class Steps:
    """How many opcodes are left, for a pickle and all those inside it."""

    def __init__(self) -> None:
        self.left = _MOST_STEPS

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise Refused(f"it takes more than {_MOST_STEPS:,} steps to read, as no network does")


Call: TypeAlias = Callable[[tuple[Value, ...], Steps], Value]

CUT_OFF = "it ends in the middle, so it was cut off or is damaged"

_MAX_NAME = 200  # bytes of a module's name
_SHOWN = 80  # characters of it
_CONSTANTS: dict[bytes, Value] = {b"N": None, b"\x88": True, b"\x89": False}
_EMPTY: dict[bytes, Callable[[], Value]] = {b"]": list, b"}": dict, b")": tuple, b"\x8f": set}
_NUMBERS = {b"J": "<i", b"K": "<B", b"M": "<H", b"G": ">d"}
_TEXTS = {b"X": "<I", b"\x8c": "<B", b"\x8d": "<Q"}  # how their size is written
_BYTES = {b"B": "<I", b"C": "<B", b"\x8e": "<Q", b"\x96": "<Q"}
_TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}
_GET = {b"h": "<B", b"j": "<I"}
_PUT = {b"q": "<B", b"r": "<I"}


class Machine:
    """One pickle in ``content`` from ``at`` on; after it ran, ``at`` is where it ended.

    Args:
        names: all that the pickle may name, and what calling it makes; None where it can't be
            called.
        points: whether it may point to something outside of it (a persistent id).

    Raises:
        Refused: from every method: it is damaged, or anything but data.
    """

    def __init__(
        self,
        content: memoryview,
        names: Mapping[str, Call | None],
        steps: Steps,
        *,
        at: int = 0,
        points: bool = False,
    ) -> None:
        self.content = content
        self.names = names
        self.steps = steps
        self.at = at
        self.points = points
        self.stack: list[Value] = []
        self.below: list[list[Value]] = []  # what lies under each mark
        self.memo: dict[int, Value] = {}

    def run(self) -> Value:
        while True:
            self.steps.spend()
            code = bytes(self._take(1))
            if code == b".":
                return self._pop()
            self._act(code)

    def _act(self, code: bytes) -> None:
        push = self.stack.append
        if code in _CONSTANTS:
            push(_CONSTANTS[code])
        elif code in _EMPTY:
            push(_EMPTY[code]())
        elif code in _NUMBERS:
            push(self._number(_NUMBERS[code]))
        elif code in _TEXTS:
            raw = self._take(self._number(_TEXTS[code]))
            self.steps.spend(len(raw) // _TEXT_A_STEP)
            push(_text(raw))
        elif code in _BYTES:
            push(self._take(self._number(_BYTES[code])))
        elif code in _TUPLES:
            push(tuple([self._pop() for _ in range(_TUPLES[code])][::-1]))
        elif code in _GET:
            push(self._recall(self._number(_GET[code])))
        elif code in _PUT:
            self.memo[self._number(_PUT[code])] = self._top()
        elif (act := _ACTS.get(code)) is not None:
            act(self)
        else:
            raise Refused(f"it uses the opcode {code!r}, which no network needs")

    def _take(self, size: int) -> memoryview:
        end = self.at + size
        if end > len(self.content):
            raise Refused(CUT_OFF)
        piece = self.content[self.at : end]
        self.at = end
        return piece

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _pop(self) -> Value:
        if not self.stack:
            raise Refused("it takes what it never gave, so it is damaged")
        return self.stack.pop()

    def _top(self) -> Value:
        if not self.stack:
            raise Refused("it keeps what it never gave, so it is damaged")
        return self.stack[-1]

    def _recall(self, number: int) -> Value:
        if number not in self.memo:
            raise Refused("it recalls what it never kept, so it is damaged")
        return self.memo[number]

    def _since_mark(self) -> list[Value]:
        if not self.below:
            raise Refused("it ends what it never began, so it is damaged")
        items, self.stack = self.stack, self.below.pop()
        return items

    def _line(self) -> str:
        end = bytes(self.content[self.at : self.at + _MAX_NAME]).find(b"\n")
        if end < 0:
            raise Refused("a name in it has no end, so it is damaged")
        return _text(self._take(end + 1)[:end])

    def _proto(self) -> None:
        if not 2 <= self._number("<B") <= 5:
            raise Refused("it is of a protocol that no network was ever written in")

    def _frame(self) -> None:
        if self._number("<Q") > len(self.content) - self.at:
            raise Refused(CUT_OFF)

    def _mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def _long(self) -> None:
        self.stack.append(int.from_bytes(self._take(self._number("<B")), "little", signed=True))

    def _memoize(self) -> None:
        self.memo[len(self.memo)] = self._top()

    def _tuple(self) -> None:
        items = tuple(self._since_mark())
        self.stack.append(items)

    def _append(self, items: list[Value]) -> None:
        target = self._top()
        if not isinstance(target, list):
            raise Refused("it appends to what is no list, so it is damaged")
        target.extend(items)

    def _add(self, items: list[Value]) -> None:
        target = self._top()
        if not isinstance(target, set) or not all(isinstance(item, str | int) for item in items):
            raise Refused("it has a set of something else than text and whole numbers")
        target.update(items)

    def _set(self, items: list[Value]) -> None:
        target = self._top()
        keys, values = items[::2], items[1::2]
        if not isinstance(target, dict) or len(keys) != len(values):
            raise Refused("it fills in what is no dictionary, so it is damaged")
        if not all(isinstance(key, str | int) for key in keys):
            # Hashing a tuple of the same two tuples, and so on downwards, would never end.
            raise Refused("it has a dictionary whose keys are neither text nor whole numbers")
        target.update(zip(keys, values, strict=True))

    def _name(self, module: Value, name: Value) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise Refused("it asks for something whose name is no text")
        text = f"{module}.{name}"
        if text not in self.names:
            raise Refused(f"it asks for {text[:_SHOWN]!r}, which no StyleGAN2 needs")
        self.stack.append(Name(text))

    def _call(self) -> None:
        args, name = self._pop(), self._pop()
        call = self.names.get(name.text) if isinstance(name, Name) else None
        if call is None or not isinstance(args, tuple):
            raise Refused("it calls what no network has to call")
        self.stack.append(call(args, self.steps))

    def _build(self) -> None:
        state, target = self._pop(), self._top()
        if not isinstance(target, Thing | Array | Dtype):
            raise Refused("it gives a state to what has none, so it is damaged")
        target.fill(state)

    def _point(self) -> None:
        if not self.points:
            raise Refused("it points to things outside of itself")
        self.stack.append(Thing("elsewhere", {"id": self._pop()}))


_ACTS: dict[bytes, Callable[[Machine], object]] = {
    b"\x80": Machine._proto,
    b"\x95": Machine._frame,
    b"(": Machine._mark,
    b"0": Machine._pop,
    b"1": Machine._since_mark,
    b"\x8a": Machine._long,
    b"\x94": Machine._memoize,
    b"t": Machine._tuple,
    b"a": lambda machine: machine._append([machine._pop()]),
    b"e": lambda machine: machine._append(machine._since_mark()),
    b"\x90": lambda machine: machine._add(machine._since_mark()),
    b"s": lambda machine: machine._set([machine._pop(), machine._pop()][::-1]),
    b"u": lambda machine: machine._set(machine._since_mark()),
    b"c": lambda machine: machine._name(machine._line(), machine._line()),
    b"\x93": lambda machine: machine._name(*[machine._pop(), machine._pop()][::-1]),
    b"R": Machine._call,
    b"\x81": Machine._call,  # what makes an object from its class
    b"b": Machine._build,
    b"Q": Machine._point,
}


def _text(raw: memoryview) -> str:
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise Refused("a text in it is none, so it is damaged") from error
