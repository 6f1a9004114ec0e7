"""What an installation shows at any moment, and who leads: the walk, or a visitor.

Nothing here knows a window, a model or the time: every method is told what time it is, in
seconds, and ``frame`` says what to paint and how clearly the rest is to be seen.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from explorer.latent.seeds import Latent
from explorer.studio.walk import Compass, Stop, Tempo, Walk

_TURN = 1.6  # radians, for a drag across the short side: about as far as two seeds lie apart
_FOLLOW_S = 0.12  # how far the picture lags behind a hand, so that it glides
_QUICKLY_S = 0.5  # for what a hand calls up or sends away
_NOTICE_S = 7.0
_ARRIVED = 1e-3  # radians

EVENING = Tempo()
"""The pace when nobody asks for another."""


class Stage(Enum):
    WALKING = "walking"
    VISITOR = "visitor"
    RETURNING = "returning"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One moment as it is to be seen; strengths are in [0, 1]."""

    stage: Stage
    point: Latent
    stop: Stop  # whose fine picture and title are shown, or should be made ready
    fine: float  # of the stop's fine picture, over the painted one
    title: float
    controls: float
    notice_text: str
    notice: float
    leaving: float  # how much of the time a corner must be held has passed


class Kiosk:
    """Leads the walk, hands it to whoever touches the screen, and takes it back."""

    def __init__(
        self,
        stops: Sequence[Stop],
        pool: Sequence[Latent],
        centre: Latent,
        now: float,
        *,
        tempo: Tempo = EVENING,
        chance: random.Random | None = None,
    ) -> None:
        """``pool`` are points to drag towards, at least two; stops, pool and centre share a shape."""
        if not stops or len(pool) < 2:
            raise ValueError("a kiosk needs a stop, and two points to drag towards")
        self._tempo = tempo
        self._pool = pool
        self._centre = centre
        self._chance = chance or random.Random()
        self._next_stops = stops
        self._walk = Walk(stops, centre, tempo)
        self._walk_began = now
        self._stop = stops[0]
        self._stage = Stage.WALKING
        self._compass = self._new_compass(stops[0].point)
        self._shown = self._wanted = (0.0, 0.0)  # radians from the compass's start
        self._kept = False
        self._touched_at = now
        self._notice, self._notice_until = "", now
        self._holding: tuple[float, float] | None = None  # since when, and for how long to
        self._at = now
        self._fine = self._title = self._controls = self._notice_strength = 0.0

    @property
    def stage(self) -> Stage:
        return self._stage

    # What a visitor does

    def touch(self, now: float) -> None:
        """Any sign of a visitor."""
        self._touched_at = now
        if self._stage is Stage.VISITOR:
            return
        self._begin_at(self._walk.at(now - self._walk_began).point)
        self._stage = Stage.VISITOR
        self._kept = False

    def press(self, now: float) -> None:
        """A hand comes down: from here, drags lead in two new directions."""
        self.touch(now)
        self._begin_at(self._compass.turned(*self._shown))

    def drag(self, x: float, y: float, now: float) -> None:
        """How far the hand is from where it came down, in short sides of the window."""
        self.touch(now)
        self._want(x * _TURN, y * _TURN)

    def nudge(self, x: float, y: float, now: float) -> None:
        """One step further, as by an arrow key."""
        self.touch(now)
        self._want(self._wanted[0] + x * _TURN, self._wanted[1] + y * _TURN)

    @property
    def can_keep(self) -> bool:
        """A visitor leads, and this picture was not kept already."""
        return self._stage is Stage.VISITOR and not self._kept

    def keep(self, now: float) -> Latent | None:
        """The point of the picture to be kept, as it is seen; None where there is none to keep."""
        if not self.can_keep:
            return None
        self.touch(now)
        self._wanted = self._shown  # what was seen stays
        self._kept = True
        return self._compass.turned(*self._shown)

    def tell(self, text: str, now: float) -> None:
        """Show a line for a while."""
        self._notice, self._notice_until = text, now + _NOTICE_S

    # How staff leaves

    def hold_corner(self, now: float) -> None:
        self._holding = (now, self._tempo.corner_s)

    def hold_chord(self, now: float) -> None:
        self._holding = (now, self._tempo.chord_s)

    def let_go(self) -> None:
        self._holding = None

    # What is seen

    def renew(self, stops: Sequence[Stop]) -> None:
        """Walk through these from the next round, or from when the next visitor has gone."""
        if stops:
            self._next_stops = stops

    def frame(self, now: float, is_ready: Callable[[Stop], bool] = lambda stop: False) -> Frame:
        """The moment ``now``; ``is_ready`` tells whether a stop's fine picture is there to show."""
        passed_s, self._at = max(0.0, now - self._at), max(now, self._at)
        if self._stage is Stage.VISITOR and now - self._touched_at >= self._tempo.idle_s:
            self._return(now)
        if self._stage is Stage.VISITOR:
            point, resting = self._follow(passed_s), False
        else:
            point, resting = self._stroll(now)
        visitor = self._stage is Stage.VISITOR
        fade_s = _QUICKLY_S if visitor else self._tempo.fade_s
        fine = resting and is_ready(self._stop)
        self._fine = _ramp(self._fine, fine, passed_s / fade_s)
        self._title = _ramp(self._title, resting and bool(self._stop.title), passed_s / fade_s)
        self._controls = _ramp(self._controls, visitor, passed_s / fade_s)
        noticed = now < self._notice_until
        self._notice_strength = _ramp(self._notice_strength, noticed, passed_s / _QUICKLY_S)
        return Frame(
            stage=self._stage,
            point=point,
            stop=self._stop,
            fine=_soft(self._fine),
            title=_soft(self._title),
            controls=_soft(self._controls),
            notice_text=self._notice,
            notice=_soft(self._notice_strength),
            leaving=self._leaving(now),
        )

    def _leaving(self, now: float) -> float:
        if self._holding is None:
            return 0.0
        since, hold_s = self._holding
        return min(1.0, max(0.0, now - since) / hold_s)

    def _stroll(self, now: float) -> tuple[Latent, bool]:
        place = self._walk.at(now - self._walk_began)
        if place.rounds:
            self._walk = self._walk.next_round(self._next_stops)
            self._walk_began = now
            place = self._walk.at(0.0)
        if self._stage is Stage.RETURNING and now - self._walk_began >= self._tempo.move_s:
            self._stage = Stage.WALKING
        if self._fine == 0 and self._title == 0:  # else the last one is still fading
            self._stop = place.stop
        return place.point, place.resting and place.stop is self._stop

    def _return(self, now: float) -> None:
        start = self._compass.turned(*self._shown)
        self._walk = Walk(self._next_stops, self._centre, self._tempo, start=start)
        self._walk_began = now
        self._stage = Stage.RETURNING

    def _follow(self, passed_s: float) -> Latent:
        """Let the picture glide to where the hand is."""
        share = 1 - math.exp(-passed_s / _FOLLOW_S)
        (x, y), (to_x, to_y) = self._shown, self._wanted
        if math.hypot(to_x - x, to_y - y) < _ARRIVED:
            share = 1.0
        self._shown = (x + share * (to_x - x), y + share * (to_y - y))
        return self._compass.turned(*self._shown)

    def _want(self, x: float, y: float) -> None:
        self._kept = self._kept and (x, y) == self._wanted
        self._wanted = (x, y)

    def _begin_at(self, point: Latent) -> None:
        self._compass = self._new_compass(point)
        self._shown = self._wanted = (0.0, 0.0)

    def _new_compass(self, point: Latent) -> Compass:
        right, down = self._chance.sample(range(len(self._pool)), 2)
        return Compass.at(point, self._centre, (self._pool[right], self._pool[down]))


def _ramp(strength: float, wanted: bool, step: float) -> float:
    return min(1.0, strength + step) if wanted else max(0.0, strength - step)


def _soft(strength: float) -> float:
    return strength * strength * (3 - 2 * strength)
