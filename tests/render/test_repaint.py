import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.gallery.chunks import SIGNATURE, chunk_bytes, itxt
from explorer.gallery.pictures import Caption, encode_picture, read_pixels, write_picture
from explorer.gallery.recipe import Recipe, pixels_sha256
from explorer.latent.expression import Between, Mean, Seed
from explorer.models.generator import Generator, Truncation
from explorer.models.library import Library
from explorer.render.repaint import (
    AFTER_UPSCALING,
    AS_PAINTED,
    Pixels,
    compose,
    paint,
    paint_recipe,
    paint_together,
    planned_size,
    verify,
)
from explorer.upscale.stages import Stage
from explorer.upscale.upscaler import Upscalers

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def saved(dcgan: Generator, upscalers: Upscalers, tmp_path: Path) -> tuple[Path, Recipe]:
    pixels, recipe = paint(compose(dcgan, Seed(seed=12)), upscalers)
    path = tmp_path / "moon.png"
    write_picture(path, pixels, recipe, Caption(title="Moon"))
    return path, recipe


@pytest.mark.parametrize("model", ["golden-dcgan", "golden-stylegan2"])
def test_a_recipe_paints_the_same_picture_again(
    model: str, library: Library, upscalers: Upscalers
) -> None:
    expression = Between(start=Seed(seed=1), end=Mean(of=(Seed(seed=2), Seed(seed=3))), t=0.25)
    request = compose(
        library.open(model),
        expression,
        truncation=Truncation(psi=0.7),
        upscale=upscalers.plan("lanczos", size=(50, 30)),
    )

    pixels, recipe = paint(request, upscalers)
    read_back = Recipe.model_validate_json(recipe.to_json())
    again = paint_recipe(read_back, library, upscalers)

    assert pixels.shape == (30, 50, 3)
    assert np.array_equal(pixels, again)
    assert read_back.expression == expression
    assert read_back.point.space == library.open(model).name


def test_a_recipe_paints_by_its_point_even_if_its_expression_leads_elsewhere(
    dcgan: Generator, library: Library, upscalers: Upscalers
) -> None:
    pixels, recipe = paint(compose(dcgan, Seed(seed=12)), upscalers)
    rewritten = recipe.model_copy(update={"expression": Seed(seed=99)})

    assert np.array_equal(paint_recipe(rewritten, library, upscalers), pixels)


def test_pictures_painted_together_are_those_painted_alone(
    dcgan: Generator, upscalers: Upscalers
) -> None:
    requests = [compose(dcgan, Seed(seed=seed)) for seed in range(70)]

    together = paint_together(requests).astype(int)

    alone = np.stack([paint(request, upscalers)[0] for request in requests])
    histogram = np.bincount(np.abs(together - alone).ravel())
    assert len(histogram) <= 1 + AS_PAINTED, f"levels apart: {histogram}"


def test_a_picture_nobody_wants_any_more_is_not_painted(
    dcgan: Generator, upscalers: Upscalers
) -> None:
    with pytest.raises(Cancelled):
        paint(compose(dcgan, Seed(seed=1)), upscalers, Progress(is_cancelled=lambda: True))


