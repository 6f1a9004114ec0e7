"""The PyTorch generation: a tree of modules, each with its parameters, buffers and modules."""

import re
from collections.abc import Mapping

import numpy as np

from training.transfer.pickles.found import MAPPING_RATE, OTHER_FILTER, Found, Views, expect_leaky
from training.transfer.pickles.values import Array, Refused, Thing, Value

_MAX_MODULES = 2000
_MAX_PATH = 200  # characters of a weight's name
_FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
_LEAKY = re.compile(r"mapping\.fc\d+|synthesis\.b\d+\.conv[01]")


def from_pytorch(generator: Thing, discriminator: Value) -> Found:
    """The networks of a dictionary's ``G_ema`` and, if it is one, ``D``.

    Raises:
        Refused: they are no trees of modules, or compute otherwise than a StyleGAN2.
    """
    modules = _modules(generator)
    inner = [module.state for path, module in modules.items() if _LEAKY.fullmatch(path)]
    expect_leaky([state.get("activation", "lrelu") for state in inner])
    first = modules.get("mapping.fc0", generator)
    return Found(
        generation="pytorch",
        generator=_views(modules),
        discriminator=_views(_modules(discriminator)) if isinstance(discriminator, Thing) else {},
        mapping_rate=first.state.get("bias_gain", MAPPING_RATE),
        resolution=generator.state.get("img_resolution"),
    )


def _modules(root: Thing) -> dict[str, Thing]:
    """Every module of a tree by its path, such as ``synthesis.b4.conv1``."""
    modules: dict[str, Thing] = {}
    waiting = [("", root)]
    while waiting:
        path, module = waiting.pop()
        modules[path] = module
        inner = module.state.get("_modules", {})
        if not isinstance(inner, dict) or len(modules) + len(waiting) > _MAX_MODULES:
            raise Refused("its modules are no tree")
        for name, child in inner.items():
            if isinstance(child, Thing):
                waiting.append((_path(path, name), child))
    return modules


def _views(modules: Mapping[str, Thing]) -> Views:
    views: Views = {}
    for path, module in modules.items():
        for group in ("_parameters", "_buffers"):
            own = module.state.get(group, {})
            for name, array in own.items() if isinstance(own, dict) else ():
                if not isinstance(array, Array) or array.numbers is None:
                    continue
                if name != "resample_filter":
                    views[_path(path, name)] = array.numbers
                elif array.numbers.shape != (4, 4) or not np.allclose(array.numbers, _FILTER):
                    raise Refused(OTHER_FILTER)
    return views


def _path(before: str, name: str | int) -> str:
    path = f"{before}.{name}" if before else f"{name}"
    if len(path) > _MAX_PATH:
        raise Refused("its modules have endless names")
    return path
