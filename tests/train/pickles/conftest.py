"""Pickles laid out as NVIDIA's two generations of code write them, from plain arrays.

Classes and functions that stand in for numpy's users lie under the published module names while a
file is written; nothing of PyTorch, TensorFlow 1 or NVIDIA's code is needed or imported.
"""

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
Writer = Callable[..., bytes]


def _networks_weights(
    filters: tuple[int, ...] = (8, 8, 6, 4),
    *,
    z_dim: int = 6,
    w_dim: int = 8,
    classes: int = 0,
    layers: int = 2,
    channels: int = 3,
    noise: bool = True,
    seed: int = 0,
) -> Weights:
    """A generator's weights by PyTorch's names, at the scale that training leaves them at."""
    chance = np.random.default_rng(seed)

    def normal(*shape: int) -> NDArray[np.float32]:
        return chance.standard_normal(shape).astype(np.float32)

    weights: Weights = {"mapping.w_avg": normal(w_dim)}

    def dense(name: str, inner: int, outer: int, *, scale: float = 1, bias: float = 0) -> None:
        weights[f"{name}.weight"] = normal(outer, inner) * np.float32(scale)
        weights[f"{name}.bias"] = normal(outer) * np.float32(0.3) + np.float32(bias)

    embedding = w_dim if classes else 0
    if classes:
        dense("mapping.embed", classes, embedding)
    for i in range(layers):
        dense(f"mapping.fc{i}", w_dim if i else z_dim + embedding, w_dim, scale=100)
    weights["synthesis.b4.const"] = normal(filters[0], 4, 4)
    inner = filters[0]
    for i, outer in enumerate(filters):
        block = f"synthesis.b{4 << i}"
        for name in ("conv0", "conv1") if i else ("conv1",):
            weights[f"{block}.{name}.weight"] = normal(outer, inner, 3, 3)
            weights[f"{block}.{name}.bias"] = normal(outer) * np.float32(0.3)
            dense(f"{block}.{name}.affine", w_dim, inner, bias=1)
            if noise:
                weights[f"{block}.{name}.noise_const"] = normal(4 << i, 4 << i)
                weights[f"{block}.{name}.noise_strength"] = normal().reshape(())
            inner = outer
        weights[f"{block}.torgb.weight"] = normal(channels, outer, 1, 1)
        weights[f"{block}.torgb.bias"] = normal(channels) * np.float32(0.3)
        dense(f"{block}.torgb.affine", w_dim, outer, bias=1)
    return weights


def _critics_weights(seed: int = 1) -> Weights:
    """The weights of a residual discriminator of 8 px, by PyTorch's names."""
    chance = np.random.default_rng(seed)
    sizes: dict[str, tuple[int, ...]] = {
        "b8.fromrgb.weight": (5, 3, 1, 1),
        "b8.fromrgb.bias": (5,),
        "b8.conv0.weight": (5, 5, 3, 3),
        "b8.conv0.bias": (5,),
        "b8.conv1.weight": (7, 5, 3, 3),
        "b8.conv1.bias": (7,),
        "b8.skip.weight": (7, 5, 1, 1),
        "b4.conv.weight": (7, 8, 3, 3),
        "b4.conv.bias": (7,),
        "b4.fc.weight": (7, 112),
        "b4.fc.bias": (7,),
        "b4.out.weight": (1, 7),
        "b4.out.bias": (1,),
    }
    return {n: chance.standard_normal(shape).astype(np.float32) for n, shape in sizes.items()}


@contextmanager
def _published_names() -> Iterator[dict[str, Any]]:
    """Stand-ins under the module names that the published code has."""

    def stand_in(module: str, name: str, kind: str = "function") -> Any:
        def made(*args: Any) -> None:
            raise AssertionError(f"{module}.{name} was called")

        thing = type(name, (dict,) if name == "EasyDict" else (), {}) if kind == "class" else made
        thing.__module__, thing.__name__, thing.__qualname__ = module, name, name
        setattr(modules.setdefault(module, ModuleType(module)), name, thing)
        return thing

    packages = ("dnnlib", "dnnlib.tflib", "torch", "torch_utils")
    modules = {name: ModuleType(name) for name in packages}
    names = {
        "EasyDict": stand_in("dnnlib.util", "EasyDict", "class"),
        "Network": stand_in("dnnlib.tflib.network", "Network", "class"),
        "FloatStorage": stand_in("torch", "FloatStorage", "class"),
        "module": stand_in("torch_utils.persistence", "_reconstruct_persistent_obj"),
        "tensor": stand_in("torch._utils", "_rebuild_tensor_v2"),
        "parameter": stand_in("torch._utils", "_rebuild_parameter"),
        "storage": stand_in("torch.storage", "_load_from_bytes"),
    }
    with patch.dict(sys.modules, modules):
        yield names


