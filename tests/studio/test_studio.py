"""What a person wants goes in; pictures and sentences come out."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from explorer.gallery.pictures import Caption, write_picture
from explorer.latent.arithmetic import ExpressionError, to_text
from explorer.latent.expression import Artwork as ArtworkNode
from explorer.latent.expression import Between, Seed
from explorer.render.repaint import compose, paint
from explorer.studio.actions import ACTIONS, action
from explorer.studio.easel import Pace
from explorer.studio.session import PaintRequest, SessionState
from explorer.studio.workroom import Fresh, Picture, node
from explorer.upscale.stages import LANCZOS, Stage

from .conftest import MODEL, Desk


def shown(desk: Desk) -> str:
    assert desk.state.shown is not None
    return to_text(desk.state.shown)


def started(desk: Desk) -> Desk:
    desk.studio.start()
    desk.work()
    return desk


# Looking


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


def test_small_pictures_are_those_of_the_large_ones(desk: Desk) -> None:
    studio = desk.studio
    studio.show_seed(3)
    studio.sketches.want([(studio.look, Seed(seed=3)), (studio.look, Seed(seed=9))])
    desk.work()

    small = studio.sketches.get((studio.look, Seed(seed=3)))

    assert small is not None
    assert np.abs(small.astype(int) - desk.painted[-1][1].pixels).max() <= 1


# Upscaling


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


# Keeping


def test_a_kept_picture_reopens_with_its_whole_state(desk: Desk) -> None:
    studio = desk.studio
    studio.pin("a", Seed(seed=1))
    studio.pin("b", Seed(seed=2))
    studio.truncate(0.6)
    studio.travel(0.3)
    studio.upscale()
    studio.name("  Lamp Keeper ")
    desk.work()
    studio.save()
    desk.work()
    (work,) = desk.kept
    kept = desk.state
    studio.truncate(1.0)
    studio.unpin("a")
    studio.show_seed(99)
    desk.work()

    studio.reopen(work.uuid)
    desk.work()

    assert work.title == "Lamp Keeper"
    as_written = {"title": "Lamp Keeper", "stages": work.recipe.upscale}
    assert desk.state == kept.model_copy(update=as_written)
    assert studio.has_upscaled  # the file itself is the result: nothing is computed again


def test_a_save_before_the_upscaler_is_done_keeps_the_upscaled_picture(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.upscale()
    desk.studio.name("Early")
    desk.studio.save()
    desk.studio.show_seed(2)  # and the person goes on
    desk.work()

    (work,) = desk.kept
    assert (work.title, work.width) == ("Early", 32)
    assert work.recipe.expression == Seed(seed=1)


def test_saves_that_wait_for_the_upscaler_outlast_newer_questions(desk: Desk) -> None:
    told: list[str] = []
    desk.studio.told.connect(told.append)
    for seed in (1, 2):
        desk.studio.show_seed(seed)
        desk.studio.upscale()
        desk.studio.save()
    desk.studio.show_seed(3)
    desk.studio.upscale()
    desk.work()

    assert len(told) == 2
    assert [work.recipe.expression for work in desk.kept] == [Seed(seed=1), Seed(seed=2)]
    assert {work.width for work in desk.kept} == {32}
    assert desk.studio.has_upscaled


@pytest.mark.parametrize("closes", [False, True])
def test_a_picture_saved_under_two_names_before_it_is_enlarged_is_kept_under_both(
    desk: Desk, closes: bool
) -> None:
    desk.studio.show_seed(1)
    desk.studio.upscale()
    for title in ("first", "second", "second"):
        desk.studio.name(title)
        desk.studio.save()
    if closes:
        desk.studio.close()
    desk.work()

    works = desk.workroom.gallery.search()
    assert sorted(work.title for work in works) == ["first", "second"]
    assert not desk.studio.is_saving or closes


def test_large_pictures_are_sketched_small(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.studio.workroom._SKETCH", 16)
    started(desk)
    desk.studio.choose_model("golden-stylegan2")
    key = (desk.studio.look, Seed(seed=3))
    desk.studio.sketches.want([key])
    desk.work()

    sketch = desk.studio.sketches.get(key)

    assert sketch is not None
    assert sketch.shape == (16, 16, 3)


def test_nothing_chosen_is_nothing_kept(desk: Desk) -> None:
    desk.studio.save()
    desk.work()

    assert not desk.kept
    assert "choose a seed" in desk.complaints[0]


def test_a_kept_picture_can_be_used_by_its_name(desk: Desk) -> None:
    desk.keep(7, "Two Moons")

    desk.studio.type_expression('#"two moons" - @1')
    desk.work()

    assert not desk.misread
    assert desk.painted[-1][0].expression == desk.state.shown


@pytest.mark.parametrize("title", ["Moon", ""])
def test_an_expression_that_is_edited_goes_on_meaning_the_works_it_meant(
    desk: Desk, title: str
) -> None:
    for seed in (1, 2):
        desk.keep(seed, title)
    old, new = (node(work) for work in desk.kept)
    desk.studio.place(0, old)
    desk.studio.place(1, new)

    desk.studio.type_expression(shown(desk) + " + @4")
    desk.work()

    assert [place.point for place in desk.state.places] == [old, new, Seed(seed=4)]
    desk.studio.show_seed(5)
    desk.studio.type_expression(f'#"{title}"')  # nothing is said that could be meant
    desk.work()
    assert desk.state.shown == new


def test_a_work_that_was_renamed_can_be_said_by_the_name_on_the_easel(desk: Desk) -> None:
    desk.keep(1, "Moon")
    desk.studio.type_expression("#moon - @3")
    desk.work()
    desk.studio.rename(desk.kept[0].uuid, "Sun")
    desk.work()

    desk.studio.type_expression(shown(desk) + " + @4")
    desk.work()
    desk.studio.show_seed(5)
    desk.studio.type_expression("#moon")  # still on its place
    desk.work()

    assert not desk.misread
    assert desk.state.shown == node(desk.kept[0])


def test_a_work_in_the_bin_comes_back(desk: Desk) -> None:
    desk.studio.show_seed(7)
    desk.studio.save()
    desk.work()
    found: list[int] = []
    uuid = desk.kept[0].uuid

    desk.studio.delete(uuid)
    desk.studio.search("", None, lambda works, count: found.append(len(works)))
    desk.studio.restore(uuid)
    desk.studio.search("", None, lambda works, count: found.append(len(works)))
    desk.work()

    assert found == [0, 1]


def test_a_picture_file_reopens_without_the_gallery(desk: Desk, tmp_path: Path) -> None:
    desk.studio.type_expression("@1 - @2 + @3")
    desk.work()
    picture = desk.painted[-1][1]
    file = tmp_path / "sent by a friend.png"
    write_picture(file, picture.pixels, picture.recipe, Caption(title="From afar"))
    desk.studio.show_seed(5)

    desk.studio.open_file(file)
    desk.work()

    assert shown(desk) == "@1 - @2 + @3"
    assert desk.state.title == "From afar"
    assert [place.point for place in desk.state.places] == [Seed(seed=n) for n in (1, 2, 3)]


ENLARGED = (
    (Stage(id=LANCZOS, to=(10, 10)), Stage(id=LANCZOS, scale=4), Stage(id=LANCZOS, to=(30, 30))),
    (Stage(id=LANCZOS, to=(10, 10)),),
    (Stage(id=LANCZOS, scale=3),),
)


def written(desk: Desk, file: Path, stages: tuple[Stage, ...]) -> Picture:
    """Another program's picture of seed 1, enlarged in ``stages``."""
    request = compose(desk.workroom.generator(MODEL), Seed(seed=1), upscale=stages)
    picture = Picture.of(*paint(request, desk.workroom.upscalers))
    write_picture(file, picture.pixels, picture.recipe, Caption())
    return picture


