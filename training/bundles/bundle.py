"""From a generator to a bundle, written only after two runtimes agree on what it paints."""

import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.npz import write_npz
from explorer.latent.seeds import seed_latent
from explorer.models.bundle import Bundle, write_bundle
from explorer.models.card import Card, Parity
from explorer.models.generator import Generator
from explorer.models.wiring import NEXT, Graph, open_graphs
from training.bundles import directions, graphs
from training.networks import stylegan2, with_label
from training.report import grid, to_bytes

RGB_TOLERANCE = 2e-3
"""Largest difference of ``rgb`` between TensorFlow and ONNX Runtime, of a range of 2."""

_PARITY_BATCHES = (1, 3)
_PREVIEW = 64  # seeds 0 to 63
_PREVIEW_SIDE = 128  # pixels of each at most, where a model paints in stages

Array = NDArray[np.float32]


def write(
    network: keras.Model,
    card: Card,
    out: Path,
    *,
    w_avg: Array | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Card:
    """Write the bundle ``out``, and give back its card with hashes and parity.

    Args:
        network: the generator, computing in float32.
        card: what it says of itself, with the sizes of ``sizes_of``.
        w_avg: of a StyleGAN2, float32 (w_dim,); found out by mapping seeds if None.
        more: files to put beside what a bundle has anyway.

    Raises:
        KnownError: ``out`` exists already, or the graphs paint otherwise than ``network``.
    """
    check_new(out)
    if isinstance(network, stylegan2.Generator):
        latents = directions.of_stylegan2(network, w_avg)
    else:
        latents = directions.of_dcgan(network)
    files = graphs.of(network, card.id) | {"latents.npz": write_npz(**latents)}
    with tempfile.TemporaryDirectory() as temporary:
        trial = Path(temporary) / card.id
        write_bundle(trial, card, files)
        bundle = Bundle.read(trial)
        opened = open_graphs(bundle, threads=None)
        card = card.model_copy(update={"parity": _agreement(network, card, opened)})
        mapping = opened.pop(0) if card.space == "w" else None
        files["preview.png"] = _preview(Generator(bundle, mapping, tuple(opened)))
    return write_bundle(out, card, {**files, **(more or {})})


def check_new(out: Path) -> None:
    """Raise KnownError where a bundle lies already, before minutes of work."""
    if out.exists():
        raise KnownError(f"{out} exists already; choose another name or remove it first.")


def sizes_of(plan: Any) -> dict[str, Any]:
    """What a card says of a network's sizes; names of classes are the dataset's."""
    told = {
        "height": plan.size,
        "width": plan.size,
        "channels": plan.channels,
        "z_dim": plan.latent,
    }
    if not isinstance(plan, stylegan2.Plan):
        return told | {"architecture": "dcgan"}
    return told | {
        "architecture": "stylegan2",
        "w_dim": plan.w_dim,
        "num_ws": plan.num_ws,
        "noise": plan.noise,
        "stages": plan.stages,
    }


def _agreement(network: keras.Model, card: Card, opened: list[Graph]) -> Parity:
    """Compare both runtimes on fixed latents and labels.

    Raises:
        KnownError: they disagree by more than rounding.
    """
    rgb_error, levels = 0.0, 0
    for n in _PARITY_BATCHES:
        z = np.stack([seed_latent(seed, card.z_dim) for seed in range(n)])
        label = _labels(card, n)
        image, rgb = _painted(card, opened, z, label)
        given = with_label(tf.constant(z), None if label is None else tf.constant(label))
        theirs = network(given, training=False).numpy()
        rgb_error = max(rgb_error, float(np.abs(rgb - theirs).max()))
        levels = max(levels, int(np.abs(image.astype(int) - to_bytes(theirs)).max()))
    if not rgb_error <= RGB_TOLERANCE or levels > 1:
        raise KnownError(
            f"The graphs of {card.id} paint otherwise than the network (rgb off by "
            f"{rgb_error:.2g}, {levels} levels of 255), so nothing was written; export with the "
            "versions of TensorFlow and ONNX Runtime that the constraints file names."
        )
    return Parity(rgb_max_abs=rgb_error, image_max_levels=levels)


def _labels(card: Card, n: int) -> Array | None:
    """A class a picture, and a mixture of all for the last of several."""
    if not card.classes:
        return None
    labels = _in_turn(card, n)
    if n > 1:
        labels[-1] = 1 / len(card.classes)
    return labels


def _in_turn(card: Card, n: int) -> Array:
    classes = len(card.classes)
    return np.eye(classes, dtype=np.float32)[np.arange(n) % classes]


def _painted(
    card: Card, opened: list[Graph], z: Array, label: Array | None
) -> tuple[NDArray[np.uint8], Array]:
    """What the graphs make of latents, one after the other: image and rgb."""
    fed: dict[str, Any] = {"z": z} if label is None else {"z": z, "label": label}
    synthesis = list(opened)
    if card.num_ws is not None:
        w = synthesis.pop(0).run(fed, len(z))["w"]
        fed = {"ws": np.repeat(w[:, None], card.num_ws, axis=1)}
    if card.noise:
        fed["noise_scale"] = np.array(1, np.float32)
    found: dict[str, Any] = {}
    for graph in synthesis:
        carried = {key.removeprefix(NEXT): found[key] for key in found if key != "image"}
        found = graph.run(fed | carried, len(z))
    return found["image"], found["rgb"]


def _preview(generator: Generator) -> bytes:
    """Seeds 0 to 63 as the app will paint them, classes in turn."""
    card = generator.card
    pictures = []
    for first in range(0, _PREVIEW, 8):
        labels = _in_turn(card, first + 8)[first:] if card.classes else None
        points = np.stack(
            [
                generator.seed_point(first + i, None if labels is None else labels[i])
                for i in range(8)
            ]
        )
        for picture in generator.stages(points, labels=labels):
            if picture.shape[1] >= _PREVIEW_SIDE:
                break
        pictures.append(picture)
    png = BytesIO()
    grid(np.concatenate(pictures), columns=8).save(png, format="PNG", optimize=True)
    return png.getvalue()
