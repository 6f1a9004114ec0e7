"""States lead to states, and nothing else happens."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from explorer.latent.arithmetic import to_text
from explorer.latent.expression import Between, Expression, Mean, Point, Seed, Sum, Term
from explorer.studio import session
from explorer.studio.session import Place, SessionState
from explorer.upscale.stages import LANCZOS, Stage

EMPTY = SessionState(model="m")
TO_SIZE = (Stage(id=LANCZOS, to=(9, 9)), Stage(id="net", sha256="a" * 64, scale=4))
A, B, C = Seed(seed=1), Seed(seed=2), Seed(seed=3)

seeds = some.integers(0, 2**32 - 1).map(lambda n: Seed(seed=n))
weights = some.integers(-999, 999).map(lambda n: n / 100)
points = some.one_of(
    seeds,
    some.lists(seeds, min_size=1, max_size=3).map(lambda of: Mean(of=tuple(of))),
)
states = some.builds(
    SessionState,
    model=some.just("m"),
    shown=some.none() | points,
    title=some.text(max_size=20),
    psi=some.integers(0, 150).map(lambda n: n / 100),
    pin_a=some.none() | points,
    pin_b=some.none() | points,
    t=some.integers(0, 1000).map(lambda n: n / 1000),
    places=some.tuples(*[some.builds(Place, weight=weights, point=some.none() | points)] * 3),
    stages=some.sampled_from([(), TO_SIZE]),
)


@given(state=states)
def test_a_state_survives_the_settings_file(state: SessionState) -> None:
    assert SessionState.model_validate_json(state.model_dump_json()) == state


def test_a_session_of_settings_written_before_stages_were_kept_is_read() -> None:
    written = EMPTY.model_dump(mode="json") | {"size": None}
    del written["stages"]

    assert SessionState.model_validate(written) == EMPTY


def test_nothing_is_asked_while_nothing_is_chosen() -> None:
    assert session.resolve(EMPTY) is None


def test_another_picture_has_no_name_and_is_not_enlarged() -> None:
    named = EMPTY.model_copy(update={"title": "Moon", "upscale": "lanczos", "stages": TO_SIZE})

    shown = session.showing(named, A)

    assert (shown.title, shown.upscale, shown.stages) == ("", "", ())


@pytest.mark.parametrize(("t", "end"), [(0.0, A), (1.0, B)])
def test_what_is_taken_from_the_end_of_a_walk_is_the_pinned_picture_itself(
    t: float, end: Expression
) -> None:
    walked = session.travelled(EMPTY.model_copy(update={"pin_a": A, "pin_b": B}), t)

    assert session.pinned(walked, "a", walked.shown).pin_a == end
    assert session.placed(walked, 2, walked.shown).places[2].point == end


def test_the_slider_waits_for_both_pins() -> None:
    alone = EMPTY.model_copy(update={"pin_a": A, "shown": C})

    moved = session.travelled(alone, 0.3)

    assert (moved.t, moved.shown) == (0.3, C)


def test_three_places_make_a_minus_b_plus_c() -> None:
    state = EMPTY
    for index, point in enumerate((A, B, C)):
        state = session.placed(state, index, point)

    assert state.shown is not None
    assert to_text(state.shown) == "@1 - @2 + @3"


def test_a_weight_changes_the_sum_that_is_shown() -> None:
    state = session.placed(session.placed(EMPTY, 0, A), 1, B)

    state = session.weighed(state, 1, -0.5)

    assert state.shown is not None
    assert to_text(state.shown) == "@1 - 0.5 * @2"


def test_one_picture_alone_is_shown_as_it_is() -> None:
    assert session.placed(EMPTY, 0, A).shown == A


def test_clearing_the_last_place_leaves_the_picture() -> None:
    state = session.placed(EMPTY, 0, A)

    assert session.placed(state, 0, None).shown == A


@given(state=states, t=some.integers(0, 1000).map(lambda n: n / 1000), a=points, b=points)
def test_laying_out_a_walk_sets_pins_and_slider_as_they_were(
    state: SessionState, t: float, a: Expression, b: Expression
) -> None:
    walked = session.travelled(state.model_copy(update={"pin_a": a, "pin_b": b}), t)
    assert walked.shown is not None

    again = session.laid_out(EMPTY, walked.shown)

    assert (again.pin_a, again.pin_b, again.t) == (a, b, t)


@given(terms=some.lists(some.tuples(weights, points), min_size=2, max_size=3))
def test_laying_out_a_sum_fills_the_places_as_they_were(
    terms: list[tuple[float, Expression]],
) -> None:
    state = EMPTY
    for index, (weight, point) in enumerate(terms):
        state = session.weighed(state, index, weight)
        state = session.placed(state, index, point)
    assert isinstance(state.shown, Sum)

    again = session.laid_out(EMPTY, state.shown)

    assert session.resolve(again) == session.resolve(state)
    weighed = [weight for weight, _ in terms]
    assume(weighed not in ([1.0, 1.0], [-1.0, 1.0]))  # as A and C do by themselves, and B and C
    assert again.places[: len(terms)] == state.places[: len(terms)]


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_laying_out_a_sum_leaves_the_place_empty_that_was_empty(empty: int) -> None:
    state = EMPTY
    for index, point in enumerate((A, B, C)):
        if index != empty:
            state = session.placed(state, index, point)
    assert isinstance(state.shown, Sum)

    assert session.laid_out(EMPTY, state.shown).places == state.places


def test_a_sum_heavier_than_can_be_dialled_is_shown_and_the_places_stay() -> None:
    heavy = Sum(terms=(Term(weight=20.0, point=A), Term(weight=-1.0, point=B)))

    state = session.laid_out(EMPTY, heavy)

    assert state.shown == heavy
    assert state.places == EMPTY.places
    assert SessionState.model_validate_json(state.model_dump_json()) == state


def test_seeds_move_to_another_model_and_its_own_points_stay() -> None:
    point = Point(space="z", shape=(1,), data="AACAPw==")
    state = EMPTY.model_copy(
        update={
            "shown": Mean(of=(A, B)),
            "pin_a": A,
            "pin_b": point,
            "places": (
                Place(weight=1.0, point=A),
                Place(weight=-0.5, point=point),
                Place(weight=1),
            ),
        }
    )

    moved = session.moved_to_model(state, "other", (1.0, 0.0))

    assert moved.model == "other"
    assert moved.label == (1.0, 0.0)
    assert moved.shown == Mean(of=(A, B))
    assert (moved.pin_a, moved.pin_b) == (A, None)
    assert [place.point for place in moved.places] == [A, None, None]
    assert moved.places[1].weight == -0.5


def test_what_means_nothing_elsewhere_gives_way_to_a_seed() -> None:
    point = Point(space="z", shape=(1,), data="AACAPw==")

    moved = session.moved_to_model(session.showing(EMPTY, point), "other", None)

    assert isinstance(moved.shown, Seed)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e9])
def test_no_weight_of_a_settings_file_is_believed_unless_it_can_be_dialled(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        Place(weight=weight)


def test_what_lies_between_goes_the_way_of_the_model_it_is_taken_to() -> None:
    pins = EMPTY.model_copy(update={"pin_a": A, "pin_b": B})
    walked = session.travelled(pins, 0.25, "lerp")
    assert walked.shown == Between(path="lerp", start=A, end=B, t=0.25)
    assert session.laid_out(EMPTY, walked.shown, "lerp").pin_a == A
    assert session.laid_out(EMPTY, walked.shown, "slerp").pin_a is None  # it can't be walked here

    nested = Sum(terms=(Term(weight=0.5, point=Mean(of=(walked.shown, A))),))
    moved = session.moved_to_model(session.showing(EMPTY, nested), "other", None, "slerp")

    arc = Between(path="slerp", start=A, end=B, t=0.25)
    assert moved.shown == Sum(terms=(Term(weight=0.5, point=Mean(of=(arc, A))),))
