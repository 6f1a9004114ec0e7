"""Make the golden bundles anew: ``python -m tests.golden.make_bundles``.

Tiny graphs written by hand, so that each reader can be tested without training. What they paint
is meaningless but depends on every number of its point. Made twice, they are the same bytes.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from explorer.core.files import write_bytes
from explorer.core.npz import write_npz
from explorer.latent.seeds import seed_latent
from explorer.likeness.pack import (
    DIM,
    EARLY,
    LATE,
    THUMBNAIL,
    LikenessPack,
    Picture,
    pack_files,
)
from explorer.models.bundle import Bundle, write_bundle
from explorer.models.card import Card, Parity, TrainedOn, Training
from explorer.models.generator import Generator

HERE = Path(__file__).parent
Array = NDArray[np.float32]

Z_DIM, W_DIM, NUM_WS = 4, 8, 10
DATASET = TrainedOn(name="made by hand", content_sha256="0" * 64, count=0, licence="Apache-2.0")


def dcgan(out: Path, *, classes: tuple[str, ...] = (), id: str = "golden-dcgan") -> Card:
    """8 px, RGB: dense, ReLU, one transposed convolution, tanh."""
    chance = np.random.RandomState(8)
    weights: dict[str, NDArray[Any]] = {
        "dense": _noise(chance, Z_DIM, 8 * 16) * 0.9,
        "bias": _noise(chance, 8 * 16) * 0.4,
        "up": _bumps(chance, 8, 3, 4) * 0.2,
        "tint": np.array([0.5, 0.0, -0.4], np.float32).reshape(3, 1, 1),
        "grid": np.array([-1, 8, 4, 4], np.int64),
    }
    first = "z"
    nodes = []
    inputs = [_float("z", "n", Z_DIM)]
    if classes:
        weights["by_class"] = _noise(chance, len(classes), Z_DIM) * 2
        inputs.append(_float("label", "n", len(classes)))
        nodes += [
            helper.make_node("MatMul", ["label", "by_class"], ["shift"]),
            helper.make_node("Add", ["z", "shift"], ["moved"]),
        ]
        first = "moved"
    nodes += [
        helper.make_node("Gemm", [first, "dense", "bias"], ["flat"]),
        helper.make_node("Relu", ["flat"], ["positive"]),
        helper.make_node("Reshape", ["positive", "grid"], ["square"]),
        helper.make_node(
            "ConvTranspose", ["square", "up"], ["wide"], strides=[2, 2], pads=[1, 1, 1, 1]
        ),
        helper.make_node("Add", ["wide", "tint"], ["tinted"]),
        helper.make_node("Tanh", ["tinted"], ["planar"]),
        *_picture("planar"),
    ]
    outputs = [_bytes("image", "n", 8, 8, 3), _float("rgb", "n", 8, 8, 3)]
    files = {
        "synthesis.onnx": _graph(id, nodes, inputs, outputs, weights),
        "latents.npz": write_npz(
            pca_components=np.eye(Z_DIM, dtype=np.float32),
            pca_scale=np.array([1.0, 0.9, 0.8, 0.7], np.float32),
            pca_mean=np.zeros(Z_DIM, np.float32),
            sefa_components=_orthonormal(weights["dense"])[:2],
        ),
    }
    card = Card(
        id=id,
        title="Golden DCGAN",
        description="A DCGAN small enough to read, for tests.",
        architecture="dcgan",
        height=8,
        width=8,
        channels=3,
        z_dim=Z_DIM,
        classes=classes,
        licence="Apache-2.0",
        credits=("The Masquerade authors",),
        training=Training(
            dataset=DATASET,
            images_seen=0,
            loss="none",
            augmentation="none",
            settings={"seed": 8},
            versions={"numpy": "any"},
        ),
        metrics={"fid": None},
        parity=Parity(rgb_max_abs=0.0, image_max_levels=0),
    )
    return _write(out, card, files)


def stylegan2(out: Path, *, id: str = "golden-stylegan2") -> Card:
    """32 then 64 px, RGB, w of 8 numbers for 10 layers, with noise."""
    chance = np.random.RandomState(64)
    mapping = {
        "dense": _noise(chance, Z_DIM, W_DIM),
        "bias": _noise(chance, W_DIM) * 0.3,
    }
    nodes = [
        helper.make_node("Gemm", ["z", "dense", "bias"], ["mixed"]),
        helper.make_node("LeakyRelu", ["mixed"], ["w"], alpha=0.2),
    ]
    files = {
        "mapping.onnx": _graph(
            id, nodes, [_float("z", "n", Z_DIM)], [_float("w", "n", W_DIM)], mapping
        ),
        "synthesis-0032.onnx": _stage_32(chance, id),
        "synthesis-0064.onnx": _stage_64(chance, id),
    }
    z = np.stack([seed_latent(seed, Z_DIM) for seed in range(4096)])
    mixed = z @ mapping["dense"] + mapping["bias"]
    w = np.where(mixed > 0, mixed, 0.2 * mixed)
    _, spread, axes = np.linalg.svd(w - w.mean(0), full_matrices=False)
    files["latents.npz"] = write_npz(
        w_avg=w.mean(0).astype(np.float32),
        pca_components=axes[:3].astype(np.float32),
        pca_scale=(spread[:3] / np.sqrt(len(w) - 1)).astype(np.float32),
        pca_mean=w.mean(0).astype(np.float32),
        sefa_components=np.eye(W_DIM, dtype=np.float32)[:2],
    )
    card = Card(
        id=id,
        title="Golden StyleGAN2",
        description="A StyleGAN2 in two stages, small enough to read, for tests.",
        architecture="stylegan2",
        height=64,
        width=64,
        channels=3,
        z_dim=Z_DIM,
        w_dim=W_DIM,
        num_ws=NUM_WS,
        noise=True,
        stages=(32, 64),
        licence="Apache-2.0",
        credits=("The Masquerade authors",),
    )
    return _write(out, card, files)


def likeness_pack(out: Path) -> None:
    """Six pictures whose features are noise; the thumbnails are plain colours."""
    chance = np.random.RandomState(24)
    early, late = (_unit_rows(_noise(chance, 6, DIM)) for _ in range(2))
    pack = LikenessPack(
        early=early,
        late=late,
        early_mean=_noise(chance, EARLY),
        early_basis=np.eye(EARLY, DIM, dtype=np.float32),
        late_mean=_noise(chance, LATE),
        late_basis=np.eye(LATE, DIM, dtype=np.float32),
        extractor_sha256="0" * 64,
        self_early=_to_nearest_other(early),
        self_late=_to_nearest_other(late),
        thumbnails=tuple(_plain_jpeg(40 * index) for index in range(6)),
        pictures=tuple(
            Picture(
                f"wood/{index}.png", "wood", "made by hand", "The Masquerade authors", "CC0-1.0"
            )
            for index in range(6)
        ),
    )
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for name, content in pack_files(pack).items():
        write_bytes(out / name, content)


def _unit_rows(rows: Array) -> NDArray[np.float16]:
    unit: NDArray[np.float16] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f2")
    return unit


def _to_nearest_other(rows: NDArray[np.float16]) -> Array:
    """Cosine distance of each row to the nearest other one."""
    wide = rows.astype(np.float32)
    likeness = wide @ wide.T - 2 * np.eye(len(wide), dtype=np.float32)
    distance: Array = (1 - likeness.max(1)).astype(np.float32)
    return distance


def _plain_jpeg(level: int) -> bytes:
    jpeg = io.BytesIO()
    Image.new("RGB", (THUMBNAIL, THUMBNAIL), (level, 120, 255 - level)).save(jpeg, "JPEG")
    return jpeg.getvalue()


def _stage_32(chance: np.random.RandomState, id: str) -> bytes:
    weights: dict[str, NDArray[Any]] = {
        "from_layer": np.array([0], np.int64),
        "to_layer": np.array([8], np.int64),
        "axis": np.array([1], np.int64),
        "flatten": np.array([-1, 8 * W_DIM], np.int64),
        "style": _noise(chance, 8 * W_DIM, 4 * 16) * 0.3,
        "grid": np.array([-1, 4, 4, 4], np.int64),
        "up": _bumps(chance, 4, 4, 16),
        "noise": _noise(chance, 1, 1, 32, 32) * 0.15,
        "to_rgb": _noise(chance, 3, 4, 1, 1) * 0.05,
    }
    nodes = [
        helper.make_node("Slice", ["ws", "from_layer", "to_layer", "axis"], ["coarse"]),
        helper.make_node("Reshape", ["coarse", "flatten"], ["styles"]),
        helper.make_node("MatMul", ["styles", "style"], ["flat"]),
        helper.make_node("Reshape", ["flat", "grid"], ["square"]),
        helper.make_node(
            "ConvTranspose", ["square", "up"], ["wide"], strides=[8, 8], pads=[4, 4, 4, 4]
        ),
        helper.make_node("Mul", ["noise", "noise_scale"], ["scaled"]),
        helper.make_node("Add", ["wide", "scaled"], ["noisy"]),
        helper.make_node("LeakyRelu", ["noisy"], ["features"], alpha=0.2),
        helper.make_node("Conv", ["features", "to_rgb"], ["skip"]),
        *_picture("skip"),
    ]
    outputs = [
        _float("features", "n", 4, 32, 32),
        _float("skip", "n", 3, 32, 32),
        _bytes("image", "n", 32, 32, 3),
    ]
    return _graph(
        id, nodes, [_float("ws", "n", NUM_WS, W_DIM), _float("noise_scale")], outputs, weights
    )


def _stage_64(chance: np.random.RandomState, id: str) -> bytes:
    weights: dict[str, NDArray[Any]] = {
        "from_layer": np.array([8], np.int64),
        "to_layer": np.array([10], np.int64),
        "axis": np.array([1], np.int64),
        "flatten": np.array([-1, 2 * W_DIM], np.int64),
        "style": _noise(chance, 2 * W_DIM, 4) * 0.5,
        "a_channel": np.array([-1, 4, 1, 1], np.int64),
        "up": _bumps(chance, 4, 4, 4),
        "up_skip": (np.eye(3)[:, :, None, None] * _bump(4)).astype(np.float32),
        "noise": _noise(chance, 1, 1, 64, 64) * 0.15,
        "to_rgb": _noise(chance, 3, 4, 1, 1) * 0.008,
    }
    twice: dict[str, Any] = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Slice", ["ws", "from_layer", "to_layer", "axis"], ["fine"]),
        helper.make_node("Reshape", ["fine", "flatten"], ["styles"]),
        helper.make_node("MatMul", ["styles", "style"], ["flat"]),
        helper.make_node("Reshape", ["flat", "a_channel"], ["scale"]),
        helper.make_node("Mul", ["features", "scale"], ["styled"]),
        helper.make_node("ConvTranspose", ["styled", "up"], ["wide"], **twice),
        helper.make_node("Mul", ["noise", "noise_scale"], ["scaled"]),
        helper.make_node("Add", ["wide", "scaled"], ["noisy"]),
        helper.make_node("LeakyRelu", ["noisy"], ["active"], alpha=0.2),
        helper.make_node("Conv", ["active", "to_rgb"], ["detail"]),
        helper.make_node("ConvTranspose", ["skip", "up_skip"], ["base"], **twice),
        helper.make_node("Add", ["base", "detail"], ["whole"]),
        *_picture("whole"),
    ]
    inputs = [
        _float("ws", "n", NUM_WS, W_DIM),
        _float("noise_scale"),
        _float("features", "n", 4, 32, 32),
        _float("skip", "n", 3, 32, 32),
    ]
    return _graph(
        id, nodes, inputs, [_bytes("image", "n", 64, 64, 3), _float("rgb", "n", 64, 64, 3)], weights
    )


def _picture(planar: str) -> list[onnx.NodeProto]:
    """From planes in [-1, 1] to ``rgb`` and ``image``, as the contract rounds."""
    one, half, low, high = (
        helper.make_node("Constant", [], [name], value_float=value)
        for name, value in (("one", 1.0), ("half", 127.5), ("low", 0.0), ("high", 255.0))
    )
    return [
        one,
        half,
        low,
        high,
        helper.make_node("Transpose", [planar], ["rgb"], perm=[0, 2, 3, 1]),
        helper.make_node("Add", ["rgb", "one"], ["lifted"]),
        helper.make_node("Mul", ["lifted", "half"], ["levels"]),
        helper.make_node("Round", ["levels"], ["whole_levels"]),
        helper.make_node("Clip", ["whole_levels", "low", "high"], ["clipped"]),
        helper.make_node("Cast", ["clipped"], ["image"], to=TensorProto.UINT8),
    ]


def _graph(
    id: str,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: Mapping[str, NDArray[Any]],
) -> bytes:
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "golden", inputs, outputs, initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="masquerade"
    )
    helper.set_model_props(model, {"explorer.format": "1", "explorer.id": id})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _float(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _bytes(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.UINT8, shape)


def _noise(chance: np.random.RandomState, *shape: int) -> Array:
    """float32 in quarters of a hundredth, so that every machine writes the same bytes."""
    return (np.round(chance.standard_normal(shape) * 400) / 400).astype(np.float32)


def _bump(side: int) -> Array:
    """A soft square ``(side, side)``: how one number of a coarse grid spreads on the next."""
    row = 1 - np.abs((np.arange(side) + 0.5) / (side / 2) - 1)
    return np.outer(row, row).astype(np.float32)


def _bumps(chance: np.random.RandomState, before: int, after: int, side: int) -> Array:
    return _noise(chance, before, after, 1, 1) * _bump(side)


def _orthonormal(dense: Array) -> Array:
    left, _, _ = np.linalg.svd(dense)
    return left.T.astype(np.float32)


def _write(out: Path, card: Card, files: dict[str, bytes]) -> Card:
    """Write once to paint the preview, and again with it."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        write_bundle(plain, card, files)
        generator = Generator.open(Bundle.read(plain), threads=1)
        points = np.stack([generator.seed_point(seed) for seed in range(64)])
        pictures = generator.paint(points)
    side = card.height
    sheet = pictures.reshape(8, 8, side, side, 3).swapaxes(1, 2).reshape(8 * side, 8 * side, 3)
    png = io.BytesIO()
    Image.fromarray(sheet).save(png, "PNG")
    shutil.rmtree(out, ignore_errors=True)
    return write_bundle(out, card, files | {"preview.png": png.getvalue()})


if __name__ == "__main__":
    dcgan(HERE / "dcgan-bundle")
    stylegan2(HERE / "stylegan2-bundle")
    likeness_pack(HERE / "likeness-pack")
    sys.stdout.write("tests/golden: dcgan-bundle, stylegan2-bundle, likeness-pack\n")
