"""Many pictures without a window: an export that may be stopped anywhere, any number of times.

What is promised, and how it is kept: every picture is written beside, synced and then renamed,
a batch at a time, and only then written into the manifest. Whatever instant the process dies at,
a picture is whole or absent, and one in the manifest is whole. The next run drops what is torn,
paints what is absent in the same batches as ever, and so ends with the same bytes.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, read_json, sync_folder, write_bytes
from explorer.core.lock import locked
from explorer.core.progress import Cancelled, Progress
from explorer.gallery.pictures import encode_picture
from explorer.gallery.recipe import Recipe
from explorer.gallery.site import Work, write_site
from explorer.latent.expression import Seed
from explorer.render.manifest import Line, Manifest
from explorer.render.order import Order, Piece, Plan, batches
from explorer.render.repaint import Pixels, Request, finish_together, paint_together
from explorer.upscale.upscaler import Upscalers

ORDER = "export.json"
INDEX = "index.html"


_WRITERS = 4  # threads; they wait for the disk more than they compute


class OtherExport(KnownError):
    """The folder is taken: by an export that was asked for otherwise, or by other files."""


@dataclass(frozen=True, slots=True, eq=False)
class _Painted:
    piece: Piece
    pixels: Pixels
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class _Beside:
    """A finished picture that still has its temporary name."""

    path: Path
    line: Line


def export(plan: Plan, out: Path, upscalers: Upscalers, progress: Progress = Progress()) -> int:
    """Carry out ``plan`` in ``out``, going on from whatever an earlier run left there.

    Args:
        plan: see ``explorer.render.order``.
        out: a folder that is new, empty, or holds the same export unfinished.
        upscalers: those the plan names are among them.
        progress: counts pictures, those that were there already included.

    Returns:
        How many pictures were painted; 0 where all were there already.

    Raises:
        OtherExport: another order or other files are in ``out``.
        KnownError: another process is at work there, an upscaler is missing, or the disk refuses.
        Cancelled: ``progress`` was told to stop; all that is finished is kept.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        _refuse_others(out)  # before anything is left there, were it only a lock
    except OSError as error:
        raise KnownError(
            f"{out} can't be used: {error.strerror}; choose another folder."
        ) from error
    with locked(out / ".lock", what=f"The export in {out}"):
        _take_up(plan.order, out)
        manifest = Manifest(out, [piece.file for piece in plan.pieces])
        before = len(manifest)
        progress.reach(before / len(plan.pieces))
        try:
            with ThreadPoolExecutor(_WRITERS, thread_name_prefix="write") as writers:
                _write_all(plan, manifest, out, upscalers, writers, progress)
        finally:
            _sweep(out)
            _let_go(out)
        manifest.put_in_order()
        works = [_work(piece, manifest) for piece in plan.pieces]
        about = "\n\n".join(each.card.description for each in plan.generators.values())
        write_site(out, works, title=plan.heading, text=about, credit=plan.credit)
        return len(manifest) - before


def set_aside(out: Path) -> Path:
    """Give the folder ``out`` a name with a number that is free, which is returned.

    Raises:
        KnownError: it can't be renamed.
    """
    out = out.absolute()
    if Path.cwd().is_relative_to(out.resolve()):  # a shell would stand in the old one, unknowing
        raise KnownError(
            f"{out} can't be set aside while you are in it; go elsewhere or choose another folder."
        )
    numbered = (out.with_name(f"{out.name}-{number}") for number in count(1))
    kept = next(path for path in numbered if not path.exists() and not path.is_symlink())
    try:
        out.rename(kept)
    except OSError as error:
        raise KnownError(
            f"{out} can't be set aside: {error.strerror}; choose another folder."
        ) from error
    return kept


def _refuse_others(out: Path) -> None:
    there = _visible(out)  # looked at first, since an export may begin while we look
    if there and not (out / ORDER).exists():
        raise OtherExport(
            f"{out} holds other files ({there[0]}) and no export; choose a new folder."
        )


def _let_go(out: Path) -> None:
    """Leave no claim on a folder where nothing was finished, so that a mended request finds it free."""
    with suppress(OSError):
        if _visible(out) == [ORDER]:
            (out / ORDER).unlink()


def _visible(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.name[0] != ".")


def _take_up(order: Order, out: Path) -> None:
    """Begin the export in ``out``, or go on with it; refuse to mix it with anything else."""
    path = out / ORDER
    _refuse_others(out)
    if not path.exists():
        write_bytes(path, (order.model_dump_json(indent=1) + "\n").encode())
        return
    try:
        earlier = read_json(path, Order)
    except KnownError as error:
        raise OtherExport(str(error)) from error
    option = order.differs_in(earlier)
    if option is not None:
        there, now = (o.asked.get(option) or "none" for o in (earlier, order))
        raise OtherExport(
            f"{out} holds an export that was asked for otherwise ({option}: {there}, now {now}); "
            "ask as before to go on with it, or choose another folder."
        )
    _sweep(out)


