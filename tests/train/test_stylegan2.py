"""StyleGAN2's sizes, and what its two players do."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training.config import Settings
from training.networks import stylegan2
from training.networks.layers import precision, throwing

from .styled import BATCH, SMALL, dice, noise, one_hot, small, unsettled

pytestmark = pytest.mark.train


@pytest.mark.parametrize("size", stylegan2.SIZES)
def test_a_plan_doubles_from_4_pixels_to_the_picture(size: int) -> None:
    plan = stylegan2.plan(size, 3, 0, Settings(capacity="full", latent=512))

    assert plan.sides[0] == 4
    assert plan.sides[-1] == size
    assert plan.num_ws == 2 * int(np.log2(size)) - 2
    assert plan.stages[0] == 32
    assert plan.stages[-1] == size


def test_channels_are_as_published_at_full_width() -> None:
    plan = stylegan2.plan(1024, 3, 0, Settings(capacity="full", latent=512))

    assert plan.filters == (512, 512, 512, 512, 512, 256, 128, 64, 32)
    assert plan.w_dim == 512
    # What the authors' own code counts at 1024 px.
    assert stylegan2.parameters(plan) == (30_370_060, 29_012_513)


@pytest.mark.parametrize("size", [28, 16, 48, 2048])
def test_a_size_without_a_network_is_refused_with_the_sizes_there_are(size: int) -> None:
    with pytest.raises(KnownError, match=rf"32, 64, .* px, not {size}.*--size"):
        stylegan2.plan(size, 3, 0, Settings())


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("has_noise", [True, False])
def test_parameters_are_counted_without_making_a_network(classes: int, has_noise: bool) -> None:
    settings = SMALL.model_copy(update={"noise": has_noise})
    plan = small(settings, classes=classes, size=32)

    players = stylegan2.generator(plan, settings), stylegan2.discriminator(plan, settings)

    counted = [sum(int(np.prod(v.shape)) for v in p.trainable_variables) for p in players]
    assert tuple(counted) == stylegan2.parameters(plan)


@pytest.mark.parametrize("channels", [1, 3])
def test_both_players_have_the_size_of_the_picture(channels: int) -> None:
    plan = replace(small(size=32), channels=channels)
    generator, discriminator = (
        stylegan2.generator(plan, SMALL),
        stylegan2.discriminator(plan, SMALL),
    )

    pictures = generator(noise(4, 6))

    assert pictures.shape == (4, 32, 32, channels)
    assert discriminator(pictures).shape == (4, 1)


def test_a_label_changes_the_picture_and_the_verdict() -> None:
    plan = small(classes=3)
    generator, discriminator = (
        stylegan2.generator(plan, SMALL),
        stylegan2.discriminator(plan, SMALL),
    )
    z, first, second = noise(4, 6), one_hot(0, 0, 0, 0), one_hot(1, 1, 1, 1)

    ours, theirs = generator([z, first]), generator([z, second])

    assert np.abs(ours - theirs).max() > 0.01
    assert np.abs(discriminator([ours, first]) - discriminator([ours, second])).max() > 0.01


def test_a_latents_length_does_not_matter() -> None:
    generator = stylegan2.generator(small(), SMALL)
    z = noise(4, 6)

    np.testing.assert_allclose(generator(z), generator(7 * z), atol=1e-4)


def test_style_mixing_takes_the_layers_behind_the_crossover_from_another_latent() -> None:
    settings = SMALL.model_copy(update={"style_mixing": 1.0})
    plan = small(settings, size=32)
    generator = stylegan2.generator(plan, settings)
    z = tf.constant(noise(BATCH, 6))

    alone = generator.styles(z).numpy()
    with throwing(dice()):
        mixed = generator.styles(z, training=True).numpy()

    changed = np.abs(mixed - alone).max(axis=2) > 1e-6  # (n, num_ws)
    crossovers = changed.argmax(axis=1)
    assert changed.any(axis=1).all()
    assert (crossovers >= 1).all()
    assert len(set(crossovers.tolist())) > 1, "each picture has a crossover of its own"
    for row, crossover in zip(changed, crossovers, strict=True):
        np.testing.assert_array_equal(row, np.arange(plan.num_ws) >= crossover)


def test_noise_is_thrown_in_training_and_kept_in_painting() -> None:
    settings = SMALL.model_copy(update={"style_mixing": 0.0})
    generator = unsettled(stylegan2.generator(small(settings), settings))
    z = noise(BATCH, 6)

    with throwing(dice()):
        trained = generator(z, training=True)

    np.testing.assert_array_equal(generator(z), generator(z))
    assert np.abs(trained - generator(z)).max() > 1e-3
    assert np.abs(generator(z, noise_scale=0.0) - generator(z)).max() > 1e-3


def test_without_noise_there_is_none_in_training_either() -> None:
    settings = SMALL.model_copy(update={"noise": False, "style_mixing": 0.0})
    generator = unsettled(stylegan2.generator(small(settings), settings))
    z = noise(BATCH, 6)

    with throwing(dice()):
        trained = generator(z, training=True)

    np.testing.assert_array_equal(trained, generator(z))
    assert not [v.path for v in generator.variables if v.name in ("noise", "strength")]


def test_painting_goes_on_from_where_it_paused() -> None:
    generator = unsettled(stylegan2.generator(small(size=32), SMALL))
    ws = generator.styles(noise(2, 6))

    features, skip = generator.synthesis.grown(ws, None, None, to=16)
    _, rgb = generator.synthesis.grown(ws, features, skip, to=32)

    assert features.shape == (2, 16, 16, 5)
    assert skip.shape == (2, 16, 16, 3)
    np.testing.assert_allclose(rgb, generator.synthesis(ws), atol=1e-5)


def test_the_average_of_w_is_that_of_all_classes() -> None:
    generator = stylegan2.generator(small(classes=3), SMALL)

    average = stylegan2.w_average(generator, samples=600)

    other = generator.mapping(noise(600, 6, seed=9), one_hot(*[0, 1, 2] * 200)).numpy()
    assert average.shape == (8,)
    np.testing.assert_allclose(average, other.mean(axis=0), atol=5 * other.std() / np.sqrt(600))


def test_pictures_of_a_group_are_told_how_much_they_differ() -> None:
    x = noise(8, 4, 4, 6)

    found = stylegan2.with_deviation(tf.constant(x)).numpy()

    wanted = [x[:4].std(axis=0).mean(), x[4:].std(axis=0).mean()]
    np.testing.assert_array_equal(found[..., :6], x)
    for picture, deviation in zip(found[..., 6], np.repeat(wanted, 4), strict=True):
        np.testing.assert_allclose(picture, deviation, rtol=1e-5)


def test_a_batch_shared_out_among_replicas_is_judged_as_one() -> None:
    discriminator = stylegan2.discriminator(small(), SMALL)
    x = noise(8, 8, 8, 3)

    together = discriminator(x).numpy()
    apart = np.concatenate([discriminator(x[:4]), discriminator(x[4:])])

    np.testing.assert_allclose(together, apart, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_a_batch_of_any_size_is_judged(n: int) -> None:
    logits = stylegan2.discriminator(small(), SMALL)(noise(n, 8, 8, 3)).numpy()

    assert logits.shape == (n, 1)
    assert np.isfinite(logits).all()


def test_no_two_weights_begin_as_twins() -> None:
    plan = small(classes=3, size=32)
    players = stylegan2.generator(plan, SMALL), stylegan2.discriminator(plan, SMALL)

    drawn = [v.numpy().ravel() for p in players for v in p.variables if "kernel" in v.name]

    assert len({round(float(v[0]), 5) for v in drawn}) == len(drawn)


def test_the_same_seed_begins_with_the_same_weights() -> None:
    first, again = (stylegan2.generator(small(), SMALL) for _ in range(2))
    other = stylegan2.generator(small(), SMALL.model_copy(update={"seed": 2**31 - 1}))

    for ours, theirs in zip(first.variables, again.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.abs(first.variables[0] - other.variables[0]).max() > 0.1


def test_every_weight_comes_back_from_a_checkpoint(tmp_path: Any) -> None:
    settings = SMALL.model_copy(update={"seed": 1})
    plan = small(classes=3)
    for make in (stylegan2.generator, stylegan2.discriminator):
        kept, other = make(plan, SMALL), make(plan, settings)
        path = tf.train.Checkpoint(player=kept).write(str(tmp_path / "weights"))

        tf.train.Checkpoint(player=other).read(path).assert_consumed()

        for ours, theirs in zip(kept.variables, other.variables, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_weights_pictures_and_logits_stay_float32(policy: str) -> None:
    plan = small(classes=3)
    with precision(policy):
        generator = stylegan2.generator(plan, SMALL)
        discriminator = stylegan2.discriminator(plan, SMALL)
    exact = stylegan2.generator(plan, SMALL)
    z, label = noise(4, 6), one_hot(0, 1, 2, 0)

    pictures = generator([z, label])

    assert {v.dtype for p in (generator, discriminator) for v in p.variables} == {"float32"}
    assert pictures.dtype == discriminator([pictures, label]).dtype == tf.float32
    np.testing.assert_allclose(pictures, exact([z, label]), atol=0.15)
