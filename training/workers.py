"""Machines that train together: who they are, and that all have come before TensorFlow waits."""

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from explorer.core.errors import KnownError

_ADDRESS = re.compile(r"([^\s:/\[\]]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})")
_JOBS = ("chief", "worker")  # in the order in which TensorFlow counts them

_PATIENCE_S = 600.0
_TRY_S = 2.0  # for one attempt at an address that doesn't answer
_REST_S = 0.2  # between two attempts


class Workers(NamedTuple):
    """The machines, the one that writes first, and which of them this is."""

    addresses: Sequence[str] = ()
    number: int = 0


def introduce(addresses: Sequence[str], number: int) -> None:
    """Tell TensorFlow of the machines that train together, before it starts.

    Args:
        addresses: ``host:port`` of each, in the same order on all of them.
        number: which of them this one is, from 0.

    Raises:
        KnownError: ``number`` is none of them, or they are no addresses to meet at.
    """
    for address in addresses:
        # TensorFlow would wait for what can't be reached, for ever.
        if not _is_address(address):
            raise KnownError(f"--workers is host:port,host:port and so on, not {address!r}.")
        if addresses.count(address) > 1:
            raise KnownError(f"--workers names {address} twice: each machine needs its own.")
    if not 0 <= number < len(addresses):
        raise KnownError(f"--worker is 0 to {len(addresses) - 1} with {len(addresses)} --workers.")
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": number}}
    )


def introduced() -> Workers:
    """What ``TF_CONFIG`` tells; no addresses where this machine trains alone.

    Raises:
        KnownError: it is no JSON as TensorFlow expects it, has machines with other tasks than to
            train, or doesn't say which of them this one is.
    """
    try:
        config = json.loads(os.environ.get("TF_CONFIG") or "{}")
        cluster: dict[str, Any] = config.get("cluster", {})
        jobs = {job: list(addresses) for job, addresses in cluster.items()}
        task = config.get("task", {})
        job, index = str(task.get("type", "")), str(task.get("index", ""))
    except (ValueError, TypeError, AttributeError) as error:
        raise KnownError(f"TF_CONFIG is not the JSON that TensorFlow expects: {error}.") from error
    if others := [one for one in (*jobs, *([job] if jobs and job else [])) if one not in _JOBS]:
        raise KnownError(
            f"TF_CONFIG tells of {others[0]!r}, and a run knows no machines but chief and worker: "
            "list them all as worker."
        )
    addresses = [address for job in _JOBS for address in jobs.get(job, ())]
    if len(addresses) < 2:
        return Workers()
    for address in addresses:
        if not isinstance(address, str) or not _is_address(address):
            raise KnownError(f"TF_CONFIG names {address!r}, which is no host:port to meet at.")
        if addresses.count(address) > 1:
            raise KnownError(f"TF_CONFIG names {address} twice: each machine needs its own.")
    if not index.isdecimal() or int(index) >= len(jobs.get(job, ())):
        raise KnownError(
            f"TF_CONFIG does not say which of its {len(addresses)} machines this one is: its task "
            "needs the type and index of one of them."
        )
    return Workers(addresses, int(index) + (len(jobs.get("chief", ())) if job == "worker" else 0))


def meet(workers: Workers, say: Callable[[str], None], *, patience_s: float = _PATIENCE_S) -> None:
    """Wait until every other machine has come; TensorFlow waits without a word, and hears no Ctrl-C.

    Each is reached at the port where TensorFlow will listen, so that they need no other one.

    Args:
        say: told once for which machines it waits.

    Raises:
        KnownError: this machine's port is taken, or one has not come within ``patience_s``.
    """
    missing = [a for i, a in enumerate(workers.addresses) if i != workers.number]
    until = time.monotonic() + patience_s
    is_said = False
    with _listening(workers.addresses[workers.number]):
        while missing := [address for address in missing if not _answers(address)]:
            if not is_said:
                say(f"Waiting for {', '.join(missing)} ...")
                is_said = True
            if time.monotonic() > until:
                raise KnownError(
                    f"{missing[0]} did not come within {patience_s / 60:.0f} minutes: start the "
                    "same command there with its own --worker, and let the machines reach one "
                    "another's ports."
                )
            time.sleep(_REST_S)


@contextlib.contextmanager
def _listening(address: str) -> Iterator[None]:
    """Let the others find this machine, at the port of ``address``."""
    port = int(address.rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        listener = socket.create_server(("", port), family=family, dualstack_ipv6=both, backlog=128)
    except OSError as error:
        raise KnownError(
            f"{address} can't be listened at ({error.strerror}): give this machine a port that is "
            "free."
        ) from error
    with listener:  # who connects waits in its queue, which is answer enough
        yield


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_TRY_S):
            return True
    except OSError:  # nor has every name an address before its machine is there
        return False


def _is_address(address: str) -> bool:
    found = _ADDRESS.fullmatch(address)
    return found is not None and 0 < int(found[2]) < 1 << 16
