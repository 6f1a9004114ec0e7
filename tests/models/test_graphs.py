from contextlib import suppress
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis.strategies import binary, integers, lists, tuples

from explorer.core.errors import KnownError
from explorer.models.graphs import check_graph

GOLDEN = Path(__file__).parents[1] / "golden" / "dcgan-bundle" / "synthesis.onnx"
GRAPH = GOLDEN.read_bytes()


def test_a_golden_graph_passes() -> None:
    check_graph(GRAPH, id="golden-dcgan", name="golden")


@given(binary(max_size=200))
def test_any_bytes_are_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(KnownError):
        check_graph(content, id="golden-dcgan", name="stranger")


@given(lists(tuples(integers(0, len(GRAPH) - 1), integers(0, 255)), max_size=8))
def test_a_spoiled_graph_passes_or_is_refused_but_never_breaks_the_reader(
    changes: list[tuple[int, int]],
) -> None:
    content = bytearray(GRAPH)
    for at, byte in changes:
        content[at] = byte
    with suppress(KnownError):
        check_graph(bytes(content), id="golden-dcgan", name="stranger")


@pytest.mark.parametrize("part", ["graph", "opset_import", "metadata_props", "functions"])
def test_what_is_said_twice_is_looked_at_twice(part: str) -> None:
    """Protobuf merges fields that come again, so a second graph must not slip by."""
    second = onnx.ModelProto()
    if part == "graph":
        second.graph.node.add(op_type="Identity", domain="com.evil")
    elif part == "opset_import":
        second.opset_import.add(domain="com.evil", version=1)
    elif part == "metadata_props":
        second.metadata_props.add(key="explorer.id", value="another")
    else:
        second.functions.add(name="f")
    with pytest.raises(KnownError):
        check_graph(GRAPH + second.SerializeToString(), id="golden-dcgan", name="stranger")


def test_a_weight_kept_elsewhere_by_either_sign_is_refused() -> None:
    for sign in ("location", "entries"):
        model = onnx.load_from_string(GRAPH)
        if sign == "location":
            model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
        else:
            model.graph.initializer[0].external_data.add(key="location", value="x")
        with pytest.raises(KnownError, match="other files"):
            check_graph(model.SerializeToString(), id="golden-dcgan", name="stranger")
