"""Our own TFRecord, byte for byte what TensorFlow writes."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import binary, integers

from explorer.models.wire import Damaged
from training.data.tfrecord import crc32c, example, picture_of, record

GOLDEN = Path(__file__).parents[2] / "golden" / "dataset"


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, B.4, and the check value of the catalogue of CRCs
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_the_crc_is_the_published_one(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


@given(data=binary(min_size=1, max_size=1300))
def test_blocks_give_the_same_crc_as_bytes(data: bytes) -> None:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert crc32c(data) == crc ^ 0xFFFFFFFF


@given(png=binary(max_size=700), label=integers(0, 2**31), index=integers(0, 2**40))
def test_a_picture_comes_out_as_it_went_in(png: bytes, label: int, index: int) -> None:
    assert picture_of(example(png, label, index)) == png


@given(data=binary(max_size=60))
def test_what_is_no_record_is_damaged_and_nothing_worse(data: bytes) -> None:
    with suppress(Damaged):
        picture_of(data)


@pytest.mark.train
def test_tensorflow_would_write_the_same_bytes(tmp_path: Path) -> None:
    import tensorflow as tf

    for number, size in enumerate((0, 1, 63, 64, 511, 512, 513, 5000, 1 << 16)):
        png = bytes(n * 7 % 251 for n in range(size))
        features = {
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[number])),
            "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[png])),
            "index": tf.train.Feature(int64_list=tf.train.Int64List(value=[size * 1000])),
        }
        theirs = tf.train.Example(features=tf.train.Features(feature=features))
        serialised = theirs.SerializeToString(deterministic=True)
        assert example(png, number, size * 1000) == serialised
        with tf.io.TFRecordWriter(str(tmp_path / "one")) as file:
            file.write(serialised)
        assert record(serialised) == (tmp_path / "one").read_bytes()
