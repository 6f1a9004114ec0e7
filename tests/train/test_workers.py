"""Machines that train together have to be told apart, and to meet, before TensorFlow waits."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from explorer.core.errors import KnownError
from training.workers import Workers, introduce, introduced, meet

pytestmark = pytest.mark.train


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "a:", ":1", "a:port", "a:0", "a:65536", "a b:1", "http://a:1", "::1"],
)
def test_what_is_no_address_is_refused_before_anybody_waits_for_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)

    with pytest.raises(KnownError, match="is host:port,host:port"):
        introduce(["10.0.0.1:9000", address], 0)

    assert "TF_CONFIG" not in os.environ


def test_a_worker_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(KnownError, match="--worker is 0 to 1"):
        introduce(["a:1", "b:1"], 2)


def test_a_machine_named_twice_is_refused() -> None:
    with pytest.raises(KnownError, match="names a:1 twice"):
        introduce(["a:1", "b:1", "a:1"], 0)


@pytest.mark.parametrize("address", ["localhost:1", "10.0.0.1:65535", "[fe80::1]:9000", "a-b.c:80"])
def test_names_and_numbers_of_machines_are_addresses(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", "")

    introduce([address, "b:1"], 1)

    assert address in os.environ["TF_CONFIG"]


@pytest.mark.parametrize(
    ("cluster", "task", "expected"),
    [
        ({}, {}, Workers()),
        ({"worker": ["a:1"]}, {"type": "worker", "index": 0}, Workers()),
        ({"worker": ["a:1", "b:1"]}, {"type": "worker", "index": 1}, Workers(["a:1", "b:1"], 1)),
        (
            {"worker": ["b:1"], "chief": ["a:1"]},
            {"type": "worker", "index": 0},
            Workers(["a:1", "b:1"], 1),
        ),
        (
            {"chief": ["a:1"], "worker": ["b:1", "c:1"]},
            {"type": "worker", "index": "1"},
            Workers(["a:1", "b:1", "c:1"], 2),
        ),
        (
            {"chief": ["a:1"], "worker": ["b:1"]},
            {"type": "chief", "index": 0},
            Workers(["a:1", "b:1"], 0),
        ),
    ],
)
def test_chief_and_workers_are_counted_together(
    cluster: object, task: object, expected: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))

    assert introduced() == expected


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("{", "is not the JSON"),
        ("[]", "is not the JSON"),
        ('{"cluster": {"worker": 3}}', "is not the JSON"),
        ('{"cluster": {"ps": ["a:1"], "worker": ["b:1"]}}', "tells of 'ps'"),
        ('{"cluster": {"worker": ["b:1"]}, "task": {"type": "evaluator"}}', "of 'evaluator'"),
        ('{"cluster": {"worker": ["a:1", "b"]}}', "names 'b', which is no host:port"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}}', "names a:1 twice"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "does not say which of its 2 machines"),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 0}}',
            "does not say which of its 2 machines",
        ),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": ["worker"], "index": -1}}',
            "TF_CONFIG",
        ),
    ],
)
def test_what_tensorflow_would_wait_for_or_misread_is_a_sentence(
    config: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", config)

    with pytest.raises(KnownError, match=sentence):
        introduced()


@pytest.fixture
def pair() -> list[str]:
    """Two addresses of this machine at which nobody listens."""
    with socket.socket() as one, socket.socket() as other:
        for asked in (one, other):
            asked.bind(("localhost", 0))
        ports = [asked.getsockname()[1] for asked in (one, other)]
    return [f"localhost:{port}" for port in ports]


def test_machines_meet_whoever_comes_first(pair: list[str]) -> None:
    said: list[str] = []
    all_there = threading.Event()

    def train(number: int, say: Callable[[str], None]) -> None:
        meet(Workers(pair, number), say, patience_s=20)
        with socket.create_server(("localhost", port_of(pair[number]))):  # as TensorFlow then does
            assert all_there.wait(20)

    def come(sentence: str) -> None:
        said.append(sentence)
        other.start()

    other = threading.Thread(target=train, args=(1, said.append))
    meet(Workers(pair, 0), come, patience_s=20)
    with socket.create_server(("localhost", port_of(pair[0]))):
        all_there.set()
        other.join(20)

    assert not other.is_alive()
    assert said == [f"Waiting for {pair[1]} ..."]


def port_of(address: str) -> int:
    return int(address.partition(":")[2])


def test_a_machine_that_never_comes_is_a_sentence(pair: list[str]) -> None:
    with pytest.raises(KnownError, match=f"{pair[1]} did not come within 0 minutes: start"):
        meet(Workers(pair, 0), lambda _: None, patience_s=0)


def test_a_port_that_is_taken_is_a_sentence(pair: list[str]) -> None:
    with (
        socket.create_server(("", port_of(pair[0]))),
        pytest.raises(KnownError, match=f"{pair[0]} can't be listened at .*: give"),
    ):
        meet(Workers(pair, 0), lambda _: None)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process")
def test_ctrl_c_ends_the_waiting(pair: list[str]) -> None:
    wait = (
        "import sys; from training.workers import Workers, meet\n"
        "meet(Workers(sys.argv[1:], 0), lambda sentence: print(sentence, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", wait, *pair],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Waiting for {pair[1]} ...\n"
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=30)[1]
