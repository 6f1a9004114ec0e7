"""An installation by a clock that only moves when told."""

import random
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.seeds import Latent, seed_latent
from explorer.studio.kiosk import Frame, Kiosk, Stage
from explorer.studio.walk import Compass, Stop, Tempo, Walk, around

DIM = 24
TEMPO = Tempo()
ROUND_S = TEMPO.move_s + TEMPO.hold_s
ORIGIN = np.zeros(DIM, np.float32)


def stop(seed: int, title: str = "") -> Stop:
    return Stop(seed_latent(seed, DIM), title, title or None)


STOPS = [stop(0, "Night Orchard"), stop(1), stop(2), stop(3)]
POOL = [seed_latent(seed, DIM) for seed in range(100, 140)]


class Hall:
    """A kiosk and its clock."""

    def __init__(self, *, ready: bool = True) -> None:
        self.now = 1000.0
        self.kiosk = Kiosk(STOPS, POOL, ORIGIN, self.now, chance=random.Random(1))
        self.ready = ready

    def after(self, seconds: float, *, step: float = 0.05) -> Frame:
        """Let time pass, frame by frame; the last one."""
        until = self.now + seconds
        while self.now < until - step:
            self.now += step
            self.kiosk.frame(self.now, lambda stop: self.ready)
        self.now = until
        return self.kiosk.frame(self.now, lambda stop: self.ready)


def angle(a: Latent, b: Latent) -> float:
    cosine = np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.arccos(np.clip(cosine, -1, 1)))


# The walk


@given(
    t=st.floats(0, 3 * len(STOPS) * ROUND_S),
    start=st.one_of(st.none(), st.integers(10, 20)),
)
def test_the_walk_never_jumps(t: float, start: int | None) -> None:
    begin = None if start is None else seed_latent(start, DIM)
    walk = Walk(STOPS, ORIGIN, TEMPO, start=begin)
    frame_s = 1 / 60
    step = angle(walk.at(t).point, walk.at(t + frame_s).point)
    assert step < np.pi * 1.5 * frame_s / TEMPO.move_s + 1e-3


def test_the_walk_comes_home_and_rests_at_every_stop() -> None:
    walk = Walk(STOPS, ORIGIN, TEMPO)
    for index, each in enumerate(STOPS):
        place = walk.at(index * ROUND_S + 1)
        assert place.resting
        assert place.stop is each
        np.testing.assert_array_equal(place.point, each.point)
    home = walk.at(len(STOPS) * ROUND_S)
    assert home.rounds == 1
    np.testing.assert_array_equal(home.point, STOPS[0].point)


def test_on_the_way_the_walk_tells_where_it_leads() -> None:
    walk = Walk(STOPS, ORIGIN, TEMPO)
    place = walk.at(TEMPO.hold_s + 1)
    assert place.stop is STOPS[1]
    assert not place.resting


def test_a_next_round_begins_where_the_last_one_ended() -> None:
    walk = Walk(STOPS, ORIGIN, TEMPO).next_round([stop(9, "New"), stop(0), stop(1)])
    assert [each.title for each in walk.stops] == ["Night Orchard", "New", ""]
    np.testing.assert_array_equal(walk.at(0).point, STOPS[0].point)


@given(st.floats(0, 1))
def test_an_arc_between_opposites_goes_through_the_middle(t: float) -> None:
    a = seed_latent(5, DIM)
    assert np.isfinite(around(ORIGIN, a, -a, t)).all()


# The hand


@given(st.floats(-20, 20), st.floats(-20, 20), st.integers(0, 1000))
def test_a_drag_never_leaves_the_sphere(x: float, y: float, seed: int) -> None:
    centre = 0.3 * seed_latent(seed + 1, DIM)
    start = seed_latent(seed, DIM)
    compass = Compass.at(start, centre, (POOL[0], POOL[1]))
    length = np.linalg.norm(compass.turned(x, y) - centre)
    assert length == pytest.approx(np.linalg.norm(start - centre), rel=1e-4)


