"""What Pillow alone takes: ``python -m benchmarks.peers.pillow FOLDER SIZE WORKERS``."""

import io
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import PIL
from PIL import Image

from benchmarks.pipe import serve

_AT_ONCE = 16  # pictures in a message


def packed(size: int, path: Path) -> int:
    """Decode, crop to the middle square, resize and pack one picture; gives its bytes' number."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    out = io.BytesIO()
    square.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG")
    return len(out.getvalue())


def main(folder: Path, size: int, workers: int) -> None:
    def call(_: int) -> int:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            paths = sorted(folder.iterdir())
            return sum(pool.map(partial(packed, size), paths, chunksize=_AT_ONCE))

    serve(call, {"pillow": PIL.__version__})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
