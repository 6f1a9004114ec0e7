"""Pictures out of films: frames at a rate, or one for every scene.

Films come from strangers. FFmpeg is told the container's format, found by the file's first bytes,
and reads through an open file: a playlist in disguise can't make it fetch other files.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.fitting.fit import Pixels, Skipped

ENDINGS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".ogv")
"""Of files that are taken for films."""

MAX_PIXELS = 8192 * 4320  # of a frame; no camera films more

_MOVIE, _MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"
_FORMATS = (  # where the mark stands, the mark, FFmpeg's name
    (4, b"ftyp", _MOVIE),
    (4, b"moov", _MOVIE),
    (4, b"mdat", _MOVIE),
    (4, b"wide", _MOVIE),
    (4, b"free", _MOVIE),
    (0, b"\x1a\x45\xdf\xa3", _MATROSKA),
    (8, b"AVI ", "avi"),
    (0, b"\0\0\1\xba", "mpeg"),
    (0, b"\0\0\1\xb3", "mpegvideo"),
    (0, b"G", "mpegts"),
    (0, b"OggS", "ogg"),
)
_SMALL = (32, 32)  # pixels; what two frames are compared by
_SAME = 1.5  # levels of 255 that near-identical frames differ by, in the mean
_CUT = 12.0  # levels that the first frame of a scene differs from the one before, at least
_CUT_OVER = 3.0  # times the film's own pace around it


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames are taken; near-identical ones never are."""

    every_s: float | None = 1.0  # one in so many seconds
    scenes: bool = False  # and the first of every scene


EVERY_SECOND = Frames()


@dataclass(frozen=True, slots=True)
class Frame:
    """One that was taken."""

    file: str  # `film.mp4#0012.480`, the seconds at which it is shown
    pixels: Pixels  # (height, width, 3), upright
    done: float  # how much of the film lies before it, in [0, 1]


def is_film(path: Path | str) -> bool:
    """Whether the file's name ends as a film's does."""
    return str(path).lower().endswith(ENDINGS)


def film_frames(file: str, path: Path, which: Frames, left_out: list[str]) -> Iterator[Frame]:
    """Take frames of a film, one after another.

    Args:
        file: what the film is called in the dataset.
        path: where it lies.
        which: frames are wanted.
        left_out: gets what was not taken, and why, when the film is at its end.

    Raises:
        Skipped: it is no film that can be read, or has no picture in it.
    """
    try:
        import av
        from av.error import FFmpegError
    except ModuleNotFoundError as error:
        raise Skipped(
            f'is a film, and films need {error.name}: pip install "masquerade[film]"'
        ) from error

    taken = same = 0
    try:
        with path.open("rb") as content:
            kind = _format(content.read(16))
            content.seek(0)
            with av.open(content, format=kind, metadata_errors="replace") as container:
                for seconds, frame, done in _chosen(container, which):
                    if frame is None:
                        same += 1
                        continue
                    taken += 1
                    yield Frame(f"{file}#{seconds:08.3f}", frame, done)
    except (FFmpegError, OSError, ValueError, MemoryError) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if not taken:
            raise Skipped(f"is no film that can be read: {what}") from error
        left_out.append(f"is damaged or cut off after {taken:,} frames that were taken: {what}")
    if not taken:
        raise Skipped("is a film without a picture in it")
    if same:
        left_out.append(f"{same:,} frames were left out, near-identical to the one before")


def _chosen(container: Any, which: Frames) -> Iterator[tuple[float, Pixels | None, float]]:
    """When, which pixels, how far along; None for a frame that shows the same as the last."""
    if not container.streams.video:
        raise Skipped("is a film without a picture in it")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    _check_size(stream.codec_context.width, stream.codec_context.height)
    length_s = float(container.duration or 0) / 1e6
    cuts = _Cuts()
    kept: NDArray[np.float32] | None = None
    due_s = 0.0
    start_s: float | None = None
    for number, frame in enumerate(container.decode(stream)):
        _check_size(frame.width, frame.height)
        seconds = frame.time if frame.time is not None else number / 25
        start_s = seconds if start_s is None else start_s
        seconds = max(0.0, seconds - start_s)
        due = which.every_s is not None and seconds >= due_s - 1e-6
        if not due and not which.scenes:
            continue
        small = _small(frame)
        if which.scenes:
            due = cuts.begins(small) or due
        if not due:
            continue
        if which.every_s is not None:
            due_s = (seconds // which.every_s + 1) * which.every_s
        done = min(1.0, seconds / length_s) if length_s > 0 else 0.0
        if kept is not None and float(np.abs(small - kept).mean()) < _SAME:
            yield seconds, None, done
            continue
        kept = small
        yield seconds, _upright(frame, stream), done


class _Cuts:
    """Tells where scenes begin: a change far above the pace of the frames around it."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._pace = 0.0

    def begins(self, small: NDArray[np.float32]) -> bool:
        last, self._last = self._last, small
        if last is None:
            return True
        change = float(np.abs(small - last).mean())
        is_cut = change > max(_CUT, _CUT_OVER * self._pace)
        self._pace += 0.25 * (min(change, _CUT) - self._pace)
        return is_cut


def _small(frame: Any) -> NDArray[np.float32]:
    small = frame.reformat(*_SMALL, format="gray", interpolation="AREA").to_ndarray()
    return np.asarray(small, np.float32)


def _upright(frame: Any, stream: Any) -> Pixels:
    """RGB, with square pixels, the way up that the camera says."""
    width = frame.width
    aspect = stream.sample_aspect_ratio
    if aspect and 0.1 < aspect < 10 and aspect != 1:
        width = max(2, round(frame.width * float(aspect)))
        _check_size(width, frame.height)
    pixels = frame.reformat(width, frame.height, format="rgb24").to_ndarray()
    quarters = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def _format(start: bytes) -> str:
    for at, mark, name in _FORMATS:
        if start[at : at + len(mark)] == mark:
            return name
    if not start:
        raise Skipped("is empty")
    raise Skipped("is no film that can be read")


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise Skipped(f"has frames of {width}×{height} pixels, which no camera films")
