"""The gate: what harms, takes for ever or lies is refused in a sentence, before the app opens it."""

import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from explorer.core.errors import KnownError
from explorer.models import vet
from explorer.models.bundle import Bundle
from explorer.models.foreign import Wishes
from explorer.models.library import Library
from explorer.models.vet import Limits, Task, let_in, read_model, run_apart

ROOT = Path(__file__).parents[2]
PLENTY = Limits(seconds=60, memory=4 << 30)
Z = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 4])
Y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of one's own, and nothing that passed before."""
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path / "home"))
    before = set(vet._passed)
    vet._passed.clear()
    yield tmp_path / "home"
    vet._passed.clear()
    vet._passed.update(before)


def graph(*nodes: onnx.NodeProto, **weights: Any) -> onnx.ModelProto:
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    whole = helper.make_graph(list(nodes), "hostile", [Z], [Y], held)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def node(operator: str, given: list[str], out: str = "y", **how: Any) -> onnx.NodeProto:
    return helper.make_node(operator, given, [out], **how)


def _keeping_outside() -> onnx.ModelProto:
    model = graph(node("Add", ["z", "w"]), w=np.zeros(4, np.float32))
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../etc/passwd")
    return model


def _of_custom_operators() -> onnx.ModelProto:
    return graph(helper.make_node("Evil", ["z"], ["y"], domain="com.example"))


def _laughing() -> onnx.ModelProto:
    """Functions that call the last one twice: 2 ** 40 operators when written out."""
    model = graph(helper.make_node("f40", ["z"], ["y"], domain="ha"))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ha", 1)]
    for i in range(1, 41):
        below, domain = (f"f{i - 1}", "ha") if i > 1 else ("Identity", "")
        twice = [
            helper.make_node(below, ["a"], ["b"], domain=domain),
            helper.make_node(below, ["b"], ["c"], domain=domain),
        ]
        model.functions.append(helper.make_function("ha", f"f{i}", ["a"], ["c"], twice, opsets))
    model.opset_import.append(helper.make_opsetid("ha", 1))
    return model


def _huge_constant() -> onnx.ModelProto:
    return graph(
        node("ConstantOfShape", ["sizes"], "big"),
        node("ReduceSum", ["big"], "sum", keepdims=0),
        node("Add", ["z", "sum"]),
        sizes=np.array([1 << 20, 1 << 20], np.int64),
    )


def _huge_constant_by_constants() -> onnx.ModelProto:
    return graph(
        node("Constant", [], "sizes", value_ints=[1 << 20, 1 << 20]),
        node("Expand", ["one", "sizes"], "big"),
        node("ReduceSum", ["big"], "sum", keepdims=0),
        node("Add", ["z", "sum"]),
        one=np.array(1, np.float32),
    )


def _many_tiles() -> onnx.ModelProto:
    return graph(
        node("Tile", ["z", "times"], "big"),
        node("ReduceSum", ["big"], "sum", keepdims=0),
        node("Add", ["z", "sum"]),
        times=np.array([1 << 16, 1 << 16], np.int64),
    )


def _large_resize() -> onnx.ModelProto:
    return graph(
        node("Resize", ["z", "", "times"], "big"),
        node("ReduceSum", ["big"], "sum", keepdims=0),
        node("Add", ["z", "sum"]),
        times=np.array([1e5, 1e5], np.float32),
    )


def _claiming(*sides: int) -> Callable[[], onnx.ModelProto]:
    def make() -> onnx.ModelProto:
        model = graph(node("Add", ["z", "w"]), w=np.zeros(4, np.float32))
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(sides)
        return model

    return make


def _choosing() -> onnx.ModelProto:
    branch = helper.make_graph([node("Identity", ["z"], "b")], "b", [], [Y])
    branch.output[0].name = "b"
    nodes = [node("If", ["yes"], then_branch=branch, else_branch=branch)]
    return graph(*nodes, yes=np.array(True))


def _turning() -> onnx.ModelProto:
    """A loop that ends after 2 ** 60 turns."""
    body = helper.make_graph(
        [node("Identity", ["go"], "on"), node("Add", ["x", "x"], "twice")],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("twice", TensorProto.FLOAT, None),
        ],
    )
    return graph(node("Loop", ["turns", "", "z"], body=body), turns=np.array(1 << 60, np.int64))


def _crowded() -> onnx.ModelProto:
    model = graph(node("Identity", ["z"], "t0"))
    model.graph.node.extend(node("Identity", [f"t{i}"], f"t{i + 1}") for i in range(20_001))
    return model


