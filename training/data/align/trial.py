"""The child process in which landmark files and networks are tried, and nothing else.

It is started with a folder: the task lies in it, the answer goes into it.
"""

import os
import traceback
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from explorer.core.errors import KnownError
from explorer.core.files import read_json, sha256
from explorer.models.probe import end_without, limit
from training.data.align.apart import ANSWER, TASK, Answer, Landmarked, Task

_BLANK = 240  # pixels a side of the picture that is tried


def main(folder: str) -> None:
    """Do the task in ``folder``, and answer there."""
    here = Path(folder)
    task = read_json(here / TASK, Task)
    limit(task.limits)
    Thread(target=end_without, args=(task.parent,), daemon=True).start()
    answer = _answer(task)
    beside = here / f"{ANSWER}.part"
    beside.write_text(answer.model_dump_json(), encoding="utf-8")
    beside.replace(here / ANSWER)
    os._exit(0)  # what a hostile file upset may hang while it is taken down


def _answer(task: Task) -> Answer:
    try:
        if task.kind == "mask":
            from training.data.align.masks import observed

            return Answer(masked=observed(task.path, task.range))
        found = _predictor(task.path) if task.kind == "predictor" else _detector(task.path)
        return Answer(landmarked=found)
    except KnownError as error:
        return Answer(refused=str(error))
    except MemoryError:
        return Answer(
            refused=f"{task.path} needs more than {task.limits.memory / (1 << 30):.1f} GB of "
            "memory, so it is not used; get a smaller one."
        )
    except OSError as error:
        return Answer(refused=f"{task.path} can't be tried: {error.strerror or error}.")
    except Exception:  # noqa: BLE001 - the parent tells it on, whole
        return Answer(mistake=traceback.format_exc())


def _predictor(path: Path) -> Landmarked:
    import dlib

    digest = sha256(path)
    try:
        predict = dlib.shape_predictor(str(path))
        parts = predict(_blank(), dlib.rectangle(40, 40, 200, 200)).num_parts
    except RuntimeError as error:
        raise KnownError(
            f"{path} is no landmark file that dlib can read (a shape_predictor, unpacked); get "
            "another."
        ) from error
    if not 2 <= parts <= 10_000:
        raise KnownError(f"{path} finds {parts} landmarks, and two eyes are needed; get another.")
    return Landmarked(sha256=digest, parts=parts)


def _detector(path: Path) -> Landmarked:
    import dlib

    digest = sha256(path)
    kinds: tuple[tuple[Any, bool, tuple[int, ...]], ...] = (
        (dlib.simple_object_detector, False, ()),
        (dlib.cnn_face_detection_model_v1, True, (0,)),
    )
    for kind, is_network, more in kinds:
        try:
            kind(str(path))(_blank(), *more)
        except RuntimeError:
            continue
        return Landmarked(sha256=digest, is_network=is_network)
    raise KnownError(
        f"{path} is no detector that dlib can read (an object detector, or a network of its "
        "mmod example), unpacked; get another."
    )


def _blank() -> Any:
    return np.full((_BLANK, _BLANK, 3), 128, np.uint8)
