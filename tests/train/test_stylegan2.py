from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.chance import Dice, Purpose
from training.config import Settings
from training.networks import stylegan2
from training.networks.equalised import Keys
from training.networks.fir import blurred, doubled, halved
from training.networks.layers import precision, throwing
from training.networks.synthesis import StyledConv

pytestmark = pytest.mark.train

BATCH = 8
SMALL = Settings(architecture="stylegan2", latent=6, mapping_layers=2, batch=BATCH)
TAPS = np.array([1, 3, 3, 1]) / 8


def small(settings: Settings = SMALL, *, classes: int = 0, size: int = 8) -> stylegan2.Plan:
    """All kinds of layers there are, at as few pixels as hold them."""
    plan = stylegan2.plan(32, 3, classes, settings)
    filters = (8, 6, 5, 4)[: size.bit_length() - 2]
    return replace(plan, size=size, filters=filters, w_dim=8)


def noise(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def dice(purpose: Purpose = Purpose.GENERATOR_STYLES) -> Dice:
    return Dice.thrown(5, purpose, 1, batch=BATCH)


def one_hot(*labels: int) -> NDArray[np.float32]:
    return np.eye(3, dtype=np.float32)[list(labels)]


def unsettled(network: keras.Model) -> keras.Model:
    """Biases and noise strengths begin at zero, which would hide mistakes."""
    for i, weight in enumerate(network.trainable_variables):
        weight.assign(weight + 0.1 * noise(*weight.shape, seed=i))
    return network


# Plans


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


# The filter


def zero_insert_and_convolve(x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Up-sampling as it is written in the paper's reference, one picture and axis at a time."""
    n, height, width, c = x.shape
    sparse = np.zeros((n, 2 * height, 2 * width, c))
    sparse[:, ::2, ::2] = x
    return convolved(np.pad(sparse, ((0, 0), (2, 1), (2, 1), (0, 0)))) * 4


def convolved(x: NDArray[Any]) -> NDArray[np.float64]:
    kernel = np.outer(TAPS, TAPS)
    height, width = x.shape[1] - 3, x.shape[2] - 3
    found: NDArray[np.float64] = sum(
        kernel[i, j] * x[:, i : i + height, j : j + width].astype(np.float64)
        for i in range(4)
        for j in range(4)
    )
    return found


def test_doubling_puts_zeros_between_the_pixels_and_filters() -> None:
    x = noise(2, 5, 7, 3)

    np.testing.assert_allclose(doubled(tf.constant(x)), zero_insert_and_convolve(x), atol=1e-6)


@pytest.mark.parametrize("pad", [1, 2])
def test_blurring_is_a_convolution_with_the_outer_product(pad: int) -> None:
    x = noise(2, 6, 9, 3)
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))

    np.testing.assert_allclose(blurred(tf.constant(x), pad), convolved(padded), atol=1e-6)


def test_halving_keeps_every_other_pixel_of_the_blurred_picture() -> None:
    x = tf.constant(noise(2, 8, 6, 3))

    np.testing.assert_allclose(halved(x), blurred(x, 1)[:, ::2, ::2], atol=1e-6)


# Modulated convolution


def with_a_kernel_for_each_picture(conv: StyledConv, x: Any, w: Any) -> NDArray[np.float64]:
    """Equations 1 and 3 of the paper, to the letter; then bias and leaky ReLU."""
    style = conv.style(tf.constant(w)).numpy().astype(np.float64)
    kernel = conv.kernel.numpy().astype(np.float64)[None] * style[:, None, None, :, None]
    kernel /= np.sqrt((kernel**2).sum(axis=(1, 2, 3), keepdims=True))
    painted = []
    for picture, own in zip(x.astype(np.float64), kernel, strict=True):
        side = len(picture)
        if conv.doubles:
            out = np.zeros((2 * side + 1, 2 * side + 1, own.shape[-1]))
            for i in range(3):
                for j in range(3):
                    out[i : i + 2 * side : 2, j : j + 2 * side : 2] += picture @ own[i, j]
            out = 4 * convolved(np.pad(out, ((1, 1), (1, 1), (0, 0)))[None])[0]
        else:
            padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
            out = sum(
                padded[i : i + side, j : j + side] @ own[i, j] for i in range(3) for j in range(3)
            )
        painted.append(out)
    x = np.stack(painted) + conv.bias.numpy()
    active: NDArray[np.float64] = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
    return active