def test_a_saved_picture_is_verified(
    saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, _ = saved

    verdict = verify(path, library, upscalers)

    assert verdict.ok
    assert str(path) in verdict.sentence


@pytest.mark.parametrize("upscale", ["", "lanczos"])
def test_verifying_allows_what_processors_round_differently_and_no_more(
    upscale: str, dcgan: Generator, library: Library, upscalers: Upscalers, tmp_path: Path
) -> None:
    allowed = AFTER_UPSCALING if upscale else AS_PAINTED
    request = compose(dcgan, Seed(seed=5), upscale=upscalers.plan(upscale))
    pixels, recipe = paint(request, upscalers)

    verdicts = []
    for levels in (allowed, allowed + 1):
        other = pixels.copy()
        other[3, 2, 1] = _moved(int(other[3, 2, 1]), levels)
        rounded = recipe.for_picture(
            other,
            model=recipe.model,
            expression=recipe.expression,
            point=recipe.point,
            upscale=recipe.upscale,
        )
        path = tmp_path / f"{levels}.png"
        path.write_bytes(encode_picture(other, rounded))
        verdicts.append(verify(path, library, upscalers))

    assert [verdict.ok for verdict in verdicts] == [True, False]
    assert f"up to {allowed + 1} of 255" in verdicts[1].sentence


def _moved(value: int, levels: int) -> int:
    return value + levels if value < 128 else value - levels


def test_an_edited_picture_is_told_from_one_that_is_as_painted(
    saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, recipe = saved
    painted = paint_recipe(recipe, library, upscalers)
    edited = painted.copy()
    edited[0, 0] = 255 - edited[0, 0]
    _swap_pixels(path, painted, edited, recipe)

    verdict = verify(path, library, upscalers)

    assert not verdict.ok
    assert "edited" in verdict.sentence


def _saved_as(image: Image.Image, recipe: Recipe, **how: Any) -> bytes:
    """What an editor writes that keeps the recipe."""
    content = io.BytesIO()
    image.save(content, "PNG", **how)
    return _with_chunks(content.getvalue(), itxt("explorer:recipe", recipe.to_json()))


def _with_chunks(content: bytes, *chunks: bytes) -> bytes:
    return content[:33] + b"".join(chunks) + content[33:]


def _sixteen_bits(image: Image.Image, recipe: Recipe) -> bytes:
    """What Pillow, which has no such mode, reads back as the very same 8 bits."""
    deep = np.asarray(image).astype(">u2") * 256
    rows = b"".join(b"\0" + row.tobytes() for row in deep.astype(">u2"))
    return (
        SIGNATURE
        + chunk_bytes(b"IHDR", struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0))
        + itxt("explorer:recipe", recipe.to_json())
        + chunk_bytes(b"IDAT", zlib.compress(rows))
        + chunk_bytes(b"IEND", b"")
    )


EDITS: dict[str, Callable[[Image.Image, Recipe], bytes]] = {
    "a see-through layer": lambda image, recipe: _saved_as(
        Image.merge("RGBA", (*image.split(), Image.new("L", image.size))), recipe
    ),
    "one see-through colour": lambda image, recipe: _saved_as(
        image, recipe, transparency=image.getpixel((0, 0))
    ),
    "a second frame": lambda image, recipe: _saved_as(
        image, recipe, save_all=True, append_images=[Image.new("RGB", image.size, "red")]
    ),
    "a palette": lambda image, recipe: _saved_as(image.quantize(256), recipe),
    "16 bits": _sixteen_bits,
    "a colour profile": lambda image, recipe: _saved_as(
        image, recipe, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    ),
    "other brightness": lambda image, recipe: _with_chunks(
        _saved_as(image, recipe), chunk_bytes(b"gAMA", struct.pack(">I", 100_000))
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_looks_otherwise_though_its_colours_read_the_same_was_edited(
    edit: str, saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, recipe = saved
    # few enough colours for a palette to hold them all
    flat = np.full((recipe.picture.height, recipe.picture.width, 3), 40, np.uint8)
    pixels = flat if edit == "a palette" else paint_recipe(recipe, library, upscalers)
    own = recipe.for_picture(
        pixels, model=recipe.model, expression=recipe.expression, point=recipe.point
    )
    path.write_bytes(EDITS[edit](Image.fromarray(pixels), own))
    assert pixels_sha256(read_pixels(path)) == own.picture.sha256, "the colours read the same"

    verdict = verify(path, library, upscalers)

    assert not verdict.ok
    assert "was edited" in verdict.sentence


def test_remarks_of_other_programs_leave_a_picture_what_it_was(
    saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, _ = saved
    remark = chunk_bytes(b"tEXt", b"Comment\0seen at the museum")
    path.write_bytes(_with_chunks(path.read_bytes(), remark))

    assert verify(path, library, upscalers).ok


def test_a_recipe_of_another_size_is_told(
    saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, recipe = saved
    smaller = recipe.picture.model_copy(update={"width": 1})
    lying = recipe.model_copy(update={"picture": smaller})
    path.write_bytes(_with_recipe(path.read_bytes(), recipe, lying))

    verdict = verify(path, library, upscalers)

    assert not verdict.ok
    assert "another size" in verdict.sentence


@pytest.mark.parametrize(
    "stages",
    [
        (Stage(id="lanczos", scale=4),),  # to another size
        (Stage(id="lanczos", scale=16),) * 3
        + (Stage(id="lanczos", to=(8, 8)),),  # by way of 32,768
    ],
    ids=["elsewhere", "too large on the way"],
)
def test_a_recipe_that_leads_to_another_size_is_refused_before_anything_is_painted(
    stages: tuple[Stage, ...], saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    path, recipe = saved
    hostile = recipe.model_copy(update={"upscale": stages})
    path.write_bytes(_with_recipe(path.read_bytes(), recipe, hostile))
    reached: list[float] = []

    verdict = verify(path, library, upscalers, Progress(reached.append))

    assert (
        verdict.sentence == f"{path} is not what its recipe paints: that would have another size."
    )
    assert not reached


@pytest.mark.parametrize(
    "stages",
    [
        (),
        (Stage(id="lanczos", scale=3), Stage(id="lanczos", to=(5, 7))),
        (Stage(id="lanczos", to=(5, 7)), Stage(id="lanczos", scale=2)),
        (Stage(id="lanczos", to=(16_384, 8_192)), Stage(id="lanczos", to=(8, 8))),
    ],
)
def test_the_planned_size_is_the_one_that_upscaling_comes_to(
    stages: tuple[Stage, ...], upscalers: Upscalers
) -> None:
    small = np.zeros((6, 4, 3), np.uint8)

    planned = planned_size((4, 6), stages)

    if planned is None:
        with pytest.raises(KnownError, match="too large"):
            upscalers.run(small, stages)
    else:
        assert upscalers.run(small, stages).shape == (planned[1], planned[0], 3)


def _swap_pixels(path: Path, painted: Pixels, edited: Pixels, recipe: Recipe) -> None:
    """Keep the recipe and exchange the pixels, as an image editor does."""
    own = recipe.for_picture(
        edited, model=recipe.model, expression=recipe.expression, point=recipe.point
    )
    content = encode_picture(edited, own)
    assert own.picture.sha256.encode() in content
    path.write_bytes(_with_recipe(content, own, recipe))


def _with_recipe(content: bytes, old: Recipe, new: Recipe) -> bytes:
    before = itxt("explorer:recipe", old.to_json())
    assert before in content
    return content.replace(before, itxt("explorer:recipe", new.to_json()))


def test_a_missing_model_is_named(
    saved: tuple[Path, Recipe], upscalers: Upscalers, tmp_path: Path
) -> None:
    verdict = verify(saved[0], Library([tmp_path]), upscalers)

    assert not verdict.ok
    assert "golden-dcgan, which is not installed" in verdict.sentence
    assert str(saved[0]) in verdict.sentence


def test_a_changed_model_is_told(
    saved: tuple[Path, Recipe], upscalers: Upscalers, tmp_path: Path, make_bundles: ModuleType
) -> None:
    make_bundles.dcgan(tmp_path / "models" / "other", classes=("a", "b"), id="golden-dcgan")

    verdict = verify(saved[0], Library([tmp_path / "models"]), upscalers)

    assert not verdict.ok
    assert "another" in verdict.sentence


def test_a_recipe_from_a_stranger_opens_no_path(
    saved: tuple[Path, Recipe], library: Library, upscalers: Upscalers
) -> None:
    _, recipe = saved
    there = str(GOLDEN / "dcgan-bundle")
    hostile = recipe.model_copy(update={"model": recipe.model.model_copy(update={"id": there})})

    with pytest.raises(KnownError, match="not installed"):
        paint_recipe(hostile, library, upscalers)


def test_a_missing_upscaler_is_named(dcgan: Generator, library: Library, tmp_path: Path) -> None:
    shipped = Upscalers()
    with_models = [name for name in shipped.ids() if name != "lanczos"]
    if not with_models:
        pytest.skip("no upscaler ships with this checkout")
    request = compose(dcgan, Seed(seed=1), upscale=shipped.plan(with_models[0]))
    pixels, recipe = paint(request, shipped)
    path = tmp_path / "large.png"
    write_picture(path, pixels, recipe, Caption())

    verdict = verify(path, library, Upscalers([]))

    assert not verdict.ok
    assert with_models[0] in verdict.sentence


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_saved_picture_gets_a_sentence(
    content: bytes, library: Library, upscalers: Upscalers, tmp_path: Path
) -> None:
    path = tmp_path / "found.png"
    path.write_bytes(content)

    verdict = verify(path, library, upscalers)

    assert not verdict.ok
    assert str(path) in verdict.sentence
    assert not verify(tmp_path / "gone.png", library, upscalers).ok
