"""Generators of the published widths, made once by the very code that trains and exports."""

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.pipe import ROOT

CACHE = ROOT / ".cache" / "bench"

_MAKERS = (
    "training/networks/dcgan.py",
    "training/networks/folded.py",
    "training/bundles/export.py",
    "training/config.py",
)


def dcgan(size: int, kernel: int = 4) -> Path:
    """The folder of a full-width DCGAN with random weights and ``kernel`` pixels a side.

    In it lie ``bundle/``, ``weights.npz`` (the same network for PyTorch) and ``points.npy``
    float32 (16, latent). Made anew when the code that makes it changes.
    """
    folder = CACHE / f"dcgan-{size}-{kernel}-{_fingerprint()}"
    if not (folder / "points.npy").exists():
        command = [sys.executable, "-m", "benchmarks.ours.make_dcgan"]
        command += [str(size), str(kernel), str(folder)]
        subprocess.run(command, cwd=ROOT, check=True)  # TensorFlow must not stay in this process
    return folder


def bundle_of(folder: Path) -> Path:
    """Its bundle: a folder named as the model's id."""
    return next((folder / "bundle").iterdir())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in (*_MAKERS, "benchmarks/ours/make_dcgan.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:8]
