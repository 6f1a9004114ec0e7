"""Too dark, too bright, blurry, empty, of an odd size: what one picture shows by itself.

A limit alone would call every drawing overexposed and every night shot dark. So there are two: far
beyond what any picture should be, and less far, but far from what is usual in this pile.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from training.curation.findings import Finding, Kind, Suggestion
from training.curation.survey import Survey

_FAR = 5.0  # robust standard deviations from the usual


def quality(found: Survey) -> Iterator[Finding]:
    """All of these findings, the worst of a kind first."""
    high, low = found.measured("dark"), found.measured("bright")
    middle, spread = found.measured("middle"), found.measured("spread")
    blur, bits = found.measured("blur"), found.measured("bits")

    dark = (high < 0.2) | ((high < 0.4) & (far(high) < -_FAR))
    yield from _told("dark", dark, 1 - high, lambda n: f"95 % of it is under {high[n]:.0%} bright")

    pale = (low > 0.75) & (spread < 0.12)
    bright = pale | ((low > 0.6) & (middle > 0.9) & (far(low) > _FAR))
    yield from _told("bright", bright, low, lambda n: f"95 % of it is over {low[n]:.0%} bright")

    plain = (spread < 0.02) | (bits < 0.6) | ((bits < 2.5) & (far(bits) < -_FAR))
    yield from _told("empty", plain & ~dark & ~bright, 6 - bits, lambda n: f"{bits[n]:.1f} bits")

    usual = float(np.median(blur))
    soft = (blur > 0.8) | ((blur > usual + 0.1) & (far(blur) > _FAR))
    yield from _told(
        "blurry",
        soft & ~plain,
        blur,
        lambda n: f"blur {blur[n]:.2f}, usual here {usual:.2f}",
    )


def odd_sizes(found: Survey) -> Iterator[Finding]:
    """Pictures far smaller, larger, wider or higher than the others."""
    width, height = found.sizes.T
    area, shape = np.log2(width * height) / 2, np.log2(width / height)
    scale, bent = area - np.median(area), shape - np.median(shape)
    odd = ((np.abs(scale) > 1.5) & (np.abs(far(area)) > _FAR)) | (
        (np.abs(bent) > 1.0) & (np.abs(far(shape)) > _FAR)
    )
    score = np.maximum(np.abs(scale) / 1.5, np.abs(bent))
    usual = f"{2 ** float(np.median(area)):.0f}"
    for n in np.flatnonzero(odd)[np.argsort(-score[odd], kind="stable")].tolist():
        note = f"{width[n]}×{height[n]}, usual side {usual}"
        yield Finding("size", n, float(score[n]), note)


def far(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """How many robust standard deviations each value lies from the median.

    By the median absolute deviation (Iglewicz and Hoaglin 1993); where more than half are
    equal, by the mean one, so that pictures of one size don't make an odd one infinitely odd.
    """
    off = np.asarray(values, np.float64) - np.median(values)
    scale = max(1.4826 * float(np.median(np.abs(off))), 1.2533 * float(np.abs(off).mean()) / 4)
    distances: NDArray[np.float64] = off / max(scale, 1e-6)
    return distances


def _told(
    kind: Kind, odd: NDArray[np.bool_], score: NDArray[np.float32], note: Callable[[int], str]
) -> Iterator[Finding]:
    said = {"dark": "too dark", "bright": "too bright", "empty": "hardly anything on it"}
    for n in np.flatnonzero(odd)[np.argsort(-score[odd], kind="stable")].tolist():
        reason = f"{said.get(kind, kind)}: {note(n)}"
        yield Finding(kind, n, float(score[n]), note(n), Suggestion(keep=False, reason=reason))
