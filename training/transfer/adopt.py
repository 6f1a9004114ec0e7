"""From NVIDIA's weights to our StyleGAN2, number by number.

Theirs are laid out (out, in, height, width) and ours (height, width, in, out); dense layers
likewise. Nothing else differs: both begin affine biases at 1, scale weights where they are used,
and up-sample by a transposed convolution and the filter after it. The first dense layer of the
discriminator sees features channels first in theirs and last in ours.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.models.card import Card
from training.bundles import bundle
from training.config import Settings
from training.networks.equalised import Conv, Dense
from training.networks.stylegan2 import SIZES, Discriminator, Generator, Plan
from training.networks.synthesis import Mapping as MappingNetwork
from training.transfer.pickles import Pickled, Sizes, read_pickle

Weights = Mapping[str, NDArray[np.float32]]


LICENCES = {
    "tensorflow": "NVIDIA Source Code License-NC, not for commercial use: "
    "https://nvlabs.github.io/stylegan2/license.html",
    "pytorch": "NVIDIA Source Code License, not for commercial use: "
    "https://nvlabs.github.io/stylegan2-ada-pytorch/license.html",
}
"""Of NVIDIA's networks and of what its code trained, by the generation of a pickle."""

CREDIT = (
    "NVIDIA: Tero Karras et al., Analyzing and Improving the Image Quality of StyleGAN (2020), "
    "network and training code"
)


