"""How sharp pictures are, and real ones made as soft as painted ones.

A blurry picture lies far from every sharp one in features, so that a blurry copy would pass for
something new. What a model paints is therefore compared with training pictures of its own
sharpness: seen through the Gaussian that leaves as much of the fine as the model does.
"""

import numpy as np
from numpy.typing import NDArray

from training.evaluation.pictures import Pixels

Double = NDArray[np.float64]

STEP = 0.05  # pixels; blurs are rounded to it, so that what was seen can be remembered
_MOST = 8.0  # pixels
_LUMINANCE = np.array([0.299, 0.587, 0.114])


def power(pixels: Pixels) -> Double:
    """Mean power spectrum of the grey of uint8 (n, h, w, c): (h, w // 2 + 1), sums of squares.

    A Hann window keeps the pictures' edges from looking like detail.
    """
    grey = pixels @ _LUMINANCE if pixels.shape[3] == 3 else pixels[..., 0].astype(np.float64)
    _, height, width = grey.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    grey = (grey - grey.mean(axis=(1, 2), keepdims=True)) * window
    spectrum = np.square(np.abs(np.fft.rfft2(grey))).mean(axis=0)
    twice = np.full(width // 2 + 1, 2.0)  # half the plane stands for all of it
    twice[0] = 1.0
    if width % 2 == 0:
        twice[-1] = 1.0
    found: Double = spectrum * twice
    return found


def sharpness(power: Double) -> float:
    """Mean squared frequency of a power spectrum, cycles per pixel squared: 0 flat, 1/6 noise.

    Contrast does not change it.
    """
    total = float(power.sum())
    return float((power * _squared_frequency(power.shape)).sum()) / total if total > 0 else 0.0


def matching_blur(real: Double, painted: Double) -> float:
    """The Gaussian, in pixels, that brings ``real`` spectra to the ``painted``'s sharpness.

    0 where the painted pictures are no softer. A multiple of ``STEP``.
    """
    aim = sharpness(painted)
    if real.shape != painted.shape:
        raise ValueError("spectra of pictures of two sizes")
    if sharpness(real) <= aim:
        return 0.0
    low, high = 0.0, _MOST  # sharpness falls with the blur (Cauchy-Schwarz)
    while high - low > STEP / 4:
        middle = (low + high) / 2
        if sharpness(real * _passes(real.shape, middle)) > aim:
            low = middle
        else:
            high = middle
    return round(round(high / STEP) * STEP, 2)


def blurred(pixels: Pixels, blur: float) -> Pixels:
    """Pictures uint8 (n, h, w, c) through a Gaussian of ``blur`` pixels; edges are mirrored."""
    if blur <= 0:
        return pixels
    taps = _taps(blur)
    reach = len(taps) // 2
    soft = pixels.astype(np.float32)
    for axis in (1, 2):
        padding = [(0, 0)] * 4
        padding[axis] = (reach, reach)
        wide = np.pad(soft, padding, mode="symmetric")
        size = pixels.shape[axis]
        soft = sum(
            tap * wide.take(range(at, at + size), axis=axis)
            for at, tap in enumerate(taps.astype(np.float32))
        )
    levels: Pixels = np.clip(np.rint(soft), 0, 255).astype(np.uint8)
    return levels


def _taps(blur: float) -> Double:
    reach = max(1, int(np.ceil(3 * blur)))
    taps = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * blur**2))
    found: Double = taps / taps.sum()
    return found


def _passes(shape: tuple[int, ...], blur: float) -> Double:
    """What share of each frequency's power these very taps let through."""
    if blur < STEP / 4:
        return np.ones(shape)
    taps = _taps(blur)
    at = np.arange(len(taps)) - len(taps) // 2
    down, across = (
        np.cos(2 * np.pi * frequencies[:, None] * at) @ taps for frequencies in _axes(shape)
    )
    found: Double = np.square(down[:, None] * across)
    return found


def _squared_frequency(shape: tuple[int, ...]) -> Double:
    down, across = _axes(shape)
    found: Double = np.square(down)[:, None] + np.square(across)
    return found


def _axes(shape: tuple[int, ...]) -> tuple[Double, Double]:
    height, half = shape
    down: Double = np.fft.fftfreq(height).astype(np.float64)
    return down, np.arange(half) / (2 * max(1, half - 1))
