"""An adopted network paints what the papers' formulas paint of the pickle's own arrays."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.config import Settings
from training.networks.stylegan2 import Discriminator
from training.transfer.adopt import card, fill_discriminator, generator
from training.transfer.adopt import plan as plan_of
from training.transfer.pickles import Pickled, parse_pickle

from .conftest import Weights, Writer

pytestmark = pytest.mark.train

Numbers = NDArray[np.float64]

TAPS = np.array([1, 3, 3, 1]) / 8


class Reference:
    """StyleGAN2's generator in float64, as its papers define it; pictures are (n, c, h, w)."""

    def __init__(self, weights: Weights) -> None:
        self.of = {name: array.astype(np.float64) for name, array in weights.items()}

    def dense(self, x: Numbers, name: str, rate: float = 1) -> Numbers:
        weight, bias = self.of[f"{name}.weight"], self.of[f"{name}.bias"]
        out: Numbers = x @ (weight * rate / np.sqrt(weight.shape[1])).T + bias * rate
        return out

    def mapping(self, z: Numbers, label: Numbers | None = None) -> Numbers:
        x = unit(z)
        if label is not None:
            x = np.concatenate([x, unit(self.dense(label, "mapping.embed"))], axis=1)
        layer = 0
        while f"mapping.fc{layer}.weight" in self.of:
            x = leaky(self.dense(x, f"mapping.fc{layer}", rate=0.01))
            layer += 1
        return x

    def synthesis(self, ws: Numbers, noise: float = 1) -> Numbers:
        x = np.repeat(self.of["synthesis.b4.const"][None], len(ws), axis=0)
        image, row, side = None, 0, 4
        while f"synthesis.b{side}.conv1.weight" in self.of:
            name = f"synthesis.b{side}"
            if side > 4:
                x = self.layer(x, ws[:, row], f"{name}.conv0", noise, up=True)
                row += 1
            x = self.layer(x, ws[:, row], f"{name}.conv1", noise)
            row += 1
            rgb = self.colours(x, ws[:, row], f"{name}.torgb")
            image = rgb if image is None else doubled(image) + rgb
            side *= 2
        assert image is not None
        return image

    def layer(self, x: Numbers, w: Numbers, name: str, noise: float, up: bool = False) -> Numbers:
        """Equations 1 to 3: modulated and demodulated weights, one set for each picture."""
        weight, bias = self.of[f"{name}.weight"], self.of[f"{name}.bias"]
        style = self.dense(w, f"{name}.affine")
        mine = weight[None] * style[:, None, :, None, None]
        mine = mine / np.sqrt((mine**2).sum(axis=(2, 3, 4), keepdims=True) + 1e-8)
        x = np.stack([doubled_by(p, k) if up else same(p, k) for p, k in zip(x, mine, strict=True)])
        if f"{name}.noise_const" in self.of:
            strength = self.of[f"{name}.noise_strength"] * noise
            x = x + self.of[f"{name}.noise_const"] * strength
        return leaky(x + bias[:, None, None])

    def colours(self, x: Numbers, w: Numbers, name: str) -> Numbers:
        weight, bias = self.of[f"{name}.weight"][:, :, 0, 0], self.of[f"{name}.bias"]
        style = self.dense(w, f"{name}.affine") / np.sqrt(weight.shape[1])
        rgb: Numbers = np.einsum("oi,ni,nihw->nohw", weight, style, x) + bias[:, None, None]
        return rgb


