"""Faces on one level: where eyes come to lie, and which faces are dropped with which reason."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.align.faces import (
    Face,
    Point,
    Square,
    Subject,
    in_words,
    level,
    reason_to_drop,
)

SUBJECTS = st.sampled_from(["human", "cat"])
EYE = st.tuples(st.floats(100, 900), st.floats(100, 900))


def seen_at(square: Square, point: Point) -> tuple[float, float]:
    """Where a point of the picture lies in a square, in sides from its corner."""
    x, y = point[0] - square.corner[0], point[1] - square.corner[1]
    c, s = square.along
    return (x * c + y * s) / square.side, (-x * s + y * c) / square.side


@given(left=EYE, right=EYE, subject=SUBJECTS, margin=st.floats(0, 2))
def test_eyes_come_to_lie_level_and_always_at_the_same_place(
    left: Point, right: Point, subject: Subject, margin: float
) -> None:
    if math.dist(left, right) < 5:
        return
    whole, crop = level(left, right, subject, margin)
    (ax, ay), (bx, by) = seen_at(crop, left), seen_at(crop, right)
    height = {"human": 0.4, "cat": 0.45}[subject]
    assert ay == pytest.approx(by, abs=1e-6)
    assert ay == pytest.approx((height + margin) / (1 + 2 * margin), abs=1e-6)
    assert (ax + bx) / 2 == pytest.approx(0.5, abs=1e-6)
    assert (bx - ax) * (1 + 2 * margin) == pytest.approx({"human": 1 / 3, "cat": 1 / 1.9}[subject])
    assert crop.side == pytest.approx(whole.side * (1 + 2 * margin))


@given(left=EYE, right=EYE)
def test_a_point_goes_into_a_square_and_back(left: Point, right: Point) -> None:
    if math.dist(left, right) < 5:
        return
    square, _ = level(left, right, "human", 0.3)
    across, down = seen_at(square, left)
    assert square.at(np.array(across), np.array(down)) == pytest.approx(np.array(left), abs=1e-6)


def face(left: Point | None = (180, 200), right: Point | None = (220, 200), **more: object) -> Face:
    return Face(left, right, 100, **more)  # type: ignore[arg-type]  # of several kinds


@pytest.mark.parametrize(
    ("found", "size", "reason"),
    [
        (face(), (400, 400), None),
        (face(left=None), (400, 400), "has one eye hidden or shut"),
        (face(right=None), (400, 400), "has one eye hidden or shut"),
        (face(left=None, right=None), (400, 400), "has both eyes hidden or shut"),
        (face(right=(186, 200)), (400, 400), "is too small to be levelled"),
        (face(aside=True), (400, 400), "is turned away"),
        (face(nose=(217, 225)), (400, 400), "is turned away"),
        (face(nose=(205, 225)), (400, 400), None),
        (face(), (240, 400), "is cut by the picture's border"),
        (face(), (400, 250), "is cut by the picture's border"),
        (face(left=(30, 200), right=(70, 200)), (400, 400), "is cut by the picture's border"),
    ],
)
def test_a_face_that_can_not_be_used_is_dropped_with_the_reason(
    found: Face, size: tuple[int, int], reason: str | None
) -> None:
    assert reason_to_drop(found, *size, "human", 0.25) == reason


def test_a_wide_margin_may_not_be_mostly_invented() -> None:
    assert reason_to_drop(face(), 280, 280, "human", 0.25) is None
    reason = reason_to_drop(face(), 280, 280, "human", 2)
    assert reason == "stands too near the picture's border for its margin"


def test_all_reasons_are_told_in_one_sentence() -> None:
    assert in_words([]) == "shows no face that was found"
    assert in_words(["is turned away"]) == "shows a face that is turned away"
    assert in_words(["is cut", "has one eye shut", "is cut"]) == (
        "shows 3 faces, of which none can be used: each of 2 is cut, one has one eye shut"
    )


@settings(max_examples=25)
@given(angle=st.floats(-40, 40), apart=st.floats(30, 60))
def test_what_is_cut_out_lies_level(angle: float, apart: float) -> None:
    pytest.importorskip("cv2")
    from training.data.align.faces import cut

    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    middle = np.array([200.0, 190.0])
    step = np.array([c, s]) * apart / 2
    y, x = np.mgrid[:400, :400] + 0.5
    red, blue = (np.hypot(x - ex, y - ey) < 5 for ex, ey in (middle - step, middle + step))
    pixels = np.stack([red, np.zeros_like(red), blue], -1).astype(np.uint8) * 255
    left, right = tuple(middle - step), tuple(middle + step)
    picture = np.asarray(cut(pixels, level(left, right, "human", 0.25)[1]))
    side = len(picture)
    ys, xs = np.mgrid[:side, :side] + 0.5
    for plane, across in ((0, -1), (2, 1)):
        weight = picture[..., plane] / picture[..., plane].sum()
        at = (float((xs * weight).sum()), float((ys * weight).sum()))
        expected = (side * (0.5 + across / 9), side * 0.65 / 1.5)
        assert at == pytest.approx(expected, abs=0.8)
