"""A run can begin with a pickle's weights, and carries its licence on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training import networks
from training.config import Settings
from training.gan import Gan
from training.transfer.adopt import generator
from training.transfer.donors import read_donor
from training.transfer.pickles import parse_pickle
from training.transfer.start import give, lent

from .conftest import Weights, Writer

pytestmark = pytest.mark.train

FILTERS = (16, 16, 16, 12)


def critic_of_32() -> Weights:
    """A residual discriminator's weights, by PyTorch's names."""
    sizes: dict[str, tuple[int, ...]] = {"b32.fromrgb.weight": (12, 3, 1, 1)}
    sizes |= {"b32.fromrgb.bias": (12,), "b4.conv.weight": (16, 17, 3, 3), "b4.conv.bias": (16,)}
    sizes |= {"b4.fc.weight": (16, 256), "b4.fc.bias": (16,)}
    sizes |= {"b4.out.weight": (1, 16), "b4.out.bias": (1,)}
    for side, inner in ((32, 12), (16, 16), (8, 16)):
        sizes |= {f"b{side}.conv0.weight": (inner, inner, 3, 3), f"b{side}.conv0.bias": (inner,)}
        sizes |= {f"b{side}.conv1.weight": (16, inner, 3, 3), f"b{side}.conv1.bias": (16,)}
        sizes[f"b{side}.skip.weight"] = (16, inner, 1, 1)
    chance = np.random.default_rng(3)
    return {n: chance.standard_normal(shape).astype(np.float32) for n, shape in sizes.items()}


def begun(file: Path, classes: int = 0) -> tuple[Gan, str]:
    settings = Settings.model_validate(lent(file, preset=False) | {"conditional": classes > 0})
    gan = Gan(networks.plan(32, 3, classes, settings), settings)
    return gan, give(read_donor(file), gan)


def test_a_run_begins_with_what_nvidia_trained(
    pytorch: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    file, critic = tmp_path / "theirs.pkl", critic_of_32()
    file.write_bytes(pytorch(weights(FILTERS, w_dim=16), critic))

    gan, said = begun(file)

    assert said == f"Starting from {file}."
    z = tf.random.stateless_normal((2, 6), (0, 0))
    theirs = generator(parse_pickle(file.read_bytes(), name="f"), name="f")(z)
    np.testing.assert_allclose(gan.average(z), theirs, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(gan.discriminator.judge.kernel.numpy(), critic["b4.out.weight"].T)
    started = read_donor(file).started
    assert "not for commercial use" in started.licences[0]
    assert started.credits[0].startswith("NVIDIA")


def test_a_discriminator_that_is_missing_begins_anew_and_it_says_so(
    tensorflow: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    file = tmp_path / "theirs.pkl"
    file.write_bytes(tensorflow(weights(FILTERS, w_dim=16, classes=2)))

    _, said = begun(file, classes=3)

    assert said.endswith("anew begin the embeddings of classes and the discriminator.")


def test_widths_of_no_capacity_are_told_by_their_filters(
    pytorch: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    file = tmp_path / "theirs.pkl"
    file.write_bytes(pytorch(weights((8, 8, 6, 4), w_dim=8)))
    assert lent(file, preset=True)["generator_filters"] == (8, 8, 6, 4)

    file.write_bytes(pytorch(weights((8, 8, 6, 4), w_dim=6)))
    with pytest.raises(KnownError, match="its w has 6 numbers and its widest layer 8 channels"):
        read_donor(file)
