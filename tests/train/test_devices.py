"""Replicas and workers, rehearsed on one processor."""

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
import tensorflow as tf

from explorer.core.errors import KnownError
from training import devices

pytestmark = pytest.mark.train

_STEPS = """
import json, sys
import tensorflow as tf
from training import devices, networks
from training.config import Settings
from training.gan import Gan

told = json.loads(sys.argv[1])
if told["workers"]:
    devices.introduce(told["workers"], told["worker"])
strategy = devices.strategy(told["device"])
settings = Settings.model_validate(told["settings"])
part, of = devices.place(strategy)
share = settings.batch // of
with strategy.scope():
    gan = Gan(networks.plan(told["size"], 3, 2, settings), settings)
    real = tf.random.stateless_uniform((3, settings.batch, told["size"], told["size"], 3), (1, 1), -1, 1)
    label = tf.constant([[0, 1] * (settings.batch // 2)] * 3)
    mine = slice(part * share, (part + 1) * share)
    laid = devices.laid_out(strategy, (real[:, mine], label[:, mine]))
    for _ in range(2):
        scalars = gan.train(*laid)
print(json.dumps({name: float(value) for name, value in scalars.items()}))
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
}
# Norms are each replica's own.
OWN = ("generator_gradient", "discriminator_gradient")


def trained(
    settings: dict[str, Any], device: str = "auto", *, workers: int = 1, size: int = 28
) -> list[dict[str, float]]:
    """The scalars of the sixth step, as each process tells them."""
    names = [f"localhost:{_free_port()}" for _ in range(workers)] if workers > 1 else []
    processes = []
    for worker in range(workers):
        told = {"settings": settings, "device": device, "size": size}
        told |= {"workers": names, "worker": worker}
        command = [sys.executable, "-c", _STEPS, json.dumps(told)]
        processes.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    scalars = []
    for process in processes:
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        scalars.append(json.loads(out.splitlines()[-1]))
    return scalars


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("localhost", 0))
        port: int = asked.getsockname()[1]
    return port


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_replicas_give_the_losses_of_one_with_the_joined_batch(case: str) -> None:
    (one,), (two,) = (trained(CASES[case], device) for device in ("auto", "cpu:2"))

    assert one.keys() == two.keys()
    for name in one.keys() - set(OWN):
        assert two[name] == pytest.approx(one[name], rel=2e-3, abs=2e-4), name


@pytest.mark.slow
def test_two_worker_processes_agree_with_two_replicas() -> None:
    (replicas,) = trained(CASES["relativistic"], "cpu:2")

    first, second = trained(CASES["relativistic"], workers=2)

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


def test_a_worker_that_is_none_of_them_is_a_sentence() -> None:
    with pytest.raises(KnownError, match="--worker is 0 to 1"):
        devices.introduce(["a:1", "b:1"], 2)


def test_a_broken_tf_config_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TF_CONFIG", "{")

    with pytest.raises(KnownError, match="TF_CONFIG"):
        devices.strategy()


def test_on_one_device_nothing_is_laid_out() -> None:
    strategy = devices.strategy("cpu")
    real = tf.zeros((1, 4, 2, 2, 3))

    assert devices.laid_out(strategy, real) is real
    assert devices.place(strategy) == (0, 1)
    assert devices.is_chief(strategy)
    assert not devices.any_says(strategy, False)
