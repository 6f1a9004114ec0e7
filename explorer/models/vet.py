"""The gate that a model from outside passes before the app's own process opens it.

In order: its size, its hash, a reading of the file without following it anywhere (with caps on
operators, sizes and claims, see ``explorer.models.graphs``), and then, in a child process with
limits on time and memory, onnx's checker where onnx is installed, loading, and painting.
"""

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

import explorer
from explorer.core.errors import KnownError
from explorer.core.files import parse_json
from explorer.core.places import home
from explorer.core.progress import Progress
from explorer.models.bundle import Bundle
from explorer.models.foreign import Undecided, Wishes
from explorer.models.graphs import Contents, check_graph
from explorer.models.sources import MAX_FILE

log = logging.getLogger(__name__)

TASK, ANSWER, PROGRESS, GRAPH = "task.json", "answer.json", "progress", "synthesis.onnx"
"""What lies in the folder through which the two processes talk."""

CHILD = "probe"
"""The hidden command of ``explorer models`` that is the child where the app is frozen."""

_GATE = 1  # raised when the gate learns to refuse more: then everything is tried once again
_LOOK_S = 0.05  # between two looks at how far the child is
_MAX_ANSWER = 1 << 20  # bytes


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Message):
    """What the child may use. Only the time is limited where the system can't limit memory."""

    seconds: float
    memory: int  # bytes

    @classmethod
    def of(cls, size: int, *, seconds: float = 180.0) -> "Limits":
        """For a model of so many bytes; a StyleGAN2 of 1,024 px is opened in under a minute."""
        return cls(seconds=seconds, memory=min((4 << 30) + 8 * size, _three_quarters()))


class Task(_Message):
    """What the child is to try: a bundle, or with ``wishes`` a stranger's file to rewrite."""

    path: Path
    sha256: str  # of the file, or the bundle's painting hash
    limits: Limits
    wishes: Wishes | None = None
    id: str = ""  # of the bundle that it becomes
    parent: int = Field(default_factory=os.getpid)  # without whom the child ends


class Found(_Message):
    """What a stranger's generator was found to be."""

    z_dim: int
    classes: int
    height: int  # pixels
    width: int
    channels: int
    rgb_max_abs: FiniteFloat  # between its own output and the rewritten graph's
    image_max_levels: int
    told: tuple[tuple[str, str], ...]  # what, and how it was found; for the person


class Answer(_Message):
    refused: str | None = None
    undecided: bool = False  # what was refused is only a question
    mistake: str | None = None  # ours, with its traceback
    found: Found | None = None


_passed: set[str] = set()
_passing = Lock()


def let_in(bundle: Bundle) -> None:
    """Pass a bundle that didn't ship through the gate, unless the very same passed before.

    Raises:
        KnownError: it is not to be opened.
    """
    with _passing:
        if _key(bundle) not in _passed and not _mark(bundle).exists():
            vet(bundle)
        remember(bundle)


def remember(bundle: Bundle) -> None:
    """Let this very bundle pass from now on; a child of the gate has opened its graphs."""
    mark = _mark(bundle)
    _passed.add(mark.name)
    with suppress(OSError):  # then it is tried again next time
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()


def vet(bundle: Bundle, *, limits: Limits | None = None) -> dict[str, Contents]:
    """Pass a bundle through the gate, whether or not it did before; what each graph is made of.

    Raises:
        KnownError: it is not to be opened.
    """
    contents = {}
    size = 0
    for file in bundle.card.graph_files:
        content = bundle.content(file)
        size += len(content)
        name = f"{bundle.path}: {file}"
        contents[file] = check_graph(content, id=bundle.card.id, name=name)
    limits = limits or Limits.of(size)
    task = Task(path=bundle.path.absolute(), sha256=bundle.painting_hash, limits=limits)
    with talk(bundle.path) as folder:
        run_apart(task, folder)
    return contents


def read_model(path: Path) -> tuple[bytes, Contents]:
    """The bytes of a stranger's ``.onnx``, after all that can be told without running it.

    Raises:
        KnownError: it can't be read, or is not to be opened.
    """
    try:
        if path.is_dir():
            raise KnownError(
                f"{path} is a folder; name the .onnx file in it, or put a whole bundle into the "
                "folder of your models."
            )
        if not path.exists():
            raise KnownError(f"{path} does not exist; name an .onnx file.")
        if not path.is_file():  # reading a pipe would wait for ever
            raise KnownError(f"{path} is not a regular file; copy the model to one.")
        if path.stat().st_size > MAX_FILE:
            raise KnownError(f"{path} is larger than {MAX_FILE >> 30} GB, which no ONNX file is.")
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a file"
        raise KnownError(f"{path} can't be read: {reason}; check its rights.") from error
    return content, check_graph(content, id=None, name=str(path))


