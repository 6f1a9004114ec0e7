"""All that a pickle of a network may name, and what each name makes here.

Arrays, tensors, NVIDIA's `EasyDict` and networks are pickled as calls to a few functions and
classes of numpy, PyTorch, dnnlib and torch_utils. None of those is imported: each name stands for
a few lines that make plain data of the same arguments.

A storage of PyTorch is a stream of its own inside the pickle (as `torch.save` wrote before its
zips): a magic number, a protocol, what the machine was like, a pointer to one storage, and a list
with its key, each a pickle; then how many numbers there are, and the numbers.
"""

import math
import struct
from collections.abc import Mapping

import numpy as np

from training.transfer.pickles.machine import CUT_OFF, Call, Machine, Steps
from training.transfer.pickles.values import (
    Array,
    Dtype,
    Name,
    Refused,
    Thing,
    Value,
    from_bytes,
    is_shape,
)

NETWORK = "dnnlib.tflib.network.Network"
MODULE = "torch_utils.persistence"

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "torch.DoubleStorage": "f8",
    "torch.FloatStorage": "f4",
    "torch.HalfStorage": "f2",
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
    "torch.ShortStorage": "i2",
    "torch.CharStorage": "i1",
    "torch.ByteStorage": "u1",
    "torch.BoolStorage": "b1",
}


def read(content: bytes) -> Value:
    """What a pickle describes, with nothing of it run.

    Raises:
        Refused: it is damaged, or asks for a name that is not in this file.
    """
    return Machine(memoryview(content), NAMES, Steps()).run()


def _network(args: tuple[Value, ...], steps: Steps) -> Thing:
    _expect(args == (), NETWORK)
    return Thing(NETWORK)


def _module(args: tuple[Value, ...], steps: Steps) -> Thing:
    """A module of PyTorch, from what torch_utils.persistence keeps of it; its source stays text."""
    about = args[0] if len(args) == 1 and isinstance(args[0], dict) else {}
    state, name = about.get("state"), about.get("class_name")
    _expect(isinstance(state, dict) and isinstance(name, str), "a module")
    return Thing(f"{MODULE}.{name}", about["state"])


def _dict(args: tuple[Value, ...], steps: Steps) -> dict[str | int, Value]:
    _expect(args == (), "a dictionary")
    return {}


def _set(args: tuple[Value, ...], steps: Steps) -> set[str | int]:
    items = args[0] if len(args) == 1 and isinstance(args[0], list) else [None]
    _expect(all(isinstance(item, str | int) for item in items), "a set")
    return set(items)


def _dtype(args: tuple[Value, ...], steps: Steps) -> Dtype:
    _expect(1 <= len(args) <= 3 and isinstance(args[0], str), "numpy.dtype")
    return Dtype(args[0])


def _empty(args: tuple[Value, ...], steps: Steps) -> Array:
    """An array that the pickle fills afterwards."""
    named = len(args) == 3 and isinstance(args[0], Name) and args[0].text == "numpy.ndarray"
    _expect(named, "an array")
    return Array()


def _from_buffer(args: tuple[Value, ...], steps: Steps) -> Array:
    """An array of protocol 5; numpy 2 also keeps in which order its axes lie (K)."""
    _expect(len(args) in (4, 5), "an array")
    raw, dtype, shape, order, *axes = args
    if order != "K":
        return Array(from_bytes(raw, dtype, shape, order))
    array = from_bytes(raw, dtype, shape, "C")
    whole = len(axes) == 1 and is_shape(axes[0])
    _expect(whole and sorted(axes[0]) == list(range(array.ndim)), "an array")
    return Array(array.transpose(axes[0]))


def _scalar(args: tuple[Value, ...], steps: Steps) -> float | int | bool:
    _expect(len(args) == 2, "a number")
    number: float | int | bool = from_bytes(args[1], args[0], (), "C").item()
    return number


def _parameter(args: tuple[Value, ...], steps: Steps) -> Array:
    _expect(len(args) == 3 and isinstance(args[0], Array), "a parameter")
    array: Array = args[0]
    return array


def _tensor(args: tuple[Value, ...], steps: Steps) -> Array:
    """A tensor: a window of a storage, whose sizes and strides count numbers."""
    _expect(len(args) in (6, 7) and isinstance(args[0], Array), "a tensor")
    storage, offset, size, stride = args[0].numbers, args[1], args[2], args[3]
    whole = is_shape((offset,)) and is_shape(size) and is_shape(stride)
    _expect(whole and len(size) == len(stride) and storage is not None, "a tensor")
    count = math.prod(size)
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if count > len(storage) or (count and last >= len(storage)):
        raise Refused("it has a tensor that claims more numbers than it holds")
    if not count:
        return Array(storage[:0])
    taken = [step if side > 1 else 0 for side, step in zip(size, stride, strict=True)]
    strides = [step * storage.itemsize for step in taken]
    return Array(np.lib.stride_tricks.as_strided(storage[offset:], size, strides))


def _storage(args: tuple[Value, ...], steps: Steps) -> Array:
    _expect(len(args) == 1 and isinstance(args[0], memoryview), "a storage")
    content, at, told = args[0], 0, []
    for part in range(5):
        machine = Machine(content, _IN_STORAGE, steps, at=at, points=part == 3)
        told.append(machine.run())
        at = machine.at
    magic, protocol, system, place, keys = told
    _expect(magic == _MAGIC and protocol == _PROTOCOL and isinstance(system, dict), "a storage")
    _expect(system.get("little_endian") is True and isinstance(place, Thing), "a storage")
    pointer = place.state["id"]
    _expect(isinstance(pointer, tuple) and len(pointer) == 6, "a storage")
    what, kind, key, _, count, view = pointer
    _expect(what == "storage" and isinstance(kind, Name) and view is None, "a storage")
    _expect(is_shape((count,)) and isinstance(key, str) and keys == [key], "a storage")
    dtype = Dtype(_STORAGES[kind.text])
    raw = content[at + 8 :]
    if len(content) < at + 8 or len(raw) != count * dtype.real.itemsize:
        raise Refused(CUT_OFF)
    _expect(struct.unpack("<q", content[at : at + 8]) == (count,), "a storage")
    return Array(from_bytes(raw, dtype, (count,), "C"))


def _expect(right: bool, what: str) -> None:
    if not right:
        raise Refused(f"it has {what} that is written as none is")


_IN_STORAGE: Mapping[str, Call | None] = dict.fromkeys(_STORAGES)

NAMES: Mapping[str, Call | None] = {
    NETWORK: _network,
    f"{MODULE}._reconstruct_persistent_obj": _module,
    "dnnlib.util.EasyDict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.set": _set,
    "torch.storage._load_from_bytes": _storage,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "numpy.ndarray": None,
    "numpy.dtype": _dtype,
    **{
        f"numpy.{core}.{name}": call  # numpy 2 renamed its core
        for core in ("core", "_core")
        for name, call in {
            "multiarray._reconstruct": _empty,
            "multiarray.scalar": _scalar,
            "numeric._frombuffer": _from_buffer,
        }.items()
    },
}