def _sparse() -> onnx.ModelProto:
    model = graph(node("Identity", ["z"]))
    model.graph.sparse_initializer.add()
    return model


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_keeping_outside, "keeps its weights in other files"),
        (_of_custom_operators, "needs the operators of 'com.example'"),
        (_laughing, "needs the operators of 'ha'|brings functions of its own"),
        (_huge_constant, r"too large for any picture \(ConstantOfShape\)"),
        (_huge_constant_by_constants, r"too large for any picture \(Expand\)"),
        (_many_tiles, r"too large for any picture \(Tile\)"),
        (_large_resize, r"too large for any picture \(Resize\)"),
        (_claiming(1 << 29), "claims more numbers than it holds"),
        (_claiming(1 << 31, 1 << 31), "impossible size"),
        (_claiming(-4), "impossible size"),
        (_claiming(0, 1 << 62), "impossible size"),
        (_choosing, "contains graphs of its own"),
        (_turning, "contains graphs of its own"),
        (_crowded, "more than 20,000 operators"),
        (_sparse, "sparse weights"),
    ],
)
def test_what_could_harm_is_refused_unopened(
    tmp_path: Path, make: Callable[[], onnx.ModelProto], sentence: str
) -> None:
    file = tmp_path / "hostile.onnx"
    file.write_bytes(make().SerializeToString())
    with pytest.raises(KnownError, match=sentence) as refused:
        read_model(file)
    assert str(refused.value).startswith(str(file))


def test_no_file_at_all_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("I am no model.")
    (tmp_path / "empty.onnx").touch()
    os.mkfifo(tmp_path / "pipe.onnx")
    said = {}
    for name in ("text.onnx", "empty.onnx", "pipe.onnx", "nothing.onnx", "", "\0"):
        with pytest.raises(KnownError) as refused:
            read_model(tmp_path / name)
        said[name] = str(refused.value)
    assert "no ONNX file, or a damaged one" in said["text.onnx"]
    assert "no ONNX file, or a damaged one" in said["empty.onnx"]
    assert "not a regular file" in said["pipe.onnx"]
    assert "does not exist" in said["nothing.onnx"]
    assert "is a folder" in said[""]


def test_a_file_that_claims_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "vast.onnx").open("wb") as file:
        file.truncate((2 << 30) + 1)  # sparse: it takes no room
    with pytest.raises(KnownError, match="larger than 2 GB"):
        read_model(tmp_path / "vast.onnx")


# The second wall: the child, given what the first would have refused ---------------------------


def tried(folder: Path, model: onnx.ModelProto, limits: Limits) -> str:
    """The sentence with which the child's trial ends."""
    (folder / "talk").mkdir()
    file = folder / "hostile.onnx"
    file.write_bytes(model.SerializeToString())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    task = Task(path=file, sha256=digest, limits=limits, wishes=Wishes(), id="hostile")
    with pytest.raises(KnownError) as refused:
        run_apart(task, folder / "talk")
    return str(refused.value)


