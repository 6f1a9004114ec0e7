"""What strangers export, rewritten; tried in this process, as the child does it in its own."""

import importlib.util
import itertools
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from explorer.latent.seeds import seed_latent
from explorer.models.adopt import About, adopt, id_of, look
from explorer.models.bundle import Bundle
from explorer.models.foreign import Seen, Undecided, Wishes, choose_picture, range_of
from explorer.models.generator import Generator
from explorer.models.graphs import check_graph
from explorer.models.library import Library
from explorer.models.observe import observed
from explorer.models.sessions import open_session
from explorer.models.vet import Found


def _strangers() -> ModuleType:
    """Test folders are no packages to import from."""
    spec = importlib.util.spec_from_file_location(
        "strangers", Path(__file__).with_name("strangers.py")
    )
    if spec is None or spec.loader is None:
        raise ImportError("tests/models/strangers.py is gone")
    module = importlib.util.module_from_spec(spec)
    sys.modules["strangers"] = module
    spec.loader.exec_module(module)
    return module


strangers: Any = _strangers()
Stranger: Any = strangers.Stranger
ABOUT = About(id="moons", title="Moons", licence="CC0-1.0", credits=("Ada Example",))


def tried(stranger: Any, **wishes: Any) -> tuple[bytes, Found]:
    content = stranger.bytes if isinstance(stranger, Stranger) else stranger.SerializeToString()
    check_graph(content, id=None, name="moons.onnx")
    return observed(content, Wishes(**wishes), "moons", name="moons.onnx", reach=lambda at: None)


def answer(stranger: Any, **wishes: Any) -> str:
    """The sentence with which it is refused."""
    with pytest.raises(KnownError) as refused:
        tried(stranger, **wishes)
    return str(refused.value)


def paints_alike(stranger: Any, graph: bytes, *, slack: int = 1) -> None:
    """Compare the rewritten graph, for one and for several, with the arithmetic done by hand."""
    check_graph(graph, id="moons", name="moons")
    session = open_session(graph)
    for count in (1, 5):
        fed = {"z": np.stack([seed_latent(seed, strangers.DIM) for seed in range(count)])}
        label = None
        if stranger.label:
            label = np.eye(strangers.CLASSES, dtype=np.float32)[
                np.arange(count) % strangers.CLASSES
            ]
            fed["label"] = label
        assert {each.name for each in session.get_inputs()} == fed.keys()
        image, rgb = session.run(["image", "rgb"], fed)
        expected = stranger.paints(fed["z"], label)
        assert image.dtype == np.uint8
        assert rgb.dtype == np.float32
        assert image.shape == rgb.shape == expected.shape
        levels = np.clip(np.round((expected + 1) * 127.5), 0, 255)
        assert np.abs(image - levels).max() <= slack
        assert np.abs(rgb - expected).max() <= slack * 2 / 255


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


# What only the person knows -----------------------------------------------------------------


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


# What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stranger", "wishes", "sentence"),
    [
        (Stranger(), {"latent": "nothing"}, "no input 'nothing' for --latent-input"),
        (Stranger(), {"label": "input"}, "none of it is a latent"),
        (Stranger(), {"image": "nothing"}, "no output 'nothing'; it gives 'output'"),
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


def test_pictures_that_depend_on_their_neighbours_are_refused() -> None:
    model = _with_nodes(
        _node("ReduceMean", "before", "axes", "mean"),
        _node("Sub", "before", "mean", "output"),
        axes=np.array([0], np.int64),
    )
    assert "can't be made to paint several" in answer(model) or "same picture" in answer(model)


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
    assert "none of it is a grey or RGB picture" in answer(model)


def _passed(content: bytes) -> None:
    check_graph(content, id=None, name="cut")
    observed(content, Wishes(), "moons", name="cut", reach=lambda at: None)


def test_a_file_cut_anywhere_is_refused_in_a_sentence() -> None:
    whole = Stranger().bytes
    for end in itertools.chain(range(0, len(whole), 53), range(len(whole) - 12, len(whole))):
        cut = whole[:end]
        with pytest.raises(KnownError):
            _passed(cut)


# The whole way ------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_strangers_file_becomes_a_bundle_that_opens_like_any_other(
    home: Path, tmp_path: Path
) -> None:
    stranger = Stranger(label="number", batch=1, opset=13, z_rank=4)
    file = tmp_path / "Moons & Stars.onnx"
    file.write_bytes(stranger.bytes)
    out = home / "models" / "moons"
    heard: list[float] = []
    wishes = Wishes(classes=("sun", "moon", "star", "sky"))

    card, _ = adopt(file, out, ABOUT, wishes, Progress(heard.append))

    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert (card.architecture, card.licence, card.credits) == (
        "foreign",
        "CC0-1.0",
        ("Ada Example",),
    )
    assert (out / "preview.png").exists()
    library = Library()
    generator = library.open("moons")
    label = np.array([0, 0, 1, 0], np.float32)
    point = generator.seed_point(12)
    picture = generator.paint(point[None], labels=label)
    levels = np.round((stranger.paints(point[None], label[None]) + 1) * 127.5)
    assert np.abs(picture - levels).max() <= 1
    with pytest.raises(KnownError, match="exists already; choose another --id"):
        adopt(file, out, ABOUT, wishes)


def test_work_that_is_stopped_leaves_nothing(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "moons.onnx"
    file.write_bytes(Stranger().bytes)
    with pytest.raises(Cancelled):
        adopt(file, home / "models" / "moons", ABOUT, Wishes(), Progress(is_cancelled=lambda: True))
    assert not (home / "models").exists()


def test_a_question_comes_back_from_the_child_as_a_question(tmp_path: Path) -> None:
    file = tmp_path / "moons.onnx"
    file.write_bytes(replace(Stranger(), flat=True, channels=1).bytes)
    with pytest.raises(Undecided, match=r"moons\.onnx leaves open .*--size WxH"):
        look(file, Wishes())


def test_an_id_is_suggested_by_any_files_name() -> None:
    names = {"Moons & Stars (2).onnx": "moons-stars-2", "月.onnx": "model", "a_b.c.onnx": "a_b.c"}
    assert {name: id_of(Path(name)) for name in names} == names
    assert len(id_of(Path("x" * 300 + ".onnx"))) == 64


def test_the_preview_shows_seeds_in_rows(home: Path, tmp_path: Path) -> None:
    from PIL import Image

    file = tmp_path / "moons.onnx"
    file.write_bytes(Stranger(channels=1).bytes)
    out = home / "models" / "moons"
    adopt(file, out, ABOUT, Wishes())
    with Image.open(out / "preview.png", formats=["PNG"]) as sheet:
        pixels = np.asarray(sheet)
    generator = Generator.open(Bundle.read(out))
    ninth = generator.paint(generator.seed_point(9)[None])[0, :, :, 0]
    assert pixels.shape == (32, 40)
    assert np.array_equal(pixels[4:8, 5:10], ninth)
