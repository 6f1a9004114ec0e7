"""Where and when a figure was measured."""

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

BUSY = 0.25
"""Cores at work for others from which on figures are not to be trusted."""

_STAT = Path("/proc/stat")
_AT_WORK = (0, 1, 2, 5, 6, 7)  # user, nice, system, interrupts, soft ones, stolen; in ticks
_WATCHED_S = 2.0

_PACKAGES = (
    "masquerade",
    "numpy",
    "onnxruntime",
    "PySide6-Essentials",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
)


class Machine(BaseModel):
    """The machine at the moment a benchmark began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    cores: int  # physical ones that this process may use
    memory_gb: float | None
    system: str
    load: float | None  # cores at work while this process only watched
    measured_at: str  # UTC
    versions: dict[str, str]

    @property
    def is_busy(self) -> bool:
        return self.load is not None and self.load > BUSY


def this_machine() -> Machine:
    from explorer.models.sessions import physical_cores

    return Machine(
        processor=processor(),
        cores=physical_cores(),
        memory_gb=_memory_gb(),
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        load=_load(),
        measured_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        versions=versions(),
    )


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The model's name as the system tells it, or the architecture where it doesn't."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _load() -> float | None:
    """How many cores work for others. A load average would still count the benchmark before."""
    before = _ticks()
    if before is None:
        return None
    time.sleep(_WATCHED_S)
    worked_s = ((_ticks() or before) - before) / os.sysconf("SC_CLK_TCK")
    return round(worked_s / _WATCHED_S, 2)


def _ticks() -> int | None:
    """What all cores have worked since they started; None where nobody counts."""
    try:
        _, *counts = _STAT.read_text().splitlines()[0].split()
    except (OSError, ValueError, IndexError):
        return None
    return sum(int(counts[at]) for at in _AT_WORK)


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None
