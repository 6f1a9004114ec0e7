"""The step of ``benchmarks.ours.step`` in PyTorch: ``python -m benchmarks.peers.step BATCH CORES``.

The same work in the same order, float32: z, one painted batch, one pass of the critic over real
and one over painted pictures, both gradients from it, two Adams (fused), the averaged generator.
"""

import copy
import sys
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import softplus

from benchmarks.peers import dcgan
from benchmarks.pipe import serve

_FILTERS = (512, 256, 128, 64)
_KEEP = 0.999  # of the average
_TRIED = 2  # steps, to see which layout is faster


def main(batch: int, cores: int) -> None:
    torch.set_num_threads(cores)
    step, layout = dcgan.faster(lambda layout: _game(batch, layout), _TRIED)
    players = dcgan.Generator(_FILTERS, kernel=4), dcgan.Discriminator(_FILTERS[::-1], kernel=4)
    counts = [sum(weight.numel() for weight in player.parameters()) for player in players]
    serve(step, {"torch": torch.__version__, "layout": layout, "weights": counts})


def _game(batch: int, layout: torch.memory_format) -> Callable[[int], NDArray[np.float32]]:
    torch.manual_seed(0)
    generator = dcgan.Generator(_FILTERS, kernel=4)
    critic = dcgan.Discriminator(_FILTERS[::-1], kernel=4)
    for player in (generator, critic):
        player.apply(_spread)
        player.to(memory_format=layout)
    average = copy.deepcopy(generator).requires_grad_(False)
    adams = [
        torch.optim.Adam(player.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)
        for player in (generator, critic)
    ]
    real = torch.rand(batch, 3, 64, 64).mul(2).sub(1).to(memory_format=layout)
    followed = _floats(average), _floats(generator)

    def step(_: int) -> NDArray[np.float32]:
        fake = generator(torch.randn(batch, 100))
        real_logits, fake_logits = critic(real), critic(fake)
        to_generator = softplus(-fake_logits).mean()
        to_critic = (softplus(-real_logits) + softplus(fake_logits)).mean()
        for player, loss in ((generator, to_generator), (critic, to_critic)):
            weights = list(player.parameters())
            slopes = torch.autograd.grad(loss, weights, retain_graph=player is generator)
            for weight, slope in zip(weights, slopes, strict=True):
                weight.grad = slope
        for adam in adams:
            adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(*followed, 1 - _KEEP)
        return np.array([to_generator.item(), to_critic.item()], np.float32)

    return step


def _floats(player: torch.nn.Module) -> list[torch.Tensor]:
    """Weights and running statistics."""
    return [t for t in player.state_dict().values() if t.is_floating_point()]


def _spread(layer: torch.nn.Module) -> None:
    if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d | torch.nn.Linear):
        torch.nn.init.normal_(layer.weight, std=0.02)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
