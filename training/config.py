"""Everything that decides what a run becomes, and the settings that were published."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What a run is trained with. Fixed when the run begins; ``run.json`` keeps it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    preset: str | None = None
    architecture: Literal["dcgan", "stylegan2"] = Field(
        "dcgan", description="of both networks; a DCGAN paints 28 to 256 px, a StyleGAN2 32 to 1024"
    )
    conditional: bool = Field(False, description="learn the classes apart, by their labels")
    latent: int = Field(100, ge=2, le=1024, description="numbers in a latent z")
    width: float = Field(
        1.0, gt=0, le=4, description="of both networks; 1 is published, 0.5 halves every layer"
    )
    kernel: int = Field(5, ge=3, le=7, description="pixels a side of a DCGAN's convolutions")
    generator_filters: tuple[int, ...] | None = Field(
        None, description="filters of each layer, seen from the latent; None derives them"
    )
    discriminator_filters: tuple[int, ...] | None = Field(
        None, description="filters of each layer, seen from the picture; None derives them"
    )
    discriminator_width: float = Field(
        1.0, gt=0, le=4, description="narrows a DCGAN's discriminator alone"
    )
    normalise_discriminator: bool = Field(
        True, description="batch normalisation in a DCGAN's discriminator"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="of batch normalisation's averages")
    capacity: Literal["tiny", "small", "full"] = Field(
        "tiny",
        description="of a StyleGAN2 at 64 px: 3, 13 or 54 million weights, at most 128, 256 or 512 channels",
    )
    mapping_layers: int = Field(8, ge=1, le=16, description="of StyleGAN2's mapping network")
    noise: bool = Field(True, description="StyleGAN2's noise inputs")
    style_mixing: float = Field(
        0.9, ge=0, le=1, description="how often two latents share a picture"
    )
    path_length: float = Field(2.0, ge=0, description="weight of path length regularisation")
    path_every: int = Field(4, ge=1, description="steps between path length penalties")
    generator_dropout: float = Field(0.0, ge=0, lt=1, description="in a DCGAN's generator")
    discriminator_dropout: float = Field(0.0, ge=0, lt=1, description="in a DCGAN's discriminator")

    loss: Literal["non-saturating", "hinge", "relativistic"] = Field(
        "non-saturating", description="what the players are paid for"
    )
    penalty: Literal["none", "r1", "r1+r2"] | None = Field(
        None, description="for steep logits; if left out, what loss and network were published with"
    )
    penalty_every: int = Field(1, ge=1, description="steps between penalties; 16 is lazy R1")
    gamma: float | None = Field(
        None, ge=0, description="the penalty's weight; if left out, from size and batch"
    )
    optimizer: Literal["adam", "rmsprop"] = Field("adam", description="of both players")
    learning_rate: float = Field(2e-4, gt=0, description="of both players")
    beta_1: float = Field(0.5, ge=0, lt=1, description="Adam's; 0 suits the relativistic loss")
    beta_2: float = Field(0.999, ge=0, lt=1, description="Adam's; lower follows steepness sooner")
    decay: float = Field(0.0, ge=0, description="learning rate falls as 1 / (1 + decay * step)")
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="what both players compute with; weights stay float32"
    )
    batch: int = Field(64, ge=2, description="real pictures a step, over all replicas")
    ema: float = Field(0.999, ge=0, lt=1, description="how much of the average stays each step")

    flip: bool = Field(False, description="mirror half of the real pictures")
    brightness: float = Field(0.0, ge=0, le=1, description="largest shift, of the range [-1, 1]")
    augment: Literal["none", "diffaugment", "ada"] = Field(
        "none", description="of real and painted pictures alike, before the discriminator"
    )
    policy: tuple[Literal["colour", "translation", "cutout"], ...] = Field(
        ("colour", "translation", "cutout"), description="what DiffAugment may do"
    )
    ada_target: float = Field(0.6, ge=0, le=1, description="of the discriminator's mean sign")
    ada_kimg: float = Field(500, gt=0, description="thousand pictures from no augmentation to all")
    freeze_discriminator: int = Field(
        0, ge=0, description="layers nearest the picture that don't learn (freeze-D)"
    )
    xla: bool | None = Field(
        None, description="compile steps by XLA; if left out, a StyleGAN2's are on a GPU or TPU"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="of everything random")


PRESETS: dict[str, Settings] = {
    # A DCGAN of African masks on a TPU: batch 1024, Adam, 64 to 1024 filters of 5×5.
    "masks": Settings(preset="masks", batch=1024),
    # One dog's portraits with Keras at 64 px: batch 64, mirrored, a little brighter or darker.
    "portraits": Settings(preset="portraits", batch=64, flip=True, brightness=0.1),
    # Quick, Draw! faces: a small generator against a large critic, both with dropout.
    "doodles": Settings(
        preset="doodles",
        generator_filters=(64, 32, 16, 8),
        discriminator_filters=(64, 128, 256, 512),
        normalise_discriminator=False,
        generator_dropout=0.4,
        discriminator_dropout=0.6,
        optimizer="rmsprop",
        decay=3e-8,
        batch=256,
    ),
    # Ours: a half-width network and the loss that shows something soonest on two cores.
    "quick": Settings(
        preset="quick",
        width=0.5,
        kernel=4,
        normalise_discriminator=False,
        loss="relativistic",
        gamma=2.0,
        learning_rate=8e-4,
        decay=2e-4,  # bold at first, careful with detail
        beta_1=0.0,
        beta_2=0.99,  # with 0.999, a step too far blew a discriminator up after 4,500 good ones
    ),
}
"""The published settings of three projects, by name (tanh output throughout), and ours."""

BELONGS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "kernel",
            "discriminator_filters",
            "discriminator_width",
            "normalise_discriminator",
            "momentum",
            "generator_dropout",
            "discriminator_dropout",
        ),
        ("architecture", "dcgan"),
    ),
    **dict.fromkeys(
        ("capacity", "mapping_layers", "noise", "style_mixing", "path_length", "path_every"),
        ("architecture", "stylegan2"),
    ),
    "policy": ("augment", "diffaugment"),
    **dict.fromkeys(("ada_target", "ada_kimg"), ("augment", "ada")),
    **dict.fromkeys(("beta_1", "beta_2"), ("optimizer", "adam")),
}
"""Settings that count only where another one has this value."""