def _write_all(
    plan: Plan,
    manifest: Manifest,
    out: Path,
    upscalers: Upscalers,
    writers: ThreadPoolExecutor,
    progress: Progress,
) -> None:
    """Paint some pictures while those before them are encoded, synced and written down."""
    waiting: list[Future[_Beside]] = []
    groups = _painted_groups(plan, manifest, upscalers, progress)
    with ThreadPoolExecutor(1, thread_name_prefix="paint") as painter:
        painting = painter.submit(next, groups, None)
        try:
            while (group := painting.result()) is not None:
                painting = painter.submit(next, groups, None)
                begun = [writers.submit(_write_beside, out, painted) for painted in group]
                _keep(waiting, out, manifest)
                waiting = begun
        except Cancelled:
            _keep(waiting, out, manifest)
            raise
        _keep(waiting, out, manifest)


def _painted_groups(
    plan: Plan,
    manifest: Manifest,
    upscalers: Upscalers,
    progress: Progress,
) -> Iterator[list[_Painted]]:
    """What the manifest lacks, batch by batch; upscaled pictures come as soon as they are done."""
    done, total = len(manifest), len(plan.pieces)
    for batch in batches(plan.pieces, plan.generators):
        if all(piece.file in manifest for piece in batch):
            continue
        requests = [piece.request(plan.generators[piece.model]) for piece in batch]
        pictures = paint_together(requests)
        group = []
        for some in _alike(requests, upscalers):
            lacked = sum(piece.file not in manifest for piece in batch[some])
            if not lacked:
                continue
            part = progress.part(done / total, (done + lacked) / total)
            finished = finish_together(pictures[some], requests[some], upscalers, part)
            painted = [
                _Painted(piece, *its)
                for piece, its in zip(batch[some], finished, strict=True)
                if piece.file not in manifest
            ]
            done += lacked
            if requests[some][0].upscale:
                yield painted
            else:
                group += painted
        yield group
        progress.reach(done / total)


def _alike(requests: Sequence[Request], upscalers: Upscalers) -> Iterator[slice]:
    """Cut what was painted together into what is enlarged together, always at the same places."""
    start = 0
    for stages, run in groupby(requests, lambda request: request.upscale):
        end = start + len(list(run))
        card = requests[start].generator.card
        step = upscalers.at_once(stages, card.width, card.height)
        yield from (slice(at, min(at + step, end)) for at in range(start, end, step))
        start = end


def _write_beside(out: Path, painted: _Painted) -> _Beside:
    """Encode a picture and see it safely onto the disk, under a name that is not yet its own."""
    piece, recipe = painted.piece, painted.recipe
    content = encode_picture(painted.pixels, recipe, piece.caption)
    path = out / f"{BESIDE}{piece.file}"
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        came_back = path.read_bytes()
    except OSError as error:
        raise _cannot_write(out / piece.file, error) from error
    if came_back != content:
        raise KnownError(f"{path} did not come back from the disk as written; check the disk.")
    line = Line(
        file=piece.file,
        title=piece.caption.title,
        width=recipe.picture.width,
        height=recipe.picture.height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        recipe=recipe,
    )
    return _Beside(path, line)


def _keep(waiting: Sequence[Future[_Beside]], out: Path, manifest: Manifest) -> None:
    """Give written pictures their names, all of them before the first is written down."""
    written = [future.result() for future in waiting]
    if not written:
        return
    for each in written:
        try:
            each.path.replace(out / each.line.file)
        except OSError as error:
            raise _cannot_write(out / each.line.file, error) from error
    sync_folder(out)
    manifest.append([each.line for each in written])


def _sweep(out: Path) -> None:
    """Remove what a killed run left half-written; the lock says that nobody writes it now."""
    for path in out.glob(f"{BESIDE}*"):
        with suppress(OSError):
            path.unlink()


def _work(piece: Piece, manifest: Manifest) -> Work:
    width, height = manifest.size(piece.file)
    seed = f"seed {piece.number} · " if isinstance(piece.of, Seed) else ""
    caption = f"{seed}{width} × {height} pixels"
    return Work(piece.file, piece.caption.title, caption, width, height)


def _cannot_write(path: Path, error: OSError) -> KnownError:
    reason = error.strerror or str(error)
    return KnownError(f"{path} can't be written: {reason}; free some space and run it again.")
