"""Names for a network's weights that stay: alike in every process, version and picture size."""

from collections.abc import Iterator

import keras

from training.networks import stylegan2


def named(network: keras.Model) -> dict[str, keras.Variable]:
    """Every weight and running statistic of a player.

    A DCGAN's layers have names of their own; normalisation takes that of the layer before it. A
    StyleGAN2 is walked along its attributes, and what works at some resolution is called by its
    pixels, so that networks of two sizes call alike what they share.
    """
    if isinstance(network, stylegan2.Discriminator):
        top = 4 << len(network.blocks)
        sides = {f"blocks.{i}.": f"b{top >> i}." for i in range(len(network.blocks))}
        found = dict(_walked(network, "", {"from_rgb.": f"b{top}.from_rgb.", **sides}))
    elif isinstance(network, stylegan2.Generator):
        blocks = enumerate(network.synthesis.blocks)
        sides = {f"synthesis.blocks.{i}.": f"synthesis.b{block.side}." for i, block in blocks}
        found = dict(_walked(network, "", sides))
    else:
        found = dict(_layers(network))
    if len(found) != len(network.variables):
        raise RuntimeError(f"{network.name} has weights that would share a name or have none")
    return found


def _layers(network: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    before = ""
    for layer in network.layers:
        # Keras numbers normalisation over all networks of a process.
        normalises = isinstance(layer, keras.layers.BatchNormalization)
        name = f"{before}.norm" if normalises else layer.name
        if layer.variables and not normalises:
            before = name
        for variable in layer.variables:
            yield f"{name}.{variable.name}", variable


def _walked(
    layer: keras.layers.Layer, path: str, other: dict[str, str]
) -> Iterator[tuple[str, keras.Variable]]:
    path = other.get(path, path)
    for attribute, value in vars(layer).items():
        if attribute.startswith("_"):
            continue
        if isinstance(value, keras.Variable):
            yield f"{path}{attribute}", value
        elif isinstance(value, keras.layers.Layer):
            yield from _walked(value, f"{path}{attribute}.", other)
        elif isinstance(value, list | tuple):
            for i, one in enumerate(value):
                if isinstance(one, keras.layers.Layer):
                    yield from _walked(one, f"{path}{attribute}.{i}.", other)