@pytest.mark.parametrize("doubles", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_kernel_for_all_pictures_does_what_one_for_each_would(doubles: bool, policy: str) -> None:
    with precision(policy):
        conv = StyledConv(8, 6, 5, 8, Keys(1, 0), number=0, doubles=doubles, noise=False)
    conv.bias.assign(noise(5))
    side = 4 if doubles else 8
    x, w = noise(3, side, side, 6), noise(3, 8)

    found = conv(tf.cast(x, conv.compute_dtype), tf.constant(w))

    tolerance = {"float32": 1e-5, "mixed_bfloat16": 0.1, "mixed_float16": 0.01}[policy]
    assert found.dtype == conv.compute_dtype
    wanted = with_a_kernel_for_each_picture(conv, x, w)
    np.testing.assert_allclose(tf.cast(found, tf.float32), wanted, atol=tolerance)


def test_demodulation_keeps_the_deviation_whatever_the_style() -> None:
    conv = StyledConv(16, 32, 64, 8, Keys(1, 0), number=0, doubles=False, noise=False)

    x = conv(noise(4, 16, 16, 32), 30 * noise(4, 8)).numpy()[:, 1:-1, 1:-1]

    deviation = np.where(x > 0, x, x / 0.2).std() / np.sqrt(2)  # before the activation
    assert deviation == pytest.approx(1, abs=0.05)


def test_in_half_precision_a_huge_style_does_not_overflow() -> None:
    with precision("mixed_float16"):
        conv = StyledConv(8, 64, 64, 8, Keys(1, 0), number=0, doubles=False, noise=False)

    x = conv(tf.cast(noise(2, 8, 8, 64), "float16"), 1e5 * noise(2, 8)).numpy()

    assert np.isfinite(x).all()
    assert x.std() > 0.1


# The generator


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


# The discriminator


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


# Weights


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


# Slopes


def slopes(
    generator: stylegan2.Generator, discriminator: stylegan2.Discriminator, z: Any, label: Any
) -> list[tf.Tensor]:
    """A step's gradients: the game's, R1's and the path lengths'."""
    judged = [v.value for v in discriminator.trainable_variables]
    painted = [v.value for v in generator.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        with throwing(dice()):
            fake = generator([z, label], training=True)
        with tf.GradientTape() as inner:
            inner.watch(fake)
            logits = discriminator([fake, label], training=True)
            total = tf.reduce_sum(logits)
        steepness = tf.reduce_sum(tf.square(inner.gradient(total, fake)))
        game = tf.reduce_sum(tf.nn.softplus(-logits))
        lengths = stylegan2.path_lengths(generator, z, label, dice(Purpose.PATH_LENGTHS))
        roughness = tf.reduce_sum(tf.square(lengths))
    zero = tf.UnconnectedGradients.ZERO
    return [
        lengths,
        steepness,
        *tape.gradient(game, painted, unconnected_gradients=zero),
        *tape.gradient(steepness + game, judged, unconnected_gradients=zero),
        *tape.gradient(roughness, painted, unconnected_gradients=zero),
    ]


def test_xla_compiles_every_slope_of_a_step_and_finds_the_same() -> None:
    plan = small(classes=3)
    generator = unsettled(stylegan2.generator(plan, SMALL))
    discriminator = unsettled(stylegan2.discriminator(plan, SMALL))
    told = generator, discriminator, tf.constant(noise(BATCH, 6)), one_hot(*[0, 1, 2, 0] * 2)

    compiled = tf.function(lambda: slopes(*told), jit_compile=True)()
    plain = tf.function(lambda: slopes(*told))()

    for ours, theirs in zip(compiled, plain, strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(theirs))))
        np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-4)


def test_a_paths_length_is_how_much_a_picture_moves_with_its_styles() -> None:
    settings = SMALL.model_copy(update={"style_mixing": 0.0, "noise": False})
    generator = stylegan2.generator(small(settings), settings)
    z = tf.constant(noise(BATCH, 6))

    lengths = stylegan2.path_lengths(generator, z, None, dice())

    ws = generator.styles(z).numpy()
    y = dice().about(1).normal(8, 8, 3).numpy() / 8
    slope = np.zeros_like(ws)
    step = 1e-2
    for row in range(ws.shape[1]):
        for i in range(ws.shape[2]):
            moved = np.zeros_like(ws)
            moved[:, row, i] = step
            apart = generator.synthesis(ws + moved) - generator.synthesis(ws - moved)
            slope[:, row, i] = (apart.numpy() * y).sum(axis=(1, 2, 3)) / (2 * step)
    wanted = np.sqrt((slope**2).sum(axis=2).mean(axis=1))
    np.testing.assert_allclose(lengths, wanted, rtol=0.02)
