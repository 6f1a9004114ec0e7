"""NVIDIA's pickles are read as data, whatever lies in them."""

import contextlib
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from training.transfer.pickles import Pickled, parse_pickle, read_pickle

Weights = dict[str, NDArray[np.float32]]
Writer = Callable[..., bytes]


def refusal(content: bytes) -> str:
    """The one sentence that the file is refused with."""
    with pytest.raises(KnownError) as error:
        parse_pickle(content, name="file.pkl")
    sentence = str(error.value)
    assert sentence.startswith("file.pkl can't be adopted: ")
    assert sentence.endswith(".")
    assert len(sentence) < 500
    assert sentence.isprintable()
    return sentence


def same(read: Pickled, weights: Weights) -> None:
    assert read.generator.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_allclose(read.generator[name], array, atol=2e-7, err_msg=name)


def test_both_generations_give_the_same_weights(
    written: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    made = weights()
    (tmp_path / "network.pkl").write_bytes(written(made))

    read = read_pickle(tmp_path / "network.pkl")

    same(read, made)
    sizes = read.sizes
    assert (sizes.z_dim, sizes.w_dim, sizes.c_dim, sizes.channels) == (6, 8, 0, 3)
    assert (sizes.resolution, sizes.filters) == (32, (8, 8, 6, 4))
    assert (sizes.mapping_layers, sizes.mapping_width, sizes.mapping_rate) == (2, 8, 0.01)
    assert sizes.noise


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol_of_their_pythons_is_read(
    written: Writer, weights: Callable[..., Weights], protocol: int
) -> None:
    made = weights((4, 4), layers=1)
    same(parse_pickle(written(made, protocol=protocol), name="file.pkl"), made)


def test_classes_and_networks_without_noise_are_read(
    written: Writer, weights: Callable[..., Weights]
) -> None:
    made = weights((4, 4), classes=3, noise=False)
    read = parse_pickle(written(made), name="file.pkl")

    same(read, made)
    assert (read.sizes.c_dim, read.sizes.embedding, read.sizes.z_dim) == (3, 8, 6)
    assert not read.sizes.noise


def test_the_discriminator_comes_with_it(
    written: Writer, weights: Callable[..., Weights], critic: Weights
) -> None:
    read = parse_pickle(written(weights((4, 4)), critic), name="file.pkl")

    assert read.discriminator is not None
    assert read.discriminator.keys() == critic.keys()
    for name, array in critic.items():
        np.testing.assert_array_equal(read.discriminator[name], array, err_msg=name)


def test_source_code_in_the_file_stays_a_piece_of_text(
    written: Writer, weights: Callable[..., Weights], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    source = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n"
    made = weights((4, 4))

    same(parse_pickle(written(made, source=source), name="file.pkl"), made)

    assert not canary.exists()


def without(made: Weights, beginning: str) -> Weights:
    return {name: array for name, array in made.items() if not name.startswith(beginning)}


def test_weights_that_do_not_fit_together_are_refused(
    written: Writer, weights: Callable[..., Weights]
) -> None:
    made = weights((4, 4))
    assert "lacks the weight 'mapping.fc0.weight'" in refusal(
        written(without(made, "mapping.fc0."))
    )
    assert "lacks the weight 'synthesis.b8.torgb.affine.bias'" in refusal(
        written(without(made, "synthesis.b8.torgb.affine.bias"))
    )
    longer = {**made, "synthesis.b8.conv1.bias": np.zeros(5, np.float32)}
    assert "'synthesis.b8.conv1.bias' has another shape" in refusal(written(longer))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(
    written: Writer, weights: Callable[..., Weights], number: float
) -> None:
    bias = np.array([0, 0, 0, number], np.float32)
    made = {**weights((4, 4)), "synthesis.b8.conv1.bias": bias}
    assert "'synthesis.b8.conv1.bias' is not finite" in refusal(written(made))


def test_an_alias_free_network_is_named(pytorch: Writer, weights: Callable[..., Weights]) -> None:
    made = weights((4, 4))
    made["synthesis.L0_36_512.weight"] = np.zeros((4, 4, 3, 3), np.float32)
    assert "StyleGAN3" in refusal(pytorch(made))


def test_a_residual_generator_is_refused(pytorch: Writer, weights: Callable[..., Weights]) -> None:
    made = weights((4, 4))
    made["synthesis.b8.skip.weight"] = np.zeros((4, 4, 1, 1), np.float32)
    assert "'synthesis.b8.skip.weight'" in refusal(pytorch(made))


@pytest.mark.parametrize("side", [96, 0, -8, 2**70, True, None, "32", 12.0])
def test_only_powers_of_two_are_painted(
    pytorch: Writer, weights: Callable[..., Weights], side: object
) -> None:
    assert "power of two" in refusal(pytorch(weights((4, 4)), img_resolution=side))
    assert "has layers for 8" in refusal(pytorch(weights((4, 4)), img_resolution=16))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"nonlinearity": "relu"}, "activations"),
        ({"mapping_nonlinearity": []}, "activations"),
        ({"resample_kernel": [1, 2, 1]}, "filter"),
        ({"normalize_latents": False}, "latents"),
        ({"mapping_lrmul": "fast"}, "rate"),
        ({"resolution": 24}, "power of two"),
    ],
)
def test_settings_that_paint_otherwise_are_refused(
    tensorflow: Writer, weights: Callable[..., Weights], setting: dict[str, Any], words: str
) -> None:
    assert words in refusal(tensorflow(weights((4, 4)), **setting))


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
        "torch inside": _loads(b"cos\nsystem\n."),
        "torch in torch": _loads(_loads(b"N.")),
        "zip inside": _loads(b"PK\x03\x04"),
        "empty inside": _loads(b""),
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


