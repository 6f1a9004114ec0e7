"""Cutting out by a stranger's network: what it takes is observed or asked for, never guessed."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from explorer.core.errors import KnownError
from training.data.align.apart import Masked
from training.data.align.cutout import CutOut, cut_out
from training.data.align.masks import observed
from training.data.fitting.fit import Skipped

GREEN = (0, 200, 0)
FLOAT, UINT8, INT64 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT64

Nodes = list[onnx.NodeProto]


def constant(name: str, value: object, kind: str = "float32") -> onnx.NodeProto:
    tensor = numpy_helper.from_array(np.array(value, kind), name)
    return helper.make_node("Constant", [], [name], value=tensor)


def written(
    path: Path,
    nodes: Nodes,
    *,
    takes: tuple[Any, ...] = (1, 3, 32, 32),
    gives: tuple[Any, ...] = (1, 1, 32, 32),
    kind: int = FLOAT,
    out_kind: int = FLOAT,
    more: tuple[str, ...] = (),
) -> Path:
    """A network from `picture` to `mask`."""
    inputs = [helper.make_tensor_value_info(name, kind, takes) for name in ("picture", *more)]
    output = helper.make_tensor_value_info("mask", out_kind, gives)
    graph = helper.make_graph(nodes, "cut", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def brightness(out: str, *, axis: int = 1, half: float = 0.5, steep: float = 40.0) -> Nodes:
    """Above nought where a picture is brighter than ``half``."""
    return [
        constant("axes", [axis], "int64"),
        constant("half", half),
        constant("steep", steep),
        helper.make_node("ReduceMean", ["picture", "axes"], ["grey"], keepdims=1),
        helper.make_node("Sub", ["grey", "half"], ["above"]),
        helper.make_node("Mul", ["above", "steep"], [out]),
    ]


def sigmoid(path: Path) -> Path:
    last = helper.make_node("Sigmoid", ["logit"], ["mask"])
    return written(path, [*brightness("logit"), last])


def logits(path: Path) -> Path:
    return written(path, brightness("mask"))


def any_size(path: Path) -> Path:
    last = helper.make_node("Sigmoid", ["logit"], ["mask"])
    sides = ("n", 3, "h", "w")
    return written(path, [*brightness("logit"), last], takes=sides, gives=("n", 1, "h", "w"))


def channels_last(path: Path) -> Path:
    last = helper.make_node("Sigmoid", ["logit"], ["mask"])
    nodes = [*brightness("logit", axis=3), last]
    return written(path, nodes, takes=(1, 32, 48, 3), gives=(1, 32, 48, 1))


def two_classes(path: Path) -> Path:
    nodes = [
        *brightness("logit"),
        helper.make_node("Neg", ["logit"], ["ground"]),
        helper.make_node("Concat", ["ground", "logit"], ["mask"], axis=1),
    ]
    return written(path, nodes, gives=(1, 2, 32, 32))


def two_shares(path: Path) -> Path:
    nodes = [
        *brightness("logit"),
        helper.make_node("Neg", ["logit"], ["ground"]),
        helper.make_node("Concat", ["ground", "logit"], ["both"], axis=1),
        helper.make_node("Softmax", ["both"], ["mask"], axis=1),
    ]
    return written(path, nodes, gives=(1, 2, 32, 32))


def numbers(path: Path) -> Path:
    nodes = [
        *brightness("logit"),
        constant("nought", 0.0),
        helper.make_node("Greater", ["logit", "nought"], ["is"]),
        helper.make_node("Cast", ["is"], ["mask"], to=INT64),
    ]
    return written(path, nodes, out_kind=INT64)


def from_bytes(path: Path) -> Path:
    nodes = [
        helper.make_node("Cast", ["bytes"], ["picture"], to=FLOAT),
        *brightness("logit", half=127.5),
        helper.make_node("Sigmoid", ["logit"], ["mask"]),
    ]
    written(path, nodes)
    model = onnx.load_from_string(path.read_bytes())
    del model.graph.input[:]
    model.graph.input.append(helper.make_tensor_value_info("bytes", UINT8, (1, 3, 32, 32)))
    path.write_bytes(model.SerializeToString())
    return path


KINDS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "sigmoid": (sigmoid, "share"),
    "logits": (logits, "logit"),
    "any size": (any_size, "share"),
    "channels last": (channels_last, "share"),
    "two classes": (two_classes, "logits"),
    "two shares": (two_shares, "shares"),
    "numbers": (numbers, "number"),
    "bytes": (from_bytes, "share"),
}


def moon() -> Image.Image:
    """A bright disc on a dark red ground, 90 by 60 pixels."""
    y, x = np.mgrid[:60, :90]
    disc = np.hypot(x - 45, y - 30) < 20
    return Image.fromarray(np.where(disc[..., None], (250, 240, 230), (60, 0, 0)).astype(np.uint8))


@pytest.mark.parametrize("name", KINDS)
def test_what_a_network_takes_and_gives_is_observed(tmp_path: Path, name: str) -> None:
    make, form = KINDS[name]
    path = make(tmp_path / "net.onnx")
    net = observed(path, None if name == "bytes" else "0,1")
    assert net.form == form
    (cut,) = CutOut(path, net, GREEN)(moon())
    pixels = np.asarray(cut)
    assert cut.size == (90, 60)
    assert pixels[30, 45].tolist() == [250, 240, 230]
    assert pixels[2, 2].tolist() == list(GREEN)
    share = float((np.asarray(pixels)[..., 1] > 220).mean())
    assert share == pytest.approx(np.pi * 400 / 5400, abs=0.06)


def test_the_step_passes_the_gate_and_crosses_to_other_processes(tmp_path: Path) -> None:
    step = cut_out(sigmoid(tmp_path / "net.onnx"), GREEN, "0,1")
    assert step.told == f"cut out by net.onnx {step.net.sha256[:16]}, range 0,1, on #00c800"
    again = pickle.loads(pickle.dumps(step))  # our own words, as they go to a worker
    assert again == step
    assert again(moon()) == step(moon())


def test_a_picture_without_a_subject_is_skipped(tmp_path: Path) -> None:
    path = sigmoid(tmp_path / "net.onnx")
    step = CutOut(path, observed(path, "0,1"), GREEN)
    with pytest.raises(Skipped, match="shows nothing that the network would cut out"):
        step(Image.new("RGB", (40, 40), "black"))


@pytest.mark.parametrize("range", ["imagenet", "0,1", "-1,1", "0,255"])
def test_pictures_are_brought_to_the_range_that_was_said(tmp_path: Path, range: Any) -> None:
    path = logits(tmp_path / "net.onnx")
    net = observed(path, range)
    white, black = (
        _mean_logit(path, net, np.full((32, 32, 3), tone, np.uint8)) for tone in (255, 0)
    )
    expected = {"imagenet": (2.4285, -1.9816), "0,1": (1, 0), "-1,1": (1, -1), "0,255": (255, 0)}
    assert (white, black) == pytest.approx(expected[range], abs=0.15)


def _mean_logit(path: Path, net: Masked, pixels: NDArray[np.uint8]) -> float:
    from explorer.models.sessions import open_session
    from training.data.align.masks import _fed

    session = open_session(path.read_bytes(), threads=1)
    (given,) = session.run(["mask"], _fed(pixels, net))
    return float(np.asarray(given).mean()) / 40 + 0.5


def two_inputs(path: Path) -> Path:
    nodes = [helper.make_node("Mul", ["picture", "other"], ["mask"])]
    return written(path, nodes, gives=(1, 3, 32, 32), more=("other",))


def no_picture(path: Path) -> Path:
    return written(
        path, [helper.make_node("Neg", ["picture"], ["mask"])], takes=(1, 7), gives=(1, 7)
    )


def no_mask(path: Path) -> Path:
    nodes = [helper.make_node("GlobalAveragePool", ["picture"], ["mask"])]
    return written(path, nodes, gives=(1, 3, 1, 1))


def not_finite(path: Path) -> Path:
    nodes = [*brightness("logit"), helper.make_node("Log", ["logit"], ["mask"])]
    return written(path, nodes)


def eight_at_once(path: Path) -> Path:
    return written(path, brightness("mask"), takes=(8, 3, 32, 32), gives=(8, 1, 32, 32))


def huge(path: Path) -> Path:
    return written(path, brightness("mask"), takes=(1, 3, 9000, 9000), gives=(1, 1, 9000, 9000))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (two_inputs, "takes 'picture' and 'other' and not one picture"),
        (no_picture, "which is no picture of"),
        (no_mask, "none of it is a mask"),
        (not_finite, "gives masks that are not finite"),
        (eight_at_once, "which is no picture of"),
        (huge, "which is no picture"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_network_that_cuts_nothing_out_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    path = make(tmp_path / "net.onnx")
    with pytest.raises(KnownError, match=sentence) as refused:
        observed(path, "0,1")
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_range_that_only_the_person_knows_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="does not say in which range: add --cut-out-range"):
        cut_out(sigmoid(tmp_path / "net.onnx"), GREEN)
    with pytest.raises(KnownError, match="takes bytes, whose range is 0,255"):
        observed(from_bytes(tmp_path / "bytes.onnx"), "0,1")
    with pytest.raises(KnownError, match="--cut-out-range 0-1 is none of"):
        cut_out(tmp_path / "net.onnx", GREEN, "0-1")


def foreign_operator(path: Path) -> Path:
    return written(path, [helper.make_node("Evil", ["picture"], ["mask"], domain="evil.example")])


def elsewhere(path: Path) -> Path:
    logits(path)
    model = onnx.load_from_string(path.read_bytes())
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.initializer.append(tensor)
    path.write_bytes(model.SerializeToString())
    return path


def text(path: Path) -> Path:
    path.write_text("not a network")
    return path


def missing(path: Path) -> Path:
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (foreign_operator, "needs the operators of 'evil.example'"),
        (elsewhere, "keeps its weights in other files"),
        (text, "is no ONNX file, or a damaged one"),
        (missing, "does not exist"),
        (folder, "is a folder"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_strangers_graph_goes_through_the_same_gate(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        cut_out(make(tmp_path / "net.onnx"), GREEN, "0,1")


def test_a_network_that_was_changed_since_it_was_tried_is_not_opened(tmp_path: Path) -> None:
    path = sigmoid(tmp_path / "net.onnx")
    step = CutOut(path, observed(path, "0,1"), GREEN)
    logits(path)
    with pytest.raises(KnownError, match="changed while it was used"):
        step(moon())