@given(st.integers(0, 100))
def test_right_and_down_are_different_directions(seed: int) -> None:
    compass = Compass.at(seed_latent(seed, DIM), ORIGIN, (POOL[2], POOL[3]))
    assert angle(compass.right, compass.down) == pytest.approx(np.pi / 2, abs=1e-4)
    assert angle(compass.right, compass.start) == pytest.approx(np.pi / 2, abs=1e-4)


@pytest.mark.parametrize("start", [ORIGIN, POOL[0], -POOL[0]])
def test_a_drag_from_an_awkward_place_still_leads_somewhere(start: Latent) -> None:
    compass = Compass.at(start, ORIGIN, (POOL[0], POOL[1]))
    assert np.isfinite(compass.turned(0.4, 0.7)).all()
    assert not np.array_equal(compass.turned(0.4, 0.7), start)


def test_a_point_with_a_row_per_layer_is_walked_and_dragged_as_one() -> None:
    rows = [np.tile(point, (6, 1)) for point in POOL[:4]]
    kiosk = Kiosk([Stop(rows[0]), Stop(rows[1])], rows, np.zeros_like(rows[0]), 0.0)
    assert kiosk.frame(TEMPO.hold_s + 5).point.shape == (6, DIM)
    kiosk.press(20)
    kiosk.drag(0.3, 0.1, 20)
    assert kiosk.frame(21).point.shape == (6, DIM)


# Who leads


def test_at_a_stop_its_fine_picture_and_title_come_and_are_gone_before_the_walk_goes_on() -> None:
    hall = Hall()
    assert hall.after(0.1).fine < 0.1
    rest = hall.after(TEMPO.fade_s + 1)
    assert (rest.fine, rest.title, rest.stop.title) == (1, 1, "Night Orchard")
    leaving = hall.after(TEMPO.hold_s - TEMPO.fade_s - 1.1)
    assert leaving.fine < 0.05
    assert leaving.title < 0.05
    np.testing.assert_array_equal(leaving.point, STOPS[0].point)


def test_a_fine_picture_that_is_late_fades_in_when_it_is_there() -> None:
    hall = Hall(ready=False)
    assert hall.after(3).fine == 0
    hall.ready = True
    assert 0 < hall.after(0.2).fine < 0.1
    assert hall.after(TEMPO.fade_s).fine == 1


def test_a_touch_hands_the_picture_over_as_it_is() -> None:
    hall = Hall()
    before = hall.after(TEMPO.hold_s + 7.3)
    hall.kiosk.touch(hall.now)
    after = hall.after(1 / 60)
    assert after.stage is Stage.VISITOR
    assert angle(before.point, after.point) < 0.01
    assert hall.after(1).controls == 1


def test_a_touch_at_a_stop_lets_the_fine_picture_fade_and_does_not_cut_it() -> None:
    hall = Hall()
    hall.after(4)
    hall.kiosk.touch(hall.now)
    assert 0.5 < hall.after(0.1).fine < 1
    assert hall.after(1).fine == 0


def test_a_drag_moves_the_picture_and_back_brings_it_back() -> None:
    hall = Hall()
    hall.kiosk.press(hall.now)
    start = hall.after(0.1).point
    hall.kiosk.drag(0.5, 0.0, hall.now)
    assert angle(hall.after(2).point, start) == pytest.approx(0.8, abs=0.01)
    hall.kiosk.drag(0.0, 0.0, hall.now)
    assert angle(hall.after(2).point, start) < 0.01


def test_an_idle_minute_takes_it_back_without_a_jump() -> None:
    hall = Hall()
    hall.kiosk.press(hall.now)
    hall.kiosk.drag(0.4, 0.3, hall.now)
    still = hall.after(TEMPO.idle_s - 0.1)
    assert still.stage is Stage.VISITOR
    back = hall.after(0.15)
    assert back.stage is Stage.RETURNING
    assert angle(still.point, back.point) < 0.01
    assert 0.8 < back.controls < 1
    assert hall.after(TEMPO.fade_s).controls == 0
    home = hall.after(TEMPO.move_s)
    assert home.stage is Stage.WALKING
    np.testing.assert_array_equal(home.point, STOPS[0].point)


def test_every_touch_starts_the_minute_anew() -> None:
    hall = Hall()
    for _ in range(5):
        hall.kiosk.nudge(0.1, 0, hall.now)
        assert hall.after(TEMPO.idle_s - 1).stage is Stage.VISITOR


