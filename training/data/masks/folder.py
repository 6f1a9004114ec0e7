"""A folder of masks to learn from: pictures by material, and a table of their factors."""

import csv
import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, write_bytes
from explorer.core.lock import locked
from explorer.core.progress import Progress
from training.data.masks.factors import FACTOR_NAMES, MATERIALS, MaskFactors, mask_factors
from training.data.masks.render import LOOK, paint_mask

SIZES = range(16, 2049)
"""Sides that make sense, in pixels."""

TABLE = "pictures.csv"
LICENCE = "CC0-1.0\n"
CREDITS = (
    "Rendered by Masquerade: inventions in homage to the mask carvers of many peoples, "
    "copies of no one's work.\n"
)
_SETTINGS = ".masks"  # which masks a folder holds, from its first moment on
_LOCK = ".lock"
_OURS = {TABLE, "LICENCE", "CREDITS", _SETTINGS, _LOCK, *MATERIALS}
_PNG_END = b"IEND\xaeB`\x82"
_BATCH = 32  # pictures a worker paints before it reports


@dataclass(frozen=True, slots=True)
class _Batch:
    """Pictures that one worker is to paint; crosses to another process."""

    out: Path
    seed: int
    size: int
    plain: bool
    indices: tuple[int, ...]


def picture_name(factors: MaskFactors) -> str:
    """Where the picture lies inside its folder."""
    return f"{factors.material}/{factors.index:06d}.png"


def write_masks(
    out: Path,
    *,
    count: int,
    size: int,
    seed: int,
    plain: bool = False,
    progress: Progress = Progress(),
    workers: int | None = None,
) -> None:
    """Write pictures 0 to ``count`` - 1 of ``seed``, PNG (size, size, 3), and then their table.

    ``plain`` ones have one head and no paint. Run again, it keeps what is there and goes on; a larger ``count`` adds pictures. The bytes
    don't depend on ``workers`` (None: one for each core) nor on how often it was stopped.

    Raises:
        KnownError: the numbers make no sense, the folder holds other things or masks of another
            seed, size or kind, another process writes it, or it can't be written.
        Cancelled: the person changed their mind; whole pictures stay for the next run.
    """
    _check_numbers(count, size, seed)
    kind = "plain masks" if plain else "masks"
    settings = f"{kind} (look {LOOK}) of seed {seed}, {size} pixels\n"
    _check_folder(out, settings)
    try:
        for material in MATERIALS:
            (out / material).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnownError(
            f"{out} can't be made: {error.strerror}; choose another folder."
        ) from error
    with locked(out / _LOCK, what=f"The mask folder {out}"):
        _sweep(out)
        write_bytes(out / _SETTINGS, settings.encode())
        planned = [mask_factors(seed, index, plain=plain) for index in range(count)]
        _check_pictures(out, {picture_name(factors) for factors in planned})
        missing = [f.index for f in planned if not _is_whole(out / picture_name(f))]
        batches = [
            _Batch(out, seed, size, plain, tuple(missing[i : i + _BATCH]))
            for i in range(0, len(missing), _BATCH)
        ]
        progress.reach(1 - len(missing) / count)
        _paint_all(batches, progress.part(1 - len(missing) / count, 1.0), workers)
        write_bytes(out / "LICENCE", LICENCE.encode())
        write_bytes(out / "CREDITS", CREDITS.encode())
        write_bytes(out / TABLE, _table(planned).encode())
    progress.reach(1.0)


def _check_numbers(count: int, size: int, seed: int) -> None:
    if not 1 <= count <= 1_000_000:
        raise KnownError(f"{count} masks can't be made; ask for 1 to 1,000,000.")
    if size not in SIZES:
        raise KnownError(
            f"Masks of {size} pixels can't be made; ask for {SIZES[0]} to {SIZES[-1]}."
        )
    if not 0 <= seed < 2**32:
        raise KnownError(f"{seed} is no seed; choose one from 0 to {2**32 - 1}.")


