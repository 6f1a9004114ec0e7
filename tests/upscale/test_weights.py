import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.core.files import sha256
from explorer.upscale.stages import LANCZOS, TWO_STAGES
from explorer.upscale.upscaler import Upscalers
from explorer.upscale.weights import folders, installed, problems, read_weights

ANIME = "realesr-animevideov3-x4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An upscaler of one's own, beside nothing else."""
    weights = installed(folders())[ANIME]
    for path in (weights.path, weights.path.with_suffix(".json")):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_both_networks_ship_with_their_licence() -> None:
    shipped = installed(folders()[:1])
    assert set(TWO_STAGES.split(",")) <= set(shipped)
    for weights in shipped.values():
        assert weights.card.licence == "BSD-3-Clause"
        assert weights.content()
    notice = (folders()[0] / "LICENCE.txt").read_text()
    assert "Redistributions in binary form must reproduce" in notice
    assert "Copyright (c) 2021, Xintao Wang" in notice


def test_weights_that_were_changed_are_refused(folder: Path) -> None:
    graph = folder / f"{ANIME}.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"!")
    with pytest.raises(KnownError, match=r"animevideov3-x4\.onnx is not the file its card"):
        Upscalers([folder]).run(_pixel(), Upscalers([folder]).plan(ANIME))


@pytest.mark.parametrize(
    ("key", "value"),
    [("format", 2), ("scale", 1), ("channels", 1), ("sha256", "x"), ("id", "../x"), ("extra", 1)],
)
def test_a_card_that_makes_no_sense_is_told_and_passed_over(
    folder: Path, key: str, value: object
) -> None:
    card = folder / f"{ANIME}.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {key: value}))
    with pytest.raises(KnownError, match=r"animevideov3-x4\.json"):
        read_weights(card)
    assert Upscalers([folder]).ids() == [LANCZOS]
    (sentence,) = problems([folder])
    assert str(card) in sentence


def test_a_card_that_lies_about_its_scale_is_found_out(folder: Path) -> None:
    card = folder / f"{ANIME}.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"scale": 2}))
    upscalers = Upscalers([folder])
    with pytest.raises(KnownError, match="does not enlarge 2 times"):
        upscalers.run(_pixel(), upscalers.plan(ANIME))


def test_a_graph_that_is_no_graph_is_one_sentence(folder: Path) -> None:
    _bring(folder, b"not a graph")
    upscalers = Upscalers([folder])
    with pytest.raises(KnownError, match=r"animevideov3-x4\.onnx is no ONNX file"):
        upscalers.run(_pixel(), upscalers.plan(ANIME))


@pytest.mark.parametrize(
    ("domain", "external", "reason"),
    [("com.stranger", False, "com.stranger"), ("", True, "other files")],
)
def test_a_graph_that_reaches_out_is_never_opened(
    folder: Path, domain: str, external: bool, reason: str
) -> None:
    graph = onnx.load_model_from_string((folder / f"{ANIME}.onnx").read_bytes())
    graph.graph.node[-1].domain = domain
    if external:
        graph.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    _bring(folder, graph.SerializeToString())
    upscalers = Upscalers([folder])
    with pytest.raises(KnownError, match=reason):
        upscalers.run(_pixel(), upscalers.plan(ANIME))


def _bring(folder: Path, graph: bytes) -> None:
    """Put a graph in the place of the upscaler's, with a card that owns up to it."""
    (folder / f"{ANIME}.onnx").write_bytes(graph)
    card = folder / f"{ANIME}.json"
    told = json.loads(card.read_text()) | {"sha256": sha256(folder / f"{ANIME}.onnx")}
    card.write_text(json.dumps(told))


def test_without_networks_upscaling_is_lanczos_and_called_so(tmp_path: Path) -> None:
    upscalers = Upscalers([tmp_path])
    assert upscalers.default() == LANCZOS
    assert upscalers.title(upscalers.default()) == "Lanczos"
    with pytest.raises(KnownError, match=r"no upscaler 'realesrgan-x4plus'.*lanczos"):
        upscalers.plan(TWO_STAGES)


def _pixel() -> NDArray[np.uint8]:
    return np.zeros((1, 1, 3), np.uint8)
