import numpy as np
import pytest

from explorer.core.errors import KnownError
from training.config import PRESETS, Settings
from training.networks import dcgan

pytestmark = pytest.mark.train


@pytest.mark.parametrize("size", dcgan.SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_both_players_have_the_size_of_the_picture(size: int, channels: int) -> None:
    settings = Settings(width=1 / 16)
    plan = dcgan.plan(size, channels, 0, settings)

    generator, discriminator = (
        dcgan.generator(plan, settings),
        dcgan.discriminator(plan, settings),
    )

    assert generator.output_shape == (None, size, size, channels)
    assert discriminator.input_shape == (None, size, size, channels)
    assert discriminator.output_shape == (None, 1)


@pytest.mark.parametrize(
    ("size", "generator", "discriminator"),
    [
        (28, (128, 64), (64, 128)),
        (64, (512, 256, 128, 64), (64, 128, 256, 512)),
        (128, (1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024)),
    ],
)
def test_layers_double_from_64_filters_as_published(
    size: int, generator: tuple[int, ...], discriminator: tuple[int, ...]
) -> None:
    plan = dcgan.plan(size, 3, 0, Settings())

    assert plan.generator == generator
    assert plan.discriminator == discriminator


def test_the_doodle_preset_is_the_published_network() -> None:
    plan = dcgan.plan(28, 1, 0, PRESETS["doodles"])

    generator = dcgan.generator(plan, PRESETS["doodles"])
    up = [layer for layer in generator.layers if layer.name.startswith("up")]

    assert [layer.filters for layer in up] == [32, 16, 8, 1]
    assert [layer.strides[0] for layer in up] == [2, 2, 1, 1]


def test_layers_of_one_shape_do_not_begin_as_twins() -> None:
    settings = Settings(width=1 / 16, discriminator_filters=(64, 64, 64, 64))
    discriminator = dcgan.discriminator(dcgan.plan(64, 3, 0, settings), settings)

    second, third = (discriminator.get_layer(f"down{i}").kernel.numpy() for i in (1, 2))

    assert second.shape == third.shape
    assert abs(second - third).max() > 1e-3


def test_a_new_generator_spreads_a_batch_by_its_latents_and_not_by_its_labels() -> None:
    settings = Settings(width=1 / 16, latent=64)
    generator = dcgan.generator(dcgan.plan(28, 1, 2, settings), settings)
    z = np.random.default_rng(1).standard_normal((32, 64), np.float32)
    label = np.repeat(np.eye(2, dtype=np.float32), 16, axis=0)

    as_asked = generator([z, label], training=True).numpy()
    relabelled = generator([z, label[::-1]], training=True).numpy()

    by_label = abs(as_asked - relabelled).mean()
    by_latent = abs(as_asked - generator([z[::-1], label], training=True).numpy()).mean()
    assert 0 < by_label < by_latent / 3


def test_a_size_without_a_network_is_refused_with_the_sizes_there_are() -> None:
    with pytest.raises(KnownError, match=r"28, 32, 64, 128, 256 px, not 48.*--size"):
        dcgan.plan(48, 3, 0, Settings())