def card(
    pickled: Pickled,
    *,
    id: str,  # the field's word for it, on the card too
    title: str,
    description: str = "",
    credits: tuple[str, ...] = (),
    name: str,
) -> Card:
    """What a bundle of the network says of itself; files and parity are still to come.

    Args:
        credits: whom to thank besides NVIDIA.

    Raises:
        KnownError: ours has no such sizes, or a card can't say what is asked for.
    """
    sizes = plan(pickled.sizes, name=name)
    try:
        return Card(
            id=id,
            title=title,
            description=description,
            architecture="stylegan2",
            height=sizes.size,
            width=sizes.size,
            channels=1 if sizes.channels == 1 else 3,
            z_dim=sizes.latent,
            w_dim=sizes.w_dim,
            num_ws=sizes.num_ws,
            classes=tuple(f"class {i}" for i in range(sizes.classes)),
            noise=sizes.noise,
            stages=sizes.stages,
            licence=LICENCES[pickled.generation],
            credits=(CREDIT, *credits),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = str(first["loc"][0])
        raise KnownError(
            f"--{option} can't stand on the model's card: {first['msg']}; choose another."
        ) from error


def adopt(
    file: Path,
    out: Path,
    *,
    id: str,
    title: str,
    description: str = "",
    credits: tuple[str, ...] = (),
) -> Card:
    """Write the averaged generator of NVIDIA's pickle ``file`` as the bundle ``out / id``.

    Raises:
        KnownError: the file is refused, the bundle exists, or two runtimes disagree on it.
    """
    pickled, name = read_pickle(file), str(file)
    told = card(pickled, id=id, title=title, description=description, credits=credits, name=name)
    network = generator(pickled, name=name)
    w_avg = pickled.generator["mapping.w_avg"]  # exactly theirs, not averaged again
    return bundle.write(network, told, out / id, w_avg=w_avg)


def plan(sizes: Sizes, *, name: str) -> Plan:
    """The sizes of our networks that hold NVIDIA's weights; ``name`` is what a complaint says.

    Raises:
        KnownError: ours has no such sizes.
    """
    if sizes.resolution not in SIZES:
        known = ", ".join(map(str, SIZES))
        raise KnownError(
            f"{name} can't be adopted: it paints {sizes.resolution} px, and StyleGAN2 is "
            f"understood for {known} px; look for one of those sizes."
        )
    if sizes.channels not in (1, 3):
        raise KnownError(
            f"{name} can't be adopted: its pictures have {sizes.channels} channels, and only grey "
            "and RGB are understood; look for one without transparency."
        )
    if {sizes.mapping_width, sizes.embedding or sizes.w_dim} != {sizes.w_dim}:
        raise KnownError(
            f"{name} can't be adopted: layers of its mapping network are not all as wide as w, "
            "as in every published StyleGAN2; look for another."
        )
    return Plan(
        size=sizes.resolution,
        channels=sizes.channels,
        classes=sizes.c_dim,
        latent=sizes.z_dim,
        w_dim=sizes.w_dim,
        mapping_layers=sizes.mapping_layers,
        filters=sizes.filters,
        noise=sizes.noise,
    )


def generator(pickled: Pickled, *, name: str) -> Generator:
    """Our generator with the weights of a pickle's averaged one.

    Raises:
        KnownError: ours has no such sizes.
    """
    network = Generator(plan(pickled.sizes, name=name), Settings(architecture="stylegan2"))
    fill_generator(network, pickled)
    return network


def fill_generator(network: Generator, pickled: Pickled) -> None:
    """Give ``network``, whose plan is that of ``pickled.sizes``, the averaged generator's weights.

    The truncation's centre, ``mapping.w_avg``, has no place in the network.
    """
    theirs = pickled.generator
    _fill_mapping(network.mapping, theirs)
    for layer in network.mapping.dense:
        layer.rate = pickled.sizes.mapping_rate
    for block in network.synthesis.blocks:
        name = f"synthesis.b{block.side}"
        if block.start is not None:
            _fill(block.start, theirs[f"{name}.const"].transpose(1, 2, 0))
        convs = ("conv1",) if block.start is not None else ("conv0", "conv1")
        for layer, conv in zip(block.convs, convs, strict=True):
            _fill_dense(layer.style, theirs, f"{name}.{conv}.affine")
            _fill(layer.kernel, _hwio(theirs[f"{name}.{conv}.weight"]))
            _fill(layer.bias, theirs[f"{name}.{conv}.bias"])
            if layer.strength is not None:
                _fill(layer.strength, theirs[f"{name}.{conv}.noise_strength"])
                _fill(layer.noise, theirs[f"{name}.{conv}.noise_const"][..., None])
        _fill_dense(block.to_rgb.style, theirs, f"{name}.torgb.affine")
        _fill(block.to_rgb.kernel, _hwio(theirs[f"{name}.torgb.weight"]))
        _fill(block.to_rgb.bias, theirs[f"{name}.torgb.bias"])


def fill_discriminator(network: Discriminator, pickled: Pickled) -> None:
    """Give ``network``, whose plan is that of ``pickled.sizes``, the discriminator's weights.

    Raises:
        KnownError: the pickle has none, one that looks at labels, or one of another design.
    """
    theirs = pickled.discriminator or {}
    sides = [4 << i for i in range(len(network.blocks), 0, -1)]
    shapes = {name: array.shape for name, array in theirs.items()}
    if network.mapping is not None or shapes != _judged(network, sides):
        raise KnownError(
            f"The pickle has no discriminator like that of a StyleGAN2 of {sides[0]} px "
            "without classes; begin with its generator alone."
        )
    _fill_conv(network.from_rgb, theirs, f"b{sides[0]}.fromrgb")
    for side, block in zip(sides, network.blocks, strict=True):
        _fill_conv(block.first, theirs, f"b{side}.conv0")
        _fill_conv(block.second, theirs, f"b{side}.conv1")
        _fill_conv(block.beside, theirs, f"b{side}.skip")
    _fill_conv(network.conv, theirs, "b4.conv")
    units = theirs["b4.fc.bias"].shape[0]
    planes = theirs["b4.fc.weight"].reshape(units, -1, 4, 4)  # channels first
    _fill(network.dense.kernel, planes.transpose(2, 3, 1, 0).reshape(-1, units))
    _fill(network.dense.bias, theirs["b4.fc.bias"])
    _fill_dense(network.judge, theirs, "b4.out")


def _judged(network: Discriminator, sides: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """The names and shapes of their weights for a discriminator without classes like ours."""
    convs = {f"b{sides[0]}.fromrgb": network.from_rgb, "b4.conv": network.conv}
    for side, block in zip(sides, network.blocks, strict=True):
        inner = {"conv0": block.first, "conv1": block.second, "skip": block.beside}
        convs |= {f"b{side}.{name}": layer for name, layer in inner.items()}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, layer in convs.items():
        height, width, inputs, outputs = layer.kernel.shape
        shapes[f"{name}.weight"] = (outputs, inputs, height, width)
        if layer.bias is not None:
            shapes[f"{name}.bias"] = (outputs,)
    for name, dense in {"b4.fc": network.dense, "b4.out": network.judge}.items():
        inputs, outputs = dense.kernel.shape
        shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    return shapes


def _fill_conv(layer: Conv, theirs: Weights, name: str) -> None:
    _fill(layer.kernel, _hwio(theirs[f"{name}.weight"]))
    if layer.bias is not None:
        _fill(layer.bias, theirs[f"{name}.bias"])


def _fill_mapping(network: MappingNetwork, theirs: Weights) -> None:
    if network.embed is not None:
        _fill_dense(network.embed, theirs, "mapping.embed")
    for i, layer in enumerate(network.dense):
        _fill_dense(layer, theirs, f"mapping.fc{i}")


def _fill_dense(layer: Dense, theirs: Weights, name: str) -> None:
    _fill(layer.kernel, theirs[f"{name}.weight"].T)
    _fill(layer.bias, theirs[f"{name}.bias"])


def _fill(variable: keras.Variable, array: NDArray[np.float32]) -> None:
    variable.assign(array)


def _hwio(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return kernel.transpose(2, 3, 1, 0)
