"""Small pictures, folders of them, and the table of a dataset made of them."""

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image


def png(seed: int, size: int = 8, channels: int = 3) -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, (size, size, channels)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(values if channels == 3 else values[..., 0]).save(out, "PNG")
    return out.getvalue()


def filled(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def rows(dataset: Path) -> list[dict[str, str]]:
    with (dataset / "pictures.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
