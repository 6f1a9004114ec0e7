"""Pickles inside pickles, and how one is refused."""

import struct

import pytest

from explorer.core.errors import KnownError
from training.transfer.pickles import parse_pickle


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


def loads(stream: bytes) -> bytes:
    """PyTorch's storage around a pickle."""
    size = struct.pack("<I", len(stream))
    return b"ctorch.storage\n_load_from_bytes\nB" + size + stream + b"\x85R."
