"""The one long pass: every picture read, measured and seen by the extractor, once in its life."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from explorer.likeness.features import Extractor
from explorer.likeness.pack import LATE
from training.curation.cache import MINI, ROW, Cache, Rows, digest
from training.curation.measure import MEASURES, measure
from training.curation.pile import Pile, image_of, load
from training.data.fitting.fit import Pixels, Skipped
from training.data.fitting.steps import Raw
from training.data.sources.source import Picture

KEPT = 128
"""Numbers that are left of a picture's features."""

Single: TypeAlias = NDArray[np.float32]

_SIDE = 128  # pixels, of the middle square that the extractor sees
_BATCH = 64  # pictures to the extractor, and to the cache
_AHEAD = 4  # pictures that each worker may be ahead
_LEARNT_FROM = 8192  # pictures that the reduction is learnt from
_REASON = 160  # bytes

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of the ``n`` pictures that can be read, in order of name."""

    files: list[str]
    classes: list[str]  # "" where there are none
    contents: list[bytes]  # sha256 of each file
    pixels: list[bytes]  # sha256 of each picture as decoded
    lengths: NDArray[np.int64]  # (n,) of each file in bytes
    sizes: NDArray[np.int64]  # (n, 2) width and height in pixels
    hashes: NDArray[np.uint64]  # (n, 2) perceptual hash, and that of the mirrored picture
    measures: Single  # (n, len(MEASURES))
    features: Single  # (n, up to KEPT) reduced
    unreadable: list[tuple[str, str]]  # file, reason
    cache: Cache
    places: list[int]  # of each picture in the pile

    def __len__(self) -> int:
        return len(self.files)

    def measured(self, name: str) -> Single:
        """One measure of all pictures, (n,)."""
        values: Single = self.measures[:, MEASURES.index(name)]
        return values


def survey(
    pile: Pile,
    cache: Cache,
    *,
    open_extractor: Callable[[], Extractor] = Extractor.open,
    progress: Progress = Progress(),
) -> Survey:
    """Look at every picture, or remember what was seen of it.

    Raises:
        KnownError: none can be read, or the cache can't be written.
        Cancelled: someone asked for it; what was seen so far is remembered.
    """
    contents = _look(pile, cache, open_extractor, progress)
    at = [n for n, content in enumerate(contents) if isinstance(content, bytes)]
    known = [content for content in contents if isinstance(content, bytes)]
    facts = np.empty(len(known), _FACTS)
    for which, rows in cache.rows(known):
        for name in _FACTS.names or ():
            facts[name][which] = rows[name]
    readable = np.zeros(len(contents), bool)
    readable[at] = facts["reason"] == b""
    unreadable = list(pile.skipped)
    unreadable += [
        (pile.pictures[n].file, str(reason))
        for n, reason in enumerate(contents)
        if isinstance(reason, Skipped)
    ]
    unreadable += [
        (pile.pictures[at[n]].file, bytes(facts["reason"][n]).decode("utf-8", "ignore"))
        for n in np.flatnonzero(facts["reason"] != b"")
    ]
    good = np.flatnonzero(facts["reason"] == b"")
    if not len(good):
        file, reason = unreadable[0]
        raise KnownError(f"{pile.name} holds no picture that can be read: {file} {reason}.")
    classes = pile.classes_of(readable.tolist())
    places = [at[n] for n in good]
    kept = [known[n] for n in good]
    facts = facts[good]
    return Survey(
        files=[pile.pictures[n].file for n in places],
        classes=[classes[n] for n in places],
        contents=kept,
        pixels=facts["pixels"].tolist(),
        lengths=facts["bytes"].astype(np.int64),
        sizes=np.stack([facts["width"], facts["height"]], axis=1).astype(np.int64),
        hashes=np.stack([facts["hash"], facts["mirrored"]], axis=1),
        measures=facts["measures"],
        features=_reduced(cache, kept),
        unreadable=sorted(unreadable),
        cache=cache,
        places=places,
    )


_FACTS = np.dtype([(name, ROW[name]) for name in ROW.names or () if name not in ("late", "mini")])


def minis(found: Survey, which: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The small pictures of some, uint8 (len(which), MINI, MINI, 3)."""
    out = np.empty((len(which), MINI, MINI, 3), np.uint8)
    for places, rows in found.cache.rows([found.contents[n] for n in which.tolist()]):
        out[places] = rows["mini"]
    return out


