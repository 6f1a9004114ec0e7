"""From the start of the process to the first window and to the first picture in it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.context import OURS, Context
from benchmarks.figures import Budget, Figure, Spread
from benchmarks.models import bundle_of, dcgan
from benchmarks.pipe import ROOT
from explorer.models.library import FIRST, shipped_folder

_BUDGETS = {"window": Budget("at most", 0.7), "picture": Budget("at most", 1.2)}


def measure(context: Context) -> Iterator[Figure]:
    context.say("starting the studio")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shipped = (shipped_folder() / FIRST).exists()
        if not shipped:
            bundle = bundle_of(dcgan(64))
            shutil.copytree(bundle, home / "models" / bundle.name)
        start(home)  # now everything is in the system's cache
        starts = []
        for _ in range(context.effort.rounds):
            (home / "settings.json").unlink(missing_ok=True)
            starts.append(start(home))
    model = FIRST if shipped else "DCGAN-64"
    for what, budget in _BUDGETS.items():
        seconds = Spread.of([told[what] for told in starts])
        yield Figure(f"start to first {what} ({model})", "s", seconds, budget=budget)


def start(home: Path) -> dict[str, float]:
    """Seconds from before the process exists to each thing it tells of."""
    env = {**os.environ, "MASQUERADE_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command: list[str | Path] = [OURS, "-m", "benchmarks.ours.opened"]
    began = time.perf_counter()
    told: dict[str, float] = {}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as studio:
        for line in studio.stdout or ():
            told[line.strip()] = time.perf_counter() - began
    if not _BUDGETS.keys() <= told.keys():
        raise RuntimeError(f"the studio ended with status {studio.returncode} after {told}")
    return told