def judged(weights: Weights, pictures: Numbers) -> Numbers:
    """A residual discriminator of 8 px in float64; pictures (4, c, 8, 8) are one group."""
    of = {name: array.astype(np.float64) for name, array in weights.items()}

    def conv(x: Numbers, name: str, halves: bool = False) -> Numbers:
        kernel = of[f"{name}.weight"]
        kernel = kernel / np.sqrt(kernel[0].size)
        if halves:  # smoothed first, so that every other pixel says enough
            x = np.stack([smoothed(p) / 4 for p in x])
        wide = np.stack([convolved(p, kernel[:, :, ::-1, ::-1]) for p in x])
        edge = kernel.shape[-1] // 2 + (2 if halves else 0)  # of what a whole convolution adds
        wide = wide[..., edge : wide.shape[-2] - edge, edge : wide.shape[-1] - edge]
        return wide[..., ::2, ::2] if halves else wide

    def bias(x: Numbers, name: str) -> Numbers:
        return leaky(x + of[f"{name}.bias"][:, None, None])

    def dense(x: Numbers, name: str) -> Numbers:
        weight = of[f"{name}.weight"]
        out: Numbers = x @ (weight / np.sqrt(weight.shape[1])).T + of[f"{name}.bias"]
        return out

    x = bias(conv(pictures, "b8.fromrgb"), "b8.fromrgb")
    y = conv(x, "b8.skip", halves=True)
    x = bias(conv(x, "b8.conv0"), "b8.conv0")
    x = bias(conv(x, "b8.conv1", halves=True), "b8.conv1")
    x = (x + y) / np.sqrt(2)
    apart = np.sqrt(x.var(axis=0) + 1e-8).mean()
    x = np.concatenate([x, np.full((len(x), 1, 4, 4), apart)], axis=1)
    x = bias(conv(x, "b4.conv"), "b4.conv").reshape(len(x), -1)
    return dense(leaky(dense(x, "b4.fc")), "b4.out")


def unit(x: Numbers) -> Numbers:
    scaled: Numbers = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-8)
    return scaled


def leaky(x: Numbers) -> Numbers:
    active: Numbers = np.where(x > 0, x, 0.2 * x) * np.sqrt(2)
    return active


def convolved(x: Numbers, kernel: Numbers) -> Numbers:
    """A whole convolution of (i, h, w) with (o, i, k, k), the kernel flipped as in mathematics."""
    (_, height, width), side = x.shape, kernel.shape[-1]
    out = np.zeros((len(kernel), height + side - 1, width + side - 1))
    for row in range(side):
        for column in range(side):
            part = np.einsum("oi,ihw->ohw", kernel[:, :, row, column], x)
            out[:, row : row + height, column : column + width] += part
    return out


def same(x: Numbers, kernel: Numbers) -> Numbers:
    """What networks call a convolution, with zeros around."""
    return convolved(x, kernel[:, :, ::-1, ::-1])[:, 1:-1, 1:-1]


def spread(x: Numbers) -> Numbers:
    """Zeros after every pixel."""
    wide = np.zeros((*x.shape[:-2], 2 * x.shape[-2], 2 * x.shape[-1]))
    wide[..., ::2, ::2] = x
    return wide


def smoothed(x: Numbers) -> Numbers:
    """The filter of gain 4, whole, channel by channel."""
    kernel: Numbers = 4 * np.outer(TAPS, TAPS)[None, None]
    return np.stack([convolved(plane[None], kernel)[0] for plane in x])


def doubled_by(x: Numbers, kernel: Numbers) -> Numbers:
    """Zeros between, convolved, smoothed: 2 h + 1 pixels after the first, which the second mends."""
    wide = convolved(spread(x), kernel)[:, :-1, :-1]
    return smoothed(wide)[:, 2:-2, 2:-2]


def doubled(images: Numbers) -> Numbers:
    return np.stack([smoothed(spread(x))[:, 1:-2, 1:-2] for x in images])


def adopted(content: bytes) -> Pickled:
    return parse_pickle(content, name="file.pkl")


