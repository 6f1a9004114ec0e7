"""`prepare --align faces`: the step that makes level faces of pictures."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from explorer.core.errors import KnownError
from training.data.align.cascades import Cascades
from training.data.align.dlib_landmarks import DlibLandmarks, dlib_landmarks
from training.data.align.faces import (
    MARGIN,
    SUBJECTS,
    WHICH,
    Face,
    Landmarks,
    Subject,
    Which,
    cut,
    in_words,
    level,
    reason_to_drop,
)
from training.data.fitting.fit import Pixels, Skipped

_here = threading.local()  # OpenCV's cascades are not for two threads at once


@dataclass(frozen=True, slots=True)
class AlignFaces:
    """Cut faces out of a picture, eyes level and always at the same place."""

    finder: Cascades | DlibLandmarks
    subject: Subject = "human"
    which: Which = "all"
    margin: float = MARGIN

    @property
    def told(self) -> str:
        which = "all faces" if self.which == "all" else "the largest face"
        return f"faces: {self.subject}, {which}, margin {self.margin:g}, {self.finder.told}"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
        """The faces, the largest first, and for each that can't be used the reason.

        Raises:
            Skipped: there is none that can be used.
        """
        pixels = np.asarray(image.convert("RGB"))
        found = list(_opened(self.finder).faces(pixels))
        if self.which == "largest":
            found = found[:1]
        parts = [self._part(pixels, face) for face in found]
        if not any(isinstance(part, Image.Image) for part in parts):
            raise Skipped(in_words([str(part) for part in parts]))
        return parts

    def _part(self, pixels: Pixels, face: Face) -> Image.Image | Skipped:
        height, width = pixels.shape[:2]
        reason = reason_to_drop(face, width, height, self.subject, self.margin)
        if reason is not None or face.left is None or face.right is None:
            return Skipped(reason or "has one eye hidden or shut")
        return cut(pixels, level(face.left, face.right, self.subject, self.margin)[1])


def align_faces(
    *,
    subject: str = "human",
    which: str = "all",
    margin: float = MARGIN,
    landmarks: Path | None = None,
    detector: Path | None = None,
    eyes: str | None = None,
) -> AlignFaces:
    """The step, after all that it needs was tried.

    Args:
        subject: whose faces, `human` or `cat`; a landmark file may know others.
        which: `all` or `largest`, of several in a picture.
        margin: left around a face, in sides of the face.
        landmarks: dlib's landmark file; OpenCV's cascades find eyes if None.
        detector: dlib's detector to go with it.
        eyes: which of its landmarks are the eyes, as `36-41/42-47`.

    Raises:
        KnownError: a setting makes no sense, a package is missing, or a file can't be used.
    """
    of = next((known for known in SUBJECTS if known == subject), None)
    if of is None:
        raise KnownError(f"--subject {subject} is none of {', '.join(SUBJECTS)}.")
    taken = next((known for known in WHICH if known == which), None)
    if taken is None:
        raise KnownError(f"--faces {which} is none of {', '.join(WHICH)}.")
    if not (math.isfinite(margin) and 0 <= margin <= 2):
        raise KnownError(f"--margin {margin:g} makes no sense; choose from 0 to 2 faces.")
    finder: Cascades | DlibLandmarks = Cascades(of)
    if landmarks is not None:
        finder = dlib_landmarks(landmarks, detector, eyes)
    elif detector is not None or eyes is not None:
        option = "--detector" if detector is not None else "--eyes"
        raise KnownError(f"{option} goes with --landmarks FILE.dat only.")
    _opened(finder)
    return AlignFaces(finder, of, taken, margin)


def _opened(finder: Cascades | DlibLandmarks) -> Landmarks:
    """The provider, opened once for each thread."""
    kept: dict[Cascades | DlibLandmarks, Landmarks] = _here.__dict__.setdefault("kept", {})
    if finder not in kept:
        kept[finder] = finder.open()
    return kept[finder]
