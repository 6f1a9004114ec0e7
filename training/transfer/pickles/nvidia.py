"""NVIDIA's two generations of StyleGAN2 pickles, as weights of one naming.

The TensorFlow code (stylegan2, stylegan2-ada) pickles a tuple of three networks, G, D and the
averaged Gs, each with its settings, its variables by name, and two networks inside it. The PyTorch
code (stylegan2-ada-pytorch, stylegan3) pickles a dictionary with G, D and the averaged G_ema, each
a tree of modules. What either holds is renamed to the PyTorch code's names, laid out as there
(convolutions (out, in, height, width), dense layers (out, in)), and compared with the sizes that
follow from it: nothing is missing, nothing is left over, and every number is finite.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.transfer.pickles.found import Found
from training.transfer.pickles.names import MODULE, NETWORK, read
from training.transfer.pickles.of_pytorch import from_pytorch
from training.transfer.pickles.of_tensorflow import from_tensorflow
from training.transfer.pickles.values import Refused, Thing, Value

Weights: TypeAlias = dict[str, NDArray[np.float32]]

_MAX_BYTES = 2 << 30  # the largest published one is 0.4 GB
_SIDES = tuple(8 << i for i in range(8))


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a generator's weights say about it."""

    z_dim: int
    c_dim: int  # classes
    w_dim: int
    channels: int  # of the picture
    filters: tuple[int, ...]  # of each resolution, from 4 px up
    embedding: int  # numbers a label is embedded in; 0 without classes
    mapping_layers: int
    mapping_width: int  # of all mapping layers but the last
    mapping_rate: float  # how much slower the mapping layers learn
    noise: bool

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Pixels a side of each block, from 4."""
        return tuple(4 << i for i in range(len(self.filters)))

    @property
    def resolution(self) -> int:
        """Pixels a side of the picture."""
        return self.resolutions[-1]


@dataclass(frozen=True, slots=True)
class Pickled:
    """The averaged generator of a pickle, and its discriminator where that is a residual one.

    ``generator`` has exactly the weights of ``shapes(sizes)``. Affine biases are whole (TensorFlow
    keeps them without their 1); kernels that up-sample are those of a transposed convolution,
    spread from each pixel unflipped.
    """

    generation: Literal["tensorflow", "pytorch"]
    sizes: Sizes
    generator: Weights
    discriminator: Weights | None


def read_pickle(path: Path) -> Pickled:
    """Read a StyleGAN2 of NVIDIA's from a file, without running anything that lies in it.

    Raises:
        KnownError: it can't be read, is damaged, asks for anything but the few names that plain
            arrays need, or holds another network than a StyleGAN2 with a skip generator.
    """
    try:
        if path.exists() and not path.is_file():
            raise KnownError(f"{path} can't be read: it is no file.")
        if path.stat().st_size > _MAX_BYTES:
            raise KnownError(f"{path} is larger than {_MAX_BYTES >> 30} GB, as no StyleGAN2 is.")
        content = path.read_bytes()
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror}.") from error
    return parse_pickle(content, name=str(path))


def parse_pickle(content: bytes, *, name: str) -> Pickled:
    """As ``read_pickle``, of a file's content; ``name`` is what a complaint calls it."""
    try:
        with np.errstate(all="ignore"):  # numbers that don't fit are refused by name
            return _pickled(read(content), len(content))
    except Refused as refusal:
        raise KnownError(
            f"{name} can't be adopted: {refusal}; nothing of it was run, "
            "so look for another copy where it was published."
        ) from refusal


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """The name and shape of every weight of a generator."""
    w = sizes.w_dim
    plan: dict[str, tuple[int, ...]] = {"mapping.w_avg": (w,)}
    if sizes.c_dim:
        plan |= _dense("mapping.embed", sizes.c_dim, sizes.embedding)
    wide = sizes.z_dim + sizes.embedding
    for i in range(sizes.mapping_layers):
        narrow = w if i == sizes.mapping_layers - 1 else sizes.mapping_width
        plan |= _dense(f"mapping.fc{i}", wide, narrow)
        wide = narrow
    before = sizes.filters[0]
    plan["synthesis.b4.const"] = (before, 4, 4)
    for side, filters in zip(sizes.resolutions, sizes.filters, strict=True):
        block = f"synthesis.b{side}"
        for name, inner in (
            (("conv0", before), ("conv1", filters)) if side > 4 else (("conv1", filters),)
        ):
            plan[f"{block}.{name}.weight"] = (filters, inner, 3, 3)
            plan[f"{block}.{name}.bias"] = (filters,)
            plan |= _dense(f"{block}.{name}.affine", w, inner)
            if sizes.noise:
                plan[f"{block}.{name}.noise_const"] = (side, side)
                plan[f"{block}.{name}.noise_strength"] = ()
        plan[f"{block}.torgb.weight"] = (sizes.channels, filters, 1, 1)
        plan[f"{block}.torgb.bias"] = (sizes.channels,)
        plan |= _dense(f"{block}.torgb.affine", w, filters)
        before = filters
    return plan


