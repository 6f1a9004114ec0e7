"""Every size of a StyleGAN2, and how much it learns, before a layer of it is made."""

from dataclasses import dataclass
from itertools import pairwise

from explorer.core.errors import KnownError
from training.config import Settings

SIZES = (32, 64, 128, 256, 512, 1024)
"""Picture sizes, in pixels."""

CAPACITIES = {"tiny": (4096, 128), "small": (16384, 256), "full": (32768, 512)}
"""Channels at 1 px, halved with every doubling, and how many there are at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of both players' layers."""

    size: int  # pixels a side of the picture
    channels: int
    classes: int  # 0 where it learns none apart
    latent: int
    w_dim: int
    mapping_layers: int
    filters: tuple[int, ...]  # at 4, 8, ... pixels, up to the picture's
    noise: bool

    @property
    def num_ws(self) -> int:
        """Rows of ws: one for each convolution, and the last colour's."""
        return 2 * len(self.filters)

    @property
    def sides(self) -> tuple[int, ...]:
        """Pixels a side of each block: 4, 8, ..."""
        return tuple(4 << i for i in range(len(self.filters)))

    @property
    def stages(self) -> tuple[int, ...]:
        """Pixels a side where the synthesis may pause and go on."""
        return tuple(side for side in self.sides if side >= min(32, self.size))


def plan(size: int, channels: int, classes: int, settings: Settings) -> Plan:
    """Derive every layer's size from the picture's.

    Raises:
        KnownError: no StyleGAN2 is of this size.
    """
    if size not in SIZES:
        known = ", ".join(map(str, SIZES))
        raise KnownError(
            f"A StyleGAN2 paints {known} px, not {size}: prepare the pictures again with --size."
        )
    base, most = CAPACITIES[settings.capacity]
    channels_at = [min(base >> i, most) for i in range(2, size.bit_length())]
    filters = settings.generator_filters or channels_at
    if len(filters) != len(channels_at):
        raise KnownError(
            f"A StyleGAN2 of {size} px has {len(channels_at)} blocks, not {len(filters)} filters."
        )
    scaled = tuple(max(1, round(f * settings.width)) for f in filters)
    return Plan(
        size=size,
        channels=channels,
        classes=classes,
        latent=settings.latent,
        w_dim=max(scaled),
        mapping_layers=settings.mapping_layers,
        filters=scaled,
        noise=settings.noise,
    )


def parameters(plan: Plan) -> tuple[int, int]:
    """How many numbers the generator and the discriminator learn."""

    def dense(inputs: int, units: int) -> int:
        return inputs * units + units

    def mapping(latent: int, d: int) -> int:
        embedded = dense(plan.classes, d) if plan.classes else 0
        first = dense(latent + (d if plan.classes else 0), d)
        return embedded + first + (plan.mapping_layers - 1) * dense(d, d)

    def styled(inputs: int, filters: int) -> int:
        return dense(plan.w_dim, inputs) + 9 * inputs * filters + filters + plan.noise

    base, *_, top = plan.filters
    steps = list(pairwise(plan.filters))
    generator = mapping(plan.latent, plan.w_dim) + 16 * base + styled(base, base)
    generator += sum(styled(low, high) + styled(high, high) for low, high in steps)
    generator += sum(dense(plan.w_dim, f) + dense(f, plan.channels) for f in plan.filters)

    judged = base if plan.classes else 1
    discriminator = dense(plan.channels, top)
    discriminator += sum(dense(9 * h, h) + dense(9 * h, low) + h * low for low, h in steps)
    discriminator += dense(9 * (base + 1), base) + dense(16 * base, base) + dense(base, judged)
    return generator, discriminator + (mapping(0, base) if plan.classes else 0)
