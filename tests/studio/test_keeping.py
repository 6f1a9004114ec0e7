"""Keeping pictures, and using what was kept."""

import pytest

from explorer.latent.expression import Artwork as ArtworkNode
from explorer.latent.expression import Seed
from explorer.studio.workroom import node

from .conftest import Desk, shown


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


def test_a_suggested_name_can_be_taken_back(desk: Desk) -> None:
    desk.studio.show_seed(1)
    desk.studio.suggest_title()
    desk.work()

    assert desk.state.title
    desk.studio.undo()
    assert desk.state.title == ""


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


def test_nodes_of_works_carry_what_they_were(desk: Desk) -> None:
    desk.keep(7, "Moon")

    desk.studio.type_expression("#moon")
    desk.work()

    assert desk.state.shown == ArtworkNode(id=desk.kept[0].uuid, title="Moon", was=Seed(seed=7))
