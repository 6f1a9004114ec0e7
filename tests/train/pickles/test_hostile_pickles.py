"""Whatever lies in a pickle, nothing of it runs."""

import os
import pickle
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import Weights, Writer
from .refused import loads, refusal


class Calls:
    """Pickles as a call that Python's own reader would make."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


def touch(canary: Path) -> Calls:
    return Calls(os.system, f"touch {canary}")


def hostile(canary: Path) -> dict[str, bytes]:
    """Pickles that would run something, or take all memory, in Python's own reader."""
    command = f"touch {canary}".encode()
    source = f"open({str(canary)!r}, 'w')".encode()
    deep = 100_000
    return {
        "os.system": pickle.dumps(touch(canary)),
        "posix.system": b"cposix\nsystem\n(X" + struct.pack("<I", len(command)) + command + b"tR.",
        "eval": b"cbuiltins\neval\n(X" + struct.pack("<I", len(source)) + source + b"tR.",
        "in a list": pickle.dumps([1, {"G_ema": touch(canary)}]),
        "as a state": pickle.dumps(Calls(dict, touch(canary))),
        "getattr": b"cbuiltins\ngetattr\n(cos\n__dict__\nX\x06\x00\x00\x00systemtR.",
        "attrgetter": b"coperator\nattrgetter\n(X\x06\x00\x00\x00systemtR.",
        "dotted": b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.",
        "name of a name": b"\x80\x04\x8c\x05numpy\x8c\x0edtype.__init__\x93)R.",
        "no text as a name": b"\x80\x04K\x01K\x02\x93.",
        "list as a name": b"\x80\x04]]\x93.",
        "name without end": b"c" + b"a" * 1000,
        "inst": b"(X" + struct.pack("<I", len(command)) + command + b"ios\nsystem\n.",
        "obj": b"(cos\nsystem\nX" + struct.pack("<I", len(command)) + command + b"o.",
        "ext1": b"\x82\x01.",
        "ext2": b"\x83\x01\x00.",
        "ext4": b"\x84\x01\x00\x00\x00.",
        "persid": b"Pabc\n.",
        "binpersid": b"X\x01\x00\x00\x00aQ.",
        "newobj_ex": b"\x80\x04ccollections\nOrderedDict\n)}\x92.",
        "dup": b"]2.",
        "int of many digits": b"I" + b"9" * 5000 + b"\n.",
        "long4 of 2 GB": b"\x8b\xff\xff\xff\x7f.",
        "long1 too long": b"\x8a\xff1.",
        "bytes of 4 GB": b"B\xff\xff\xff\xffabc.",
        "bytes of all": b"\x8e" + b"\xff" * 8 + b"abc.",
        "bytearray of all": b"\x96" + b"\xff" * 8 + b"abc.",
        "text of all": b"\x8d" + b"\xff" * 8 + b"abc.",
        "frame of all": b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
        "memo of 4 billion": b"Nr\xff\xff\xff\xff.",
        "recall of nothing": b"h\x05.",
        "deep lists": b"]" * deep + b"a" * (deep - 1) + b".",
        "deep tuples": b")" + b"\x85" * deep + b".",
        "deep dicts": b"}" + b"K\x00}" * deep + b"s" * deep + b".",
        "deep marks": b"(" * deep + b"t" * deep + b".",
        "itself": b"]q\x00h\x00a.",
        "itself as a dict": b"}q\x00(X\x05\x00\x00\x00G_emah\x00u.",
        "doubled tuples as a key": b"}N" + b"q\x01h\x01\x86" * 200 + b"Ns.",
        "doubled modules": _doubled(40),
        "deep modules": _doubled(3000),
        "a set of lists": b"\x8f(]\x90.",
        "a list as a key": b"}]Ns.",
        "odd items": b"}(NNNu.",
        "append to none": b"NNa.",
        "build of none": b"N}b.",
        "reduce of text": b"X\x01\x00\x00\x00a)R.",
        "no mark": b"t.",
        "nothing": b"",
        "only the end": b".",
        "bad text": b"X\x01\x00\x00\x00\xff.",
        "protocol 0": pickle.dumps([1, 2], protocol=0),
        "protocol 9": b"\x80\x09N.",
        "a million steps": b"N0" * 600_000 + b"N.",
        "object array": pickle.dumps(np.array([touch(canary)], object)),
        "structured array": pickle.dumps(np.zeros(2, [("a", "f4")])),
        "torch inside": loads(b"cos\nsystem\n."),
        "torch in torch": loads(loads(b"N.")),
        "zip inside": loads(b"PK\x03\x04"),
        "empty inside": loads(b""),
    }