def _dense(name: str, inner: int, outer: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outer, inner), f"{name}.bias": (outer,)}


def _pickled(value: Value, length: int) -> Pickled:
    """What to believe of a pickle's ``value``, read from ``length`` bytes."""
    found = _found(value)
    side = found.resolution
    if type(side) is not int or side not in _SIDES:
        raise Refused("its pictures are not a power of two of pixels a side, from 8 to 1024")
    sizes = _sizes(found)
    expected = shapes(sizes)
    for name in sorted(expected.keys() | found.generator.keys()):
        if name not in found.generator:
            raise Refused(f"it lacks the weight {name!r}")
        if name not in expected:
            raise Refused(_other(name))
        if found.generator[name].shape != expected[name]:
            raise Refused(f"its weight {name!r} has another shape than its neighbours say")
    if sizes.resolution != side:
        raise Refused(f"it claims to paint {side} px, but has layers for {sizes.resolution}")
    discriminator = found.discriminator
    numbers = [*found.generator.values(), *discriminator.values()]
    if sum(array.nbytes for array in numbers) > length:
        raise Refused("it claims more numbers than it holds")
    return Pickled(
        found.generation,
        sizes,
        {name: _floats(name, array) for name, array in found.generator.items()},
        {name: _floats(name, array) for name, array in discriminator.items()} or None,
    )


def _found(value: Value) -> Found:
    if isinstance(value, tuple) and len(value) == 3:
        if all(isinstance(part, Thing) and part.kind == NETWORK for part in value):
            return from_tensorflow(value[2], value[1])
    elif isinstance(value, dict):
        generator = value.get("G_ema")
        if isinstance(generator, Thing) and generator.kind.startswith(MODULE):
            return from_pytorch(generator, value.get("D"))
    raise Refused("it holds neither the three networks of NVIDIA's TensorFlow code nor a G_ema")


def _sizes(found: Found) -> Sizes:
    views = found.generator

    def side(name: str, axis: int) -> int:
        shape = views[name].shape if name in views else ()
        if not -len(shape) <= axis < len(shape) or not shape[axis]:
            raise Refused(f"it lacks the weight {name!r}, so it is no StyleGAN2")
        return int(shape[axis])

    def many(pattern: str) -> int:
        return next(i for i in range(len(views) + 1) if pattern.format(i, 4 << i) not in views)

    layers = many("mapping.fc{0}.weight")
    blocks = many("synthesis.b{1}.conv1.weight")
    labelled = "mapping.embed.weight" in views
    embedding = side("mapping.embed.weight", 0) if labelled else 0
    rate = found.mapping_rate
    if type(rate) not in (int, float) or not 0 < rate <= 1:
        raise Refused("its mapping network learns at a rate that none has")
    return Sizes(
        z_dim=side("mapping.fc0.weight", 1) - embedding,
        c_dim=side("mapping.embed.weight", 1) if labelled else 0,
        w_dim=side("mapping.w_avg", 0),
        channels=side("synthesis.b4.torgb.bias", 0),
        filters=tuple(side(f"synthesis.b{4 << i}.conv1.weight", 0) for i in range(blocks)),
        embedding=embedding,
        mapping_layers=layers,
        mapping_width=side("mapping.fc0.weight", 0),
        mapping_rate=float(rate),
        noise="synthesis.b4.conv1.noise_const" in views,
    )


def _floats(name: str, array: NDArray[Any]) -> NDArray[np.float32]:
    if array.dtype.kind != "f":
        raise Refused(f"its weight {name!r} is not of real numbers")
    floats: NDArray[np.float32] = np.ascontiguousarray(array, dtype="<f4").reshape(array.shape)
    if not np.isfinite(floats).all():
        raise Refused(f"its weight {name!r} is not finite everywhere, as where training failed")
    return floats


def _other(name: str) -> str:
    if re.match(r"synthesis\.(input|L\d+)", name):
        return "it is a StyleGAN3 (alias-free), and only StyleGAN2 networks can be adopted"
    return f"its weight {name!r} belongs to a variant of StyleGAN2 whose generator is no skip one"
