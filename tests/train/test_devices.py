"""Replicas and workers, rehearsed on one processor."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training import devices
from training.workers import introduce

pytestmark = pytest.mark.train

_STEPS = """
import json, sys
import tensorflow as tf
from training import devices, networks, workers
from training.config import Settings
from training.gan import Gan

told = json.loads(sys.argv[1])
if told["workers"]:
    workers.introduce(told["workers"], told["worker"])
strategies = {device: devices.strategy(device) for device in told["devices"]}


def trained(strategy, settings, per_call):
    tf.config.run_functions_eagerly(per_call == 1)
    part, of = devices.place(strategy)
    share = settings.batch // of
    with strategy.scope():
        size = 28 if settings.architecture == "dcgan" else 32
        gan = Gan(networks.plan(size, 3, 2, settings), settings)
        real = tf.random.stateless_uniform((3, settings.batch, size, size, 3), (1, 1), -1, 1)
        label = tf.constant([[0, 1] * (settings.batch // 2)] * 3)
        mine = slice(part * share, (part + 1) * share)
        for at in [*range(0, 3, per_call)] * 2:
            call = slice(at, at + per_call)
            scalars = gan.train(*devices.laid_out(strategy, (real[call, mine], label[call, mine])))
    return {name: float(value) for name, value in scalars.items()}


print(json.dumps({
    device: {
        case: trained(strategy, Settings.model_validate(settings), told["per_call"][case])
        for case, settings in told["cases"].items()
    }
    for device, strategy in strategies.items()
}))
"""

COMMON = {"width": 0.125, "kernel": 4, "latent": 8, "batch": 8, "conditional": True, "flip": True}
DROPPING = {"discriminator_dropout": 0.2, "generator_dropout": 0.2}
CASES: dict[str, dict[str, Any]] = {
    "batch normalisation in both": {**COMMON, **DROPPING},
    "relativistic": {
        **COMMON,
        "loss": "relativistic",
        "normalise_discriminator": False,
        "augment": "ada",
    },
    "stylegan2": {
        **COMMON,
        "architecture": "stylegan2",
        "width": 1 / 16,
        "mapping_layers": 1,
        "augment": "ada",
        "ada_kimg": 0.1,  # it changes pictures from the second step on
    },
}
# Steps in a call; one by one they are not traced, which would take longer than they do.
PER_CALL = {"batch normalisation in both": 3, "relativistic": 1, "stylegan2": 1}
# Norms are each replica's own.
OWN = ("generator_gradient", "discriminator_gradient")

Told = dict[str, dict[str, dict[str, float]]]
"""The scalars of the sixth step, by device and case."""


def trained(
    cases: Sequence[str], devices: Sequence[str], *, workers: int = 1, by_chief: bool = False
) -> list[Told]:
    """What each process tells, having trained every case on every device.

    Args:
        by_chief: introduce the processes to one another as a chief and its workers.
    """
    names = [f"localhost:{_free_port()}" for _ in range(workers)] if workers > 1 else []
    processes = []
    for worker in range(workers):
        told = {"cases": {case: CASES[case] for case in cases}, "per_call": PER_CALL}
        told |= {"devices": devices, "workers": [] if by_chief else names, "worker": worker}
        cluster = {"chief": names[:1], "worker": names[1:]}
        task = {"type": "worker", "index": worker - 1} if worker else {"type": "chief", "index": 0}
        config = {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} if by_chief else {}
        command = [sys.executable, "-c", _STEPS, json.dumps(told)]
        processes.append(
            subprocess.Popen(
                command,
                env=os.environ | config,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    scalars = []
    try:
        for process in processes:
            out, errors = process.communicate(timeout=900)
            assert process.returncode == 0, errors
            scalars.append(json.loads(out.splitlines()[-1]))
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return scalars


@pytest.fixture(scope="module")
def alone() -> Told:
    """One process: the processor is split first, and one half of it is a device by itself."""
    (told,) = trained([*CASES], ["cpu:2", "auto"])
    return told


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("localhost", 0))
        port: int = asked.getsockname()[1]
    return port


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_replicas_give_the_losses_of_one_with_the_joined_batch(case: str, alone: Told) -> None:
    one, two = alone["auto"][case], alone["cpu:2"][case]

    assert one.keys() == two.keys()
    assert ("path_length" in one) == (case == "stylegan2")
    for name in one.keys() - set(OWN):
        assert two[name] == pytest.approx(one[name], rel=2e-3, abs=2e-4), name


@pytest.mark.slow
@pytest.mark.parametrize("by_chief", [False, True], ids=["workers", "chief"])
def test_two_worker_processes_agree_with_two_replicas(by_chief: bool, alone: Told) -> None:
    replicas = alone["cpu:2"]["relativistic"]

    told = trained(["relativistic"], ["auto"], workers=2, by_chief=by_chief)

    first, second = (worker["auto"]["relativistic"] for worker in told)
    assert first == second
    for name in replicas.keys() - set(OWN):
        assert first[name] == pytest.approx(replicas[name], rel=2e-3, abs=2e-4), name


def test_a_device_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(KnownError, match="no GPU here"):
        devices.strategy("gpus")
    with pytest.raises(KnownError, match=r"--device is auto, cpu, cpu:N.*'tpu'"):
        devices.strategy("tpu")
    with pytest.raises(KnownError, match=r"no TPU 'nowhere'.*train-tpu"):
        devices.strategy(tpu="nowhere")


def test_a_broken_tf_config_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TF_CONFIG", "{")

    with pytest.raises(KnownError, match="TF_CONFIG"):
        devices.strategy()


@pytest.mark.parametrize(("device", "tpu"), [("cpu:2", None), ("auto", "local")])
def test_what_is_for_one_machine_is_refused_to_several(
    device: str, tpu: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", "")
    introduce(["localhost:1", "localhost:2"], 1)

    with pytest.raises(KnownError, match="is for one machine, and --workers or TF_CONFIG name 2"):
        devices.strategy(device, tpu=tpu)


def test_on_one_device_nothing_is_laid_out() -> None:
    strategy = devices.strategy("cpu")
    real = tf.zeros((1, 4, 2, 2, 3))

    assert devices.laid_out(strategy, real) is real
    assert devices.place(strategy) == (0, 1)
    assert devices.is_chief(strategy)
    assert not devices.any_says(strategy, False)
