"""What is looked at: seeds, expressions and models go in, pictures come out."""

from collections.abc import Callable

import pytest

from explorer.latent.arithmetic import ExpressionError
from explorer.latent.expression import Between, Seed
from explorer.studio.easel import Pace
from explorer.studio.session import PaintRequest, SessionState
from explorer.studio.workroom import Fresh, node

from .conftest import MODEL, Desk, shown, started


def test_a_chosen_seed_is_painted_with_its_recipe(desk: Desk) -> None:
    desk.studio.show_seed(12)
    desk.work()

    ((question, picture),) = desk.painted
    assert question.expression == Seed(seed=12)
    assert picture.pixels.shape == (8, 8, 3)
    assert picture.recipe.expression == Seed(seed=12)


def test_a_fast_hand_is_followed_and_not_queued(desk: Desk) -> None:
    for seed in range(50):
        desk.studio.show_seed(seed)
    desk.work()

    assert [question.expression for question, _ in desk.painted] == [Seed(seed=49)]


def test_what_passes_by_under_a_rush_is_not_softened_and_what_stays_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    brush = desk.workroom.brush
    hand = iter(range(1, 20))

    def brush_under_a_hand(question: PaintRequest) -> Fresh:
        for _, seed in zip(range(2), hand, strict=False):  # asked while this one is painted
            desk.studio.show_seed(seed)
        return brush(question)

    monkeypatch.setattr(desk.workroom, "brush", brush_under_a_hand)
    desk.studio.show_seed(0)
    desk.work()

    was_soft = [picture.soft.shape[0] > picture.pixels.shape[0] for _, picture in desk.painted]
    assert was_soft == [True, True] + [False] * (len(was_soft) - 3) + [True]
    assert len(was_soft) > 6
    assert desk.painted[-1][0] == desk.studio.question


def test_a_brush_that_keeps_up_is_never_rushed() -> None:
    pace = Pace()
    assert not any(pace.is_rushed(newer) for newer in [1, 0, 1, 1, 2, 1, 0, 2, 2, 0, 1] * 5)


def test_the_first_start_finds_a_model_and_shows_something(desk: Desk) -> None:
    desk.studio.history._state = SessionState(model="")

    started(desk)

    assert desk.state.model == MODEL
    assert desk.painted
    assert desk.studio.entry is not None


def test_a_model_that_is_gone_gives_way_to_one_that_is_there(desk: Desk) -> None:
    desk.studio.history._state = SessionState(model="sold", shown=Seed(seed=7))

    started(desk)

    assert desk.state.model == MODEL
    assert shown(desk) == "@7"
    assert desk.painted
    assert any("sold" in complaint for complaint in desk.complaints)


def test_every_change_can_be_taken_back_and_done_again(desk: Desk) -> None:
    studio = desk.studio
    states = [studio.state]
    changes: tuple[Callable[[], None], ...] = (
        lambda: studio.show_seed(1),
        lambda: studio.pin("a"),
        lambda: studio.show_seed(2),
        lambda: studio.pin("b"),
        lambda: studio.travel(0.4),
        lambda: studio.swap_pins(),
        lambda: studio.place(0),
        lambda: studio.place(1, Seed(seed=3)),
        lambda: studio.weigh(1, -0.5),
        lambda: studio.clear_place(0),
        lambda: studio.truncate(0.7),
        lambda: studio.name("Moon"),
        lambda: studio.upscale(),
        lambda: studio.stop_upscaling(),
        lambda: studio.unpin("a"),
    )
    for change in changes:
        change()
        assert studio.state != states[-1]
        states.append(studio.state)

    for state in reversed(states[:-1]):
        studio.undo()
        assert studio.state == state
    for state in states[1:]:
        studio.redo()
        assert studio.state == state


def test_one_drag_is_one_step(desk: Desk) -> None:
    desk.studio.pin("a", Seed(seed=1))
    desk.studio.pin("b", Seed(seed=2))
    before = desk.state

    gesture = object()
    for step in range(30):
        desk.studio.travel(step / 30, gesture)
    desk.studio.undo()

    assert desk.state == before


def test_saying_the_same_again_is_no_step(desk: Desk) -> None:
    desk.studio.show_seed(4)
    desk.studio.show_seed(4)
    desk.studio.undo()

    assert desk.state.shown is None


def test_an_expression_is_read_and_its_tools_are_set(desk: Desk) -> None:
    desk.studio.type_expression("mix(@3, mean(@1, @2), 0.25)")
    desk.work()

    assert isinstance(desk.state.shown, Between)
    assert desk.state.pin_a == Seed(seed=3)
    assert desk.state.t == 0.25
    assert desk.painted


def test_a_slip_of_the_pen_is_told_with_its_column_and_changes_nothing(desk: Desk) -> None:
    desk.studio.show_seed(1)
    before = desk.state

    desk.studio.type_expression("@1 + * @2")
    desk.work()

    (error,) = desk.misread
    assert isinstance(error, ExpressionError)
    assert error.column == 5
    assert desk.state == before


def test_a_story_that_grows_too_long_is_told_and_goes_no_further(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.pin("b", Seed(seed=2))
    for _ in range(100):
        desk.studio.pin("a")
        desk.studio.travel(0.5)
        desk.studio.travel(0.4)

    assert any("too long" in complaint for complaint in desk.complaints)
    desk.work()
    assert desk.painted


@pytest.mark.parametrize("goes_on", ["place", "walk"])
def test_what_has_grown_too_long_goes_on_from_the_gallery(desk: Desk, goes_on: str) -> None:
    desk.studio.show_seed(1)
    for turn in range(100):
        desk.studio.place(0)
        desk.studio.weigh(0, 0.5 + turn % 2)
    assert "bring it from the gallery" in desk.complaints[-1]
    desk.complaints.clear()
    desk.studio.save()
    desk.work()

    work = node(desk.kept[-1])
    if goes_on == "place":
        desk.studio.place(0, work)
        desk.studio.place(1, Seed(seed=3))
    else:
        desk.studio.pin("a", work)
        desk.studio.pin("b", Seed(seed=3))
        desk.studio.travel(0.25)
    desk.work()

    assert not desk.complaints
    assert desk.painted[-1][0].expression == desk.state.shown


def test_a_model_is_changed_and_seeds_go_along(desk: Desk) -> None:
    started(desk)
    desk.studio.show_seed(5)

    desk.studio.choose_model("golden-stylegan2")
    desk.work()

    question, picture = desk.painted[-1]
    assert question.look.model == "golden-stylegan2"
    assert question.expression == Seed(seed=5)
    assert picture.pixels.shape == (64, 64, 3)
    desk.studio.undo()
    assert desk.state.model == MODEL
