"""``explorer export``: pictures written a second, against the bare session's."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.context import OURS, Context
from benchmarks.figures import Budget, Figure, Spread, rates, times_as_fast
from benchmarks.models import bundle_of, dcgan
from benchmarks.pipe import ROOT
from benchmarks.rounds import REST_S, calls_in, warm_up
from explorer.models.bundle import Bundle
from explorer.models.library import FIRST, shipped_folder
from explorer.render.order import at_once

_WRITTEN = Budget("at least", 200)
_OF_BARE = Budget("at least", 0.9, of="ratio")
_QUICK_S = 0.02  # a picture that takes less is judged by how many are written
# times as long as other blocks, so that the command's start weighs little
_BLOCKS = 4
_UPSCALED_BLOCKS = 12
_UPSCALER = "realesr-animevideov3-x4"


def measure(context: Context) -> Iterator[Figure]:
    shipped = shipped_folder() / FIRST
    bundles = {"DCGAN-64": bundle_of(dcgan(64))} | ({FIRST: shipped} if shipped.exists() else {})
    for name, bundle in bundles.items():
        yield _export(context, f"{name}: export", bundle, None)
    bundle = bundles["DCGAN-64"]
    yield _export(context, f"DCGAN-64: export, upscaled by {_UPSCALER}", bundle, _UPSCALER)


def _export(context: Context, what: str, bundle: Path, upscaler: str | None) -> Figure:
    """The whole command against the same pictures by sessions alone, in turns."""
    context.say(what)
    batch = 1 if upscaler else at_once(Bundle.read(bundle).card)
    arguments = ["bare", bundle, batch] + ([upscaler] if upscaler else [])
    bare, written = [], []
    with context.ours(*map(str, arguments)) as worker:
        calls = calls_in(context.effort.block_s, min(worker.time(1, 2)))
        count = (_UPSCALED_BLOCKS if upscaler else _BLOCKS) * calls * batch
        for _ in range(context.effort.rounds):
            time.sleep(REST_S)
            bare.append(median(worker.time(warm_up(calls), calls)) / batch)
            time.sleep(REST_S)
            written.append(_seconds(bundle, count, upscaler) / count)
    quick = median(bare) < _QUICK_S
    return Figure(
        f"{what}, {count} pictures with the command's start",
        "pictures/s",
        Spread.of(rates(written)),
        peer="the bare session",
        peers=Spread.of(rates(bare)),
        ratio=times_as_fast(written, bare),
        budget=_WRITTEN if quick else _OF_BARE,
    )


def _seconds(bundle: Path, count: int, upscaler: str | None) -> float:
    with tempfile.TemporaryDirectory() as home:
        command: list[str | Path] = [OURS, "-m", "explorer.cli", "export", "--model", str(bundle)]
        command += ["--seeds", f"0-{count - 1}", "--out", f"{home}/out"]
        command += ["--upscale", upscaler] if upscaler else []
        env = {**os.environ, "MASQUERADE_HOME": home}
        began = time.perf_counter()
        subprocess.run(
            command,
            cwd=ROOT,
            env=env,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return time.perf_counter() - began
