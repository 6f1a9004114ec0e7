"""What only the person knows is asked for, and what they said is believed."""

import re
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from explorer.models.foreign import Seen, Undecided, Wishes, choose_picture, range_of

from . import strangers
from .tried import Stranger, paints_alike, tried


def undecided(stranger: Any, **wishes: Any) -> str:
    with pytest.raises(Undecided) as asked:
        tried(stranger, **wishes)
    return str(asked.value)


def test_the_size_of_flat_rows_is_asked_for() -> None:
    assert "--size WxH)" in undecided(Stranger(flat=True, channels=1))


def test_the_order_of_flat_colours_is_asked_for() -> None:
    assert "--layout nchw|nhwc" in undecided(Stranger(flat=True))
    assert "--layout nchw|nhwc" in undecided(Stranger(flat=True), size=(5, 4))


def test_a_range_that_two_would_suit_is_asked_for() -> None:
    for range_ in ("-1,1", "0,1"):
        sentence = undecided(Stranger(gain=0.01, range=range_))
        assert "--range -1,1|0,1|0,255" in sentence
    assert "--range" in undecided(Stranger(gain=0.01), layout="nchw")


def test_a_range_that_was_said_is_believed() -> None:
    stranger = Stranger(gain=0.01, range="0,1")
    paints_alike(stranger, tried(stranger, range="0,1")[0])


def test_what_a_said_range_cuts_off_is_told() -> None:
    bright = Stranger(gain=0.4)
    model = bright.model()
    model.graph.node[-1].output[0] = "dark"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(1.3, np.float32), "more"))
    model.graph.node.append(onnx.helper.make_node("Mul", ["dark", "more"], ["output"]))
    _, found = tried(model, range="-1,1")
    assert re.search(
        r"as you said: it painted .*; \d+% of it is cut off", dict(found.told)["range"]
    )


def test_classes_past_the_end_that_look_alike_are_told() -> None:
    model = Stranger(label="number").model()
    gather = next(node for node in model.graph.node if node.op_type == "Gather")
    held = {"four": np.array([4]), "ends": np.array([0, 1], np.float32)}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in held.items())
    hot = onnx.helper.make_node("OneHot", [gather.input[1], "four", "ends"], ["hot"], axis=-1)
    by_class = onnx.helper.make_node("MatMul", ["hot", "by class"], list(gather.output))
    at = list(model.graph.node).index(gather)
    model.graph.node.remove(gather)
    model.graph.node.insert(at, by_class)
    model.graph.node.insert(at, hot)
    for count, doubtful in ((4, False), (6, True)):
        _, found = tried(model, classes=tuple("abcdef"[:count]))
        assert ("may know fewer" in dict(found.told)["classes"]) is doubtful


def test_two_inputs_that_may_be_the_latent_are_asked_for() -> None:
    sentence = undecided(Stranger(label="shares"))
    assert "--latent-input NAME" in sentence
    assert "'input'" in sentence
    assert "'class'" in sentence
    paints_alike(Stranger(label="shares"), tried(Stranger(label="shares"), label="class")[0])


def test_the_number_of_classes_is_asked_for_where_the_file_keeps_it() -> None:
    assert "--classes NAME" in undecided(Stranger(label="number"))


def test_the_length_of_a_latent_is_asked_for_where_the_file_keeps_it() -> None:
    stranger = Stranger(dim="d")
    assert "--z-dim N" in undecided(stranger)
    paints_alike(stranger, tried(stranger, z_dim=6)[0])


def test_a_picture_with_two_sides_that_may_be_colours_is_asked_for() -> None:
    seen = Seen((1, 3, 8, 3), "float32", *[np.array([-1, 1], np.float32)] * 2)
    with pytest.raises(Undecided, match=r"\(--layout nchw\|nhwc\)"):
        choose_picture(seen, Wishes(), name="moons.onnx")
    assert choose_picture(seen, Wishes(layout="nchw"), name="moons.onnx").height == 8
    assert choose_picture(seen, Wishes(layout="nhwc"), name="moons.onnx").height == 3


def test_two_outputs_that_may_be_the_picture_are_asked_for() -> None:
    model = Stranger().model()
    model.graph.output.append(strangers.value("/MatMul_1", "float32", "n", 60))
    assert "--image-output NAME" in undecided(model)
    paints_alike(Stranger(), tried(model, image="output")[0])


@given(some.floats(-0.7, 0.0), some.floats(0.0, 0.85))
def test_a_dull_picture_never_decides_a_range(low: float, high: float) -> None:
    numbers = np.array([low, high], np.float32)
    assert range_of(Seen((1, 3, 8, 8), "float32", numbers, numbers)) is None


def test_overshooting_the_ends_does_not_hide_the_range() -> None:
    chance = np.random.RandomState(1)
    normal = (chance.standard_normal(9000) * 0.5).astype(np.float32)
    assert range_of(Seen((1, 3, 8, 8), "float32", normal, normal * 4)) == "-1,1"
    bytes_ = (chance.uniform(-9, 262, 9000)).astype(np.float32)
    assert range_of(Seen((1, 3, 8, 8), "float32", bytes_, bytes_ * 3)) == "0,255"
