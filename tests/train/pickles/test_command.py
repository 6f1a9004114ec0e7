"""The whole way of a stranger's pickle: read, rebuilt, compared, opened as the studio will."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator
from explorer.models.library import Library
from training.cli import app

from .conftest import Weights

pytestmark = pytest.mark.train


def adopt(*arguments: object) -> str:
    return str(
        CliRunner().invoke(app, ["adopt", *map(str, arguments)], catch_exceptions=False).output
    )


def test_a_pickle_becomes_a_bundle_that_the_app_paints(
    pytorch: Callable[..., bytes], weights: Callable[..., Weights], tmp_path: Path
) -> None:
    made = weights()
    (tmp_path / "dog.pkl").write_bytes(pytorch(made))

    said = adopt(tmp_path / "dog.pkl", "--id", "dog-r1", "--title", "Dog", "--out", tmp_path)

    assert "".join(said.split()).endswith(f"Next:explorer--model{tmp_path / 'dog-r1'}")
    bundle = Bundle.read(Library([]).find(str(tmp_path / "dog-r1")))
    generator = Generator.open(bundle)
    assert "not for commercial use" in bundle.card.licence
    assert bundle.card.parity is not None
    assert bundle.card.parity.image_max_levels <= 1
    with np.load(tmp_path / "dog-r1" / "latents.npz", allow_pickle=False) as latents:
        np.testing.assert_array_equal(latents["w_avg"], made["mapping.w_avg"])
    assert generator.paint(generator.seed_point(3)[None]).shape == (1, 32, 32, 3)


def test_a_hostile_pickle_leaves_a_sentence_and_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")

    with pytest.raises(KnownError, match=r"evil\.pkl.*os\.system|os\.system.*evil\.pkl"):
        adopt(tmp_path / "evil.pkl", "--id", "evil-r1", "--title", "Evil", "--out", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["evil.pkl"]
