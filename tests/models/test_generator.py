"""A generator paints what its bundle says: points, stages, truncation, labels."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers
from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.core.npz import read_npz
from explorer.latent.arithmetic import parse
from explorer.latent.resolve import resolve
from explorer.latent.seeds import seed_latent
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator, Truncation
from explorer.models.sessions import open_session, run_session

if TYPE_CHECKING:
    pass


@pytest.fixture(scope="module")
def dcgan_8(golden: Path) -> Generator:
    return Generator.open(Bundle.read(golden / "dcgan-bundle"), threads=1)


@pytest.fixture(scope="module")
def stylegan2_64(golden: Path) -> Generator:
    return Generator.open(Bundle.read(golden / "stylegan2-bundle"), threads=1)


@pytest.fixture(scope="module")
def with_classes(tmp_path_factory: pytest.TempPathFactory, make_bundles: Any) -> Generator:
    out = tmp_path_factory.mktemp("bundles") / "with-classes"
    make_bundles.dcgan(out, classes=("wood", "clay", "iron"), id="golden-classes")
    return Generator.open(Bundle.read(out), threads=1)


def points_of(generator: Generator, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.stack([generator.seed_point(seed) for seed in range(count)])


def test_pictures_are_bytes_by_row_and_column(dcgan_8: Generator, stylegan2_64: Generator) -> None:
    for generator, side in ((dcgan_8, 8), (stylegan2_64, 64)):
        pictures = generator.paint(points_of(generator, 3))
        assert pictures.shape == (3, side, side, 3)
        assert pictures.dtype == np.uint8


def test_other_seeds_are_other_pictures(dcgan_8: Generator, stylegan2_64: Generator) -> None:
    for generator in (dcgan_8, stylegan2_64):
        pictures = generator.paint(points_of(generator, 16)).astype(int)
        apart = np.abs(pictures[:, None] - pictures[None]).mean((2, 3, 4))
        assert apart[~np.eye(16, dtype=bool)].min() > 2  # levels


@settings(max_examples=20)
@given(count=integers(1, 9))
def test_a_picture_does_not_depend_on_its_neighbours(dcgan_8: Generator, count: int) -> None:
    points = points_of(dcgan_8, count)
    together = dcgan_8.paint(points).astype(int)
    alone = np.concatenate([dcgan_8.paint(point[None]) for point in points])
    assert np.abs(together - alone).max() <= 1


def test_no_points_are_no_pictures(dcgan_8: Generator, stylegan2_64: Generator) -> None:
    assert dcgan_8.paint(np.zeros((0, 4), np.float32)).shape == (0, 8, 8, 3)
    assert stylegan2_64.paint(np.zeros((0, 8), np.float32)).shape == (0, 64, 64, 3)


def test_image_is_rgb_rounded_half_to_even(golden: Path) -> None:
    session = open_session((golden / "dcgan-bundle/synthesis.onnx").read_bytes(), threads=1)
    z = np.stack([seed_latent(seed, 4) for seed in range(32)])
    image, rgb = session.run(["image", "rgb"], {"z": z})
    assert rgb.dtype == np.float32
    np.testing.assert_array_equal(image, np.clip(np.round((rgb + 1) * np.float32(127.5)), 0, 255))


def test_many_hands_paint_the_same_picture(stylegan2_64: Generator) -> None:
    points = points_of(stylegan2_64, 4)
    expected = stylegan2_64.paint(points)
    with ThreadPoolExecutor(4) as hands:
        painted = list(hands.map(lambda _: stylegan2_64.paint(points), range(16)))
    for pictures in painted:
        np.testing.assert_array_equal(pictures, expected)


def test_arithmetic_in_each_space_can_be_painted(
    dcgan_8: Generator, stylegan2_64: Generator
) -> None:
    for generator in (dcgan_8, stylegan2_64):
        point = resolve(parse("mean(@1, @2) - 0.5 * @3", lambda title: None), generator)
        assert point.shape == (generator.dim,)
        assert generator.paint(point[None]).any()


def test_numbers_of_doubles_and_views_are_painted_alike(dcgan_8: Generator) -> None:
    points = points_of(dcgan_8, 4)
    np.testing.assert_array_equal(
        dcgan_8.paint(points.astype(np.float64)[::-1]),  # type: ignore[arg-type]  # what a caller may get wrong
        dcgan_8.paint(points)[::-1],
    )


def test_stages_grow_and_end_in_the_picture(stylegan2_64: Generator) -> None:
    points = points_of(stylegan2_64, 2)
    small, large = stylegan2_64.stages(points)
    assert (small.shape, large.shape) == ((2, 32, 32, 3), (2, 64, 64, 3))
    np.testing.assert_array_equal(large, stylegan2_64.paint(points))
    halved = large.reshape(2, 32, 2, 32, 2, 3).astype(float).mean((2, 4))
    assert np.abs(halved - small).mean() < 30  # levels: the same picture, sharper


def test_a_stage_nobody_waits_for_is_not_computed_and_none_twice(
    stylegan2_64: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def counted(*args: Any, name: str) -> dict[str, Any]:
        ran.append(name.rpartition(" ")[2])
        return run_session(*args, name=name)

    monkeypatch.setattr("explorer.models.wiring.run_session", counted)
    stages = stylegan2_64.stages(np.zeros((1, 8), np.float32))
    next(stages)
    assert ran == ["synthesis-0032.onnx"]
    next(stages)
    assert ran == ["synthesis-0032.onnx", "synthesis-0064.onnx"]


def test_a_dcgan_has_one_stage(dcgan_8: Generator) -> None:
    points = points_of(dcgan_8, 2)
    (only,) = dcgan_8.stages(points)
    np.testing.assert_array_equal(only, dcgan_8.paint(points))


@given(psi=floats(0, 1, width=32))
@settings(max_examples=20)
def test_truncation_in_z_shortens(dcgan_8: Generator, psi: float) -> None:
    points = points_of(dcgan_8, 2)
    np.testing.assert_array_equal(
        dcgan_8.paint(points, truncation=Truncation(psi=psi)),
        dcgan_8.paint(np.float32(psi) * points),
    )


def test_truncation_in_w_draws_towards_the_average(stylegan2_64: Generator, golden: Path) -> None:
    w_avg = read_npz((golden / "stylegan2-bundle/latents.npz").read_bytes(), "latents")["w_avg"]
    points = points_of(stylegan2_64, 2)
    half = Truncation(psi=0.5)
    np.testing.assert_array_equal(
        stylegan2_64.paint(points, truncation=half),
        stylegan2_64.paint(w_avg + np.float32(0.5) * (points - w_avg)),
    )
    average = stylegan2_64.paint(points, truncation=Truncation(psi=0))
    np.testing.assert_array_equal(average[0], average[1])

    below = Truncation(psi=0.5, cutoff=4)
    rows = np.repeat(points[:, None], 10, axis=1)
    rows[:, :4] = (w_avg + np.float32(0.5) * (points - w_avg))[:, None]
    np.testing.assert_array_equal(
        stylegan2_64.paint(points, truncation=below), stylegan2_64.paint(rows)
    )
    all_layers = Truncation(psi=0.5, cutoff=99)
    np.testing.assert_array_equal(
        stylegan2_64.paint(points, truncation=all_layers),
        stylegan2_64.paint(points, truncation=half),
    )


def test_a_dcgan_has_no_layers_to_stop_at(dcgan_8: Generator) -> None:
    with pytest.raises(KnownError, match="no layers"):
        dcgan_8.paint(points_of(dcgan_8, 1), truncation=Truncation(psi=0.5, cutoff=4))


def test_each_row_of_ws_reaches_the_picture(stylegan2_64: Generator) -> None:
    rows = np.repeat(points_of(stylegan2_64, 1)[:, None], 10, axis=1)
    before = stylegan2_64.paint(rows)
    for layer in range(10):
        moved = rows.copy()
        moved[:, layer] += 2
        assert (stylegan2_64.paint(moved) != before).any(), layer


def test_noise_is_scaled_and_always_the_same(stylegan2_64: Generator) -> None:
    points = points_of(stylegan2_64, 1)
    np.testing.assert_array_equal(stylegan2_64.paint(points), stylegan2_64.paint(points))
    assert (stylegan2_64.paint(points, noise_scale=0.0) != stylegan2_64.paint(points)).any()


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 1e39])
def test_a_noise_that_is_no_scale_is_refused(stylegan2_64: Generator, scale: float) -> None:
    with pytest.raises(KnownError, match="no scale"):
        stylegan2_64.paint(points_of(stylegan2_64, 1), noise_scale=scale)


@pytest.mark.parametrize("psi", [float("nan"), float("inf"), 1e39])
def test_a_truncation_that_is_none_never_exists(psi: float) -> None:
    with pytest.raises(ValidationError):
        Truncation(psi=psi)


def test_a_label_chooses_and_none_mixes_all_alike(with_classes: Generator) -> None:
    points = points_of(with_classes, 2)
    wood, clay, iron = np.eye(3, dtype=np.float32)
    assert (
        with_classes.paint(points, labels=wood) != with_classes.paint(points, labels=clay)
    ).any()
    np.testing.assert_array_equal(
        with_classes.paint(points, labels=np.stack([wood, iron]))[1],
        with_classes.paint(points[1:], labels=iron)[0],
    )
    np.testing.assert_array_equal(
        with_classes.paint(points), with_classes.paint(points, labels=np.full(3, 1 / 3, np.float32))
    )


@pytest.mark.parametrize("bad", [[1, 0], [0.5, 0.2, 0.2], [2, -1, 0], [np.nan, 0, 1], [[1, 0, 0]]])
def test_a_label_that_is_none_is_refused(with_classes: Generator, bad: list[float]) -> None:
    with pytest.raises(KnownError, match="label"):
        with_classes.paint(points_of(with_classes, 2), labels=np.array(bad, np.float32))


def test_a_label_where_there_are_no_classes_is_refused(dcgan_8: Generator) -> None:
    with pytest.raises(KnownError, match="no classes"):
        dcgan_8.paint(points_of(dcgan_8, 1), labels=np.ones(1, np.float32))


def test_a_space_under_a_label_is_a_space(with_classes: Generator) -> None:
    wood = np.eye(3, dtype=np.float32)[0]
    expression = parse("@3", lambda title: None)
    np.testing.assert_array_equal(resolve(expression, with_classes.given(wood)), seed_latent(3, 4))


def test_directions_are_scaled_and_counted(dcgan_8: Generator, stylegan2_64: Generator) -> None:
    np.testing.assert_allclose(dcgan_8.direction("pca", 3), [0, 0, 0, 0.7])
    assert (dcgan_8.directions("pca"), stylegan2_64.directions("sefa")) == (4, 2)
    assert np.linalg.norm(dcgan_8.direction("sefa", 0)) == pytest.approx(1, abs=1e-6)
    for index in (4, -1):
        with pytest.raises(KnownError, match="4 pca directions"):
            dcgan_8.direction("pca", index)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (np.zeros((1, 5)), "belong to another model"),
        (np.zeros(4), "belong to another model"),
        (np.zeros((1, 10, 4)), "belong to another model"),
        (np.full((1, 4), np.nan), "too large to paint"),
        (np.full((1, 4), np.inf), "too large to paint"),
        (np.full((1, 4), 1e300), "too large to paint"),
        (np.full((1, 4), -3e38), "too large to paint"),
    ],
)
def test_points_that_do_not_fit_are_refused(
    dcgan_8: Generator, points: np.ndarray[Any, np.dtype[np.float32]], sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        dcgan_8.paint(points)
