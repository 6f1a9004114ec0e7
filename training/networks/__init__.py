"""The players: generators and discriminators, by architecture.

Every architecture is a module with ``plan``, ``generator`` and ``discriminator``. Both players
take one tensor, or ``[tensor, label]`` where the plan has classes (`with_label`).
"""

from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import tensorflow as tf

from training.config import Settings


class Plan(Protocol):
    """What every architecture derives from the pictures and the settings."""

    @property
    def size(self) -> int: ...  # pixels a side

    @property
    def channels(self) -> int: ...

    @property
    def latent(self) -> int: ...  # numbers in a z

    @property
    def classes(self) -> int: ...  # 0: labels are not looked at


def architecture(settings: Settings) -> ModuleType:
    """The module that knows ``settings.architecture``; imported only when it is asked for."""
    return import_module(f"{__name__}.{settings.architecture}")


def plan(size: int, channels: int, classes: int, settings: Settings) -> Any:
    """Derive every layer's size.

    Args:
        classes: of the dataset; they count only where ``settings.conditional``.

    Raises:
        KnownError: the architecture paints no pictures of this size.
    """
    return architecture(settings).plan(
        size, channels, classes if settings.conditional else 0, settings
    )


def with_label(x: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor | list[tf.Tensor]:
    """What a player is called with: label float32 (n, classes), or None without classes."""
    return x if label is None else [x, label]