def test_a_loop_without_end_is_ended_by_the_clock(tmp_path: Path) -> None:
    began = time.monotonic()
    sentence = tried(tmp_path, _turning(), Limits(seconds=4, memory=4 << 30))
    assert "took more than 4 s to try" in sentence
    assert time.monotonic() - began < 30


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data")
def test_memory_without_end_is_refused_by_the_limit(tmp_path: Path) -> None:
    model = graph(
        node("Shape", ["z"], "sides"),
        node("Mul", ["sides", "many"], "more"),
        node("ConstantOfShape", ["more"], "big"),
        node("ReduceSum", ["big"], "sum", keepdims=0),
        node("Add", ["z", "sum"]),
        many=np.array([1 << 15, 1 << 14], np.int64),
    )
    sentence = tried(tmp_path, model, Limits(seconds=60, memory=1 << 30))
    assert "needs more than 1.0 GB of memory" in sentence


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data")
def test_a_child_that_breaks_down_is_a_sentence(tmp_path: Path) -> None:
    sentence = tried(tmp_path, graph(node("Identity", ["z"])), Limits(seconds=60, memory=40 << 20))
    assert "memory, so it is not opened" in sentence


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(graph(node("Identity", ["z"])).SerializeToString())
    task = Task(path=file, sha256="0" * 64, limits=PLENTY, wishes=Wishes(), id="x")
    (tmp_path / "talk").mkdir()
    with pytest.raises(KnownError, match="changed while it was tried"):
        run_apart(task, tmp_path / "talk")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux waits for others' children")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_parent_that_is_gone_leaves_no_child(tmp_path: Path, end: signal.Signals) -> None:
    file = tmp_path / "hostile.onnx"
    file.write_bytes(_turning().SerializeToString())
    talk = tmp_path / "talk"
    talk.mkdir()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    script = (
        "import pathlib\n"
        "from explorer.models.vet import *\n"
        f"file, talk = map(pathlib.Path, ({str(file)!r}, {str(talk)!r}))\n"
        "limits = Limits(seconds=60, memory=4 << 30)\n"
        f"run_apart(Task(path=file, sha256={digest!r}, limits=limits, wishes=Wishes()), talk)\n"
    )
    quiet = subprocess.DEVNULL
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=quiet, cwd=ROOT)
    while not (children := _children(parent.pid)):
        assert parent.poll() is None
    child = os.pidfd_open(children[0])
    parent.send_signal(end)
    parent.wait(30)
    ended, _, _ = select.select([child], [], [], 30)
    os.close(child)
    assert ended


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listed.read_text().split()]


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for a frozen app is a shell script")
def test_a_frozen_app_is_its_own_child(
    tmp_path: Path, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "Masquerade"
    program.write_text(
        f'#!/bin/sh\nexport PYTHONPATH={ROOT}\nexec {sys.executable} -m explorer.cli "$@"\n'
    )
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    let_in(Bundle.read(golden / "dcgan-bundle"))


# Bundles that were copied by hand -------------------------------------------------------------


def test_a_bundle_from_outside_is_tried_once_and_remembered(golden: Path, home: Path) -> None:
    bundle = Bundle.read(golden / "dcgan-bundle")
    let_in(bundle)
    (mark,) = (home / "vetted").iterdir()
    vet._passed.clear()
    written = mark.stat().st_mtime_ns

    let_in(bundle)

    assert mark.stat().st_mtime_ns == written


def test_what_was_remembered_costs_no_process(
    golden: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in(Bundle.read(golden / "dcgan-bundle"))
    vet._passed.clear()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")  # a child could not even begin

    assert Library([golden / "dcgan-bundle"]).open("golden-dcgan").card.height == 8

    with pytest.raises(KnownError, match="can't be tried: No such file"):
        Library([golden / "stylegan2-bundle"]).open("golden-stylegan2")


def test_a_stylegan2_passes(golden: Path) -> None:
    let_in(Bundle.read(golden / "stylegan2-bundle"))


def test_what_ships_is_opened_without_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    library = Library()
    library.open(library.default_id())


def test_the_app_never_loads_onnx_itself(golden: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from explorer.cli import app\n"
        "from explorer.models.adopt import adopt\n"
        "from explorer.models.library import Library\n"
        f"generator = Library([Path({str(golden)!r})]).open('golden-dcgan')\n"
        "generator.paint(generator.seed_point(1)[None])\n"
        "sys.exit(len({'onnx', 'training', 'tensorflow'} & sys.modules.keys()))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_a_home_that_cannot_be_written_only_costs_another_trial(golden: Path, home: Path) -> None:
    home.write_text("a file where a folder should be")
    let_in(Bundle.read(golden / "dcgan-bundle"))


def test_a_copied_bundle_that_would_harm_is_refused_by_the_library(dcgan: Any) -> None:
    model = onnx.load_from_string((dcgan.path / "synthesis.onnx").read_bytes())
    model.graph.node.extend(
        [
            node("ConstantOfShape", ["vast"], "big"),
            node("ReduceSum", ["big"], "sum", keepdims=0),
        ]
    )
    vast = np.array([1 << 20, 1 << 20], np.int64)
    model.graph.initializer.append(numpy_helper.from_array(vast, "vast"))
    dcgan.file("synthesis.onnx", model.SerializeToString())
    with pytest.raises(KnownError, match="too large for any picture"):
        Library([dcgan.path]).open("golden-dcgan")


def test_a_copied_bundle_that_paints_no_picture_is_refused_by_the_library(dcgan: Any) -> None:
    model = onnx.load_from_string((dcgan.path / "synthesis.onnx").read_bytes())
    for each in model.graph.initializer:
        if each.name == "dense":
            spoiled = np.full_like(numpy_helper.to_array(each), np.nan)
            each.CopyFrom(numpy_helper.from_array(spoiled, "dense"))
    dcgan.file("synthesis.onnx", model.SerializeToString())
    with pytest.raises(KnownError, match="not finite"):
        Library([dcgan.path]).open("golden-dcgan")


def test_what_passed_is_known_by_what_it_paints_and_not_by_its_title(
    dcgan: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in(Bundle.read(dcgan.path))
    dcgan.card(title="Another title")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    let_in(Bundle.read(dcgan.path))
    shutil.rmtree(home / "vetted")
    vet._passed.clear()
    with pytest.raises(KnownError, match="can't be tried: No such file"):
        let_in(Bundle.read(dcgan.path))