def agree(made: Weights, content: bytes, label: Numbers | None = None) -> None:
    """Mapping and synthesis each, with noise, without, and half of it; every row of ws its own."""
    reference, ours = Reference(made), generator(adopted(content), name="file.pkl")
    chance = np.random.default_rng(5)
    z = chance.standard_normal((3, ours.plan.latent))
    w = reference.mapping(z, label)
    given = None if label is None else label.astype(np.float32)
    np.testing.assert_allclose(ours.mapping(z.astype(np.float32), given), w, rtol=0, atol=1e-4)
    ws = w[:, None] + 0.3 * chance.standard_normal((3, ours.plan.num_ws, w.shape[1]))
    for noise in (1.0, 0.5, 0.0):
        expected = reference.synthesis(ws, noise).transpose(0, 2, 3, 1)
        painted = ours.synthesis(ws.astype(np.float32), noise_scale=noise).numpy()
        apart = np.abs(painted - expected).max() / np.abs(expected).max()
        assert apart < 1e-5, f"{apart} of {np.abs(expected).max()} at noise {noise}"


def test_it_paints_what_the_papers_say(written: Writer, weights: Callable[..., Weights]) -> None:
    made = weights()
    agree(made, written(made))


def test_classes_reach_the_picture(written: Writer, weights: Callable[..., Weights]) -> None:
    made = weights(classes=3, noise=False, channels=1)
    agree(made, written(made), np.array([[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0]]))


def test_the_discriminator_judges_as_it_did(
    written: Writer, weights: Callable[..., Weights], critic: Weights
) -> None:
    pickled = adopted(written(weights((7, 5)), critic))
    pictures = np.random.default_rng(6).standard_normal((4, 3, 8, 8))
    sizes = replace(plan_of(adopted(written(weights())).sizes, name="f"), size=8, filters=(7, 5))
    ours = Discriminator(sizes, Settings(architecture="stylegan2"))

    fill_discriminator(ours, pickled)

    logits = ours(pictures.transpose(0, 2, 3, 1).astype(np.float32)).numpy()
    np.testing.assert_allclose(logits, judged(critic, pictures), rtol=0, atol=1e-4)


def test_a_discriminator_of_another_design_is_refused(
    pytorch: Writer, weights: Callable[..., Weights], critic: Weights
) -> None:
    sizes = replace(plan_of(adopted(pytorch(weights())).sizes, name="f"), size=8, filters=(7, 5))
    ours = Discriminator(sizes, Settings(architecture="stylegan2"))
    before = [variable.numpy() for variable in ours.variables]
    flat = np.zeros((7, 100), np.float32)
    for theirs in (None, {**critic, "b4.fc.weight": flat}, {**critic, "b8.more.bias": flat[0]}):
        with pytest.raises(KnownError, match="begin with its generator alone"):
            fill_discriminator(ours, adopted(pytorch(weights(), theirs)))
    for variable, old in zip(ours.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), old)


def test_what_our_networks_have_no_place_for_is_refused(
    pytorch: Writer, weights: Callable[..., Weights]
) -> None:
    for made, words in (
        (weights((4, 4)), "paints 8 px"),
        (weights(channels=4), "4 channels"),
    ):
        with pytest.raises(KnownError, match=f"file.pkl can't be adopted: .*{words}"):
            generator(adopted(pytorch(made)), name="file.pkl")


def test_the_card_carries_nvidias_licence(written: Writer, weights: Callable[..., Weights]) -> None:
    pickled = adopted(written(weights(classes=2)))

    told = card(pickled, id="dog-32-r1", title="One dog", credits=("Ada Example",), name="f")

    assert told.architecture == "stylegan2"
    assert "NVIDIA Source Code License" in told.licence
    assert "not for commercial use" in told.licence
    assert "NVIDIA" in told.credits[0]
    assert told.credits[1] == "Ada Example"
    assert (told.height, told.channels, told.z_dim, told.w_dim, told.num_ws) == (32, 3, 6, 8, 8)
    assert told.classes == ("class 0", "class 1")
    assert told.noise
    assert told.stages == (32,)


def test_what_no_card_can_say_is_refused_by_its_option(
    pytorch: Writer, weights: Callable[..., Weights]
) -> None:
    with pytest.raises(KnownError, match=r"--id can't stand on the model's card"):
        card(adopted(pytorch(weights())), id="One Dog", title="One dog", name="f")
