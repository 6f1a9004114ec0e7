"""A program that does one thing when told, and says how long it took, a line at a time.

Both ends of the pipe, with nothing but numpy, since the far end also runs where only PyTorch is.
The first line that a worker writes tells its versions. Then it answers ``time WARM CALLS`` with
the seconds of each call and ``keep FILE`` by writing what call -1 gives as ``.npy``.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parent.parent


def serve(call: Callable[[int], Any], about: Mapping[str, Any]) -> None:
    """Answer until the other end is closed. ``call`` is given the number of the call."""
    answers = _own_stdout()
    _say(answers, dict(about))
    for line in sys.stdin:
        match line.split():
            case ["time", warm, calls]:
                for number in range(int(warm)):
                    call(number)
                _say(answers, [_seconds(call, number) for number in range(int(calls))])
            case ["keep", *name]:
                np.save(" ".join(name), call(-1), allow_pickle=False)
                _say(answers, "kept")
            case _:
                raise ValueError(f"{line!r} is no request")


def _own_stdout() -> TextIO:
    """Keep the pipe for answers; what libraries print goes to stderr instead."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, what: object) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _seconds(call: Callable[[int], object], number: int) -> float:
    began = time.perf_counter()
    call(number)
    return time.perf_counter() - began


class Worker:
    """The near end; a context manager that starts the program and ends it."""

    def __init__(
        self, python: Path, module: str, *arguments: object, env: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [python, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.about: dict[str, Any] = self._answer()
        except BaseException:
            self.close()
            raise

    def time(self, warm: int, calls: int) -> Sequence[float]:
        """Seconds of each of ``calls`` calls, after ``warm`` calls that don't count."""
        seconds: list[float] = self._ask(f"time {warm} {calls}")
        return seconds

    def keep(self, file: Path) -> NDArray[Any]:
        """What call -1 gives, by way of ``file``."""
        self._ask(f"keep {file}")
        kept: NDArray[Any] = np.load(file, allow_pickle=False)
        return kept

    def _ask(self, request: str) -> Any:
        if self._process.stdin is None:
            raise RuntimeError("the worker was started without a pipe")
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"{self._module} ended with status {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()  # at which it ends
        self._process.wait(timeout=60)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
