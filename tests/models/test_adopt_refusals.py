"""What does not fit is refused in a sentence."""

import itertools
from typing import Any

import numpy as np
import onnx
import pytest

from explorer.core.errors import KnownError
from explorer.models.foreign import Wishes
from explorer.models.graphs import check_graph
from explorer.models.observe import observed

from . import strangers
from .tried import Stranger, answer, tried


@pytest.mark.parametrize(
    ("stranger", "wishes", "sentence"),
    [
        (Stranger(), {"latent": "nothing"}, "no input 'nothing' for --latent-input"),
        (Stranger(), {"label": "input"}, "none of it is a latent"),
        (Stranger(), {"image": "nothing"}, "no output 'nothing'; it gives 'output'"),
        (Stranger(), {"latent": "input", "label": "input"}, "can't be the latent and the label"),
        (Stranger(dim="d"), {"z_dim": 7}, "can't paint with --z-dim 7; say how many numbers"),
        (Stranger(), {"z_dim": 7}, "takes 6 numbers there, and --z-dim says 7"),
        (Stranger(), {"classes": ("a", "b")}, "no classes"),
        (Stranger(), {"size": (8, 8)}, "paints 5x4 pixels and not what --size says"),
        (Stranger(), {"layout": "nhwc"}, "no grey or RGB picture as nhwc"),
        (Stranger(whole=True, range="0,255"), {"range": "0,1"}, "whose range is 0,255"),
        (Stranger(flat=True), {"size": (7, 7)}, "rows of 60 numbers, which are no"),
        (Stranger(label="shares"), {"latent": "input", "classes": ("a",)}, "--classes says 1"),
        (Stranger(channels=2), {}, "none of it is a grey or RGB picture"),
        (Stranger(gain=0), {}, "the same picture whatever its latent"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(
    stranger: Any, wishes: dict[str, Any], sentence: str
) -> None:
    assert sentence in answer(stranger, **wishes)


def _with_nodes(*nodes: onnx.NodeProto, **weights: Any) -> onnx.ModelProto:
    """The usual generator, with operators between its picture and what it gives."""
    model: onnx.ModelProto = Stranger(names=("input", "class", "before")).model()
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in weights.items())
    del model.graph.output[:]
    model.graph.output.append(strangers.value("output", "float32", "n", None, None, None))
    return model


def _node(operator: str, *names: str, **how: Any) -> onnx.NodeProto:
    return onnx.helper.make_node(operator, list(names[:-1]), [names[-1]], **how)


def test_numbers_that_are_not_finite_are_refused() -> None:
    model = _with_nodes(_node("Log", "before", "output"))
    assert "not finite" in answer(model)


def test_pictures_that_change_from_run_to_run_are_refused() -> None:
    noise = _with_nodes(
        _node("RandomNormalLike", "before", "noise"), _node("Add", "before", "noise", "output")
    )
    assert "paints no picture twice" in answer(noise)
    dropout = _with_nodes(
        _node("Dropout", "before", "half", "true", "output"),
        half=np.array(0.5, np.float32),
        true=np.array(True),
    )
    assert "another picture each time" in answer(dropout)


@pytest.mark.parametrize(
    ("shape", "stop"), [([], 1), ([-1], 60), ([-1, 60], 0), ([-1, 5, 4, 3], 0), ([1, -1, 3], 60)]
)
def test_an_output_of_another_form_is_no_picture_even_if_named(shape: list[int], stop: int) -> None:
    model = _with_nodes(
        _node("Flatten", "before", "row"),
        _node("Slice", "row", "start", "stop", "one", "some"),
        _node("Reshape", "some", "shape", "other"),
        start=np.array([0], np.int64),
        stop=np.array([stop], np.int64),
        one=np.array([1], np.int64),
        shape=np.array(shape, np.int64) if stop else np.array([0, 0], np.int64),
    )
    model.graph.node.append(_node("Identity", "before", "output"))
    model.graph.output.append(strangers.value("other", "float32", *["n"] * len(shape)))
    assert "'other' is no grey or RGB picture" in answer(model, image="other")
    assert tried(model)[1].channels == 3


def test_numbers_that_no_picture_is_of_are_refused_by_their_type() -> None:
    model = _with_nodes(_node("Cast", "before", "output", to=onnx.TensorProto.BFLOAT16))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.BFLOAT16
    assert "of bfloat16, and no picture is of such numbers; export it in float32" in answer(model)


def test_pictures_that_are_more_or_fewer_than_the_latents_are_refused() -> None:
    model = _with_nodes(
        _node("Concat", "before", "before", "output", axis=0),
    )
    assert "paints 2 pictures from 1 latents" in answer(model)


@pytest.mark.parametrize("opset", [27, 99])
def test_an_opset_from_the_future_is_refused_by_its_number(opset: int) -> None:
    model = Stranger().model()
    model.opset_import[0].version = opset
    sentence = answer(model)
    assert f"is of opset {opset}, and can't be opened as such; export it" in sentence


def test_what_the_runtime_says_is_told_without_its_inner_words() -> None:
    model = _with_nodes(
        _node("Reshape", "before", "seven", "output"), seven=np.array([-1, 7, 1, 1], np.int64)
    )
    sentence = answer(model)
    assert "failed while painting: Reshape: The input tensor cannot be reshaped" in sentence
    assert "anew." in sentence
    for inner in ("ONNXRuntimeError", "onnxruntime::", ".h:", "was false", "status code"):
        assert inner not in sentence


def _by_its_neighbours(share: float, batch: int | str) -> onnx.ModelProto:
    """As batch normalisation in training: a share of the batch's mean is taken away."""
    model = _with_nodes(
        _node("ReduceMean", "before", "axes", "mean"),
        _node("Mul", "mean", "share", "part"),
        _node("Sub", "before", "part", "output"),
        axes=np.array([0], np.int64),
        share=np.array(share, np.float32),
    )
    side = model.graph.input[0].type.tensor_type.shape.dim[0]
    if isinstance(batch, int):
        side.dim_value = batch
    return model


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_pictures_that_depend_on_their_neighbours_are_refused_as_such(
    batch: int | str, share: float
) -> None:
    sentence = answer(_by_its_neighbours(share, batch))
    assert "each picture by its neighbours, as in training" in sentence
    assert "dynamic_axes" not in sentence


def test_a_normalisation_that_trains_is_refused_as_such() -> None:
    ones, none = np.ones(3, np.float32), np.zeros(3, np.float32)
    held = ["ones", "none", "none", "ones"]
    normal = onnx.helper.make_node(
        "BatchNormalization", ["before", *held], ["output", "mean", "var"], training_mode=1
    )
    sentence = answer(_with_nodes(normal, ones=ones, none=none))
    assert "each picture by its neighbours, as in training" in sentence


def test_a_number_of_pictures_hidden_behind_any_number_is_said_so() -> None:
    model = _with_nodes(
        _node("Shape", "whole", "fixed"),
        _node("Reshape", "before", "fixed", "output"),
        whole=np.zeros((1, 3, 4, 5), np.float32),
    )
    sentence = answer(model)
    assert "says that it paints any number of pictures and can paint only one" in sentence


@pytest.mark.parametrize("said", [5, 9, 4000])
def test_more_classes_than_it_knows_are_refused_by_their_number(said: int) -> None:
    classes = tuple(f"class {i}" for i in range(said))
    for label in ("number", "number 2"):
        sentence = answer(Stranger(label=label), classes=classes)
        assert f"knows 4 classes and not {said:,}; say so many with --classes." in sentence


@pytest.mark.parametrize(
    ("range_", "whole", "said"),
    [
        ("-1,1", False, "0,1"),
        ("-1,1", False, "0,255"),
        ("0,1", False, "0,255"),
        ("0,255", False, "0,1"),
        ("0,255", False, "-1,1"),
    ],
)
def test_a_range_that_would_lose_the_picture_is_refused(
    range_: str, whole: bool, said: str
) -> None:
    sentence = answer(Stranger(range=range_, whole=whole), range=said)
    assert f"in the range {said}; say another --range or leave it out." in sentence


def test_whole_numbers_that_would_be_black_are_refused() -> None:
    sentence = answer(Stranger(range="0,1", whole=True))
    assert "all of it would be black in the range 0,255; export it with whole numbers" in sentence


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "takes nothing; only a latent"),
        ([strangers.value("z", "float32", "n", 6), strangers.value("psi", "float32")], "neither"),
        ([strangers.value(k, "float32", "n", i) for k, i in (("z", 6), ("y", 1))], "neither"),
        ([strangers.value("z", "float32", "n", 6, 4, 4)], "none of it is a latent"),
        ([strangers.value("z", "int64", "n", 6)], "none of it is a latent"),
        ([strangers.value("z", "float32", "n", 0)], "takes no numbers at all"),
        ([strangers.value("z", "float32", "n", 99_999)], "more numbers than any latent"),
        ([strangers.value(name, "float32", "n", 6) for name in "abc"], "only a latent and a label"),
        ([strangers.value("z", "float32", 2, 6), strangers.value("y", "int64", 3)], "as many"),
    ],
)
def test_inputs_that_cannot_be_given_are_refused(given: list[Any], sentence: str) -> None:
    nodes = [_node("Tanh", given[0].name if given else "held", "output")]
    held = {"held": np.zeros((1, 6), np.float32)}
    model = strangers.model(nodes, held, given, [strangers.value("output", "float32", "n", 6)])
    assert sentence in answer(
        model, classes=("one", "two"), latent="z" if len(given) == 2 else None
    )


def test_sides_of_zero_are_no_picture() -> None:
    model = _with_nodes(
        _node("Slice", "before", "zero", "zero", "two", "output"),
        zero=np.array([0], np.int64),
        two=np.array([2], np.int64),
    )
    assert "none of it is a grey or RGB picture" in answer(model)


def test_a_type_that_is_no_picture_is_refused() -> None:
    model = _with_nodes(_node("Greater", "before", "zero", "output"), zero=np.array(0, np.float32))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.BOOL
    assert "of bool, and no picture is of such numbers" in answer(model)


def _passed(content: bytes) -> None:
    check_graph(content, id=None, name="cut")
    observed(content, Wishes(), "moons", name="cut", reach=lambda at: None)


def test_a_file_cut_anywhere_is_refused_in_a_sentence() -> None:
    whole = Stranger().bytes
    for end in itertools.chain(range(0, len(whole), 53), range(len(whole) - 12, len(whole))):
        cut = whole[:end]
        with pytest.raises(KnownError):
            _passed(cut)
