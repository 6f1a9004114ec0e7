"""Machines that train together have to be told apart before TensorFlow waits for them."""

import os

import pytest

from explorer.core.errors import KnownError
from training import devices

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
        devices.introduce(["10.0.0.1:9000", address], 0)

    assert "TF_CONFIG" not in os.environ


def test_a_machine_named_twice_is_refused() -> None:
    with pytest.raises(KnownError, match="names a:1 twice"):
        devices.introduce(["a:1", "b:1", "a:1"], 0)


@pytest.mark.parametrize("address", ["localhost:1", "10.0.0.1:65535", "[fe80::1]:9000", "a-b.c:80"])
def test_names_and_numbers_of_machines_are_addresses(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", "")

    devices.introduce([address, "b:1"], 1)

    assert address in os.environ["TF_CONFIG"]
