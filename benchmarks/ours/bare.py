"""What the bare sessions reach, without an app around them.

``python -m benchmarks.ours.bare BUNDLE BATCH``: a batch of pictures a call.
``python -m benchmarks.ours.bare BUNDLE 1 UPSCALER``: a picture a call, painted and upscaled.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pipe import serve
from explorer.latent.seeds import seed_latent
from explorer.models.bundle import Bundle
from explorer.models.sessions import open_session
from explorer.upscale.weights import folders, installed


def main(path: Path, batch: int, upscaler: str | None) -> None:
    bundle = Bundle.read(path)
    session = open_session(bundle.content("synthesis.onnx"))
    fed = {"z": np.stack([seed_latent(seed, bundle.card.z_dim) for seed in range(batch)])}
    if bundle.card.classes:
        fed["label"] = np.eye(len(bundle.card.classes), dtype=np.float32)[np.zeros(batch, int)]
    if upscaler is None:
        serve(lambda _: session.run(["image"], fed)[0], {})
        return
    larger = open_session(installed(folders())[upscaler].content())

    def paint(_: int) -> Any:
        (image,) = session.run(["image"], fed)
        small = np.ascontiguousarray(image.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
        return larger.run(["output"], {"input": small})[0]

    serve(paint, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