@pytest.mark.parametrize("stages", ENLARGED)
def test_a_picture_is_enlarged_again_in_the_stages_of_its_recipe(
    desk: Desk, tmp_path: Path, stages: tuple[Stage, ...]
) -> None:
    picture = written(desk, tmp_path / "a.png", stages)

    desk.studio.open_file(tmp_path / "a.png")
    desk.work()
    opened = desk.state
    assert not desk.complaints
    for seed in range(13):  # more than are remembered
        desk.studio.show_seed(seed)
        desk.studio.upscale()
        desk.work()
    for _ in range(26):
        desk.studio.undo()
    assert desk.state == opened
    desk.work()
    desk.studio.save()
    desk.work()

    assert (desk.painted[-1][1].pixels == picture.pixels).all()
    assert desk.kept[-1].recipe == picture.recipe


def test_pictures_enlarged_in_different_stages_are_different_pictures(
    desk: Desk, tmp_path: Path
) -> None:
    for number, stages in enumerate(ENLARGED):
        picture = written(desk, tmp_path / f"{number}.png", stages)
        desk.studio.open_file(tmp_path / f"{number}.png")
        desk.work()

        large = [shown for question, shown in desk.painted if question == desk.studio.question]
        assert (large[-1].pixels == picture.pixels).all()


