import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.models.bundle import Bundle
from explorer.models.card import Card
from explorer.models.generator import Generator, Truncation
from training.bundles import bundle, directions
from training.config import Settings
from training.networks import dcgan, stylegan2
from training.report import to_bytes

pytestmark = pytest.mark.train

SETTINGS = Settings(architecture="stylegan2", latent=6, mapping_layers=2)
CLASSES = ("wood", "clay", "bronze")


def network(*, size: int, classes: int = 0, noise: bool = True) -> stylegan2.Generator:
    """A narrow StyleGAN2, with no weight left at zero."""
    settings = SETTINGS.model_copy(update={"noise": noise})
    plan = stylegan2.plan(size, 3, classes, settings)
    narrow = tuple(range(10, 10 - len(plan.filters), -1))
    generator = stylegan2.generator(replace(plan, filters=narrow, w_dim=8), settings)
    chance = np.random.RandomState(0)
    for weight in generator.trainable_variables:
        weight.assign(weight + 0.1 * chance.standard_normal(weight.shape))
    return generator


def card(generator: stylegan2.Generator, **told: Any) -> Card:
    return Card.model_validate(
        bundle.sizes_of(generator.plan) | {"id": "masks-r1", "title": "Masks"} | told
    )


@pytest.fixture(scope="module")
def labelled() -> stylegan2.Generator:
    """Three stages, noise, three classes: all that a bundle can hold."""
    return network(size=128, classes=3)


