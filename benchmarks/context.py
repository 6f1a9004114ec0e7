"""What every benchmark is given: how much to measure, with whom to compare, where to work."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import Budget, Figure, Spread, rates, times_as_fast
from benchmarks.models import CACHE
from benchmarks.pipe import ROOT, Worker
from benchmarks.rounds import Effort, alternate

OURS = Path(sys.executable)

_INTERPRETERS = ("bin/python", "Scripts/python.exe")


@dataclass(frozen=True, slots=True)
class Context:
    effort: Effort
    cores: int
    peers: Path | None  # their interpreter, if they are installed
    say: Callable[[str], None]

    @contextmanager
    def ours(self, module: str, *arguments: object) -> Iterator[Worker]:
        with Worker(OURS, f"benchmarks.ours.{module}", *arguments) as worker:
            yield worker

    def compare(
        self,
        what: str,
        each: float,
        unit: str,
        budget: Budget | None,
        *,
        peer: str,
        mine: tuple[object, ...],
        theirs: tuple[object, ...],
        agree: "Agreement | None" = None,
    ) -> Figure:
        """One figure of two workers that take turns, or of ours alone where there is no peer.

        Args:
            what: of the table's line.
            each: how many of ``unit``'s things a call makes.
            unit: such as "pictures/s".
            budget: of this figure.
            peer: its name.
            mine: module under ``benchmarks.ours`` and its arguments; ``theirs`` likewise.
            agree: refuses to time two programs that do different things.
        """
        self.say(what)
        with ExitStack() as running:
            module, *arguments = mine
            workers = {"ours": running.enter_context(self.ours(str(module), *arguments))}
            if self.peers is not None:
                module, *arguments = theirs
                workers["peer"] = running.enter_context(
                    Worker(self.peers, f"benchmarks.peers.{module}", *arguments, self.cores)
                )
                about = workers["peer"].about
                peer = f"{peer} {about.get('torch', '')} {about.get('layout', '')}".strip()
                if agree is not None:
                    agree(workers["ours"], workers["peer"])
            seconds = alternate(workers, self.effort)
        ours = Spread.of(rates(seconds["ours"], each))
        if self.peers is None:
            return Figure(what, unit, ours, budget=budget)
        return Figure(
            what,
            unit,
            ours,
            peer=peer,
            peers=Spread.of(rates(seconds["peer"], each)),
            ratio=times_as_fast(seconds["ours"], seconds["peer"]),
            budget=budget,
        )


Agreement = Callable[[Worker, Worker], None]


def same_picture(levels: int, *, mirrored: bool = False) -> Agreement:
    """Both paint call -1 alike, within so many levels of 255."""

    def check(ours: Worker, theirs: Worker) -> None:
        mine = ours.keep(CACHE / "ours.npy").astype(np.int16)
        other = theirs.keep(CACHE / "theirs.npy").astype(np.int16)
        if mirrored:
            other = other[..., ::-1, ::-1, :]
        apart = int(np.abs(mine - other).max())
        if apart > levels:
            raise RuntimeError(f"the peer paints another picture: {apart} levels apart")

    return check


def peer_python(folder: Path = ROOT / ".venv-peer") -> Path | None:
    """The peers' interpreter; None until ``make bench-peers`` was run to its end."""
    if not (folder / ".ready").exists():
        return None
    return next((p for name in _INTERPRETERS if (p := folder / name).exists()), None)