class _Reduced:
    """Pickles as a call of ``function`` with ``args``."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.reduced = function, args

    def __reduce__(self) -> Any:
        return self.reduced


class _Pointing(pickle.Pickler):
    def persistent_id(self, obj: object) -> Any:
        return obj.pointer if isinstance(obj, _Pointer) else None


class _Pointer:
    def __init__(self, *pointer: Any) -> None:
        self.pointer = pointer


def _torch_stream(array: NDArray[np.float32], names: Mapping[str, Any]) -> bytes:
    """A storage as `torch.save` wrote it before its zips."""
    stream = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, stream, protocol=2)
    pickle.dump(1001, stream, protocol=2)
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    pickle.dump(system, stream, protocol=2)
    place = _Pointer("storage", names["FloatStorage"], "94640", "cpu", array.size, None)
    _Pointing(stream, protocol=2).dump(place)
    pickle.dump(["94640"], stream, protocol=2)
    stream.write(array.size.to_bytes(8, "little") + array.astype("<f4").tobytes())
    return stream.getvalue()


def _tensor(array: NDArray[np.float32], names: Mapping[str, Any]) -> _Reduced:
    storage = _Reduced(names["storage"], _torch_stream(array, names))
    stride = tuple(step // 4 for step in array.strides)
    hooks: dict[str, Any] = OrderedDict()
    tensor = _Reduced(names["tensor"], storage, 0, array.shape, stride, False, hooks)
    return _Reduced(names["parameter"], tensor, False, OrderedDict())


def _tree(
    weights: Mapping[str, NDArray[np.float32]],
    names: Mapping[str, Any],
    source: str,
    about: Mapping[str, Any],
    path: str = "",
) -> _Reduced:
    """Modules in modules, as torch_utils.persistence pickles them."""
    own = {name: array for name, array in weights.items() if "." not in name}
    inner: dict[str, Weights] = {}
    for name, array in weights.items():
        if "." in name:
            child, rest = name.split(".", 1)
            inner.setdefault(child, {})[rest] = array
    buffers = ("noise_const", "w_avg")
    square = (np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64).astype(np.float32)
    state: dict[str, Any] = {
        "training": False,
        "_parameters": OrderedDict(
            (n, _tensor(a, names)) for n, a in own.items() if n not in buffers
        ),
        "_buffers": OrderedDict((n, _tensor(a, names)) for n, a in own.items() if n in buffers),
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_is_full_backward_hook": None,
        "_modules": OrderedDict(
            (n, _tree(w, names, source, about, f"{path}{n}.")) for n, w in inner.items()
        ),
        "_init_args": (),
        "_init_kwargs": names["EasyDict"](num_layers=2, nested=names["EasyDict"]()),
        "weight_gain": np.float64(0.125),
        "first": np.int64(3),
        "activation": "linear" if path.endswith(("affine.", "embed.")) else "lrelu",
        "bias_gain": 0.01 if path.startswith("mapping.fc") else 1,
        **(about if not path else {}),
    }
    if path.endswith(("conv0.", "conv1.")):
        state["_buffers"]["resample_filter"] = _tensor(square, names)
    name = path.split(".")[-2] if path else "Generator"
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": name}
    return _Reduced(names["module"], {**meta, "state": state})


def _pytorch(
    weights: Weights,
    critic: Weights | None = None,
    *,
    source: str = "raise SystemExit",
    protocol: int = 4,
    **about: Any,
) -> bytes:
    """As stylegan2-ada-pytorch and stylegan3 write a snapshot."""
    side = max(int(n.split(".")[1][1:]) for n in weights if n.endswith("torgb.bias"))
    with _published_names() as names:
        generator = _tree(weights, names, source, {"img_resolution": side, **about})
        data = {
            "training_set_kwargs": names["EasyDict"](path="faces.zip", xflip=True),
            "G": generator,
            "D": _tree(critic, names, source, {}) if critic else None,
            "G_ema": generator,
            "augment_pipe": None,
        }
        return pickle.dumps(data, protocol=protocol)


def _tensorflow(
    weights: Weights,
    critic: Weights | None = None,
    *,
    source: str = "raise SystemExit",
    protocol: int = 4,
    **settings: Any,
) -> bytes:
    """As stylegan2 and stylegan2-ada write a snapshot."""
    parts: dict[str, list[tuple[str, Any]]] = {"": [("lod", np.float32(0))]}
    for name, array in weights.items():
        part, theirs, value = _tensorflow_variable(name, array)
        parts.setdefault(part, []).append((theirs, value))
    side = max(int(n.split(".")[1][1:]) for n in weights if n.endswith("torgb.bias"))
    told = {"num_channels": 3, "resolution": side, "label_size": 0, "fmap_base": 64, **settings}
    with _published_names() as names:

        def network(name: str, variables: list[tuple[str, Any]], **components: Any) -> Any:
            made = names["Network"]()
            made.version, made.name = 4, name
            made.static_kwargs = names["EasyDict"](told)
            made.components = names["EasyDict"](components)
            made.build_module_src, made.build_func_name = source, "G_main"
            made.variables = variables
            return made

        mapping = network("G_mapping", parts["mapping"])
        synthesis = network("G_synthesis", parts["synthesis"])
        generator = network("Gs", parts[""], mapping=mapping, synthesis=synthesis)
        judged = [_tensorflow_critic(name, array) for name, array in (critic or {}).items()]
        data = generator, network("D", judged), generator
        return pickle.dumps(data, protocol=protocol)


def _tensorflow_variable(name: str, array: NDArray[np.float32]) -> tuple[str, str, Any]:
    """The part, name and layout that the TensorFlow code keeps a weight under."""
    if name == "mapping.w_avg":
        return "", "dlatent_avg", array
    part, layer, *rest = name.split(".")
    if part == "mapping":
        theirs = "LabelEmbed" if layer == "embed" else f"Dense{layer[2:]}"
        return part, f"{theirs}/{rest[0]}", array.T if rest[0] == "weight" else array
    side = int(layer[1:])
    if rest == ["const"]:
        return part, "4x4/Const/const", array[None]
    if rest[-1] == "noise_const":
        number = 2 * (side.bit_length() - 1) - (5 if rest[0] == "conv0" else 4)
        return part, f"noise{number}", array[None, None]
    conv1 = "Conv" if side == 4 else "Conv1"
    theirs = f"{side}x{side}/" + {"conv0": "Conv0_up", "conv1": conv1, "torgb": "ToRGB"}[rest[0]]
    if rest[1] == "affine":
        if rest[2] == "weight":
            return part, f"{theirs}/mod_weight", array.T
        return part, f"{theirs}/mod_bias", array - np.float32(1)
    if rest[1] == "weight":
        array = array.transpose(2, 3, 1, 0)
        return part, f"{theirs}/weight", array[::-1, ::-1] if rest[0] == "conv0" else array
    return part, f"{theirs}/{rest[1]}", array[()]


def _tensorflow_critic(name: str, array: NDArray[np.float32]) -> tuple[str, NDArray[np.float32]]:
    if name.startswith("Mapping"):
        return name, array
    layer, kind, leaf = name.split(".")
    theirs = {
        "b8.fromrgb": "8x8/FromRGB",
        "b8.conv0": "8x8/Conv0",
        "b8.conv1": "8x8/Conv1_down",
        "b8.skip": "8x8/Skip",
        "b4.conv": "4x4/Conv",
        "b4.fc": "4x4/Dense0",
        "b4.out": "Output",
    }[f"{layer}.{kind}"]
    turned = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
    return f"{theirs}/{leaf}", turned


@pytest.fixture(scope="session")
def weights() -> Callable[..., Weights]:
    """Makes a generator's weights."""
    return _networks_weights


@pytest.fixture(scope="session")
def critic() -> Weights:
    """A discriminator's weights."""
    return _critics_weights()


@pytest.fixture(scope="session")
def pytorch() -> Writer:
    """Writes weights as the PyTorch code does."""
    return _pytorch


@pytest.fixture(scope="session")
def tensorflow() -> Writer:
    """Writes weights as the TensorFlow code does."""
    return _tensorflow


@pytest.fixture(params=["pytorch", "tensorflow"])
def written(request: pytest.FixtureRequest) -> Writer:
    """Writes weights as either generation does."""
    return {"pytorch": _pytorch, "tensorflow": _tensorflow}[request.param]
