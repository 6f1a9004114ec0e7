"""NVIDIA's pickles of both generations are read as data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.transfer.pickles import Pickled, parse_pickle, read_pickle

from .conftest import Weights, Writer
from .refused import refusal


def same(read: Pickled, weights: Weights) -> None:
    assert read.generator.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_allclose(read.generator[name], array, atol=2e-7, err_msg=name)


def test_both_generations_give_the_same_weights(
    written: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    made = weights()
    (tmp_path / "network.pkl").write_bytes(written(made))

    read = read_pickle(tmp_path / "network.pkl")

    same(read, made)
    sizes = read.sizes
    assert (sizes.z_dim, sizes.w_dim, sizes.c_dim, sizes.channels) == (6, 8, 0, 3)
    assert (sizes.resolution, sizes.filters) == (32, (8, 8, 6, 4))
    assert (sizes.mapping_layers, sizes.mapping_width, sizes.mapping_rate) == (2, 8, 0.01)
    assert sizes.noise


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol_of_their_pythons_is_read(
    written: Writer, weights: Callable[..., Weights], protocol: int
) -> None:
    made = weights((4, 4), layers=1)
    same(parse_pickle(written(made, protocol=protocol), name="file.pkl"), made)


def test_classes_and_networks_without_noise_are_read(
    written: Writer, weights: Callable[..., Weights]
) -> None:
    made = weights((4, 4), classes=3, noise=False)
    read = parse_pickle(written(made), name="file.pkl")

    same(read, made)
    assert (read.sizes.c_dim, read.sizes.embedding, read.sizes.z_dim) == (3, 8, 6)
    assert not read.sizes.noise


def test_the_discriminator_comes_with_it(
    written: Writer, weights: Callable[..., Weights], critic: Weights
) -> None:
    read = parse_pickle(written(weights((4, 4)), critic), name="file.pkl")

    assert read.discriminator is not None
    assert read.discriminator.keys() == critic.keys()
    for name, array in critic.items():
        np.testing.assert_array_equal(read.discriminator[name], array, err_msg=name)


def test_source_code_in_the_file_stays_a_piece_of_text(
    written: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    source = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n"
    made = weights((4, 4))

    same(parse_pickle(written(made, source=source), name="file.pkl"), made)

    assert not canary.exists()


def without(made: Weights, beginning: str) -> Weights:
    return {name: array for name, array in made.items() if not name.startswith(beginning)}


def test_weights_that_do_not_fit_together_are_refused(
    written: Writer, weights: Callable[..., Weights]
) -> None:
    made = weights((4, 4))
    assert "lacks the weight 'mapping.fc0.weight'" in refusal(
        written(without(made, "mapping.fc0."))
    )
    assert "lacks the weight 'synthesis.b8.torgb.affine.bias'" in refusal(
        written(without(made, "synthesis.b8.torgb.affine.bias"))
    )
    longer = {**made, "synthesis.b8.conv1.bias": np.zeros(5, np.float32)}
    assert "'synthesis.b8.conv1.bias' has another shape" in refusal(written(longer))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(
    written: Writer, weights: Callable[..., Weights], number: float
) -> None:
    bias = np.array([0, 0, 0, number], np.float32)
    made = {**weights((4, 4)), "synthesis.b8.conv1.bias": bias}
    assert "'synthesis.b8.conv1.bias' is not finite" in refusal(written(made))


def test_an_alias_free_network_is_named(pytorch: Writer, weights: Callable[..., Weights]) -> None:
    made = weights((4, 4))
    made["synthesis.L0_36_512.weight"] = np.zeros((4, 4, 3, 3), np.float32)
    assert "StyleGAN3" in refusal(pytorch(made))


def test_a_residual_generator_is_refused(pytorch: Writer, weights: Callable[..., Weights]) -> None:
    made = weights((4, 4))
    made["synthesis.b8.skip.weight"] = np.zeros((4, 4, 1, 1), np.float32)
    assert "'synthesis.b8.skip.weight'" in refusal(pytorch(made))


@pytest.mark.parametrize("side", [96, 0, -8, 2**70, True, None, "32", 12.0])
def test_only_powers_of_two_are_painted(
    pytorch: Writer, weights: Callable[..., Weights], side: object
) -> None:
    assert "power of two" in refusal(pytorch(weights((4, 4)), img_resolution=side))
    assert "has layers for 8" in refusal(pytorch(weights((4, 4)), img_resolution=16))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"nonlinearity": "relu"}, "activations"),
        ({"mapping_nonlinearity": []}, "activations"),
        ({"resample_kernel": [1, 2, 1]}, "filter"),
        ({"normalize_latents": False}, "latents"),
        ({"mapping_lrmul": "fast"}, "rate"),
        ({"resolution": 24}, "power of two"),
    ],
)
def test_settings_that_paint_otherwise_are_refused(
    tensorflow: Writer, weights: Callable[..., Weights], setting: dict[str, Any], words: str
) -> None:
    assert words in refusal(tensorflow(weights((4, 4)), **setting))
