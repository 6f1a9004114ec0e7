"""A likeness pack from features, pictures and what is known of them; numpy is all it needs."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.core.progress import Progress
from explorer.likeness.features import Features
from explorer.likeness.pack import (
    DIM,
    NOISE,
    THUMBNAIL,
    Half,
    LikenessPack,
    Picture,
    Single,
    unit_rows,
)

_FARTHEST = 2.0  # 1 - cosine of opposite rows
_ROWS = 4096  # features in memory at double precision
_BLOCK = 1 << 24  # likenesses in memory: 64 MB
_QUALITY = 85  # of a JPEG: 2 kB a picture


def make_pack(
    features: Features,
    thumbnails: Sequence[bytes],
    pictures: Sequence[Picture],
    *,
    extractor_sha256: str,
    progress: Progress = Progress(),
) -> LikenessPack:
    """Bring the features of ``n`` pictures to 128 numbers each, and tell who is near whom.

    The same for the same features; memory grows with ``n`` and not with its square.

    Args:
        thumbnails: one of ``thumbnail`` for each picture.
        pictures: where each comes from.

    Raises:
        ValueError: there are no pictures, or not as many of each; a feature is not finite.
        Cancelled: someone asked for it.
    """
    n = len(features)
    if not n or not len(features.early) == len(thumbnails) == len(pictures) == n:
        raise ValueError(f"{len(thumbnails)} thumbnails, {len(pictures)} rows, {n} features")
    early, early_mean, early_basis, self_early = _depth(features.early, progress.part(0.0, 0.4))
    late, late_mean, late_basis, self_late = _depth(features.late, progress.part(0.4, 1.0))
    return LikenessPack(
        early=early,
        late=late,
        early_mean=early_mean,
        early_basis=early_basis,
        late_mean=late_mean,
        late_basis=late_basis,
        extractor_sha256=extractor_sha256,
        self_early=self_early,
        self_late=self_late,
        thumbnails=tuple(thumbnails),
        pictures=tuple(pictures),
    )


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """A picture, uint8 (height, width, 1 or 3), as a JPEG whose long side is 64 px."""
    height, width, channels = pixels.shape
    scale = THUMBNAIL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    jpeg = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(jpeg, format="JPEG", quality=_QUALITY)
    return jpeg.getvalue()


def principal(raw: Single, progress: Progress = Progress()) -> tuple[Single, Single]:
    """The mean (d,) of (n, d), and its principal axes as columns (d, 128), widest first.

    Columns are of length 1, their largest number positive; those along which nothing varies,
    of fewer pictures than 128 at least, are zero.
    """
    n, d = raw.shape
    mean: Single = raw.mean(axis=0, dtype=np.float64).astype(np.float32)
    # Only the triangle of a QR decomposition is kept, which has the axes of all rows so far.
    seen = np.empty((0, d))
    for start in range(0, n, _ROWS):
        seen = np.concatenate([seen, np.subtract(raw[start : start + _ROWS], mean, dtype="f8")])
        if len(seen) > d:
            seen = np.asarray(np.linalg.qr(seen, mode="r"), np.float64)
        progress.reach(min(1.0, (start + _ROWS) / n))
    _, lengths, axes = np.linalg.svd(seen, full_matrices=False)
    axes = axes[:DIM][lengths[:DIM] > NOISE * np.linalg.norm(mean) * np.sqrt(n)]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    basis = np.zeros((d, DIM), np.float32)
    basis[:, : len(axes)] = (axes * np.sign(largest)).T
    return mean, basis


def to_nearest_other(rows: Half, progress: Progress = Progress()) -> Single:
    """1 - cosine of each row and the one most like it, (n,); 0 for doubles, 2 for a single row.

    Computed as half the squared distance of unit rows, which is the same and keeps its digits
    where rows are nearly alike.
    """
    n = len(rows)
    wide = rows.astype(np.float32)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)  # float16 is a little off
    found = np.full(n, _FARTHEST, np.float32)
    if n < 2:
        return found
    step = max(1, _BLOCK // n)
    for start in range(0, n, step):
        part = slice(start, min(start + step, n))
        alike = wide[part] @ wide.T
        mine = np.arange(part.stop - start)
        alike[mine, mine + start] = -np.inf
        found[part] = np.square(wide[part] - wide[alike.argmax(axis=1)]).sum(axis=1) / 2
        progress.reach(part.stop / n)
    return found


def _depth(raw: Single, progress: Progress) -> tuple[Half, Single, Single, Single]:
    """Unit rows, mean, basis and distances of one layer."""
    if not np.isfinite(raw).all():
        raise ValueError("features are not finite")
    mean, basis = principal(raw, progress.part(0.0, 0.3))
    rows = np.empty((len(raw), DIM), np.float16)
    for start in range(0, len(raw), _ROWS):
        part = slice(start, start + _ROWS)
        rows[part] = unit_rows(raw[part], mean, basis)
    return rows, mean, basis, to_nearest_other(rows, progress.part(0.3, 1.0))
