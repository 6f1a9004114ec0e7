"""Cards and graphs that lie are refused before or while they paint."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from explorer.core.errors import KnownError
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator

if TYPE_CHECKING:
    from tests.models.conftest import Spoiled


def refused(spoiled: "Spoiled", file: str, sentence: str) -> None:
    with pytest.raises(KnownError, match=sentence) as refusal:
        Generator.open(Bundle.read(spoiled.path), threads=1)
    assert f"{spoiled.path}: {file} " in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "lie",
    [{"height": 16}, {"channels": 1}, {"classes": ["wood"]}],
    ids=str,
)
def test_a_card_that_lies_about_its_shapes_is_refused(
    dcgan: "Spoiled", lie: dict[str, Any]
) -> None:
    dcgan.card(**lie)
    refused(dcgan, "synthesis.onnx", "where its card says")


@pytest.mark.parametrize(
    ("lie", "file"),
    [
        ({"num_ws": 12}, "synthesis-0032.onnx"),
        ({"noise": False}, "synthesis-0032.onnx"),
        ({"z_dim": 512}, "mapping.onnx"),
        ({"classes": ["wood"]}, "mapping.onnx"),
    ],
    ids=str,
)
def test_a_stylegan2_that_lies_is_refused(
    stylegan2: "Spoiled", lie: dict[str, Any], file: str
) -> None:
    stylegan2.card(**lie)
    refused(stylegan2, file, "where its card says")


def edited(spoiled: "Spoiled", edit: Callable[[onnx.ModelProto], None]) -> None:
    model = onnx.load(spoiled.path / "synthesis.onnx")
    edit(model)
    spoiled.file("synthesis.onnx", model.SerializeToString())


def domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def imported_domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.evil", 1))


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def hidden_external(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.ones(2, np.float32))
    tensor.external_data.add(key="location", value="latents.npz")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def branch(model: onnx.ModelProto) -> None:
    empty = helper.make_graph([], "empty", [], [])
    model.graph.node.append(
        helper.make_node("If", ["one"], ["unused"], then_branch=empty, else_branch=empty)
    )


def function(model: onnx.ModelProto) -> None:
    model.functions.append(
        helper.make_function("f", "laughs", [], [], [], [helper.make_opsetid("", 18)])
    )


def dice(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormal", [], ["unused"], shape=[1]))


def old(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 13


def another_id(model: onnx.ModelProto) -> None:
    helper.set_model_props(model, {"explorer.format": "1", "explorer.id": "another"})


def no_format(model: onnx.ModelProto) -> None:
    helper.set_model_props(model, {"explorer.id": "golden-dcgan"})


def many_nodes(model: onnx.ModelProto) -> None:
    node = helper.make_node("Identity", ["z"], ["unused"])
    model.graph.node.extend([node] * 20_001)


def sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (domain, "needs the operators of 'com.microsoft'"),
        (imported_domain, "needs the operators of 'com.evil'"),
        (external, "keeps its weights in other files"),
        (hidden_external, "keeps its weights in other files"),
        (branch, "contains graphs of its own"),
        (function, "brings functions of its own"),
        (dice, "throws dice"),
        (old, "is of opset 13"),
        (another_id, "belongs to 'another' and not to 'golden-dcgan'"),
        (no_format, "explorer.format"),
        (many_nodes, "more than 20,000 operators"),
        (sparse, "holds sparse weights"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_a_graph_that_no_bundle_may_hold_is_refused(
    dcgan: "Spoiled", edit: Callable[[onnx.ModelProto], None], sentence: str
) -> None:
    edited(dcgan, edit)
    refused(dcgan, "synthesis.onnx", sentence)


@pytest.mark.parametrize(
    "content", [b"", b"not a graph", b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 40]
)
def test_what_is_no_graph_is_refused(dcgan: "Spoiled", content: bytes) -> None:
    dcgan.file("synthesis.onnx", content)
    refused(dcgan, "synthesis.onnx", "no ONNX file, or a damaged one")


def test_a_graph_cut_short_anywhere_is_refused(dcgan: "Spoiled") -> None:
    whole = (dcgan.path / "synthesis.onnx").read_bytes()
    for kept in range(0, len(whole), 97):
        dcgan.file("synthesis.onnx", whole[:kept])
        with pytest.raises(KnownError):
            Generator.open(Bundle.read(dcgan.path), threads=1)


def test_a_graph_that_makes_no_sense_is_refused(dcgan: "Spoiled") -> None:
    def loose(model: onnx.ModelProto) -> None:
        model.graph.node[0].input[0] = "nothing"

    edited(dcgan, loose)
    refused(dcgan, "synthesis.onnx", "can't be opened")


def test_a_graph_for_one_picture_only_is_refused(dcgan: "Spoiled") -> None:
    def fixed(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1

    edited(dcgan, fixed)
    refused(dcgan, "synthesis.onnx", "where its card says")


def test_a_graph_without_rgb_is_refused(dcgan: "Spoiled") -> None:
    def poor(model: onnx.ModelProto) -> None:
        del model.graph.output[1]

    edited(dcgan, poor)
    refused(dcgan, "synthesis.onnx", "gives no rgb")


def test_a_graph_that_shows_its_lie_only_when_painting_is_refused(dcgan: "Spoiled") -> None:
    def vague(model: onnx.ModelProto) -> None:
        widest = helper.make_node("ReduceMax", ["z"], ["widest"], keepdims=0)
        times = helper.make_node("Where", ["large", "twice", "once"], ["times"])
        compared = helper.make_node("Greater", ["widest", "one"], ["large"])
        tiled = helper.make_node("Tile", ["clipped", "times"], ["more"])
        for name, array in (("once", [1, 1, 1, 1]), ("twice", [1, 1, 2, 1])):
            model.graph.initializer.append(numpy_helper.from_array(np.array(array), name))
        last = model.graph.node[-1]
        last.input[0] = "more"
        del model.graph.node[-1]
        model.graph.node.extend([widest, compared, times, tiled, last])

    edited(dcgan, vague)
    generator = Generator.open(Bundle.read(dcgan.path), threads=1)
    assert generator.paint(np.zeros((1, 4), np.float32)).shape == (1, 8, 8, 3)
    with pytest.raises(
        KnownError, match=r"synthesis.onnx gives image as 1 × 8 × 16 × 3"
    ) as refusal:
        generator.paint(np.full((1, 4), 2, np.float32))
    assert str(dcgan.path) in str(refusal.value)


def test_a_graph_that_paints_no_numbers_is_refused(dcgan: "Spoiled") -> None:
    def spoil(model: onnx.ModelProto) -> None:
        model.graph.initializer[0].CopyFrom(
            numpy_helper.from_array(np.full((4, 128), np.nan, np.float32), "dense")
        )

    edited(dcgan, spoil)
    generator = Generator.open(Bundle.read(dcgan.path), threads=1)
    with pytest.raises(KnownError, match="not finite"):
        generator.paint(np.ones((1, 4), np.float32))
