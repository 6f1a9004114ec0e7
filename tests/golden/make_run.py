"""Write `tests/golden/run` anew: six steps of a tiny DCGAN.

Run by hand, and only when the run's format changes: python tests/golden/make_run.py
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from training.config import Settings
from training.data.prepare import prepare
from training.run import Pacing, train

RUN = Path(__file__).parent / "run"

if __name__ == "__main__":
    shutil.rmtree(RUN, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pictures = np.random.RandomState(0).randint(0, 256, (16, 28, 28), np.uint8)
        np.save(folder / "noise.npy", pictures)
        prepare(folder / "noise.npy", folder / "noise", size=28, grey=True, licence="CC0-1.0")
        train(
            folder / "noise",
            RUN,
            Pacing(steps=6, report_every=2),
            settings=Settings(width=1 / 16, kernel=4, latent=4, batch=4, momentum=0.1, seed=7),
        )
    shutil.rmtree(RUN / "tensorboard")
    for name in ("lock", "log.txt"):
        (RUN / name).unlink()
