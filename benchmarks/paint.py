"""Drag to picture: how fast points are painted, and how many reach the eye while dragging."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.context import OURS, Context, same_picture
from benchmarks.figures import Budget, Figure, Spread, rates
from benchmarks.models import bundle_of, dcgan
from benchmarks.pipe import ROOT
from benchmarks.rounds import alternate
from explorer.models.library import FIRST, shipped_folder

_AT_THE_WINDOW = Budget("at least", 60)
_MEMORY = Budget("at most", 600)
_LEVELS = 2
_NETWORKS = ((64, 4), (128, 4), (128, 5))
"""Pixels and kernel: PyTorch's tutorial, the same one size up, and the masks project's."""


def measure(context: Context) -> Iterator[Figure]:
    for size, kernel in _NETWORKS:
        folder = dcgan(size, kernel)
        yield context.compare(
            f"{_name(size, kernel)}: painting, one picture at a time",
            1,
            "pictures/s",
            None,
            peer="PyTorch",
            mine=("paint", bundle_of(folder), folder / "points.npy"),
            theirs=("paint", size, folder),
            agree=same_picture(_LEVELS, mirrored=True),
        )
    shipped = shipped_folder() / FIRST
    if shipped.exists():
        yield _alone(context, shipped)
        yield from _at_the_window(context, shipped, FIRST)
    for size, kernel in _NETWORKS:
        yield from _at_the_window(context, bundle_of(dcgan(size, kernel)), _name(size, kernel))


def _name(size: int, kernel: int) -> str:
    return f"DCGAN-{size} of {kernel}×{kernel}"


def _alone(context: Context, bundle: Path) -> Figure:
    what = f"{FIRST}: painting, one picture at a time"
    context.say(what)
    with context.ours("paint", bundle, dcgan(64) / "points.npy") as worker:
        seconds = alternate({"ours": worker}, context.effort)["ours"]
    return Figure(what, "pictures/s", Spread.of(rates(seconds)))


def _at_the_window(context: Context, bundle: Path, name: str) -> Iterator[Figure]:
    context.say(f"{name}: dragging at the window")
    told = _dragged(bundle, context.effort.rounds, context.effort.block_s)
    frames, waits = Spread.of(told["frames"]), Spread.of(told["wait_ms"])
    yield Figure(f"{name}: drag, new pictures shown", "pictures/s", frames, budget=_AT_THE_WINDOW)
    yield Figure(f"{name}: drag, from the hand to its picture", "ms", waits)
    if told["peak_mb"] is not None:
        peak = Spread.of([told["peak_mb"]])
        what = f"{name}: studio's peak memory, after upscaling in two stages and saving"
        yield Figure(what, "MB", peak, budget=_MEMORY)


def _dragged(bundle: Path, drags: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(bundle, Path(home) / "models" / bundle.name)
        command: list[str | Path] = [
            OURS,
            "-m",
            "benchmarks.ours.window",
            bundle.name,
            str(drags),
            str(seconds),
        ]
        env = {**os.environ, "MASQUERADE_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(
            command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
