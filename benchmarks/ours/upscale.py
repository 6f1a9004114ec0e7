"""Upscales one picture a call, as the studio does: ``python -m benchmarks.ours.upscale ID PICTURE``."""

import sys
from pathlib import Path

import numpy as np

from benchmarks.pipe import serve
from explorer.upscale.upscaler import Pixels, Upscalers


def main(upscaler: str, picture: Path) -> None:
    upscalers = Upscalers()
    stages = upscalers.plan(upscaler)
    pixels = np.load(picture, allow_pickle=False)

    def upscale(_: int) -> Pixels:
        return upscalers.run(pixels, stages)

    upscale(0)  # opens the session
    serve(upscale, {})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
