"""Where an unattended walk leads, and where a drag does: pure geometry, told in seconds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.latent.paths import slerp
from explorer.latent.seeds import Latent

_Vector: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tempo:
    """The pace of an installation, all in seconds."""

    move_s: float = 16.0  # from one stop to the next
    hold_s: float = 9.0  # at a stop, its fades included
    fade_s: float = 2.0
    idle_s: float = 60.0  # after the last touch, before the walk goes on
    corner_s: float = 3.0  # how long the corner is held to leave
    chord_s: float = 1.5  # how long the keys are


@dataclass(frozen=True, slots=True, eq=False)
class Stop:
    """Where the walk rests: a kept work, or a seed."""

    point: Latent  # (dim,), or (num_ws, dim) at every stop of the walk
    title: str = ""  # of a kept work
    work: str | None = None  # its uuid


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a walk is at one moment."""

    point: Latent
    stop: Stop  # the one it rests at, or the next one
    resting: bool
    rounds: int  # how often it came home


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """A closed loop through all stops, on arcs around ``centre``, resting at each.

    ``start`` leads to the first stop once, and is not part of the loop.
    """

    stops: Sequence[Stop]
    centre: Latent
    tempo: Tempo
    start: Latent | None = None

    def at(self, t: float) -> Place:
        """Where the walk is ``t`` seconds after it began."""
        move_s, hold_s = self.tempo.move_s, self.tempo.hold_s
        if self.start is not None:
            if t < move_s:
                point = self._between(self.start, self.stops[0].point, t / move_s)
                return Place(point, self.stops[0], resting=False, rounds=0)
            t -= move_s
        passed, into = divmod(t, hold_s + move_s)
        rounds, index = divmod(int(passed), len(self.stops))
        here = self.stops[index]
        if into < hold_s:
            return Place(here.point, here, resting=into < hold_s - self.tempo.fade_s, rounds=rounds)
        there = self.stops[(index + 1) % len(self.stops)]
        point = self._between(here.point, there.point, (into - hold_s) / move_s)
        return Place(point, there, resting=False, rounds=rounds)

    def next_round(self, stops: Sequence[Stop]) -> "Walk":
        """From home again, where this walk rests now, through ``stops``."""
        home = self.stops[0]
        others = [stop for stop in stops if not np.array_equal(stop.point, home.point)]
        return Walk((home, *others), self.centre, self.tempo)

    def _between(self, a: Latent, b: Latent, t: float) -> Latent:
        return around(self.centre, a, b, t * t * (3 - 2 * t))  # starts and ends at rest


def around(centre: Latent, a: Latent, b: Latent, t: float) -> Latent:
    """The arc from ``a`` to ``b`` as seen from ``centre``; a straight line where there is none."""
    from_a, from_b = (a - centre).ravel(), (b - centre).ravel()
    try:
        arc = slerp(from_a, from_b, t)
    except ValueError:  # exactly opposite: through the middle
        arc = ((1 - t) * from_a + t * from_b).astype(np.float32)
    return (centre + arc.reshape(a.shape)).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Compass:
    """Two directions to drag in, at right angles to each other and to where the drag began.

    A drag turns about ``centre``, so it never leaves the sphere on which pictures are likely,
    and one that goes on for ever comes home.
    """

    centre: Latent
    start: Latent  # all four of one shape, float32
    right: Latent
    down: Latent

    @classmethod
    def at(cls, start: Latent, centre: Latent, towards: tuple[Latent, Latent]) -> "Compass":
        """Two other points say where right and down lead to."""
        here = (start - centre).astype(np.float64)
        right, down = (each.astype(np.float64) - centre for each in towards)
        radius = float(np.linalg.norm(here)) or float(np.linalg.norm(right))
        right = _upright(right, (here,), radius)
        down = _upright(down, (here, right), radius)
        return cls(centre, start, right.astype(np.float32), down.astype(np.float32))

    def turned(self, x: float, y: float) -> Latent:
        """The point a drag of ``x`` and ``y`` radians leads to."""
        angle = math.hypot(x, y)
        if angle == 0:
            return self.start
        ahead = (x / angle) * self.right + (y / angle) * self.down
        point = self.centre + math.cos(angle) * (self.start - self.centre)
        turned: Latent = (point + math.sin(angle) * ahead).astype(np.float32)
        return turned


def _upright(direction: _Vector, others: Sequence[_Vector], length: float) -> _Vector:
    """``direction`` less what it shares with ``others``, brought to ``length``."""
    for other in others:
        square = float(np.vdot(other, other))
        if square > 0:
            direction = direction - (float(np.vdot(other, direction)) / square) * other
    norm = float(np.linalg.norm(direction))
    return direction * (length / norm) if norm > 0 else direction