def _doubled(times: int) -> bytes:
    """A network whose modules hold the same module twice, and so on downwards."""

    def module(state: bytes) -> bytes:
        name = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"
        return name + b"}(\x8c\x0aclass_name\x8c\x01M\x8c\x05state" + state + b"u\x85R"

    made = module(b"}")
    for _ in range(times):
        made = module(b"}\x8c\x08_modules}(\x8c\x01a" + made + b"q\x07\x8c\x01bh\x07us")
    return b"}\x8c\x05G_ema" + made + b"s."


HOSTILE = sorted(hostile(Path("canary")))


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a hostile file would make if it could."""
    return tmp_path_factory.mktemp("mine") / "canary"


@pytest.fixture(scope="module")
def hostiles(canary: Path) -> dict[str, bytes]:
    return hostile(canary)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_and_nothing_runs(
    name: str, hostiles: dict[str, bytes], canary: Path
) -> None:
    begun = time.process_time()
    sentence = refusal(hostiles[name])

    assert not canary.exists()
    assert time.process_time() - begun < 10, sentence  # measured: under 1 s


def test_text_that_takes_four_times_its_bytes_is_not_read_for_ever() -> None:
    masks = "\N{PERFORMING ARTS}".encode() * (1 << 18)
    wide = b"X" + struct.pack("<I", len(masks)) + masks
    assert "steps" in refusal(wide * 70 + b".")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux bounds a process's memory")
def test_what_is_hostile_takes_little_memory(hostiles: dict[str, bytes], tmp_path: Path) -> None:
    """A process that may take 200 MB beyond what it has reads all of them."""
    for name, content in hostiles.items():
        (tmp_path / f"{name}.pkl").write_bytes(content)
    script = """
import resource, sys
from pathlib import Path
from explorer.core.errors import KnownError
from training.transfer.pickles import read_pickle

taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 200_000_000,) * 2)
for path in sorted(Path(sys.argv[1]).glob("*.pkl")):
    try:
        read_pickle(path)
    except KnownError:
        print(path.stem)
"""
    told = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False
    )
    assert sorted(told.stdout.splitlines()) == HOSTILE, told.stderr


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (pickle.dumps(Calls(os.system, "true")), f"'{os.system.__module__}.system'"),
        (b"cbuiltins\neval\n.", "'builtins.eval'"),
        (b"coperator\nattrgetter\n.", "'operator.attrgetter'"),
        (b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.", "OrderedDict.__init__"),
        (loads(pickle.dumps(Calls(os.system, "true"))), f"'{os.system.__module__}.system'"),
    ],
)
def test_what_is_refused_is_named(content: bytes, named: str) -> None:
    assert named in refusal(content)


def test_an_allowed_name_makes_nothing_but_what_it_stands_for() -> None:
    """Calls of allowed names with what they were never meant for."""
    names = [
        "dnnlib.tflib.network\nNetwork",
        "dnnlib.util\nEasyDict",
        "torch_utils.persistence\n_reconstruct_persistent_obj",
        "collections\nOrderedDict",
        "builtins\nset",
        "torch.storage\n_load_from_bytes",
        "torch._utils\n_rebuild_tensor_v2",
        "torch._utils\n_rebuild_parameter",
        "numpy\nndarray",
        "numpy\ndtype",
        "numpy.core.multiarray\n_reconstruct",
        "numpy._core.multiarray\nscalar",
        "numpy.core.numeric\n_frombuffer",
    ]
    arguments = [b")", b"N\x85", b"]\x85", b"}\x85", b"NN\x86", b"NNN\x87", b"(NNNNt", b"(NNNNNNt"]
    for name in names:
        for given_ in arguments:
            for call in (b"R", b"\x81"):
                refusal(b"c" + name.encode() + b"\n" + given_ + call + b".")
        refusal(b"c" + name.encode() + b"\n}b.")
    refusal(b"cnumpy\nndarray\ncos\nsystem\n\x85R.")


def test_an_array_named_many_times_is_not_copied_as_often(
    tensorflow: Writer, weights: Callable[..., Weights]
) -> None:
    shared = np.zeros((100, 100), np.float32)
    critic = {f"Mapping{i}/weight": shared for i in range(100)}
    assert "more numbers than it holds" in refusal(tensorflow(weights((4, 4)), critic))
