"""Paints one picture a call, as the studio does: ``python -m benchmarks.ours.paint BUNDLE POINTS``."""

import sys
from pathlib import Path

import numpy as np

from benchmarks.pipe import serve
from explorer.models.bundle import Bundle
from explorer.models.generator import Generator, Pixels


def main(bundle: Path, points: Path) -> None:
    generator = Generator.open(Bundle.read(bundle))
    z = np.load(points, allow_pickle=False)

    def paint(number: int) -> Pixels:
        at = number % len(z)
        return generator.paint(z[at : at + 1])

    serve(paint, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