def _check_folder(out: Path, settings: str) -> None:
    """Refuse a folder that is not empty and not the same masks begun before."""
    try:
        there = {path.name for path in out.iterdir()} if out.exists() else set()
        begun = (out / _SETTINGS).read_text("utf-8") if _SETTINGS in there else None
    except (OSError, UnicodeDecodeError) as error:
        raise KnownError(f"{out} can't be used as a folder of masks; choose a new one.") from error
    strange = sorted(name for name in there - _OURS if not name.startswith(BESIDE))
    if strange:
        raise KnownError(f"{out} holds other things ({strange[0]}); choose a new or empty folder.")
    if begun is not None and begun != settings:
        raise KnownError(
            f"{out} holds {begun.strip()}; give the same seed, size and --plain to go on, or another folder."
        )
    if begun is None and TABLE in there:
        raise KnownError(f"{out} holds a {TABLE} that is not ours; choose a new or empty folder.")


def _check_pictures(out: Path, planned: set[str]) -> None:
    """Refuse pictures the table would not list: strangers, or of a larger count."""
    for material in MATERIALS:
        for path in sorted((out / material).iterdir()):
            if f"{material}/{path.name}" not in planned:
                raise KnownError(
                    f"{path} is none of the {len(planned)} masks asked for; "
                    "ask for at least as many as before, or choose another folder."
                )


def _is_whole(path: Path) -> bool:
    """False too where a power cut kept the name but lost the content."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_PNG_END), 2)
            return file.read() == _PNG_END
    except OSError:
        return False


def _sweep(out: Path) -> None:
    """Delete what a killed run left half-written; the lock says that nobody writes it now."""
    for folder in (out, *(out / material for material in MATERIALS)):
        for path in folder.glob(f"{BESIDE}*"):
            path.unlink(missing_ok=True)


def _paint_all(batches: list[_Batch], progress: Progress, workers: int | None) -> None:
    if not batches:
        return
    workers = min(workers or os.cpu_count() or 1, len(batches))
    if workers == 1:
        for done, batch in enumerate(batches, start=1):
            _paint_batch(batch)
            progress.reach(done / len(batches))
        return
    # Spawned, not forked: the parent may hold TensorFlow's threads, the children never load it.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_ctrl_c)
    try:
        waiting = {pool.submit(_paint_batch, batch) for batch in batches}
        for done in _as_done(waiting, len(batches)):
            progress.reach(done / len(batches))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _as_done(waiting: set[Future[None]], total: int) -> Iterator[int]:
    """How many batches are done, said often enough that a cancel is heard soon."""
    while waiting:
        finished, waiting = wait(waiting, timeout=0.2, return_when="FIRST_COMPLETED")
        for batch in finished:
            batch.result()
        yield total - len(waiting)


def _leave_ctrl_c() -> None:
    """Ctrl-C reaches the whole process group; the parent decides, the children finish a batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _paint_batch(batch: _Batch) -> None:
    for index in batch.indices:
        factors = mask_factors(batch.seed, index, plain=batch.plain)
        content = io.BytesIO()
        Image.fromarray(paint_mask(factors, batch.size)).save(content, "PNG")
        _put(batch.out / picture_name(factors), content.getvalue())


def _put(path: Path, content: bytes) -> None:
    """Write beside and rename. Unsynced: a picture that a power cut takes is painted again."""
    beside = path.with_name(f"{BESIDE}{path.name}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise KnownError(
            f"{path} can't be written: {error.strerror}; free some space or choose another folder."
        ) from error


def _table(planned: list[MaskFactors]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("file", "seed", "index", *FACTOR_NAMES))
    for factors in planned:
        names = (getattr(factors, name) for name in FACTOR_NAMES)
        rows.writerow((picture_name(factors), factors.seed, factors.index, *names))
    return text.getvalue()
