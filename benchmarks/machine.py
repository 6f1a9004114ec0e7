"""Where and when a figure was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

BUSY = 0.5
"""A load average from which on figures are not to be trusted."""

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
    load: float | None  # average of the last minute
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
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
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


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None
