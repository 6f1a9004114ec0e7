"""``explorer-train prepare`` beside a plain loop of Pillow over as many processes.

Both start their processes anew in every call. Pillow's loop decodes, crops, resizes and packs each
picture and throws the result away; ours also lists, checks, hashes and writes all of it.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.context import OURS, Context
from benchmarks.figures import Budget, Figure, Spread, rates, times_as_fast
from benchmarks.pipe import Worker
from benchmarks.rounds import alternate

_COUNT = 6000  # pictures in a call
_DISTINCT = 300  # of them; the others are links to these
_SIZE = 64
_KINDS = {  # width and height, and how they are kept
    "photographs, JPEG of 640×480": ((640, 480), "JPEG"),
    "small pictures, PNG of 128×128": ((128, 128), "PNG"),
}
_BUDGET = Budget("at least", 0.7, of="ratio")


def measure(context: Context) -> Iterator[Figure]:
    for name, (size, kind) in _KINDS.items():
        what = f"{name}: {_COUNT:,} prepared at {_SIZE} px by {context.cores} processes"
        context.say(what)
        with tempfile.TemporaryDirectory() as folder:
            pictures = Path(folder) / "pictures"
            _fill(pictures, size, kind)
            arguments = (pictures, _SIZE, context.cores)
            with (
                context.ours("prepare", *arguments) as ours,
                Worker(OURS, "benchmarks.peers.pillow", *arguments) as peer,
            ):
                seconds = alternate({"ours": ours, "peer": peer}, context.effort)
                about = f"Pillow {peer.about['pillow']} alone"
        yield Figure(
            what,
            "pictures/s",
            Spread.of(rates(seconds["ours"], _COUNT)),
            peer=about,
            peers=Spread.of(rates(seconds["peer"], _COUNT)),
            ratio=times_as_fast(seconds["ours"], seconds["peer"]),
            budget=_BUDGET,
        )


def _fill(folder: Path, size: tuple[int, int], kind: str) -> None:
    """Pictures with forms of every scale, as a camera sees, and a little noise."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    width, height = size
    for number in range(_DISTINCT):
        total = np.zeros((height, width, 3))
        for scale in (4, 16, 64):
            coarse = rng.uniform(0, 255, (scale * 3 // 4, scale, 3)).astype(np.uint8)
            image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
            total += np.asarray(image) / scale
        total = total / total.max() * 250 + rng.normal(0, 2, total.shape)
        out = io.BytesIO()
        Image.fromarray(np.clip(total, 0, 255).astype(np.uint8)).save(out, kind, quality=90)
        (folder / f"{number:06d}").write_bytes(out.getvalue())
    for number in range(_DISTINCT, _COUNT):
        os.link(folder / f"{number % _DISTINCT:06d}", folder / f"{number:06d}")
