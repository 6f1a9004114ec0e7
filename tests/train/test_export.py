import io
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.likeness.pack import read_bundle_pack
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator
from training.bundles import graphs
from training.bundles.export import export
from training.cli import app
from training.config import Settings
from training.run import Pacing, train

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def grey_run(grey_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    settings = Settings(width=1 / 16, batch=8, latent=8)
    quiet = Console(file=io.StringIO())
    train(grey_dataset, out, Pacing(steps=5), settings=settings, console=quiet)
    return out


def test_the_app_opens_what_training_wrote(grey_run: Path, tmp_path: Path) -> None:
    card = export(grey_run, tmp_path, id="discs-28-r1", title="Discs")

    bundle = Bundle.read(tmp_path / "discs-28-r1")
    assert read_bundle_pack(bundle) is None
    generator = Generator.open(bundle)
    pictures = generator.paint(np.stack([generator.seed_point(s) for s in (1, 2, 3)]))

    assert pictures.shape == (3, 28, 28, 1)
    assert card.parity is not None
    assert card.parity.rgb_max_abs < 1e-4
    assert card.parity.image_max_levels <= 1
    assert card.training is not None
    assert card.training.images_seen == 40
    assert card.licence == "CC0-1.0"
    assert card.credits == ("Nobody",)


def test_the_preview_shows_seeds_0_to_63(grey_run: Path, tmp_path: Path) -> None:
    export(grey_run, tmp_path, id="discs-28-r1", title="Discs")
    bundle = Bundle.read(tmp_path / "discs-28-r1")
    generator = Generator.open(bundle)

    with Image.open(io.BytesIO(bundle.content("preview.png")), formats=["PNG"]) as preview:
        sheet = np.asarray(preview)

    nine = generator.paint(generator.seed_point(9)[None])[0, ..., 0]
    np.testing.assert_allclose(sheet[28:56, 28:56].astype(int), nine, atol=1)


def test_the_graph_is_as_the_contract_wants_it(grey_run: Path, tmp_path: Path) -> None:
    export(grey_run, tmp_path, id="discs-28-r1", title="Discs")

    model = onnx.load_from_string(Bundle.read(tmp_path / "discs-28-r1").content("synthesis.onnx"))

    assert [v.name for v in model.graph.input] == ["z"]
    assert [v.name for v in model.graph.output] == ["image", "rgb"]
    for value in (*model.graph.input, *model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "n"
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
    assert {p.key: p.value for p in model.metadata_props} == {
        "explorer.format": "1",
        "explorer.id": "discs-28-r1",
    }


def test_principal_directions_are_unit_rows_in_order(grey_run: Path, tmp_path: Path) -> None:
    export(grey_run, tmp_path, id="discs-28-r1", title="Discs")
    content = Bundle.read(tmp_path / "discs-28-r1").content("latents.npz")

    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        pca, scale, sefa = (arrays[k] for k in ("pca_components", "pca_scale", "sefa_components"))

    assert pca.shape == sefa.shape == (8, 8)
    np.testing.assert_allclose(np.linalg.norm(pca, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(sefa @ sefa.T, np.eye(8), atol=1e-4)
    assert (scale > 0).all()


def test_nothing_is_written_when_the_two_runtimes_disagree(
    grey_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = graphs.of

    def shifted(network: keras.Model, id: str) -> dict[str, bytes]:
        for weight in network.trainable_variables:
            weight.assign(weight + 0.05)
        found = honest(network, id)
        for weight in network.trainable_variables:
            weight.assign(weight - 0.05)
        return found

    monkeypatch.setattr(graphs, "of", shifted)

    with pytest.raises(KnownError, match="paint otherwise than the network"):
        export(grey_run, tmp_path, id="discs-28-r1", title="Discs")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_checkpoint_is_no_model_yet(grey_run: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_bytes((grey_run / "run.json").read_bytes())

    with pytest.raises(KnownError, match="no checkpoint yet"):
        export(tmp_path / "run", tmp_path, id="x", title="X")


def test_an_id_is_never_used_twice(grey_run: Path, tmp_path: Path) -> None:
    export(grey_run, tmp_path, id="discs-28-r1", title="Discs")

    with pytest.raises(KnownError, match="exists already"):
        export(grey_run, tmp_path, id="discs-28-r1", title="Discs")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"id": "My Discs", "title": "Discs"}, "--id can't stand on the model's card"),
        ({"id": "discs-28-r1", "title": ""}, "--title can't stand"),
        ({"id": "discs-28-r1", "title": "Discs", "credits": ("a\tb",)}, "--credits can't stand"),
    ],
)
def test_what_no_card_can_say_is_refused_in_a_sentence(
    grey_run: Path, tmp_path: Path, said: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        export(grey_run, tmp_path, **said)
    assert list(tmp_path.iterdir()) == []


def test_what_a_dataset_says_of_itself_never_keeps_a_model_from_being_written(
    grey_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(grey_run, run)
    told = (run / "run.json").read_text()
    told = told.replace('"CC0-1.0"', json.dumps("CC0\t" + "1.0 " * 200))
    (run / "run.json").write_text(told.replace('"Nobody"', json.dumps("No\tbody")))

    card = export(run, tmp_path, id="discs-28-r1", title="Discs")

    assert card.credits == ("No body",)
    assert card.licence.startswith("CC0 1.0 1.0")


def test_painting_is_the_same_alone_and_among_others(grey_run: Path, tmp_path: Path) -> None:
    export(grey_run, tmp_path, id="discs-28-r1", title="Discs")
    generator = Generator.open(Bundle.read(tmp_path / "discs-28-r1"))
    z = tf.random.stateless_normal((5, 8), (0, 0)).numpy()

    together = generator.paint(z)
    alone = np.concatenate([generator.paint(point[None]) for point in z])

    assert np.abs(together.astype(int) - alone).max() <= 1


def test_other_pictures_are_not_shipped_and_nothing_is_half_written(
    grey_run: Path, colour_dataset: Path, tmp_path: Path
) -> None:
    for dataset, sentence in (
        (colour_dataset, "does not hold the pictures that the run learned from"),
        (tmp_path / "gone", "is not a dataset"),
    ):
        with pytest.raises(KnownError, match=sentence):
            export(grey_run, tmp_path / "out", id="discs-28-r1", title="Discs", ship=dataset)
    assert not (tmp_path / "out").exists()
    assert not (colour_dataset / "features").exists()


def test_a_model_ships_what_it_learned_from_when_asked(
    grey_run: Path, grey_dataset: Path, tmp_path: Path
) -> None:
    said = ["export", str(grey_run), "--id", "d", "--title", "D", "--out", str(tmp_path)]
    for half in (["--likeness"], ["--dataset", str(grey_dataset)]):
        assert CliRunner().invoke(app, [*said, *half]).exit_code == 2
    both = CliRunner().invoke(app, [*said, "--likeness", "--dataset", str(grey_dataset)])

    assert both.exit_code == 0
    assert "".join(both.output.split()).endswith(f"Next:explorer--model{tmp_path / 'd'}")
    pack = read_bundle_pack(Bundle.read(tmp_path / "d"))
    assert pack is not None
    assert len(pack) == len(pack.thumbnails) == 48
    assert {(each.author, each.licence) for each in pack.pictures} == {("Nobody", "CC0-1.0")}
    assert pack.pictures[47].file == "discs.npy#47"
