"""Upscaling 64 to 256 px with the photographic model, against Real-ESRGAN's own runner."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.context import Context, same_picture
from benchmarks.figures import Budget, Figure
from benchmarks.models import CACHE
from explorer.upscale.weights import folders, installed

_UPSCALER = "realesrgan-x4plus"
_BUDGET = Budget("at least", 4, of="ratio")
_LEVELS = 2


def measure(context: Context) -> Iterator[Figure]:
    CACHE.mkdir(parents=True, exist_ok=True)
    picture, weights = _picture(), _weights()
    yield context.compare(
        f"{_UPSCALER}: 64 to 256 px",
        1,
        "pictures/s",
        _BUDGET,
        peer="RealESRGANer, PyTorch",
        mine=("upscale", _UPSCALER, picture),
        theirs=("upscale", weights, picture),
        agree=same_picture(_LEVELS),
    )


def _picture() -> Path:
    """A rendered mask, uint8 (64, 64, 3)."""
    from training.data.masks.factors import mask_factors
    from training.data.masks.render import paint_mask

    path = CACHE / "mask-64.npy"
    np.save(path, paint_mask(mask_factors(0, 0), 64), allow_pickle=False)
    return path


def _weights() -> Path:
    """The graph's weights as float32, numbered in the order they are used."""
    import onnx

    model = onnx.load_model_from_string(installed(folders())[_UPSCALER].content())
    arrays = [onnx.numpy_helper.to_array(w) for w in model.graph.initializer]
    path = CACHE / f"{_UPSCALER}.npz"
    numbered = {f"{i:04d}": a.astype(np.float32) for i, a in enumerate(arrays)}
    np.savez(path, allow_pickle=False, **numbered)
    return path
