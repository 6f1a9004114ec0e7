"""Whether settings, pictures and devices go together, before anything is made of them."""

from typing import Any

import tensorflow as tf

from explorer.core.errors import KnownError
from training import devices, networks
from training.config import Settings
from training.data.card import DatasetCard


def check_suits(
    settings: Settings,
    card: DatasetCard,
    strategy: tf.distribute.Strategy,
    *,
    begins: bool = True,
) -> networks.Plan:
    """The plan of networks that these settings, pictures and devices make together.

    Args:
        begins: whether they are a new run's: an old one goes on with layers that never were.

    Raises:
        KnownError: they make none.
    """
    if card.height != card.width:
        raise KnownError(
            f"{card.name} has {card.width}×{card.height} pictures, not square ones: prepare them "
            "again with --size."
        )
    plan: networks.Plan = networks.plan(card.width, card.channels, len(card.classes), settings)
    if settings.conditional and plan.classes < 2:
        raise KnownError(
            f"{card.name} has no classes to learn apart: prepare a folder with subfolders, or "
            "leave --conditional out."
        )
    layers = _layers_to_freeze(plan, settings)
    if begins and settings.freeze_discriminator > layers:
        raise KnownError(
            f"This discriminator has {layers} layers to freeze, not "
            f"{settings.freeze_discriminator}: say --freeze-discriminator {layers // 2 or 1} or so."
        )
    if card.count < settings.batch:
        raise KnownError(
            f"{card.name} has {card.count:,} pictures, fewer than a batch of {settings.batch}: "
            f"say --batch {card.count // 4 * 4 or card.count} or less."
        )
    replicas = strategy.num_replicas_in_sync
    if settings.batch % replicas:
        raise KnownError(
            f"A batch of {settings.batch} can't be shared by {replicas} devices: begin a new run "
            f"with --batch {settings.batch // replicas * replicas or replicas}."
        )
    # A DCGAN's devices meet at every normalisation, in the middle of what XLA would compile.
    if (
        settings.xla
        and replicas > 1
        and (settings.architecture == "dcgan" or devices.is_processor(strategy))
    ):
        raise KnownError(
            f"XLA can't compile the steps that {replicas} devices share here: begin a new run with "
            "--no-xla, or train on one device."
        )
    return plan


def _layers_to_freeze(plan: Any, settings: Settings) -> int:
    """A DCGAN's convolutions; of a StyleGAN2 what reads colours, and each resolution's block."""
    return len(plan.discriminator if settings.architecture == "dcgan" else plan.filters)
