"""The whole way, with the real parts: from a folder of pictures to a named, upscaled artwork."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from explorer.cli import app as explorer
from explorer.gallery.artwork import Artwork as KeptArtwork
from explorer.gallery.caption import Caption
from explorer.gallery.store import Gallery
from explorer.latent.arithmetic import parse
from explorer.latent.expression import Artwork, Between, Seed
from explorer.models.library import Library
from explorer.render.repaint import compose, paint
from explorer.upscale.stages import TWO_STAGES
from explorer.upscale.upscaler import Upscalers

pytestmark = [pytest.mark.train, pytest.mark.slow]


def run(command: object, *words: object) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words])  # type: ignore[arg-type]  # a Typer
    assert result.exit_code == 0, f"{words[0]}: {result.output} {result.exception!r}"
    return result.output


def as_node(work: KeptArtwork) -> Artwork:
    return Artwork(id=work.uuid, title=work.title, was=work.recipe.expression)


def test_from_a_folder_of_pictures_to_a_named_upscaled_artwork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.cli import app as train

    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    pictures, dataset, trained = (tmp_path / n for n in ("pictures", "dataset", "run"))

    run(train, "masks", pictures, "--count", 32, "--size", 32)
    run(train, "prepare", pictures, dataset, "--size", 32)
    seen = run(train, "look", dataset)
    small = ("--width", 0.125, "--kernel", 4, "--batch", 8)
    run(train, "run", dataset, "--out", trained, *small, "--steps", 40)
    run(train, "export", trained, "--id", "tiny-32-r1", "--title", "Tiny")

    assert "float32" in seen
    assert "tiny-32-r1" in run(explorer, "models", "list")
    library, upscalers = Library(), Upscalers()
    generator = library.open("tiny-32-r1")

    halfway = compose(
        generator,
        Between.model_validate(
            {"op": "between", "path": "slerp", "from": Seed(seed=1), "to": Seed(seed=2), "t": 0.5}
        ),
    )
    with Gallery.open(tmp_path / "gallery") as gallery:
        moon = gallery.save(*paint(halfway, upscalers), Caption(title="Moon"))

        def kept(name: str) -> Artwork | None:
            work = gallery.named(name)
            return None if work is None else as_node(work)

        expression = parse("mean(@12, @40, @7) - mean(@3, @9) + 0.8 * #moon", kept)
        request = compose(generator, expression, upscale=upscalers.plan(TWO_STAGES))
        pixels, recipe = paint(request, upscalers)
        tide = gallery.save(pixels, recipe, Caption(title="Tide under glass"))

        found = gallery.search("tide gla")
        files = [gallery.picture_path(work) for work in (moon, tide)]

    assert pixels.shape == (512, 512, 3)
    assert np.ptp(pixels) > 0
    assert [work.uuid for work in found] == [tide.uuid]
    assert found[0].recipe.expression == expression
    said = run(explorer, "verify", *files)
    assert said.count("is what its recipe says") == 2, said