@pytest.fixture(scope="module")
def written(labelled: stylegan2.Generator, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    out = tmp_path_factory.mktemp("bundle") / "masks-r1"
    bundle.write(labelled, card(labelled, classes=CLASSES), out)
    return Bundle.read(out)


def label(index: int) -> NDArray[np.float32]:
    one_hot: NDArray[np.float32] = np.eye(3, dtype=np.float32)[index]
    return one_hot


def test_the_app_paints_what_training_paints(
    labelled: stylegan2.Generator, written: Bundle
) -> None:
    app = Generator.open(written)
    points = np.stack([app.seed_point(seed, label(seed)) for seed in range(3)])

    pictures = app.paint(points)

    z = np.stack([np.random.RandomState(seed).standard_normal(6) for seed in range(3)])
    theirs = labelled([tf.constant(z, tf.float32), tf.eye(3)]).numpy()
    assert np.abs(pictures.astype(int) - to_bytes(theirs)).max() <= 1
    assert written.card.parity is not None
    assert written.card.parity.rgb_max_abs < 1e-3
    assert written.card.parity.image_max_levels <= 1
    assert written.card.stages == (32, 64, 128)


def test_each_stage_shows_the_picture_as_far_as_it_came(
    labelled: stylegan2.Generator, written: Bundle
) -> None:
    app = Generator.open(written)
    point = app.seed_point(4, label(1))[None]

    stages = list(app.stages(point))

    ws = np.repeat(point[:, None], labelled.plan.num_ws, axis=1)
    assert [picture.shape for picture in stages] == [(1, s, s, 3) for s in (32, 64, 128)]
    for picture in stages:
        _, skip = labelled.synthesis.grown(tf.constant(ws), None, None, to=picture.shape[1])
        assert np.abs(picture.astype(int) - to_bytes(skip.numpy())).max() <= 1


def test_noise_can_be_scaled_in_the_app(labelled: stylegan2.Generator, written: Bundle) -> None:
    app = Generator.open(written)
    point = app.seed_point(4, label(1))[None]

    still, strong = (app.paint(point, noise_scale=scale) for scale in (0.0, 2.0))

    ws = tf.constant(np.repeat(point[:, None], labelled.plan.num_ws, axis=1))
    for found, scale in ((still, 0.0), (strong, 2.0)):
        theirs = to_bytes(labelled.synthesis(ws, noise_scale=scale).numpy())
        assert np.abs(found.astype(int) - theirs).max() <= 1
    assert np.abs(still.astype(int) - strong).max() > 5


def test_graphs_are_of_standard_operators_for_any_number_of_pictures(written: Bundle) -> None:
    for name in written.card.graph_files:
        model = onnx.load_from_string(written.content(name))
        kinds = {node.op_type for node in model.graph.node}
        shapes = [
            value.type.tensor_type.shape.dim
            for value in (*model.graph.input, *model.graph.output)
            if value.name != "noise_scale"
        ]

        assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
        assert [(o.domain, o.version) for o in model.opset_import] == [("", 18)]
        assert {shape[0].dim_param for shape in shapes} == {"n"}
        assert kinds.isdisjoint({"Loop", "If", "Scan", "RandomNormal", "RandomNormalLike"})
        # Every picture is convolved by one kernel: more groups than one run nowhere fast.
        groups = [a.i for node in model.graph.node for a in node.attribute if a.name == "group"]
        assert set(groups) <= {1}


def test_directions_are_unit_rows_in_w_and_the_average_is_that_of_the_mapping(
    labelled: stylegan2.Generator, written: Bundle
) -> None:
    with np.load(io.BytesIO(written.content("latents.npz")), allow_pickle=False) as arrays:
        told = dict(arrays)

    np.testing.assert_allclose(told["w_avg"], stylegan2.w_average(labelled), atol=1e-6)
    assert told["pca_components"].shape == told["sefa_components"].shape == (8, 8)
    for name in ("pca_components", "sefa_components"):
        np.testing.assert_allclose(told[name] @ told[name].T, np.eye(8), atol=1e-5)
    assert (np.diff(told["pca_scale"]) <= 0).all()
    w = stylegan2.mapped(labelled, 10_000) - told["pca_mean"]
    spread = (w @ told["pca_components"].T).std(axis=0)
    np.testing.assert_allclose(spread, told["pca_scale"], rtol=1e-2, atol=1e-4)


def test_no_truncation_is_left_of_the_average_alone(written: Bundle) -> None:
    app = Generator.open(written)
    points = np.stack([app.seed_point(seed, label(0)) for seed in (1, 2)])

    first, second = app.paint(points, truncation=Truncation(psi=0))

    np.testing.assert_array_equal(first, second)


def test_the_preview_shows_classes_in_turn(written: Bundle) -> None:
    app = Generator.open(written)
    with Image.open(io.BytesIO(written.content("preview.png")), formats=["PNG"]) as preview:
        sheet = np.asarray(preview)

    tenth = app.paint(app.seed_point(9, label(9 % 3))[None])[0]

    assert sheet.shape == (8 * 128, 8 * 128, 3)
    assert np.abs(sheet[128:256, 128:256].astype(int) - tenth).max() <= 1


def test_a_model_without_noise_or_classes_asks_for_neither(tmp_path: Path) -> None:
    plain = network(size=32, noise=False)

    bundle.write(plain, card(plain), tmp_path / "masks-r1")

    app = Generator.open(Bundle.read(tmp_path / "masks-r1"))
    assert app.card.stages == (32,)
    assert not app.card.noise
    assert app.paint(app.seed_point(3)[None]).shape == (1, 32, 32, 3)


def test_a_known_average_of_w_is_kept() -> None:
    w_avg = np.arange(8, dtype=np.float32)

    told = directions.of_stylegan2(network(size=32), w_avg)

    np.testing.assert_array_equal(told["w_avg"], w_avg)


def test_nothing_is_written_over_another_model(tmp_path: Path) -> None:
    plain = network(size=32)
    (tmp_path / "masks-r1").mkdir()

    with pytest.raises(KnownError, match="exists already"):
        bundle.write(plain, card(plain), tmp_path / "masks-r1")


def test_a_conditional_dcgan_is_told_its_label(tmp_path: Path) -> None:
    settings = Settings(width=1 / 16, latent=8)
    plan = dcgan.plan(32, 1, 3, settings)
    generator = unsettled(dcgan.generator(plan, settings))
    told = bundle.sizes_of(plan) | {"id": "masks-r1", "title": "Masks", "classes": CLASSES}

    bundle.write(generator, Card.model_validate(told), tmp_path / "masks-r1")

    app = Generator.open(Bundle.read(tmp_path / "masks-r1"))
    z = np.stack([app.seed_point(5)] * 3)
    labels = np.eye(3, dtype=np.float32)
    theirs = generator([z, labels], training=False).numpy()
    assert np.abs(app.paint(z, labels=labels).astype(int) - to_bytes(theirs)).max() <= 1
    assert np.abs(theirs[0] - theirs[1]).max() > 0.001
    assert app.directions("pca") == 8


def unsettled(generator: keras.Model) -> keras.Model:
    chance = np.random.RandomState(0)
    for weight in generator.trainable_variables:
        weight.assign(weight + 0.1 * chance.standard_normal(weight.shape))
    return generator
