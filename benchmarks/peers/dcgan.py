"""The DCGAN of ``training.networks.dcgan`` in PyTorch: the same layers, the same weights.

PyTorch pads a strided 5×5 convolution one pixel more on the other side than TensorFlow does.
``load`` therefore mirrors every kernel, and the network paints the mirrored picture: no layer
has to crop, so PyTorch is not slowed down by being compared.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

FILTERS = {64: (512, 256, 128, 64), 128: (1024, 512, 256, 128, 64)}
"""Of the generator at width 1, from the base of 4×4 to the picture."""


class Generator(nn.Module):
    """From z (n, latent) to a picture (n, channels, size, size) in [-1, 1]."""

    def __init__(
        self, filters: Sequence[int], channels: int = 3, latent: int = 100, kernel: int = 5
    ) -> None:
        super().__init__()
        self.first = filters[0]
        self.dense = nn.Linear(latent, filters[0] * 16, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(f, eps=1e-5, momentum=0.1) for f in filters])
        grown = [*filters, channels]
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(
                grown[i],
                grown[i + 1],
                kernel,
                stride=2,
                padding=(kernel - 1) // 2,
                output_padding=kernel % 2,
                bias=i == len(filters) - 1,
            )
            for i in range(len(filters))
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        x = self.dense(z).view(len(z), self.first, 4, 4)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(torch.relu(norm(x)))
        return torch.tanh(x)


class Discriminator(nn.Module):
    """From pictures (n, channels, size, size) to logits (n, 1)."""

    def __init__(self, filters: Sequence[int], channels: int = 3, kernel: int = 4) -> None:
        super().__init__()
        seen = [channels, *filters]
        self.downs = nn.ModuleList(
            nn.Conv2d(seen[i], f, kernel, stride=2, padding=(kernel - 1) // 2, bias=i == 0)
            for i, f in enumerate(filters)
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(f, eps=1e-5) for f in filters[1:]])
        self.logit = nn.Linear(filters[-1] * 16, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = pictures
        for i, down in enumerate(self.downs):
            x = down(x)
            if i:
                x = self.norms[i - 1](x)
            x = nn.functional.leaky_relu(x, 0.2)
        return self.logit(x.flatten(1))


def load(generator: Generator, weights: Sequence[NDArray[np.float32]]) -> None:
    """Take the weights of a Keras generator, in the order Keras lists them, and mirror them."""
    given: Iterator[torch.Tensor] = (torch.from_numpy(w) for w in weights)
    dense = next(given)
    latent = dense.shape[0]
    base = dense.view(latent, 4, 4, generator.first).flip(1, 2).permute(3, 1, 2, 0)
    state = {"dense.weight": base.reshape(-1, latent)}
    for i, up in enumerate(generator.ups):
        for name in ("weight", "bias", "running_mean", "running_var"):
            state[f"norms.{i}.{name}"] = next(given)
        state[f"ups.{i}.weight"] = next(given).permute(3, 2, 0, 1).flip(2, 3)
        if up.bias is not None:
            state[f"ups.{i}.bias"] = next(given)
    missing, unexpected = generator.load_state_dict(state, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"the weights are of another network: {missing} {unexpected}")


def faster(
    make: Callable[[torch.memory_format], Callable[[int], Any]], tries: int
) -> tuple[Callable[[int], Any], str]:
    """Make the work in both memory layouts, and give back the faster one with its name."""
    layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    made = {name: make(layout) for name, layout in layouts.items()}
    best = fastest(made, tries)
    return made[best], best


def fastest(calls: Mapping[str, Callable[[int], Any]], tries: int) -> str:
    """The name of the one whose best call takes the least time; they take turns."""
    for call in calls.values():
        call(0)
    best = dict.fromkeys(calls, math.inf)
    for number in range(1, tries + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call(number)
            best[name] = min(best[name], time.perf_counter() - began)
    return min(best, key=lambda name: best[name])
