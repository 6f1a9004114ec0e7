"""Make the golden artwork and gallery anew: ``python -m tests.golden.make_gallery``.

The golden DCGAN paints it, so that it can be verified; run ``make_bundles`` first.
"""

import shutil
from pathlib import Path

from explorer.gallery.pictures import Caption, write_picture
from explorer.gallery.recipe import ModelRef, Recipe
from explorer.gallery.store import Gallery
from explorer.latent.expression import Between, Seed
from explorer.latent.resolve import resolve
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator, Truncation
from explorer.upscale.upscaler import Pixels, Upscalers

HERE = Path(__file__).parent
CAPTION = Caption(
    title="Low Sun <& “Half a Promise”>",
    creator="A. Nonymous",
    description="Two seeds,\nalmost halfway.",
    tags=("amber", "étude", "🎭"),
    rights="CC0 1.0",
    rating=4,
)


def paint() -> tuple[Pixels, Recipe]:
    generator = Generator.open(Bundle.read(HERE / "dcgan-bundle"))
    expression = Between(start=Seed(seed=3), end=Seed(seed=12), t=0.4)
    point = resolve(expression, generator)
    truncation = Truncation(psi=0.8)
    upscalers = Upscalers([])
    stages = upscalers.plan("lanczos", size=(42, 42))
    (small,) = generator.paint(point[None], truncation=truncation)
    pixels = upscalers.run(small, stages)
    card = generator.card
    recipe = Recipe.for_picture(
        pixels,
        model=ModelRef(id=card.id, title=card.title, sha256=generator.painting_hash),
        expression=expression,
        point=point,
        truncation=truncation,
        upscale=stages,
    )
    return pixels, recipe


def main() -> None:
    pixels, recipe = paint()
    write_picture(HERE / "artwork.png", pixels, recipe, CAPTION)
    (HERE / "recipe.json").write_text(recipe.to_json() + "\n", encoding="utf-8")
    folder = HERE / "gallery"
    shutil.rmtree(folder, ignore_errors=True)
    with Gallery.open(folder) as gallery:
        gallery.save(pixels, recipe, CAPTION)
        binned = gallery.save(pixels, recipe, Caption(title="In the bin"))
        gallery.delete(binned.uuid)
        untitled = gallery.save(pixels, recipe)
        gallery.rename(untitled.uuid, "Named Later")


if __name__ == "__main__":
    main()