def test_a_touch_on_the_way_back_hands_over_again() -> None:
    hall = Hall()
    hall.kiosk.touch(hall.now)
    before = hall.after(TEMPO.idle_s + 4)
    assert before.stage is Stage.RETURNING
    hall.kiosk.press(hall.now)
    after = hall.after(0.02)
    assert after.stage is Stage.VISITOR
    assert angle(before.point, after.point) < 0.01


def test_only_a_visitor_keeps_and_the_same_picture_only_once() -> None:
    hall = Hall()
    assert hall.kiosk.keep(hall.now) is None
    hall.kiosk.press(hall.now)
    hall.kiosk.drag(0.2, 0.2, hall.now)
    seen = hall.after(0.3).point
    kept = hall.kiosk.keep(hall.now)
    assert kept is not None
    np.testing.assert_array_equal(kept, seen)
    np.testing.assert_array_equal(hall.after(1).point, seen)
    assert hall.kiosk.keep(hall.now) is None
    hall.kiosk.drag(0.4, 0.2, hall.now)
    assert hall.kiosk.can_keep


def test_what_is_told_is_shown_for_a_while() -> None:
    hall = Hall()
    hall.kiosk.tell("Kept as Night Orchard", hall.now)
    frame = hall.after(1)
    assert (frame.notice_text, frame.notice) == ("Kept as Night Orchard", 1)
    assert hall.after(8).notice == 0


def test_new_works_are_walked_to_from_the_next_round_on() -> None:
    hall = Hall()
    hall.kiosk.renew([stop(50, "Salt"), stop(51, "Ember")])
    seen = []
    for _ in range(7):
        seen.append(hall.after(5).stop.title)
        hall.after(ROUND_S - 5)
    assert seen == ["Night Orchard", "", "", "", "Night Orchard", "Salt", "Ember"]


# The way out


@pytest.mark.parametrize("held_s", [0.0, 1.0, 2.9])
def test_a_corner_held_too_shortly_does_not_leave(held_s: float) -> None:
    hall = Hall()
    hall.kiosk.hold_corner(hall.now)
    if held_s:
        assert hall.after(held_s).leaving < 1
    hall.kiosk.let_go()
    assert hall.after(10).leaving == 0


def test_a_held_corner_and_held_keys_leave() -> None:
    hall = Hall()
    hall.kiosk.hold_corner(hall.now)
    assert hall.after(TEMPO.corner_s + 0.01).leaving == 1
    hall = Hall()
    hall.kiosk.hold_chord(hall.now)
    assert hall.after(TEMPO.chord_s + 0.01).leaving == 1


@given(st.lists(st.tuples(st.sampled_from("tpdnkhlfr"), st.floats(0, 100)), max_size=40))
def test_whatever_is_done_the_frame_is_sound(deeds: list[tuple[str, float]]) -> None:
    kiosk = Kiosk(STOPS, POOL, ORIGIN, 0.0, chance=random.Random(2))
    now = 0.0
    for deed, amount in deeds:
        now += amount
        match deed:
            case "t":
                kiosk.touch(now)
            case "p":
                kiosk.press(now)
            case "d":
                kiosk.drag(amount, -amount, now)
            case "n":
                kiosk.nudge(amount, 0, now)
            case "k":
                kiosk.keep(now)
            case "h":
                kiosk.hold_corner(now)
            case "l":
                kiosk.let_go()
            case "r":
                kiosk.renew([stop(int(amount))])
        frame = kiosk.frame(now, lambda stop: True)
        assert np.linalg.norm(frame.point) > 1
        strengths = (frame.fine, frame.title, frame.controls, frame.notice, frame.leaving)
        assert all(0 <= strength <= 1 for strength in strengths)


def test_a_month_of_walking_keeps_nothing() -> None:
    hall = Hall()
    hall.after(3600, step=9.7)
    tracemalloc.start()
    try:
        hall.after(3600, step=9.7)
        before, _ = tracemalloc.get_traced_memory()
        hall.after(30 * 24 * 3600, step=977.0)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000  # bytes, after 2,600 frames
