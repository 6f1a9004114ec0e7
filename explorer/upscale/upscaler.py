"""Make pictures larger: Real-ESRGAN through ONNX Runtime, Lanczos, or one after the other."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.models.sessions import first_line, open_session
from explorer.upscale.stages import LANCZOS, MAX_PIXELS, MAX_SIDE, TWO_STAGES, Stage
from explorer.upscale.tiles import Tile, tiles
from explorer.upscale.weights import UpscalerCard, Weights, folders, installed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Pixels = NDArray[np.uint8]

_DEEP_SEEN = 128  # pixels a side at once; Real-ESRGAN's 23 blocks then take 400 MB
_SHALLOW_SEEN = 320  # the same for networks a tenth as deep, which take 150 MB
_SMALL = 4 * 64 * 64  # pixels; shallow networks then take so little that nothing is given back
_MARGIN = 32
_LANCZOS_SCALE = 4


class Upscalers:
    """The installed ones; each is opened when first needed and kept."""

    def __init__(self, where: Sequence[Path] | None = None) -> None:
        self._installed = installed(folders() if where is None else where)
        self._sessions: dict[str, InferenceSession] = {}
        self._opening = Lock()

    def ids(self) -> list[str]:
        """Every upscaler that can be asked for; Lanczos is always there, and last."""
        return [*self._installed, LANCZOS]

    def title(self, upscaler: str) -> str:
        return "Lanczos" if upscaler == LANCZOS else self._weights(upscaler).card.title

    def default(self) -> str:
        """What to upscale with unless told: two networks, or Lanczos where one is missing."""
        names = TWO_STAGES.split(",")
        return TWO_STAGES if all(name in self._installed for name in names) else LANCZOS

    def plan(self, text: str, *, size: tuple[int, int] | None = None) -> tuple[Stage, ...]:
        """Read ``"realesrgan-x4plus,lanczos"``; ``size`` (width, height) adds a last resampling.

        Raises:
            KnownError: an upscaler of that name isn't installed, or the size is no size.
        """
        stages = [self._stage(name.strip()) for name in text.split(",") if name.strip()]
        if size is not None:
            if not all(1 <= side <= MAX_SIDE for side in size):
                raise KnownError(
                    f"{size[0]}x{size[1]} is no size to upscale to: 1 to {MAX_SIDE} pixels a side."
                )
            stages.append(Stage(id=LANCZOS, to=size))
        return tuple(stages)

    def run(
        self,
        picture: Pixels,
        stages: Sequence[Stage],
        progress: Progress = Progress(),
    ) -> Pixels:
        """Upscale uint8 (h, w, 3), or grey (h, w, 1), to uint8 (H, W, 3), stage after stage.

        Raises:
            KnownError: a stage's upscaler is missing or has changed, or the result would not
                fit into memory.
            Cancelled: between two tiles, if someone asked for it.
        """
        grown: Pixels = self.run_together(picture[None], stages, progress)[0]
        return grown

    def run_together(
        self,
        pictures: Pixels,
        stages: Sequence[Stage],
        progress: Progress = Progress(),
    ) -> Pixels:
        """As ``run``, for pictures (n, h, w, 1 or 3); each comes out as it would alone."""
        grown: Pixels = np.repeat(pictures, 3, axis=3) if pictures.shape[3] == 1 else pictures
        for start, end, stage in zip(*_shares(stages), stages, strict=True):
            grown = self._run_stage(grown, stage, progress.part(start, end))
        progress.reach(1.0)
        return grown

    def at_once(self, stages: Sequence[Stage], width: int, height: int) -> int:
        """How many pictures of this size it pays to enlarge together."""
        if not stages or stages[0].id == LANCZOS:
            return 1
        return at_once(width, height, self._weights(stages[0].id).card.radius)

    def _run_stage(self, pictures: Pixels, stage: Stage, progress: Progress) -> Pixels:
        height, width = pictures.shape[1:3]
        size = stage.to or (width * (stage.scale or 1), height * (stage.scale or 1))
        if max(size) > MAX_SIDE or size[0] * size[1] > MAX_PIXELS:
            raise KnownError(
                f"A picture of {size[0]}x{size[1]} pixels is too large; leave out a stage."
            )
        progress.reach(0.0)
        if stage.id == LANCZOS:
            return np.stack(
                [
                    np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
                    for picture in pictures
                ]
            )
        weights = self._weights(stage.id)
        if stage.sha256 not in (None, weights.card.sha256) or stage.scale != weights.card.scale:
            raise KnownError(
                f"The upscaler {stage.id} of this recipe is another one than "
                f"{weights.path}; install the one it was made with."
            )
        return upscale(pictures, self._session(weights), weights.card, progress)

    def _stage(self, name: str) -> Stage:
        if name == LANCZOS:
            return Stage(id=LANCZOS, scale=_LANCZOS_SCALE)
        card = self._weights(name).card
        return Stage(id=card.id, sha256=card.sha256, scale=card.scale)

    def _weights(self, upscaler: str) -> Weights:
        if upscaler not in self._installed:
            raise KnownError(
                f"There is no upscaler {upscaler!r}; installed are {', '.join(self.ids())}."
            )
        return self._installed[upscaler]

    def _session(self, weights: Weights) -> "InferenceSession":
        with self._opening:
            if weights.card.id not in self._sessions:
                self._sessions[weights.card.id] = open_session(
                    weights.content(), name=f"The upscaler {weights.path}"
                )
            return self._sessions[weights.card.id]


def upscale(
    pictures: Pixels,
    session: "InferenceSession",
    card: UpscalerCard,
    progress: Progress = Progress(),
) -> Pixels:
    """Run one network over uint8 (n, h, w, 3), piece by piece, to (n, h * scale, w * scale, 3).

    Nothing is put around the picture: these networks learnt with zeros beyond the edge, and
    mirrored pixels there measured no better.

    Raises:
        KnownError: the network is not what its card says.
        Cancelled: between two tiles, if someone asked for it.
    """
    scale = card.scale
    count, height, width = pictures.shape[:3]
    grown = np.empty((count, height * scale, width * scale, 3), np.uint8)
    step = at_once(width, height, card.radius)
    some = [slice(at, at + step) for at in range(0, count, step)]
    planned = list(product(some, plan_tiles(width, height, card.radius)))
    for number, (which, tile) in enumerate(planned):
        progress.reach(number / len(planned))
        seen, kept = tile.seen, tile.kept
        fed = pictures[which, seen.top : seen.bottom, seen.left : seen.right]
        pieces = _run(session, card, fed)
        top, left = (kept.top - seen.top) * scale, (kept.left - seen.left) * scale
        rows, columns = (kept.bottom - kept.top) * scale, (kept.right - kept.left) * scale
        room = grown[which, kept.top * scale :, kept.left * scale :]
        room[:, :rows, :columns] = pieces[:, top:, left:][:, :rows, :columns]
    progress.reach(1.0)
    return grown


def at_once(width: int, height: int, radius: int) -> int:
    """How many pictures a network of this ``radius`` is fed together: small ones, if it is shallow.

    Four of 64 px take a tenth less time than one after the other, for its threads meet less often.
    """
    return max(1, _SMALL // (width * height)) if radius <= _MARGIN else 1


def plan_tiles(width: int, height: int, radius: int) -> list[Tile]:
    """The pieces that a network of this receptive ``radius`` is fed; one, where memory allows.

    Where the margin is the radius, seams are impossible. Photographic Real-ESRGAN looks 348
    pixels far, more than can be fed at once: with a margin of 32, one pixel in 500 differs from
    the uncut result by more than 2 levels, and the steps at seams drown in its detail.
    """
    seen = _SHALLOW_SEEN if radius <= _MARGIN else _DEEP_SEEN
    if max(width, height) <= seen:
        return list(tiles(width, height, side=seen, margin=0))
    margin = min(radius, _MARGIN)
    return list(tiles(width, height, side=seen - 2 * margin, margin=margin))


def _run(session: "InferenceSession", card: UpscalerCard, pieces: Pixels) -> Pixels:
    """One forward pass, uint8 (n, h, w, 3) to uint8 (n, h * scale, w * scale, 3)."""
    from onnxruntime import RunOptions  # a session is open, so it is loaded, telemetry off

    options = RunOptions()
    count, height, width = pieces.shape[:3]
    if card.radius > _MARGIN or count * height * width > _SMALL:
        # Else the session keeps the most it ever took, some 200 MB, for as long as it lives.
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    fed = np.ascontiguousarray(pieces.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    try:
        (out,) = session.run(["output"], {"input": fed}, options)
    except Exception as error:  # its exceptions share no base class but this
        raise KnownError(f"The upscaler {card.id} failed: {first_line(error)}") from error
    if out.shape != (count, 3, height * card.scale, width * card.scale):
        raise KnownError(f"The upscaler {card.id} does not enlarge {card.scale} times; remove it.")
    levels = np.multiply(out, np.float32(255), out=out)
    np.clip(np.rint(levels, out=levels), 0, 255, out=levels)
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(0, 2, 3, 1))


def _shares(stages: Sequence[Stage]) -> tuple[list[float], list[float]]:
    """Where each stage starts and ends on the progress bar."""
    bounds = [number / max(1, len(stages)) for number in range(len(stages) + 1)]
    return bounds[:-1], bounds[1:]
