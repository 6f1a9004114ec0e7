"""From a run to a generator bundle, written only after two runtimes agree on it."""

import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray
from pydantic import ValidationError

from explorer.core.errors import KnownError
from explorer.latent.seeds import seed_latent
from explorer.models.bundle import Bundle, write_bundle
from explorer.models.card import Card, Parity, TrainedOn, Training
from explorer.models.generator import Generator
from explorer.models.sessions import open_session, run_session
from training import directions, networks
from training.donors import TRAINING, line, pack, terms, together
from training.folder import RunCard, RunFolder
from training.gan import Gan
from training.networks.folded import folded
from training.report import grid, to_bytes
from training.run import restore

OPSET = 18
RGB_TOLERANCE = 2e-3
"""Largest difference of ``rgb`` between TensorFlow and ONNX Runtime, of a range of 2."""

_PREVIEW = 64  # seeds 0 to 63
_PARITY_BATCHES = (1, 3)


def export(
    run: Path,
    out: Path,
    *,
    id: str,  # the field's word for it, on the card too
    title: str,
    description: str = "",
    licence: str | None = None,
    credits: tuple[str, ...] | None = None,
    keep_training: bool = False,
) -> Card:
    """Write the run's averaged generator as the bundle ``out / id``.

    Args:
        licence: of the model; that of its pictures if None. ``credits`` likewise. Those of what
            the run started from stand before them in any case.
        keep_training: add ``training.npz``, from which other runs can start.

    Raises:
        KnownError: the run has no checkpoint, the bundle exists already, its card can't say
            what is asked for, or the graph paints anything but what TensorFlow paints.
    """
    folder = RunFolder(run)
    run_card = folder.card()
    learned = run_card.dataset
    gan = _trained(folder, run_card)
    licences, thanked = terms(
        run_card,
        line(learned.licence) if licence is None else licence,
        map(line, learned.credits) if credits is None else credits,
    )
    told = {
        "id": id,
        "title": title,
        "description": description,
        "architecture": "dcgan",
        "height": learned.height,
        "width": learned.width,
        "channels": gan.plan.channels,
        "z_dim": gan.plan.latent,
        "licence": together(licences),
        "credits": thanked,
        "training": _training(run_card, int(gan.step)),
    }
    try:
        card = Card.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise KnownError(
            f"--{first['loc'][0]} can't stand on the model's card: {first['msg']}; choose another."
        ) from error
    graph = to_onnx(gan, id)
    card = card.model_copy(update={"parity": _agreement(gan, graph)})
    files = {"synthesis.onnx": graph, "latents.npz": _npz(directions.of_dcgan(gan.average))}
    files["preview.png"] = _preview(card, files)
    if keep_training:
        files[TRAINING] = pack(gan, int(gan.step))
    return write_bundle(out / id, card, files)


def to_onnx(gan: Gan, id: str) -> bytes:
    """The averaged generator as the contract's ``synthesis.onnx``: z in, image and rgb out."""
    network = folded(gan.average)

    def synthesis(z: tf.Tensor) -> dict[str, tf.Tensor]:
        rgb = network(z, training=False)
        levels = tf.clip_by_value(tf.round((rgb + 1.0) * 127.5), 0.0, 255.0)
        return {"image": tf.cast(levels, tf.uint8), "rgb": rgb}

    signature = [tf.TensorSpec((None, gan.plan.latent), tf.float32, name="z")]
    model, _ = tf2onnx.convert.from_function(
        tf.function(synthesis), input_signature=signature, opset=OPSET
    )
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.helper.set_model_props(model, {"explorer.format": "1", "explorer.id": id})
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))  # drops tf2onnx's own domain
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _trained(folder: RunFolder, card: RunCard) -> Gan:
    learned = card.dataset
    plan = networks.plan(learned.width, learned.channels, len(learned.classes), card.settings)
    gan = Gan(plan, card.settings)
    if not restore(gan, folder):
        raise KnownError(f"{folder.path} has no checkpoint yet; train it for some steps first.")
    return gan


def _agreement(gan: Gan, graph: bytes) -> Parity:
    """Compare both runtimes on fixed latents.

    Raises:
        KnownError: they disagree by more than rounding.
    """
    session = open_session(graph)
    rgb_error, levels = 0.0, 0
    for batch in _PARITY_BATCHES:
        z = np.stack([seed_latent(seed, gan.plan.latent) for seed in range(batch)])
        ours = run_session(session, {"z": z}, ["image", "rgb"], name="The exported graph")
        theirs = gan.paint(tf.constant(z)).numpy()
        rgb_error = max(rgb_error, float(np.abs(ours["rgb"] - theirs).max()))
        apart = np.abs(ours["image"].astype(int) - to_bytes(theirs))
        levels = max(levels, int(apart.max()))
    if not rgb_error <= RGB_TOLERANCE or levels > 1:
        raise KnownError(
            f"The exported graph paints otherwise than the run (rgb off by {rgb_error:.2g}, "
            f"{levels} levels of 255), so nothing was written; export with the versions of "
            "TensorFlow and ONNX Runtime that the constraints file names."
        )
    return Parity(rgb_max_abs=rgb_error, image_max_levels=levels)


def _preview(card: Card, files: dict[str, bytes]) -> bytes:
    """Seeds 0 to 63 as the app will paint them, from a bundle written and opened for the test."""
    with tempfile.TemporaryDirectory() as temporary:
        trial = Path(temporary) / card.id
        write_bundle(trial, card, files)
        generator = Generator.open(Bundle.read(trial))
        z = np.stack([generator.seed_point(seed) for seed in range(_PREVIEW)])
        pictures = np.concatenate([generator.paint(z[i : i + 8]) for i in range(0, _PREVIEW, 8)])
    png = BytesIO()
    grid(pictures, columns=8).save(png, format="PNG", optimize=True)
    return png.getvalue()


def _training(card: RunCard, step: int) -> Training:
    settings = card.settings
    changes = [f"flip {settings.flip}", f"brightness {settings.brightness:g}"]
    learned = card.dataset
    return Training(
        dataset=TrainedOn(
            name=line(learned.name),
            content_sha256=learned.content_sha256,
            count=learned.count,
            licence=line(learned.licence),
        ),
        images_seen=step * settings.batch,
        loss=settings.loss,
        augmentation=", ".join(changes) if settings.flip or settings.brightness else "none",
        settings={**settings.model_dump(mode="json"), "steps": step},
        versions=card.versions,
    )


def _npz(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    content = BytesIO()
    np.savez(content, allow_pickle=False, **{k: v.astype("<f4") for k, v in arrays.items()})
    return content.getvalue()
