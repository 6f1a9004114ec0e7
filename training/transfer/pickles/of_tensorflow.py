"""The TensorFlow generation: networks with variables by name, and networks inside them."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.transfer.pickles.found import MAPPING_RATE, OTHER_FILTER, Found, Views, expect_leaky
from training.transfer.pickles.values import Array, Refused, Thing, Value

_Change = Callable[[NDArray[Any]], NDArray[Any]]


def from_tensorflow(generator: Thing, discriminator: Thing) -> Found:
    """The networks ``Gs`` and ``D`` of a tuple (G, D, Gs).

    Raises:
        Refused: their variables are no list of named arrays, or they compute otherwise than a
            StyleGAN2.
    """
    settings = _dict(generator.state.get("static_kwargs"))
    if settings.get("resample_kernel", [1, 3, 3, 1]) != [1, 3, 3, 1]:
        raise Refused(OTHER_FILTER)
    if settings.get("normalize_latents", True) is not True:
        raise Refused("it takes its latents as they are, which no published StyleGAN2 does")
    kinds = ("nonlinearity", "mapping_nonlinearity")
    expect_leaky([settings.get(kind, "lrelu") for kind in kinds])
    return Found(
        generation="tensorflow",
        generator=_renamed(_variables(generator), _GENERATOR),
        discriminator=_renamed(_variables(discriminator), _DISCRIMINATOR),
        mapping_rate=settings.get("mapping_lrmul", MAPPING_RATE),
        resolution=settings.get("resolution", 1024),
    )


def _dict(value: Value) -> dict[str | int, Value]:
    return value if isinstance(value, dict) else {}


def _variables(network: Thing) -> Views:
    """The variables by their names, those of networks inside behind the name of their network."""
    parts = {f"{name}/": part for name, part in _dict(network.state.get("components")).items()}
    views: Views = {}
    for before, part in {"": network, **parts}.items():
        own = part.state.get("variables") if isinstance(part, Thing) else None
        for pair in own if isinstance(own, list) else ():
            name, array = pair if isinstance(pair, tuple) and len(pair) == 2 else (None, None)
            if isinstance(array, float):
                array = Array(np.array(array, np.float32))  # TensorFlow gives scalars like this
            if not isinstance(name, str) or not isinstance(array, Array) or array.numbers is None:
                raise Refused("its variables are no list of named arrays")
            views[f"{before}{name}"[:200]] = array.numbers
    return views


def _renamed(views: Views, rules: "dict[str, tuple[str, _Change]]") -> Views:
    """PyTorch's names and layout; a name that no rule fits stays as it is."""
    renamed: Views = {}
    for name, array in views.items():
        for pattern, (new, change) in rules.items():
            if match := re.fullmatch(pattern, name):
                renamed[match.expand(new)] = change(array)
                break
        else:
            if name not in _IDLE:
                renamed[name] = array
    return _with_noise(renamed)


def _with_noise(views: Views) -> Views:
    """Noise is numbered by layers: 0 at 4 px, 1 and 2 at 8 px, 3 and 4 at 16 px."""
    for number in range(32):
        array = views.pop(f"synthesis/noise{number}", None)
        if array is not None:
            block = f"synthesis.b{2 ** ((number + 5) // 2)}.conv{0 if number % 2 else 1}"
            views[f"{block}.noise_const"] = _square(array)
    return views


def _as_it_is(array: NDArray[Any]) -> NDArray[Any]:
    return array


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    """(in, out) to (out, in); (height, width, in, out) to (out, in, height, width)."""
    return array.transpose((3, 2, 0, 1) if array.ndim == 4 else None)


def _flipped(array: NDArray[Any]) -> NDArray[Any]:
    """Kernels that up-sample are kept as they would be used without up-sampling."""
    return _turned(array[::-1, ::-1]) if array.ndim == 4 else array


def _plus_one(array: NDArray[Any]) -> NDArray[Any]:
    return array + np.float32(1) if array.dtype == np.float32 and array.ndim == 1 else array


def _first(array: NDArray[Any]) -> NDArray[Any]:
    return array[0] if array.ndim == 4 and len(array) == 1 else array


def _square(array: NDArray[Any]) -> NDArray[Any]:
    return array[0, 0] if array.ndim == 4 and array.shape[:2] == (1, 1) else array


_IDLE = ("lod", "synthesis/lod")  # how far a network has grown, which no StyleGAN2 does
_SIDE = "(4|8|16|32|64|128|256|512|1024)"
_SQUARE = rf"{_SIDE}x\1"

_LAYER = {
    "Conv": "conv1",
    "Conv0_up": "conv0",
    "Conv1": "conv1",
    "ToRGB": "torgb",
}

_GENERATOR: dict[str, tuple[str, _Change]] = {
    r"dlatent_avg": (r"mapping.w_avg", _as_it_is),
    r"mapping/LabelEmbed/(weight|bias)": (r"mapping.embed.\1", _turned),
    r"mapping/Dense(\d+)/(weight|bias)": (r"mapping.fc\1.\2", _turned),
    r"synthesis/4x4/Const/const": (r"synthesis.b4.const", _first),
    **{
        f"synthesis/{_SQUARE}/{theirs}/{name}": (rf"synthesis.b\1.{ours}.{new}", change)
        for theirs, ours in _LAYER.items()
        for name, new, change in (
            ("weight", "weight", _flipped if theirs == "Conv0_up" else _turned),
            ("bias", "bias", _as_it_is),
            ("noise_strength", "noise_strength", _as_it_is),
            ("mod_weight", "affine.weight", _turned),
            ("mod_bias", "affine.bias", _plus_one),
        )
    },
}

_DISCRIMINATOR: dict[str, tuple[str, _Change]] = {
    rf"{_SQUARE}/FromRGB/(weight|bias)": (r"b\1.fromrgb.\2", _turned),
    rf"{_SQUARE}/Conv([01])(?:_down)?/(weight|bias)": (r"b\1.conv\2.\3", _turned),
    rf"{_SQUARE}/Skip/weight": (r"b\1.skip.weight", _turned),
    r"LabelEmbed/(weight|bias)": (r"mapping.embed.\1", _turned),
    r"Mapping(\d+)/(weight|bias)": (r"mapping.fc\1.\2", _turned),
    r"4x4/Conv/(weight|bias)": (r"b4.conv.\1", _turned),
    r"4x4/Dense0/(weight|bias)": (r"b4.fc.\1", _turned),
    r"Output/(weight|bias)": (r"b4.out.\1", _turned),
}
