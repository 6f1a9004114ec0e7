"""Figures on the features of a network that the person brings, such as the published Inception.

A stranger's graph is read without following it anywhere, and tried in a process of its own with
limits on time and memory, before this process opens it.
"""

import hashlib
import multiprocessing
import tempfile
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.models.sessions import open_session, run_session
from explorer.models.vet import Limits, read_model
from training.evaluation.measures import Single, evenly, frechet, kid
from training.evaluation.painted import Labels, Painter
from training.evaluation.pictures import Pixels, Places
from training.evaluation.seen import Collection, Painted
from training.evaluation.spread import spread
from training.evaluation.told import Given

_SIDE = 299  # pixels, where the graph takes any
_AT_ONCE = 16
_FEWEST = 16  # numbers that count as features
_HALVES = 8
_TRY_S = 120.0


class Network:
    """A graph that takes pictures and gives features.

    Its one input is float32 (n, 3, side, side) or (n, side, side, 3), RGB in [-1, 1] as the
    published Inception takes it; its first output with 16 numbers or more for each picture is what
    counts.
    """

    def __init__(self, content: bytes, name: str) -> None:
        """Open it; KnownError where it is no such graph."""
        self.name = name
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._session: Any = open_session(content, name=name)
        inputs = self._session.get_inputs()
        shape = list(inputs[0].shape) if len(inputs) == 1 else []
        if len(shape) != 4 or inputs[0].type != "tensor(float)" or 3 not in (shape[1], shape[3]):
            raise KnownError(
                f"{name} does not take float32 pictures (n, 3, side, side) or (n, side, side, 3) "
                "alone; export the network with them as its only input."
            )
        self._first = shape[1] == 3
        side = shape[2]
        self._side = side if isinstance(side, int) and side > 0 else _SIDE
        self._alone = shape[0] == 1
        self._input = inputs[0].name
        self._outputs = [each.name for each in self._session.get_outputs()]
        self._outputs = [self._features(np.zeros((1, 8, 8, 3), np.uint8))[0]]

    @classmethod
    def vetted(cls, file: Path) -> Self:
        """Pass a stranger's graph through the gate and open it.

        Raises:
            KnownError: it is not to be opened, or no network of pictures.
        """
        content, _ = read_model(file)
        _tried(file, Limits.of(len(content), seconds=_TRY_S))
        return cls(content, str(file))

    def __call__(self, pixels: Pixels) -> Single:
        """Features (n, d) of uint8 (n, h, w, 1 or 3).

        Raises:
            KnownError: the graph fails, or gives numbers that are not finite.
        """
        once = 1 if self._alone else _AT_ONCE
        parts = []
        for start in range(0, len(pixels), once):
            parts.append(self._features(pixels[start : start + once])[1])
        return np.concatenate(parts)

    def _features(self, pixels: Pixels) -> tuple[str, Single]:
        fed = _fitted(pixels, self._side)
        if self._first:
            fed = np.ascontiguousarray(fed.transpose(0, 3, 1, 2))
        found = run_session(self._session, {self._input: fed}, self._outputs, name=self.name)
        for name, output in found.items():
            rows = np.asarray(output)
            if rows.dtype != np.float32 or rows.ndim < 2 or len(rows) != len(pixels):
                continue
            if rows.size == len(pixels) * rows.shape[1] and rows.shape[1] >= _FEWEST:
                if not np.isfinite(rows).all():
                    raise KnownError(f"{self.name} gives features that are not finite.")
                return name, rows.reshape(len(pixels), -1)
        raise KnownError(
            f"{self.name} gives no features, float32 (n, {_FEWEST} or more): export the network up "
            "to its pooled layer."
        )


def _tried(file: Path, limits: Limits) -> None:
    """Let a child open the graph and run it; KnownError where it is not to be opened."""
    with tempfile.TemporaryDirectory(prefix="masquerade-") as folder:
        said = Path(folder) / "said"
        context = multiprocessing.get_context("spawn")
        child = context.Process(
            target=_try, args=(str(file), limits.model_dump_json(), str(said)), daemon=True
        )
        child.start()
        child.join(limits.seconds)
        is_late = child.is_alive()
        child.kill()
        child.join()
        refused = said.read_text(encoding="utf-8") if said.exists() else ""
    if is_late:
        raise KnownError(f"{file} took more than {limits.seconds:.0f} s to try; refused.")
    if child.exitcode != 0:
        raise KnownError(
            refused or f"{file} broke the process that tried it, so it is not opened; get it again."
        )


def compare(
    network: Network,
    painter: Painter,
    painted: Painted,
    real: Collection,
    places: Places,
    *,
    seed: int = 0,
    progress: Progress = Progress(),
) -> Given:
    """The Fréchet and the kernel distance on a given network's features.

    The pictures are painted again, since whole ones are not kept.

    Raises:
        KnownError: the network fails.
        Cancelled: between two batches, if someone asked for it.
    """
    chosen = places[evenly(len(places), len(painted))]
    total = len(painted) + len(chosen)
    ours, theirs = [], []
    for start in range(0, len(painted), _AT_ONCE):
        progress.reach(start / total)
        rows = slice(start, start + _AT_ONCE)
        labels: Labels | None = None
        if painted.labels is not None:
            labels = np.eye(len(painter.model.classes), dtype=np.float32)[painted.labels[rows]]
        ours.append(network(painter.paint(painted.seeds[rows], labels)))
    for start in range(0, len(chosen), _AT_ONCE):
        progress.reach((len(painted) + start) / total)
        theirs.append(network(real.pixels(chosen[start : start + _AT_ONCE])))
    a, b = np.concatenate(ours), np.concatenate(theirs)

    def measured(rows: NDArray[np.int64], others: NDArray[np.int64]) -> dict[str, float]:
        return {"frechet": frechet(a[rows], b[others]), "kid": kid(a[rows], b[others])}

    found = spread(measured, len(a), len(b), seed=seed, halves=_HALVES)
    return Given(file=Path(network.name).name, sha256=network.sha256, features=a.shape[1], **found)


def _try(file: str, limits: str, said: str) -> None:
    """In the child: open the graph and run it twice."""
    from explorer.models import probe

    probe.limit(Limits.model_validate_json(limits))
    try:
        content, _ = read_model(Path(file))
        network = Network(content, file)
        network(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8))
    except KnownError as error:
        Path(said).write_text(str(error), encoding="utf-8")
        raise SystemExit(1) from error
    except MemoryError as error:
        Path(said).write_text(f"{file} needs too much memory, so it is not opened.")
        raise SystemExit(1) from error


def _fitted(pixels: Pixels, side: int) -> Single:
    """To float32 (n, side, side, 3) in [-1, 1]."""
    found = np.empty((len(pixels), side, side, 3), np.float32)
    for one, picture in zip(found, pixels, strict=True):
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        resized = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        one[:] = np.asarray(resized)
    return found / 127.5 - 1
