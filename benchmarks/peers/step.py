"""Trains as ``benchmarks.ours.step`` does, in PyTorch.

``python -m benchmarks.peers.step NETWORK PRECISION CORES``.
The same work in the same order: z is drawn, one painted batch, one pass of the critic over real and one
over painted pictures, both gradients from it, R1 where it is due, two Adams (fused), the averaged
generator. In bfloat16, ``torch.autocast`` decides what is computed in halves.
"""

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import softplus

from benchmarks.peers import dcgan, stylegan2
from benchmarks.pipe import serve

_KEEP = 0.999  # of the average
_TRIED = 3  # steps, to see which form is faster
_TUTORIAL = (512, 256, 128, 64)
_NARROW = (128, 128, 128, 128, 64)  # 4096 channels at 1 px, halved with every doubling; at most 128


@dataclass(frozen=True)
class Work:
    """What is trained, and how."""

    players: Callable[[bool], tuple[nn.Module, nn.Module]]  # given whether convolutions are grouped
    latent: int
    batch: int
    rate: float
    betas: tuple[float, float]
    steps: int = 1  # a call
    gamma: float = 0.0  # of R1, once a call
    has_forms: bool = False  # scaled pictures, or a kernel for each


def _dcgan(_: bool) -> tuple[nn.Module, nn.Module]:
    players = dcgan.Generator(_TUTORIAL, kernel=4), dcgan.Discriminator(_TUTORIAL[::-1], kernel=4)
    for player in players:
        player.apply(_spread)
    return players


def _stylegan2(grouped: bool) -> tuple[nn.Module, nn.Module]:
    generator = stylegan2.Generator(_NARROW, latent=100, w_dim=128, grouped=grouped)
    return generator, stylegan2.Discriminator(_NARROW)


WORK = {
    "dcgan": Work(_dcgan, latent=100, batch=64, rate=2e-4, betas=(0.5, 0.999)),
    "stylegan2": Work(
        _stylegan2,
        latent=100,
        batch=16,
        rate=2.5e-3,
        betas=(0.0, 0.99),
        steps=16,
        gamma=0.0002 * 64**2 / 16,
        has_forms=True,
    ),
}


def main(network: str, precision: str, cores: int) -> None:
    torch.set_num_threads(cores)
    work = WORK[network]
    half = precision == "mixed_bfloat16"
    layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    forms = {"scaled": False, "grouped": True} if work.has_forms else {"": False}
    tried = {
        f"{layout} {form}".strip(): Game(work, half, layouts[layout], forms[form])
        for layout, form in product(layouts, forms)
    }
    best = dcgan.fastest({name: game.step for name, game in tried.items()}, _TRIED)
    game = tried[best]
    about = {"torch": torch.__version__, "layout": best, "weights": game.weights}
    serve(game.round, about)


class Game:
    """Both players, their optimisers and the averaged generator."""

    def __init__(
        self, work: Work, half: bool, layout: torch.memory_format, grouped: bool = False
    ) -> None:
        torch.manual_seed(0)
        self.work, self.half = work, half
        self.generator, self.critic = (
            player.to(memory_format=layout) for player in work.players(grouped)
        )
        average = copy.deepcopy(self.generator).requires_grad_(False)
        self.followed = _floats(average), _floats(self.generator)
        self.adams = [
            torch.optim.Adam(player.parameters(), work.rate, betas=work.betas, fused=True)
            for player in (self.generator, self.critic)
        ]
        real = torch.rand(work.batch, 3, 64, 64).mul(2).sub(1)
        self.real = real.to(memory_format=layout)
        self.weights = [
            sum(weight.numel() for weight in player.parameters())
            for player in (self.generator, self.critic)
        ]

    def round(self, _: int) -> NDArray[np.float32]:
        """As many steps as a call has, R1 in the first."""
        losses = self.step(0)
        for number in range(1, self.work.steps):
            losses = self.step(number)
        return losses

    def step(self, number: int) -> NDArray[np.float32]:
        work = self.work
        is_due = work.gamma > 0 and number == 0
        real = self.real.detach().requires_grad_(is_due)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            fake = self.generator(torch.randn(work.batch, work.latent))
            real_logits, fake_logits = self.critic(real).float(), self.critic(fake).float()
        to_generator = softplus(-fake_logits).mean()
        to_critic = (softplus(-real_logits) + softplus(fake_logits)).mean()
        paid = to_critic
        if is_due:
            (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
            paid = paid + work.gamma / 2 * work.steps * slope.square().sum((1, 2, 3)).mean()
        for player, loss in ((self.generator, to_generator), (self.critic, paid)):
            weights = list(player.parameters())
            slopes = torch.autograd.grad(loss, weights, retain_graph=player is self.generator)
            for weight, own in zip(weights, slopes, strict=True):
                weight.grad = own
        for adam in self.adams:
            adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(*self.followed, 1 - _KEEP)
        return np.array([to_generator.item(), to_critic.item()], np.float32)


def _floats(player: nn.Module) -> list[torch.Tensor]:
    """Weights and running statistics."""
    return [t for t in player.state_dict().values() if t.is_floating_point()]


def _spread(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, std=0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
