"""Prepare a folder: ``python -m benchmarks.ours.prepare FOLDER SIZE WORKERS``."""

import sys
import tempfile
from pathlib import Path

from benchmarks.pipe import serve
from training.data.prepare import prepare


def main(folder: Path, size: int, workers: int) -> None:
    def call(_: int) -> int:
        with tempfile.TemporaryDirectory() as out:
            card = prepare(folder, Path(out) / "dataset", size=size, workers=workers)
        return card.count

    serve(call, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
