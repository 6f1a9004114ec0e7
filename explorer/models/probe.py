"""The child process of the gate: everything that could be harmed by a model, and nothing else.

It is started with a folder: the task lies in it, the answer goes into it.
"""

import hashlib
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep

from explorer.core.errors import KnownError
from explorer.core.files import read_json
from explorer.models.foreign import Undecided
from explorer.models.sessions import is_out_of_memory
from explorer.models.vet import ANSWER, GRAPH, PROGRESS, TASK, Answer, Found, Limits, Task

_LOOK_S = 0.5  # between two looks at whether the parent lives


def main(folder: str) -> None:
    """Do the task in ``folder``, and answer there."""
    here = Path(folder)
    task = read_json(here / TASK, Task)
    limit(task.limits)
    Thread(target=end_without, args=(task.parent,), daemon=True).start()
    answer = _answer(task, here)
    beside = here / f"{ANSWER}.part"
    beside.write_text(answer.model_dump_json(), encoding="utf-8")
    beside.replace(here / ANSWER)
    os._exit(0)  # a runtime that a hostile graph upset may hang while it is taken down


def _answer(task: Task, here: Path) -> Answer:
    try:
        if task.wishes is None:
            _try_bundle(task)
            return Answer()
        return Answer(found=_try_model(task, here))
    except Undecided as error:
        return Answer(refused=str(error), undecided=True)
    except KnownError as error:
        if is_out_of_memory(error):
            return Answer(refused=_too_large(task))
        return Answer(refused=str(error))
    except OSError as error:
        why = error.strerror or str(error)
        return Answer(refused=f"{task.path} can't be tried: {why}; free some room and try again.")
    except MemoryError:
        return Answer(refused=_too_large(task))
    except Exception:  # noqa: BLE001 - the parent tells it on, whole
        return Answer(mistake=traceback.format_exc())


def _too_large(task: Task) -> str:
    return (
        f"{task.path} needs more than {task.limits.memory / (1 << 30):.1f} GB of memory, so it is "
        "not opened; get a smaller model."
    )


def end_without(parent: int) -> None:
    """A parent that was killed can't end us, and a hostile graph would go on for ever."""
    while os.name == "posix":  # elsewhere a parent's number says nothing
        if os.getppid() != parent:
            os._exit(1)
        sleep(_LOOK_S)


def limit(limits: Limits) -> None:
    """Memory, processor time and files, as far as the system can."""
    try:
        import resource
    except ImportError:  # Windows, where the parent's clock is all
        return
    cores = os.cpu_count() or 1
    wanted = {
        "RLIMIT_DATA" if sys.platform == "linux" else "RLIMIT_AS": limits.memory,
        "RLIMIT_CPU": int(limits.seconds * cores) + 5,  # for when the parent is gone
        "RLIMIT_FSIZE": 4 << 30,
        "RLIMIT_CORE": 0,
    }
    for name, most in wanted.items():
        with suppress(AttributeError, ValueError, OSError):
            _, hard = resource.getrlimit(getattr(resource, name))
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(getattr(resource, name), (most, hard))


def _try_bundle(task: Task) -> None:
    import numpy as np

    from explorer.models.bundle import Bundle
    from explorer.models.generator import Generator

    bundle = Bundle.read(task.path)
    if bundle.painting_hash != task.sha256:
        raise KnownError(f"{task.path} changed while it was tried; open it again.")
    for file in bundle.card.graph_files:
        _check(bundle.content(file), name=f"{task.path}: {file}")
    generator = Generator.open(bundle)
    points = np.stack([generator.seed_point(seed) for seed in range(3)])
    alone, again, three = (generator.paint(each) for each in (points[:1], points[:1], points))
    apart = np.abs(three[:1].astype(int) - alone)
    if not np.array_equal(alone, again) or apart.max(initial=0) > 2:
        raise KnownError(
            f"{task.path} paints another picture each time, so nothing could be kept; "
            "get the model from its maker."
        )


def _try_model(task: Task, here: Path) -> Found:
    try:
        from explorer.models.observe import observed
    except ModuleNotFoundError as error:
        raise KnownError(
            f"{task.path} can't be rewritten: this installation lacks the package onnx; install "
            "Masquerade with pip, which brings it."
        ) from error

    try:
        content = task.path.read_bytes()
    except OSError:
        content = b""  # gone since the parent read it
    if hashlib.sha256(content).hexdigest() != task.sha256:
        raise KnownError(f"{task.path} changed while it was tried; try again.")
    if task.wishes is None:
        raise ValueError("a stranger's file is tried with wishes")
    graph, found = observed(content, task.wishes, task.id, name=str(task.path), reach=_reach(here))
    (here / GRAPH).write_bytes(graph)
    return found


def _check(content: bytes, *, name: str) -> None:
    """Ask onnx's own checker, where it is installed."""
    try:
        from explorer.models.rewrite import parse
    except ImportError:
        return
    parse(content, name=name)


def _reach(here: Path) -> Callable[[float], None]:
    def reach(fraction: float) -> None:
        with suppress(OSError):  # it is only for show
            (here / PROGRESS).write_text(f"{fraction:.4f}")

    return reach
