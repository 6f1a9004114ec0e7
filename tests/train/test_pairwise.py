"""Every two values of two settings meet in a run of a few steps that is interrupted once."""

import json
import math
import os
import random
import socket
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from training.folder import RunFolder

pytestmark = pytest.mark.train

Row = dict[str, str]

FACTORS = {
    "network": ("dcgan", "stylegan2"),
    "loss": ("non-saturating", "hinge", "relativistic"),
    "augment": ("none", "diffaugment", "ada"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
    "device": ("one", "replicas", "workers", "xla", "calls"),
    "classes": ("none", "conditional"),
}
BEFORE, STEPS = 3, 4  # steps of the first sitting, and in the end


def covering(factors: Mapping[str, Sequence[str]], tries: int = 5) -> list[Row]:
    """Rows in which every two values of two factors meet: the fewest of some greedy tries."""
    return min((_greedy(factors, random.Random(seed)) for seed in range(tries)), key=len)


def _greedy(factors: Mapping[str, Sequence[str]], rng: random.Random) -> list[Row]:
    """Begin each row with a pair that has not met yet, and add what meets most of the others."""
    missing = [
        pair
        for a, b in combinations(factors, 2)
        for pair in pairs({a: x, b: y} for x in factors[a] for y in factors[b])
    ]
    rng.shuffle(missing)
    rows: list[Row] = []
    while missing:
        row = dict(missing[0])
        for name in rng.sample(list(factors), len(factors)):
            if name not in row:
                row[name] = max(
                    rng.sample(list(factors[name]), len(factors[name])),
                    key=lambda value: sum(
                        pair <= {*row.items(), (name, value)} and (name, value) in pair
                        for pair in missing
                    ),
                )
        met = set(pairs([row]))
        missing = [pair for pair in missing if pair not in met]
        rows.append({name: row[name] for name in factors})
    return rows


def pairs(rows: Any) -> list[frozenset[tuple[str, str]]]:
    """Which values stand together in these rows."""
    return [frozenset(pair) for row in rows for pair in combinations(row.items(), 2)]


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=5).map(
        lambda counts: {f"f{i}": [f"v{j}" for j in range(n)] for i, n in enumerate(counts)}
    )
)
def test_every_pair_of_values_occurs(factors: dict[str, list[str]]) -> None:
    rows = covering(factors, tries=2)

    wanted = {
        frozenset({(a, x), (b, y)})
        for a, b in combinations(factors, 2)
        for x in factors[a]
        for y in factors[b]
    }
    assert wanted == set(pairs(rows))
    most = sorted(map(len, factors.values()))[-2:]
    assert most[0] * most[1] <= len(rows) <= len(wanted)


ROWS = covering(FACTORS)


def has_paths(row: Row) -> bool:
    return row["network"] == "stylegan2" and row["loss"] == "non-saturating"


def settings_of(row: Row) -> dict[str, Any]:
    return {
        "architecture": row["network"],
        "loss": row["loss"],
        "augment": row["augment"],
        "precision": row["precision"],
        "conditional": row["classes"] == "conditional",
        "xla": row["device"] == "xla",
        "normalise_discriminator": row["loss"] != "relativistic",
        **{"latent": 8, "width": 1 / 16, "kernel": 4, "mapping_layers": 1, "batch": 8},
        # Paths cost a minute of tracing, so that few rows walk them.
        **{"path_every": 1, "path_length": 2.0 if has_paths(row) else 0.0},
        **{"flip": True, "ada_kimg": 0.1},
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sittings are forked")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.values()))
def test_a_run_trains_is_saved_goes_on_and_paints(
    row: Row, classes_dataset: Path, sitting: ModuleType, tmp_path: Path
) -> None:
    told: dict[str, Any] = {"settings": settings_of(row), "dataset": str(classes_dataset)}
    told |= {
        "out": str(tmp_path / "run"),
        "device": "cpu:2" if row["device"] == "replicas" else "cpu",
    }
    pacing = {"report_every": 1, "grid_every": 2, "checkpoint_every": 2}
    if row["device"] == "calls":
        pacing = {"report_every": 3, "grid_every": 3, "checkpoint_every": 3, "steps_per_call": 3}
    workers = 2 if row["device"] == "workers" else 1

    compiled = row["device"] == "xla"  # which takes a minute, so that it is done once
    for steps in (STEPS,) if compiled else (BEFORE, STEPS):
        names = [f"localhost:{free_port()}" for _ in range(workers)] if workers > 1 else []
        answers = [tmp_path / f"{steps}-{worker}.json" for worker in range(workers)]
        mine = {**told, "pacing": {**pacing, "steps": steps}, "workers": names}
        # One step more is sooner taken than traced again.
        mine["untraced"] = steps == STEPS and not compiled
        processes = [
            sitting.begin({**mine, "worker": worker}, answer)
            for worker, answer in enumerate(answers)
        ]
        for process, answer in zip(processes, answers, strict=True):
            process.join(300)
            process.kill()
            assert answer.exists(), f"no answer at step {steps}: ended by {process.exitcode}"
            came = json.loads(answer.read_text())
            assert came.get("step") == steps, came.get("unknown") or came
        said = json.loads(answers[0].read_text())["said"]
        assert (f"going on at step {BEFORE}" in said) == (steps == STEPS and not compiled)

    folder = RunFolder(tmp_path / "run")
    lines = [json.loads(line) for line in folder.scalars_file.read_text().splitlines()]
    assert [line["step"] for line in lines] == (
        [3, 4] if row["device"] == "calls" else [1, 2, 3, 4]
    )
    assert all(math.isfinite(value) for line in lines for value in line.values())
    assert ("path_length" in lines[-1]) == has_paths(row)
    assert ("penalty" in lines[-1]) == (
        row["loss"] == "relativistic" or row["network"] == "stylegan2"
    )
    assert (folder.state().ada_p is not None) == (row["augment"] == "ada")
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(folder.checkpoints)))
    for name, dtype in reader.get_variable_to_dtype_map().items():
        if dtype == tf.float32:
            assert np.isfinite(reader.get_tensor(name)).all(), name
    with Image.open(folder.grids / f"{STEPS:08d}.png", formats=["PNG"]) as picture:
        assert picture.size == (8 * 32, 8 * 32)
        assert np.asarray(picture).std() > 0


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("localhost", 0))
        port: int = asked.getsockname()[1]
    return port


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sittings are forked")
@pytest.mark.parametrize("network", FACTORS["network"])
def test_xla_and_replicas_of_a_processor_are_refused_in_a_sentence(
    network: str, classes_dataset: Path, sitting: ModuleType, tmp_path: Path
) -> None:
    told = {"architecture": network, "xla": True, "batch": 8}
    process = sitting.begin(
        {
            **{"dataset": str(classes_dataset), "out": str(tmp_path / "run"), "device": "cpu:2"},
            **{"pacing": {"steps": 1}, "settings": told},
        },
        tmp_path / "answer.json",
    )
    process.join(120)
    process.kill()

    answer = json.loads((tmp_path / "answer.json").read_text())
    assert answer["known"] == (
        "XLA can't compile the steps that 2 devices share here: begin a new run with --no-xla, "
        "or train on one device."
    )
    assert not (tmp_path / "run" / "run.json").exists()