def _loads(stream: bytes) -> bytes:
    size = struct.pack("<I", len(stream))
    return b"ctorch.storage\n_load_from_bytes\nB" + size + stream + b"\x85R."


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
        (_loads(pickle.dumps(Calls(os.system, "true"))), f"'{os.system.__module__}.system'"),
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


def tensor(size: bytes, stride: bytes, offset: bytes = b"K\x00", numbers: int = 4) -> bytes:
    """A pickle of one tensor over a storage of ``numbers``."""
    stream = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001))
    stream += pickle.dumps({"little_endian": True}, 2)
    stream += b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x01\x00\x00\x00c"
    stream += b"K" + bytes([numbers]) + b"NtQ." + pickle.dumps(["0"], 2)
    stream += struct.pack("<q", numbers) + b"\0" * 4 * numbers
    inner = _loads(stream)[:-1]
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + inner + offset + size + stride + b"\x89}tR."


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        (b"K\x05\x85", b"K\x01\x85", b"K\x00"),
        (b"K\x04\x85", b"K\x01\x85", b"K\x01"),
        (b"K\x04\x85", b"K\x02\x85", b"K\x00"),
        (b"J\xff\xff\xff\x7f\x85", b"K\x00\x85", b"K\x00"),  # one number, two billion times
        (b"J\xff\xff\xff\x7f\x85", b"J\xff\xff\xff\xff\x85", b"K\x00"),
        (b"K\x02\x85", b"J\xff\xff\xff\xff\x85", b"K\x01"),
        (b"K\x02\x85", b"K\x01\x85", b"J\xff\xff\xff\xff"),
        (b"K\x02\x85", b"K\x01K\x01\x86", b"K\x00"),
        (b"(" + b"K\x01" * 40 + b"t", b"(" + b"K\x01" * 40 + b"t", b"K\x00"),
        (b"\x8a\x20" + b"\x7f" * 32 + b"\x85", b"K\x00\x85", b"K\x00"),
        (b"\x88\x85", b"K\x01\x85", b"K\x00"),
        (b"K\x01\x85", b"\x8a\x20" + b"\x7f" * 32 + b"\x85", b"K\x04"),
    ],
)
def test_a_tensor_never_reaches_out_of_its_storage(
    size: bytes, stride: bytes, offset: bytes
) -> None:
    assert "tensor" in refusal(tensor(size, stride, offset))


def test_a_stride_that_is_never_taken_may_be_anything() -> None:
    assert "neither the three networks" in refusal(
        tensor(b"K\x01\x85", b"\x8a\x20" + b"\x7f" * 32 + b"\x85")
    )


@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8", "=f4"])
def test_any_real_numbers_are_read(
    tensorflow: Writer, weights: Callable[..., Weights], kind: str
) -> None:
    made = weights((4, 4))
    name = "synthesis.b8.conv1.bias"
    for number in (0.5, 60_000):
        there = {**made, name: np.full(4, number, kind)}
        read = parse_pickle(tensorflow(there), name="file.pkl")
        np.testing.assert_array_equal(read.generator[name], np.full(4, number, np.float32))
        assert read.generator[name].dtype == np.float32


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full(4, 1e300), "not finite"),
        (np.full(4, 7), "real numbers"),
        (np.full(4, True), "real numbers"),
        (np.full(4, 1j), "plain numbers"),
        (np.full(4, "a"), "plain numbers"),
        (np.full(4, 0, "M8[s]"), "plain numbers"),
    ],
)
def test_other_numbers_are_refused(
    tensorflow: Writer, weights: Callable[..., Weights], array: NDArray[Any], words: str
) -> None:
    made: dict[str, NDArray[Any]] = {**weights((4, 4)), "synthesis.b8.conv1.bias": array}
    assert words in refusal(tensorflow(made))


def test_an_array_named_many_times_is_not_copied_as_often(
    tensorflow: Writer, weights: Callable[..., Weights]
) -> None:
    shared = np.zeros((100, 100), np.float32)
    critic = {f"Mapping{i}/weight": shared for i in range(100)}
    assert "more numbers than it holds" in refusal(tensorflow(weights((4, 4)), critic))


@pytest.fixture(scope="module")
def small(weights: Callable[..., Weights], tensorflow: Writer, pytorch: Writer) -> list[bytes]:
    made = weights((1, 1), z_dim=1, w_dim=1, layers=1, channels=1)
    return [tensorflow(made), pytorch(made)]


def test_a_file_cut_off_anywhere_is_refused(small: list[bytes]) -> None:
    for content in small:
        for end in range(len(content)):
            refusal(content[:end])


@given(data=st.data())
def test_a_file_with_changed_bytes_is_read_or_refused(
    data: st.DataObject, small: list[bytes]
) -> None:
    content = bytearray(data.draw(st.sampled_from(small)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(KnownError):
        parse_pickle(bytes(content), name="file.pkl")


_OPCODES = [op.code.encode("latin1") for op in pickletools.opcodes]


@given(st.lists(st.one_of(st.sampled_from(_OPCODES), st.binary(max_size=6)), max_size=60))
def test_any_bytes_are_refused(pieces: list[bytes]) -> None:
    refusal(b"".join(pieces))


def test_what_is_no_file_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match=r"missing.pkl can't be read"):
        read_pickle(tmp_path / "missing.pkl")
    with pytest.raises(KnownError, match="can't be read"):
        read_pickle(tmp_path)
    huge = tmp_path / "huge.pkl"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(KnownError, match=r"huge.pkl is larger than 2 GB"):
        read_pickle(huge)