@pytest.mark.parametrize("enlarged", [False, True])
def test_an_edited_picture_says_so_and_is_painted_again_from_its_recipe(
    desk: Desk, tmp_path: Path, enlarged: bool
) -> None:
    desk.studio.show_seed(1)
    if enlarged:
        desk.studio.upscale()
    desk.work()
    picture = desk.painted[-1][1]
    file = tmp_path / "retouched.png"
    write_picture(file, picture.pixels, picture.recipe, Caption(title="Moon"))
    with Image.open(file, formats=["PNG"]) as image:
        texts = PngInfo()
        texts.add_itxt("explorer:recipe", picture.recipe.to_json())
        Image.fromarray(255 - np.asarray(image)).save(file, pnginfo=texts)
    desk.studio.close()
    other = Desk(tmp_path / "other")

    other.studio.open_file(file)
    other.work()
    other.studio.save()
    other.work()
    other.studio.close()

    (complaint,) = other.complaints
    assert "retouched.png was edited" in complaint
    assert (other.painted[-1][1].pixels == picture.pixels).all()
    assert [work.recipe.picture for work in other.kept] == [picture.recipe.picture]


def test_a_file_without_a_recipe_is_refused_by_name(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "holiday.png"
    file.write_bytes(b"no picture at all")
    before = desk.state

    desk.studio.open_file(file)
    desk.work()

    (complaint,) = desk.complaints
    assert "holiday.png" in complaint
    assert desk.state == before


def test_a_picture_of_a_model_that_is_missing_says_which(desk: Desk, tmp_path: Path) -> None:
    desk.studio.show_seed(1)
    desk.work()
    picture = desk.painted[-1][1]
    model = picture.recipe.model.model_copy(update={"id": "elsewhere", "title": "Elsewhere"})
    file = tmp_path / "a.png"
    recipe = picture.recipe.model_copy(update={"model": model})
    write_picture(file, picture.pixels, recipe, Caption())

    desk.studio.open_file(file)
    desk.work()

    (complaint,) = desk.complaints
    assert "Elsewhere" in complaint
    assert "a.png" in complaint


def test_a_changed_model_is_mentioned_and_the_picture_still_opens(
    desk: Desk, tmp_path: Path
) -> None:
    desk.studio.show_seed(1)
    desk.work()
    picture = desk.painted[-1][1]
    model = picture.recipe.model.model_copy(update={"sha256": "0" * 64})
    file = tmp_path / "old.png"
    recipe = picture.recipe.model_copy(update={"model": model})
    write_picture(file, picture.pixels, recipe, Caption())

    desk.studio.open_file(file)
    desk.work()

    assert shown(desk) == "@1"
    (complaint,) = desk.complaints
    assert "old.png" in complaint


def test_a_suggested_name_can_be_taken_back(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.suggest_title()
    desk.work()

    assert desk.state.title
    desk.studio.undo()
    assert desk.state.title == ""


def test_our_own_mistakes_go_to_the_log_and_are_not_quoted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.studio.complain(ZeroDivisionError("internal detail"))

    (complaint,) = desk.complaints
    assert "internal detail" not in complaint
    assert "internal detail" in caplog.text


def test_a_work_in_an_expression_outlives_its_deletion(desk: Desk) -> None:
    desk.keep(7, "Gone")
    desk.studio.type_expression("#gone + @1")
    desk.work()
    desk.studio.delete(desk.kept[0].uuid)
    desk.work()
    desk.painted.clear()

    desk.studio.truncate(0.5)
    desk.work()

    assert desk.painted
    assert not desk.complaints


# The one list


def test_every_action_that_is_possible_can_be_done(desk: Desk) -> None:
    started(desk)
    desk.studio.show_seed(1)
    for each in ACTIONS:
        if each.is_possible(desk.studio):
            each.run(desk.studio)
            desk.work()

    assert not desk.complaints


def test_an_empty_desk_offers_only_what_makes_sense(desk: Desk) -> None:
    possible = {each.id for each in ACTIONS if each.is_possible(desk.studio)}

    assert not possible & {"save", "undo", "redo", "pin-a", "play", "upscale", "compare"}
    assert {"random", "open", "keys", "quit"} <= possible


def test_walls_go_round(desk: Desk) -> None:
    walls = []
    for _ in range(4):
        action("wall").run(desk.studio)
        walls.append(desk.studio.settings.wall)

    assert sorted(walls) == ["black", "grey", "room", "white"]


def test_nodes_of_works_carry_what_they_were(desk: Desk) -> None:
    desk.keep(7, "Moon")

    desk.studio.type_expression("#moon")
    desk.work()

    assert desk.state.shown == ArtworkNode(id=desk.kept[0].uuid, title="Moon", was=Seed(seed=7))
