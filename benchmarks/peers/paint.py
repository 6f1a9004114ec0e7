"""Paints one picture a call with PyTorch: ``python -m benchmarks.peers.paint SIZE FOLDER CORES``."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peers import dcgan
from benchmarks.pipe import serve

_TRIED = 20  # pictures, to see which layout is faster


def main(size: int, folder: Path, cores: int) -> None:
    torch.set_num_threads(cores)
    with np.load(folder / "weights.npz", allow_pickle=False) as given:
        weights = [given[name] for name in sorted(given)]
    kernel = next(w.shape[0] for w in weights if w.ndim == 4)
    z = torch.from_numpy(np.load(folder / "points.npy", allow_pickle=False))

    def painter(layout: torch.memory_format) -> Callable[[int], NDArray[np.uint8]]:
        generator = dcgan.Generator(dcgan.FILTERS[size], kernel=kernel)
        dcgan.load(generator, weights)
        generator.eval().to(memory_format=layout)

        def paint(number: int) -> NDArray[np.uint8]:
            at = number % len(z)
            with torch.inference_mode():
                rgb = generator(z[at : at + 1])
                levels = ((rgb + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
                pixels: NDArray[np.uint8] = levels.permute(0, 2, 3, 1).contiguous().numpy()
            return pixels

        return paint

    paint, layout = dcgan.faster(painter, _TRIED)
    serve(paint, {"torch": torch.__version__, "layout": layout})


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
