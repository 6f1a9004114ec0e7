"""Where in a picture the eye goes, so that a crop keeps it.

Saliency by the spectral residual: what the logarithm of a picture's amplitude spectrum has beyond
its own local average, brought back with the old phases (Hou and Zhang, "Saliency Detection: A
Spectral Residual Approach", CVPR 2007).
"""

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two are just outside."""

_SIDE = 64  # pixels; the paper's size, at which details are not yet subjects
_BLUR = 2.5  # pixels of the map
_LEVELS = 255  # of the map, so that rounding in the last bit moves no crop
_GIVEN_UP = 0.05  # of what a crop could keep, so that the subject stands in its middle


def saliency(image: Image.Image) -> NDArray[np.float64]:
    """How much each place stands out.

    Returns:
        (64, 64), whole numbers from 0 to 255; all 0 where nothing stands out.
    """
    small = np.asarray(image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    if np.ptp(small) < 2:
        return np.zeros((_SIDE, _SIDE))
    spectrum = np.fft.fft2(small)
    amplitude = np.log(np.abs(spectrum) + 1e-6)
    residual = amplitude - _box_mean(amplitude)
    stands_out = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    stands_out *= _LEVELS / stands_out.max()
    seen = _blurring() @ stands_out @ _blurring().T
    # Everywhere is a little of everything: only what lies above the average is a subject.
    seen = np.clip(seen - seen.mean(), 0, None)
    return np.rint(seen * (_LEVELS / seen.max())) if seen.max() > 0 else np.zeros_like(seen)


def most_interesting(image: Image.Image, size: tuple[int, int]) -> Box:
    """The box of ``size`` (width, height) that keeps most of what stands out.

    What it keeps stands in its middle as far as the picture's edges allow; where nothing stands
    out, it is the middle of the picture.
    """
    seen = saliency(image)
    left = _best(seen.sum(axis=0), image.width, size[0])
    top = _best(seen.sum(axis=1), image.height, size[1])
    return left, top, left + size[0], top + size[1]


def _best(along: NDArray[np.float64], length: int, kept: int) -> int:
    """Where a window of ``kept`` of ``length`` pixels begins."""
    room = length - kept
    if room <= 0:
        return 0
    starts = np.unique(np.linspace(0, room, num=min(room, 4 * _SIDE) + 1).round().astype(int))
    total = along.sum()
    if total <= 0:
        return room // 2
    edges = np.linspace(0, length, len(along) + 1)
    below = np.concatenate([[0.0], np.cumsum(along)]) / total
    inside = np.interp(starts + kept, edges, below) - np.interp(starts, edges, below)
    best = starts[int(inside.argmax())]
    middles = (edges[1:] + edges[:-1]) / 2
    seen = along * ((middles >= best) & (middles <= best + kept))
    subject = float((seen * middles).sum() / seen.sum())
    # Of all windows that keep nearly as much, the one in whose middle the subject stands.
    good = starts[inside >= inside.max() * (1 - _GIVEN_UP)]
    return int(good[np.abs(good + kept / 2 - subject).round(3).argmin()])


@cache
def _blurring() -> NDArray[np.float64]:
    """A Gaussian for each row of a map, (64, 64); what lies outside counts for nothing."""
    places = np.arange(_SIDE)
    weights = np.exp(-((places[:, None] - places) ** 2) / (2 * _BLUR**2))
    blurring: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return blurring


def _box_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of 3 by 3 values around each; a spectrum goes round at its edges."""
    rows = values + np.roll(values, 1, 0) + np.roll(values, -1, 0)
    mean: NDArray[np.float64] = (rows + np.roll(rows, 1, 1) + np.roll(rows, -1, 1)) / 9
    return mean