@contextmanager
def talk(path: Path) -> Iterator[Path]:
    """Lend an empty folder for a task on ``path``.

    Raises:
        KnownError: the system has no room for it, or for another process.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="masquerade-") as folder:
            yield Path(folder)
    except OSError as error:
        raise KnownError(
            f"{path} can't be tried: {error.strerror or error}; free some room and try again."
        ) from error


def run_apart(task: Task, folder: Path, progress: Progress = Progress()) -> Answer:
    """Let a child process do the task, and end it when it takes too long.

    Args:
        task: what to try.
        folder: from ``talk``; the child leaves there what it made.
        progress: reached by what the child reports.

    Raises:
        Undecided: the person has to say something first.
        KnownError: the model was refused, or broke the child or its limits.
        Cancelled: as ``progress`` has it; the child is gone by then.
        OSError: the child can't be started.
    """
    (folder / TASK).write_text(task.model_dump_json(), encoding="utf-8")
    at = 0.0

    def look() -> None:
        nonlocal at
        at = max(at, _reached(folder))
        progress.reach(at)

    try:
        status = ended(_command(folder), folder, task.limits.seconds, look)
    except TimeoutError as error:
        raise KnownError(
            f"{task.path} took more than {task.limits.seconds:.0f} s to try, so it is not "
            "opened; get a smaller model, or this one from its maker."
        ) from error
    return _checked(task, folder, status)


def ended(
    command: Sequence[str], folder: Path, seconds: float, look: Callable[[], None] = lambda: None
) -> int:
    """Let a child work in ``folder``, its stderr in a file there; how it ended, however it did.

    Args:
        command: what to run.
        folder: from ``talk``.
        seconds: how long it may take.
        look: called every now and then; what it raises ends the child.

    Raises:
        TimeoutError: it took longer, and is gone.
        OSError: it can't be started.
    """
    nothing = subprocess.DEVNULL
    with (folder / "stderr").open("wb") as said:
        child = subprocess.Popen(  # its own session: Ctrl-C is for the parent, who ends the child
            command,
            stdin=nothing,
            stdout=nothing,
            stderr=said,
            cwd=folder,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
        )
    deadline = time.monotonic() + seconds
    try:
        while child.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError
            look()
            with suppress(subprocess.TimeoutExpired):
                child.wait(_LOOK_S)
    finally:
        child.kill()  # does nothing to one that has ended
        child.wait()
    return child.returncode


def _checked(task: Task, folder: Path, status: int) -> Answer:
    try:
        with (folder / ANSWER).open("rb") as file:
            answer = parse_json(file.read(_MAX_ANSWER), Answer, name="The child's answer")
    except (OSError, KnownError) as error:
        said = (folder / "stderr").read_bytes()[-2000:].decode(errors="replace")
        log.warning("the child that tried %s ended with %s, saying: %s", task.path, status, said)
        raise KnownError(
            f"{task.path} broke the process that tried it, which may use "
            f"{task.limits.memory / (1 << 30):.1f} GB of memory, so it is not opened; get a "
            "smaller model, or this one from its maker."
        ) from error
    if answer.mistake is not None:
        raise RuntimeError(f"the child that tried {task.path} failed:\n{answer.mistake}")
    if answer.refused is not None:
        raise (Undecided if answer.undecided else KnownError)(answer.refused)
    return answer


def _command(folder: Path) -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "models", CHILD, str(folder)]
    # Last on the path and nothing before: neither may a stranger's folder stand in for a module
    # of Python's, nor may what lies beside us.
    root = str(Path(explorer.__file__).parents[1])
    begin = "from explorer.models.probe import main; main(sys.argv[1])"
    return [
        sys.executable,
        "-P",
        "-c",
        f"import sys; sys.path.append({root!r}); {begin}",
        str(folder),
    ]


def _reached(folder: Path) -> float:
    try:
        return min(1.0, max(0.0, float((folder / PROGRESS).read_text())))
    except (OSError, ValueError):  # not there yet, or half written
        return 0.0


def _mark(bundle: Bundle) -> Path:
    """The empty file that says that it passed."""
    return home() / "vetted" / _key(bundle)


def _key(bundle: Bundle) -> str:
    """Names what is painted and how large; titles and credits don't change it."""
    card = bundle.card
    sides = [card.architecture, card.height, card.width, card.channels, card.z_dim, card.w_dim]
    told = [_GATE, *sides, card.num_ws, len(card.classes), card.noise, card.stages, card.id]
    return hashlib.sha256(json.dumps([bundle.painting_hash, *told]).encode()).hexdigest()


def _three_quarters() -> int:
    """Of the machine's memory, in bytes; 4 GB where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 * 3
    except (AttributeError, ValueError, OSError):  # Windows
        return 4 << 30
