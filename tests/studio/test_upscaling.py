"""Larger pictures: asked for, waited for and left."""

from explorer.latent.expression import Seed

from .conftest import Desk


def test_an_upscaled_picture_comes_back_with_its_question(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.upscale()
    desk.work()

    question, picture = desk.painted[-1]
    assert question == desk.studio.question
    assert picture.pixels.shape == (32, 32, 3)
    assert desk.studio.has_upscaled
    assert desk.progress[-1] is None


def test_undo_and_redo_find_the_upscaled_picture_without_making_it_again(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.upscale()
    desk.work()
    desk.studio.undo()
    made = desk.painted[-1][1]
    desk.painted.clear()

    desk.studio.redo()

    assert desk.painted[-1][1] is made
    assert not desk.hands.upscale.jobs  # type: ignore[attr-defined]  # it is a Later


def test_whoever_looks_elsewhere_stops_the_upscaler(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.upscale()
    desk.studio.show_seed(2)
    desk.work()

    assert all(not question.upscale for question, _ in desk.painted)
    assert not desk.complaints


def test_an_upscaler_that_is_missing_is_named(desk: Desk) -> None:
    desk.studio.set(upscalers="no-such-thing")
    desk.studio.show_seed(1)
    desk.studio.upscale()
    desk.work()

    (complaint,) = desk.complaints
    assert "no-such-thing" in complaint
    assert not desk.state.upscale  # nothing pretends to be under way


def test_an_upscaler_that_fails_leaves_no_step_to_undo(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.show_seed(2)
    desk.studio.set(upscalers="no-such-thing")
    desk.studio.upscale()
    desk.work()

    desk.studio.undo()
    desk.work()

    assert desk.state.shown == Seed(seed=1)
    assert len(desk.complaints) == 1
