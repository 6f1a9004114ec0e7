"""However strangers export a generator, it is seen and painted alike."""

from typing import Any

import numpy as np
import onnx
import pytest

from explorer.models.sessions import open_session

from . import strangers
from .tried import Stranger, answer, paints_alike, tried

FORMS = [
    ("nchw", False, 3),
    ("nhwc", False, 3),
    ("nchw", False, 1),
    ("nhwc", False, 1),
    ("nhwc", True, 1),
    ("nchw", True, 3),
    ("nhwc", True, 3),
]

RANGES = [("-1,1", False), ("0,1", False), ("0,255", False), ("0,255", True)]


@pytest.mark.parametrize("label", ["", "shares"])
@pytest.mark.parametrize("z_rank", [2, 4])
@pytest.mark.parametrize(("layout", "flat", "channels"), FORMS)
def test_every_form_and_range_is_seen_and_painted_alike(
    layout: str, flat: bool, channels: int, z_rank: int, label: str
) -> None:
    for range_, whole in RANGES:
        stranger = Stranger(
            z_rank=z_rank,
            layout=layout,
            flat=flat,
            channels=channels,
            range=range_,
            whole=whole,
            label=label,
        )
        wishes: dict[str, Any] = {}
        if flat:
            wishes["size"] = (strangers.WIDTH, strangers.HEIGHT)
            if channels == 3:
                wishes["layout"] = layout
        if label:
            wishes["latent"] = "input"
        graph, found = tried(stranger, **wishes)
        assert (found.height, found.width, found.channels) == (4, 5, channels)
        assert (found.z_dim, found.classes) == (6, 4 if label else 0)
        paints_alike(stranger, graph)


@pytest.mark.parametrize("number", ["int32", "int64"])
@pytest.mark.parametrize("label", ["number", "number 2"])
def test_a_class_given_by_its_number_becomes_shares(label: str, number: str) -> None:
    stranger = Stranger(label=label, number=number)
    graph, found = tried(stranger, classes=("sun", "moon", "star", "sky"))
    assert found.classes == 4
    paints_alike(stranger, graph)


def test_shares_of_four_sides_are_fed_so() -> None:
    stranger = Stranger(label="shares 4", z_rank=4)
    paints_alike(stranger, tried(stranger, label="class")[0])


@pytest.mark.parametrize("kind", ["float16", "float64"])
@pytest.mark.parametrize("label", ["", "shares"])
def test_other_floating_point_numbers_are_cast(kind: str, label: str) -> None:
    stranger = Stranger(kind=kind, label=label)
    graph, _ = tried(stranger, latent="input")
    paints_alike(stranger, graph, slack=2)


@pytest.mark.parametrize("opset", [7, 8, 9, 11, 13, 17, 18, 19, 21, 23])
def test_any_opset_becomes_that_of_the_contract(opset: int) -> None:
    stranger = Stranger(opset=opset, whole=opset >= 11, range="0,255")
    graph, _ = tried(stranger)
    assert [each.version for each in onnx.load_from_string(graph).opset_import] == [18]
    paints_alike(stranger, graph)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("opset", [11, 18])
def test_a_fixed_number_of_pictures_is_set_free(batch: int, opset: int) -> None:
    stranger = Stranger(batch=batch, opset=opset)
    graph, _ = tried(stranger)
    paints_alike(stranger, graph)


def test_a_number_of_pictures_in_a_file_that_claims_to_take_any_is_set_free() -> None:
    stranger = Stranger(batch=1)
    model = stranger.model()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    paints_alike(stranger, tried(model)[0])


def test_a_number_of_pictures_that_cannot_be_set_free_is_said_so() -> None:
    model = Stranger(batch=1).model()
    del model.graph.output[:]
    whole = np.zeros((1, 3, 4, 5), np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(whole, "whole"))
    model.graph.node.append(onnx.helper.make_node("Shape", ["whole"], ["fixed"]))
    model.graph.node.append(onnx.helper.make_node("Reshape", ["output", "fixed"], ["picture"]))
    model.graph.output.append(strangers.value("picture", "float32", 1, 3, 4, 5))
    assert "one picture at a time" in answer(model)


def test_even_latents_are_made_from_normal_ones() -> None:
    stranger = Stranger()
    graph, _ = tried(stranger, z="uniform")
    z = np.random.RandomState(3).standard_normal((400, strangers.DIM)).astype(np.float32)
    even = np.argsort(np.argsort(z, axis=None)).reshape(z.shape) / z.size * 2 - 1
    (rgb,) = open_session(graph).run(["rgb"], {"z": z})
    assert np.abs(rgb - stranger.paints(even.astype(np.float32))).mean() < 0.03


def test_names_that_clash_or_harm_are_replaced() -> None:
    stranger = Stranger(label="shares", names=("image", "rgb\x1b[2J", "z"))
    graph, _ = tried(stranger, latent="image")
    paints_alike(stranger, graph)
    assert b"\x1b[2J" not in graph


def test_only_what_the_picture_needs_is_kept() -> None:
    model = Stranger().model()
    model.graph.node.append(onnx.helper.make_node("Identity", ["heavy"], ["spare"]))
    heavy = np.ones((300, 300, 2), np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(heavy, "heavy"))
    model.doc_string = "doc " * 1000
    graph, _ = tried(model)
    assert len(graph) < 10_000


def test_outputs_that_are_no_tensors_are_left_out() -> None:
    model = Stranger().model()
    model.graph.node.append(onnx.helper.make_node("SequenceConstruct", ["output"], ["many"]))
    kind = onnx.TensorProto.FLOAT
    model.graph.output.append(onnx.helper.make_tensor_sequence_value_info("many", kind, None))
    paints_alike(Stranger(), tried(model)[0])


def test_a_side_of_minus_one_is_any() -> None:
    stranger = Stranger(label="shares")
    model = stranger.model()
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = -1
    paints_alike(stranger, tried(model, latent="input")[0])


def test_an_old_file_need_not_list_its_weights_among_its_inputs() -> None:
    model = Stranger(opset=9).model()
    model.ir_version = 3
    paints_alike(Stranger(), tried(model)[0])


def test_weights_that_are_listed_among_the_inputs_are_no_inputs() -> None:
    model = Stranger(opset=9).model()
    for each in model.graph.initializer:
        value = onnx.helper.make_tensor_value_info(each.name, each.data_type, each.dims)
        model.graph.input.append(value)
    model.ir_version = 3
    paints_alike(Stranger(), tried(model)[0])


def test_sides_that_have_only_names_are_observed() -> None:
    stranger = Stranger(label="shares")
    model = stranger.model()
    for value in (*model.graph.input, model.graph.output[0]):
        for at, side in enumerate(value.type.tensor_type.shape.dim):
            side.dim_param = f"s{at}"
    graph, found = tried(model, latent="input", z_dim=6, classes=("a", "b", "c", "d"))
    assert (found.z_dim, found.classes) == (6, 4)
    paints_alike(stranger, graph)


def test_an_operator_set_that_nothing_uses_is_dropped() -> None:
    model = Stranger().model()
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", 3))
    paints_alike(Stranger(), tried(model)[0])
