"""A generator as the graphs of a bundle: ONNX, standard operators only, any number of pictures."""

from collections.abc import Callable
from typing import TypeAlias

import keras
import onnx
import tensorflow as tf
import tf2onnx

from explorer.models.wiring import NEXT
from training.networks import stylegan2
from training.networks.folded import folded

OPSET = 18

Tensors: TypeAlias = dict[str, tf.Tensor]
Signature: TypeAlias = dict[str, tuple[int | None, ...]]
"""Names of inputs and their shapes; None is the number of pictures."""


def of(network: keras.Model, id: str) -> dict[str, bytes]:
    """Every graph of the bundle ``id``, by its file's name.

    Args:
        network: the generator of a DCGAN or a StyleGAN2, computing in float32.
    """
    if isinstance(network, stylegan2.Generator):
        return {name: _onnx(f, given, id) for name, f, given in _of_stylegan2(network)}
    return {"synthesis.onnx": _of_dcgan(network, id)}


def _of_dcgan(network: keras.Model, id: str) -> bytes:
    """From z, and label where there are classes, to image and rgb."""
    network = folded(network)
    given = {tensor.name: tuple(tensor.shape) for tensor in network.inputs}

    def synthesis(**told: tf.Tensor) -> Tensors:
        inputs = list(told.values())
        return _picture(network(inputs if len(inputs) > 1 else inputs[0], training=False))

    return _onnx(synthesis, given, id)


def _of_stylegan2(
    network: stylegan2.Generator,
) -> list[tuple[str, Callable[..., Tensors], Signature]]:
    """The mapping, then the synthesis from stage to stage."""
    plan = network.plan
    from_z: Signature = {"z": (None, plan.latent)}
    if plan.classes:
        from_z["label"] = (None, plan.classes)
    from_ws: Signature = {"ws": (None, plan.num_ws, plan.w_dim)}
    if plan.noise:
        from_ws["noise_scale"] = ()

    def mapping(z: tf.Tensor, label: tf.Tensor | None = None) -> Tensors:
        return {"w": network.mapping(z, label)}

    found = [("mapping.onnx", mapping, from_z)]
    carried: Signature = {}
    for before, side in zip((None, *plan.stages), plan.stages, strict=False):
        if before is not None:
            filters = plan.filters[plan.sides.index(before)]
            carried["features"] = (None, filters, before, before)
            carried["skip"] = (None, plan.channels, before, before)
        stage = _stage(network, side)
        found.append((f"synthesis-{side:04d}.onnx", stage, from_ws | carried))
    return found


def _stage(network: stylegan2.Generator, side: int) -> Callable[..., Tensors]:
    """The synthesis up to ``side`` pixels, from the stage before if that gave something."""

    def stage(
        ws: tf.Tensor,
        noise_scale: tf.Tensor | float = 1.0,
        features: tf.Tensor | None = None,
        skip: tf.Tensor | None = None,
    ) -> Tensors:
        goes_on = features is not None
        if goes_on:
            features, skip = (tf.transpose(x, (0, 2, 3, 1)) for x in (features, skip))
        features, skip = network.synthesis.grown(
            ws, features, skip, to=side, noise_scale=noise_scale
        )
        painted = _picture(skip)
        if side == network.plan.size:
            return painted
        names = (f"{NEXT}features", f"{NEXT}skip") if goes_on else ("features", "skip")
        planes = (tf.transpose(x, (0, 3, 1, 2)) for x in (features, skip))
        return dict(zip(names, planes, strict=True)) | {"image": painted["image"]}

    return stage


def _picture(rgb: tf.Tensor) -> Tensors:
    """Rounded half to even, as the contract has it."""
    levels = tf.clip_by_value(tf.round((rgb + 1.0) * 127.5), 0.0, 255.0)
    return {"image": tf.cast(levels, tf.uint8), "rgb": rgb}


def _onnx(function: Callable[..., Tensors], given: Signature, id: str) -> bytes:
    signature = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in given.items()]

    @tf.function(input_signature=signature)
    def by_position(*tensors: tf.Tensor) -> Tensors:
        return function(**dict(zip(given, tensors, strict=True)))

    model, _ = tf2onnx.convert.from_function(by_position, input_signature=signature, opset=OPSET)
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.shape.dim:
            value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.helper.set_model_props(model, {"explorer.format": "1", "explorer.id": id})
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))  # drops tf2onnx's own domain
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
