"""Points that have a number for a name."""

import re
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError

Latent: TypeAlias = NDArray[np.float32]
"""One point in latent space, shape ``(dim,)``; a point with a row per layer ``(num_ws, dim)``."""

MAX_SEED = 2**32 - 1
_MAX_SEEDS = 1_000_000  # in one list; a month of painting

_RANGE = re.compile(r"\s*([0-9]{1,10})\s*(?:-\s*([0-9]{1,10})\s*)?", re.ASCII)


@lru_cache(maxsize=256)  # a walk between two seeds would draw both again for every picture
def seed_latent(seed: int, dim: int) -> Latent:
    """The point in z that ``seed`` stands for: the same on every machine, for ever. Read-only.

    numpy's legacy generator is frozen (NEP 19), which the newer ones are not.

    Raises:
        ValueError: ``seed`` is not in [0, 2**32).
    """
    z: Latent = np.random.RandomState(seed).standard_normal(dim).astype(np.float32)
    z.setflags(write=False)
    return z


def parse_seeds(text: str) -> list[int]:
    """Read ``"0-99, 120"``: each seed once, in the order they are first named.

    Raises:
        KnownError: it says anything else than seeds and ranges of them.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            shown = part.strip()[:40]
            raise KnownError(f"Seeds are written like 0-99,120; {shown!r} is no seed or range.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise KnownError(f"The seeds {part.strip()} run backwards; write {last}-{first}.")
        if last > MAX_SEED:
            raise KnownError(f"The seed {last} is too large; the last one is {MAX_SEED}.")
        if last - first >= _MAX_SEEDS or len(seeds) + last - first >= _MAX_SEEDS:
            raise KnownError(f"These are more than {_MAX_SEEDS:,} seeds; ask for them in pieces.")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)