def _look(
    pile: Pile, cache: Cache, open_extractor: Callable[[], Extractor], progress: Progress
) -> list[bytes | Skipped]:
    """Fill the cache; gives the sha256 of each file, or why it could not even be opened."""
    contents: list[bytes | Skipped] = []
    fresh: dict[bytes, tuple[Rows, Pixels | None]] = {}
    extractor: Extractor | None = None
    count = len(pile.pictures)

    def look(picture: Picture) -> tuple[bytes, Rows | None, Pixels | None] | Skipped:
        try:
            raw = load(picture)
        except Skipped as reason:
            return reason
        known = digest(raw)
        return (known, None, None) if known in cache else (known, *seen(raw))

    def keep() -> None:
        nonlocal extractor
        if not fresh:
            return
        rows = np.concatenate([row for row, _ in fresh.values()])
        squares = [square for _, square in fresh.values() if square is not None]
        if squares:
            extractor = extractor or open_extractor()
            rows["late"][rows["reason"] == b""] = extractor(np.stack(squares)).late
        cache.add(rows)
        fresh.clear()

    try:
        for done, answer in enumerate(_in_order(look, pile.pictures), start=1):
            if isinstance(answer, Skipped):
                contents.append(answer)
            else:
                content, row, square = answer
                contents.append(content)
                if row is not None and content not in cache:  # two files may hold the same
                    row["content"] = np.void(content)
                    fresh[content] = (row, square)
            if len(fresh) >= _BATCH:
                keep()
            progress.reach(done / count)
    finally:
        keep()
    return contents


def seen(raw: Raw) -> tuple[Rows, Pixels | None]:
    """All that one file tells by itself: its row, and its middle square for the extractor."""
    import imagehash

    row = np.zeros(1, ROW)
    try:
        image, (width, height) = image_of(raw)
    except Skipped as reason:
        row["reason"] = str(reason).encode("utf-8", "replace")[:_REASON] or b"can't be used"
        return row, None
    mini = image.resize((MINI, MINI), Image.Resampling.BOX, reducing_gap=2.0)
    row["pixels"] = np.void(digest(b"%d %d " % (width, height) + image.tobytes()))
    row["bytes"] = len(raw) if isinstance(raw, bytes) else raw.nbytes
    row["width"], row["height"] = width, height
    small = image.resize((64, 64), Image.Resampling.LANCZOS, reducing_gap=2.0)
    row["hash"] = _number(imagehash.phash(small))
    row["mirrored"] = _number(imagehash.phash(ImageOps.mirror(small)))
    row["measures"] = measure(image)
    row["mini"] = np.asarray(mini)
    square = ImageOps.fit(image, (_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return row, np.asarray(square)


def _number(hash: "imagehash.ImageHash") -> np.uint64:  # type: ignore[name-defined]  # noqa: F821 - the extra `data`
    return np.packbits(hash.hash.ravel()).view(">u8")[0].astype(np.uint64)  # type: ignore[no-any-return]  # numpy's own


def _reduced(cache: Cache, contents: list[bytes]) -> Single:
    """Features on the sphere, along the directions in which they differ most: (n, up to KEPT)."""
    sample = contents[:: max(1, -(-len(contents) // _LEARNT_FROM))]
    learnt = np.empty((len(sample), LATE), np.float32)
    for which, rows in cache.rows(sample):
        learnt[which] = _unit(rows["late"])
    mean = learnt.mean(axis=0, dtype=np.float64)
    centred = learnt.astype(np.float64) - mean
    values, vectors = np.linalg.eigh(centred.T @ centred)
    # As many directions as pictures would make every picture equally far from every other.
    most = min(KEPT, max(4, len(sample) // 4), int((values > 1e-9).sum()))
    basis = vectors[:, ::-1][:, : max(1, most)]
    # An eigenvector's sign is anyone's guess; its largest entry is positive from here on.
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    reduced = np.empty((len(contents), basis.shape[1]), np.float32)
    for which, rows in cache.rows(contents):
        reduced[which] = (_unit(rows["late"]) - mean) @ basis
    return reduced


def _unit(late: NDArray[np.float16]) -> NDArray[np.float64]:
    wide = late.astype(np.float64)
    unit: NDArray[np.float64] = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9)
    return unit


def _in_order(work: Callable[[Q], A], questions: Iterable[Q]) -> Iterator[A]:
    """Answers in the order asked, worked on by several threads, few of them ahead."""
    workers = min(8, os.cpu_count() or 1)
    waiting: deque[Future[A]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for question in questions:
            waiting.append(pool.submit(work, question))
            if len(waiting) > workers * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
