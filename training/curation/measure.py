"""What can be measured of one picture without knowing any other.

All of it on the picture at 128 pixels, because that is about what a network will learn from:
a photograph that is soft at 4,000 pixels is sharp at 64.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MEASURES = (
    "dark",  # luma in [0, 1] that 95 % of the pixels stay under
    "bright",  # luma in [0, 1] that 95 % of the pixels reach
    "middle",  # median luma in [0, 1]
    "spread",  # standard deviation of luma in [0, 1]
    "blur",  # [0, 1]: how little a second blurring changes
    "bits",  # entropy of 64 shades of luma, [0, 6]
    "busy",  # mean step of luma to the next pixel, [0, 1]
    "soft",  # share of the steps that are small, of all that are seen; low in drawings
    "few",  # share of the pixels in the 8 most frequent colours of 4,096
)

Luma: TypeAlias = NDArray[np.float32]
"""float32 (height, width) in [0, 1]."""

_LONGEST = 128  # pixels
_SEEN, _SMALL = (
    3 / 255,
    24 / 255,
)  # steps from which on luma is seen to change, and those of shading
_BOX = 9  # pixels, of the second blurring


def measure(image: Image.Image) -> NDArray[np.float32]:
    """Of an ``L`` or ``RGB`` image, float32 (len(MEASURES),)."""
    image = reduced(image, _LONGEST)
    luma = np.asarray(image.convert("L"), np.float32) / np.float32(255)
    steps = np.concatenate([np.abs(np.diff(luma, axis=a)).ravel() for a in (0, 1)])
    seen = steps[steps >= _SEEN]
    found = {
        "dark": np.percentile(luma, 95),
        "bright": np.percentile(luma, 5),
        "middle": np.median(luma),
        "spread": luma.std(),
        "blur": _blur(luma),
        "bits": _bits(np.bincount((luma * 63.999).astype(int).ravel(), minlength=64)),
        "busy": steps.mean() if steps.size else 0.0,
        "soft": (seen < _SMALL).mean() if seen.size else 0.0,
        "few": _few(np.asarray(image.convert("RGB"))),
    }
    return np.array([found[name] for name in MEASURES], np.float32)


def reduced(image: Image.Image, longest: int) -> Image.Image:
    """The image with its longer side at most so many pixels; smaller ones stay as they are."""
    scale = longest / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _blur(luma: Luma) -> float:
    """How little of the steps between pixels is lost when the picture is blurred once more.

    Crete et al. 2007, The blur effect, section 3: near 1 where it was blurred before.
    """
    worst = 0.0
    for axis in (0, 1):
        if luma.shape[axis] <= _BOX:
            return 0.0
        steps = np.abs(np.diff(luma, axis=axis))
        blurred = np.abs(np.diff(_boxed(luma, axis), axis=axis))
        lost = np.maximum(steps - blurred, 0).sum()
        total = float(steps.sum())
        if total > 0:
            worst = max(worst, (total - float(lost)) / total)
    return worst


def _boxed(luma: Luma, axis: int) -> Luma:
    """The mean over ``_BOX`` pixels along an axis; edges are repeated."""
    around = [(0, 0), (0, 0)]
    around[axis] = (_BOX // 2 + 1, _BOX // 2)
    sums = np.cumsum(np.pad(luma, around, mode="edge"), axis=axis, dtype=np.float64)
    n = luma.shape[axis]
    there, here = (np.take(sums, np.arange(s, s + n), axis=axis) for s in (_BOX, 0))
    mean: Luma = ((there - here) / _BOX).astype(np.float32)
    return mean


def _bits(counts: NDArray[np.int64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _few(pixels: NDArray[np.uint8]) -> float:
    coarse = (pixels >> 4).astype(np.int64) @ np.array([256, 16, 1])
    counts = np.bincount(coarse.ravel(), minlength=4096)
    return float(np.sort(counts)[-8:].sum() / coarse.size)
