"""Faces and eyes by dlib, with a landmark file of the user's own.

A `.dat` is data that C++ reads without looking twice, so it is first tried in a process of its own.
"""

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.files import sha256
from explorer.models.vet import Limits
from training.data.align.apart import Landmarked, Task, tried
from training.data.align.faces import Face, Landmarks, Point
from training.data.fitting.fit import Pixels

Parts: TypeAlias = tuple[int, ...]

_EYES: dict[int, tuple[Parts, Parts, int]] = {  # by number of landmarks: eyes, tip of the nose
    5: ((0, 1), (2, 3), 4),
    6: ((2,), (5,), 3),  # of dogs: top, ear, eye, nose, ear, eye
    68: (tuple(range(36, 42)), tuple(range(42, 48)), 30),
    81: (tuple(range(36, 42)), tuple(range(42, 48)), 30),  # 68 and a forehead
}
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
_MAX_DAT = 1 << 30  # bytes; the largest that dlib offers has 100 MB
_SECONDS = 60.0
_SMALL = 400  # pixels; smaller pictures are searched at twice their size


@dataclass(frozen=True, slots=True)
class DlibLandmarks:
    """Settings that open dlib's predictor; the hashes keep every worker to the same files."""

    predictor: Path
    predictor_sha256: str
    left: Parts  # landmarks around one eye
    right: Parts
    nose: int | None
    detector: Path | None = None  # dlib's own, for human faces, if None
    detector_sha256: str = ""
    detector_kind: Literal["boxes", "network"] = "boxes"

    @property
    def told(self) -> str:
        detector = f", {self.detector.name} {self.detector_sha256[:16]}" if self.detector else ""
        return f"by dlib with {self.predictor.name} {self.predictor_sha256[:16]}{detector}"

    def open(self) -> Landmarks:
        return _Opened(self)


def dlib_landmarks(
    predictor: Path, detector: Path | None = None, eyes: str | None = None
) -> DlibLandmarks:
    """Try a landmark file, and perhaps a detector.

    Raises:
        KnownError: dlib is missing, a file can't be used, or it is not clear where the eyes are.
    """
    _dlib()
    found = _tried("predictor", predictor)
    left, right, nose = _eyes(predictor, found.parts, eyes)
    if detector is None:
        return DlibLandmarks(predictor.absolute(), found.sha256, left, right, nose)
    other = _tried("detector", detector)
    return DlibLandmarks(
        predictor.absolute(),
        found.sha256,
        left,
        right,
        nose,
        detector.absolute(),
        other.sha256,
        "network" if other.is_network else "boxes",
    )


def _tried(kind: Literal["predictor", "detector"], path: Path) -> Landmarked:
    """What a child process found a file to be, before this one opens it."""
    try:
        about = path.stat()
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror or error}.") from error
    if not stat.S_ISREG(about.st_mode):  # reading a pipe would wait for ever
        raise KnownError(f"{path} is no file; name a .dat file of dlib's.")
    if about.st_size > _MAX_DAT:
        raise KnownError(f"{path} is larger than {_MAX_DAT >> 30} GB, which no landmark file is.")
    limits = Limits.of(about.st_size, seconds=_SECONDS)
    found = tried(Task(kind=kind, path=path.absolute(), limits=limits)).landmarked
    if found is None:
        raise ValueError("the child answered another question")
    return found


class _Opened:
    def __init__(self, settings: DlibLandmarks) -> None:
        dlib = _dlib()
        self._settings = settings
        self._predict = dlib.shape_predictor(_same(settings.predictor, settings.predictor_sha256))
        if settings.detector is None:
            self._detect = dlib.get_frontal_face_detector()
        else:
            name = _same(settings.detector, settings.detector_sha256)
            if settings.detector_kind == "network":
                self._detect = dlib.cnn_face_detection_model_v1(name)
            else:
                self._detect = dlib.simple_object_detector(name)

    def faces(self, pixels: Pixels) -> Sequence[Face]:
        pixels = np.ascontiguousarray(pixels)
        boxes = self._boxes(pixels)
        return sorted(
            (self._face(pixels, box) for box in boxes),
            key=lambda face: (-face.width, face.left or (0, 0)),
        )

    def _boxes(self, pixels: Pixels) -> Iterator[Any]:
        # A detector of one's own was taught at its own size; the others may look closer.
        own = self._settings.detector is not None and self._settings.detector_kind == "boxes"
        closer = int(min(pixels.shape[:2]) < _SMALL)
        found_at = self._detect(pixels) if own else self._detect(pixels, closer)
        for found in found_at:
            yield getattr(found, "rect", found)

    def _face(self, pixels: Pixels, box: Any) -> Face:
        shape = self._predict(pixels, box)
        points = [(float(part.x), float(part.y)) for part in shape.parts()]
        one, other = (_mean(points, parts) for parts in (self._settings.left, self._settings.right))
        left, right = sorted((one, other))
        nose = None if self._settings.nose is None else points[self._settings.nose]
        return Face(left, right, float(box.width()), nose)


def _mean(points: Sequence[Point], parts: Parts) -> Point:
    xs, ys = zip(*(points[part] for part in parts), strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)


def _same(path: Path, digest: str) -> str:
    """The file's name, if it is still the file that was tried.

    Raises:
        KnownError: it is not.
    """
    try:
        if sha256(path) == digest:
            return str(path)
    except OSError as error:
        raise KnownError(f"{path} can't be read: {error.strerror or error}.") from error
    raise KnownError(f"{path} changed while it was used; prepare once more.")


def _eyes(path: Path, count: int, told: str | None) -> tuple[Parts, Parts, int | None]:
    if told is None:
        if count not in _EYES:
            raise KnownError(
                f"{path} finds {count} landmarks, and which of them are the eyes is not known "
                "here: say so, as in --eyes 36-41/42-47."
            )
        return _EYES[count]
    one, slash, other = told.partition("/")
    left, right = _numbers(one), _numbers(other)
    if not slash or not left or not right:
        raise KnownError(
            f"--eyes {told} names no two eyes; write the landmarks of each, as in 36-41/42-47."
        )
    if max(left + right) >= count:
        raise KnownError(
            f"--eyes {told} names landmarks that {path} does not have: it finds {count}, "
            "counted from 0."
        )
    return left, right, None


def _numbers(text: str) -> Parts:
    """`1,4-6` is (1, 4, 5, 6); empty where it is something else."""
    numbers: list[int] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            return ()
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return tuple(numbers)


def _dlib() -> Any:
    try:
        import dlib
    except ImportError as error:
        raise KnownError(
            "--landmarks needs dlib, which is not installed: pip install 'masquerade[faces]'."
        ) from error
    return dlib
