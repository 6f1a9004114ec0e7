"""Picture files from elsewhere open with their whole state, or say why not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from explorer.gallery.pictures import Caption, write_picture
from explorer.latent.expression import Seed
from explorer.render.repaint import compose, paint
from explorer.studio.workroom import Picture
from explorer.upscale.stages import LANCZOS, Stage

from .conftest import MODEL, Desk, shown


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
