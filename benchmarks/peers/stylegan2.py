"""The StyleGAN2 of ``training.networks.stylegan2`` in PyTorch: the same layers and weights.

Features are channels first, as PyTorch has it. Weights begin at deviation 1 and are scaled
where they are used (equalised learning rate), and resampling is by the filter [1, 3, 3, 1].
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as f

GAIN = math.sqrt(2)
_GROUP = 4
_MAPPING_RATE = 0.01


class Dense(nn.Module):
    """Fully connected, in float32 whatever else is computed in."""

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        rate: float = 1.0,
        bias: float = 0.0,
        activated: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(units, inputs) / rate)
        self.bias = nn.Parameter(torch.full((units,), bias))
        self.gain = (GAIN if activated else 1.0) * rate
        self.activated = activated

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            weight = self.weight * (self.gain / math.sqrt(self.weight.shape[1]))
            x = f.linear(x.float(), weight, self.bias * self.gain)
            return f.leaky_relu(x, 0.2) if self.activated else x


class Filter(nn.Module):
    """[1, 3, 3, 1] twice, a depthwise convolution; ``gain`` to make up for zeros between."""

    taps: torch.Tensor

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        square = torch.outer(taps, taps) * gain
        self.register_buffer("taps", square.expand(channels, 1, 4, 4).clone(), persistent=False)

    def blurred(self, x: torch.Tensor, pad: int, stride: int = 1) -> torch.Tensor:
        taps = self.taps.to(x.dtype)
        return f.conv2d(x, taps, stride=stride, padding=pad, groups=len(taps))

    def doubled(self, x: torch.Tensor) -> torch.Tensor:
        return f.conv_transpose2d(x, self.taps, stride=2, padding=1, groups=len(self.taps))


class Conv(nn.Module):
    """A discriminator's convolution, of stride 2 with the filter before it where it halves."""

    def __init__(
        self,
        inputs: int,
        filters: int,
        *,
        kernel: int = 3,
        halves: bool = False,
        activated: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(filters, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(filters)) if activated else None
        self.filter = Filter(inputs) if halves else None
        self.gain = gain * (GAIN if activated else 1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, inputs, side, _ = self.weight.shape
        weight = self.weight * (self.gain / math.sqrt(side**2 * inputs))
        bias = None if self.bias is None else self.bias * self.gain
        if self.filter is None:
            x = f.conv2d(x, weight, bias, padding=side // 2)
        elif side == 1:
            x = f.conv2d(self.filter.blurred(x, 1, stride=2), weight, bias)
        else:
            x = f.conv2d(self.filter.blurred(x, 2), weight, bias, stride=2)
        return x if bias is None else f.leaky_relu(x, 0.2)


class StyledConv(nn.Module):
    """Modulate, convolve, demodulate, add noise and bias, activate.

    Either the pictures are scaled before and after one convolution, or a kernel is made for each
    picture and all are applied as one convolution of groups: StyleGAN2-ADA's two forms.
    """

    def __init__(
        self, side: int, inputs: int, filters: int, w_dim: int, *, doubles: bool, grouped: bool
    ) -> None:
        super().__init__()
        self.side, self.grouped = side, grouped
        self.filter = Filter(filters, gain=4.0) if doubles else None
        self.style = Dense(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(filters, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(filters))
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        style = self.style(w)
        weight = self.weight / math.sqrt(9 * self.weight.shape[1])
        energy = style.square() @ weight.square().sum((2, 3)).t()
        demodulation = torch.rsqrt(energy + 1e-8) * GAIN
        if self.grouped:
            own = weight * style[:, None, :, None, None] * demodulation[:, :, None, None, None]
            x = self._convolved_apart(x, own)
        else:
            x = x * style.to(x.dtype)[:, :, None, None]
            x = self._convolved(x, weight) * demodulation.to(x.dtype)[:, :, None, None]
        noise = torch.randn(len(x), 1, self.side, self.side) * (self.strength * GAIN)
        x = x + noise.to(x.dtype) + (self.bias * GAIN).to(x.dtype)[:, None, None]
        return f.leaky_relu(x, 0.2)

    def _convolved(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if self.filter is None:
            return f.conv2d(x, weight, padding=1)
        return self.filter.blurred(f.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1)

    def _convolved_apart(self, x: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        n, inputs, side, _ = x.shape
        x = x.reshape(1, n * inputs, side, side)
        if self.filter is None:
            x = f.conv2d(x, own.flatten(0, 1), padding=1, groups=n)
        else:
            turned = own.transpose(1, 2).flatten(0, 1)
            x = f.conv_transpose2d(x, turned, stride=2, groups=n)
        x = x.reshape(n, -1, *x.shape[2:])
        return x if self.filter is None else self.filter.blurred(x, 1)


class ToRgb(nn.Module):
    """Modulated 1×1 convolution without demodulation, to float32."""

    def __init__(self, inputs: int, channels: int, w_dim: int) -> None:
        super().__init__()
        self.style = Dense(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        style = self.style(w) / math.sqrt(self.weight.shape[1])
        rgb = f.conv2d(x * style.to(x.dtype)[:, :, None, None], self.weight)
        return rgb.float() + self.bias[:, None, None]


class Generator(nn.Module):
    """From z (n, latent) to pictures (n, channels, size, size), linear, float32."""

    def __init__(
        self,
        filters: Sequence[int],
        latent: int,
        w_dim: int,
        *,
        grouped: bool,
        channels: int = 3,
        depth: int = 8,
    ) -> None:
        super().__init__()
        widths = [latent, *[w_dim] * depth]
        self.mapping = nn.Sequential(
            *[Dense(a, b, rate=_MAPPING_RATE, activated=True) for a, b in pairwise(widths)]
        )
        self.start = nn.Parameter(torch.randn(filters[0], 4, 4))
        told = [(4, filters[0], filters[0], False)]
        for i, (before, now) in enumerate(pairwise(filters)):
            told += [(8 << i, before, now, True), (8 << i, now, now, False)]
        self.convs = nn.ModuleList(
            StyledConv(side, inputs, outputs, w_dim, doubles=doubles, grouped=grouped)
            for side, inputs, outputs, doubles in told
        )
        self.to_rgb = nn.ModuleList(ToRgb(count, channels, w_dim) for count in filters)
        self.filter = Filter(channels, gain=4.0)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        z = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        w = self.mapping(z)
        x = self.start.expand(len(z), -1, -1, -1)
        x = self.convs[0](x, w)
        rgb = self.to_rgb[0](x, w)
        for i, to_rgb in enumerate(list(self.to_rgb)[1:]):
            x = self.convs[2 * i + 2](self.convs[2 * i + 1](x, w), w)
            with torch.autocast("cpu", enabled=False):
                rgb = self.filter.doubled(rgb)
            rgb = rgb + to_rgb(x, w)
        return rgb


class Residual(nn.Module):
    """Two convolutions beside one, to half the size."""

    def __init__(self, inputs: int, filters: int) -> None:
        super().__init__()
        half = math.sqrt(0.5)
        self.first = Conv(inputs, inputs)
        self.second = Conv(inputs, filters, halves=True, gain=half)
        self.beside = Conv(inputs, filters, kernel=1, halves=True, activated=False, gain=half)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beside: torch.Tensor = self.beside(x)
        return beside + self.second(self.first(x))


class Discriminator(nn.Module):
    """From pictures (n, channels, size, size) to logits (n, 1)."""

    def __init__(self, filters: Sequence[int], channels: int = 3) -> None:
        super().__init__()
        base, *_, top = filters
        self.from_rgb = Conv(channels, top, kernel=1)
        self.blocks = nn.Sequential(*[Residual(high, low) for high, low in pairwise(filters[::-1])])
        self.conv = Conv(base + 1, base)
        self.dense = Dense(16 * base, base, activated=True)
        self.judge = Dense(base, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.from_rgb(pictures))
        x = self.conv(_with_deviation(x))
        logits: torch.Tensor = self.judge(self.dense(x.flatten(1)))
        return logits


def _with_deviation(x: torch.Tensor) -> torch.Tensor:
    n, _, height, width = x.shape
    group = math.gcd(n, _GROUP)
    variance = x.float().reshape(n // group, group, -1).var(1, correction=0)
    deviation = torch.sqrt(variance + 1e-8).mean(1).repeat_interleave(group)
    plane = deviation.to(x.dtype)[:, None, None, None].expand(-1, 1, height, width)
    return torch.cat([x, plane], 1)
