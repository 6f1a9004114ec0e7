"""A run that lies elsewhere: worked on here, and sent there at every save."""

import hashlib
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, inside, parse_json
from explorer.core.lock import locked
from training.folder import RunFolder, State
from training.remote.files import Remote, kept_here
from training.remote.lease import Lease

log = logging.getLogger(__name__)

_CHECKPOINTS = ("checkpoints/", "best/")  # of these, what is deleted here is deleted there
_OF_CHECKPOINT = re.compile(r"checkpoint|[a-z]+-\d+\.(index|data-\d+-of-\d+)")
_NOT_NEEDED = ("grids/", "tensorboard/")  # to go on, or to export
_AT_ONCE = 8  # files; a small one takes as long to ask for as to read
_LOCK, _CARD, _STATE = "lock", "run.json", "state.json"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run is worked on, and what to call after each save."""

    path: Path
    keep: Callable[[], None]


@contextmanager
def run_here(
    run: Path, *, say: Callable[[str], None], writes: bool = True, meet: Callable[[], object]
) -> Iterator[Workplace]:
    """Lend a folder of this machine in which to train ``run``: itself, or a mirror of it.

    A mirror is sent at every save and at the end, and then deleted; it stays where the sending
    failed or the process was killed, and the next process here goes on from it.

    Args:
        writes: whether this process is the one that saves, of those that train together.
        meet: waits for the others, who fetch only what the writing one has sent.

    Raises:
        KnownError: the address can't be reached, or another process trains the run.
    """
    remote = Remote.of(run)
    if remote is None:
        yield Workplace(run, lambda: None)
        return
    if not writes:
        meet()
        with _copied(remote, needed_only=True) as path:
            yield Workplace(path, lambda: None)
        return
    own = kept_here("runs") / hashlib.sha256(str(remote).encode()).hexdigest()[:16]
    own.mkdir(parents=True, exist_ok=True)
    with (
        locked(own / "lock", what=f"The run {remote}"),
        Lease(remote / _LOCK, own / "token", run=remote) as lease,
    ):
        mirror = _Mirror(remote, own / remote.name, lease)
        mirror.begin(say)
        meet()
        try:
            yield Workplace(mirror.path, mirror.send)
        except Exception:
            with suppress(KnownError):
                mirror.send()
            raise
        except BaseException:  # Ctrl-C: that it was saved, but not sent, is news
            mirror.send()
            raise
        else:
            mirror.send()
        finally:
            mirror.end()


@contextmanager
def run_to_read(run: Path, *, needed_only: bool = False) -> Iterator[Path]:
    """Lend a folder with what ``run`` holds now: itself, or a copy that is deleted afterwards.

    Args:
        needed_only: without pictures and curves, which are not needed to go on or to export.

    Raises:
        KnownError: the address can't be reached, holds no run, or changed while it was read.
    """
    remote = Remote.of(run)
    if remote is None:
        yield run
        return
    if (remote / _CARD).read() is None:
        raise KnownError(f"{remote} is no run: it has no {_CARD}.")
    with _copied(remote, needed_only=needed_only) as path:
        yield path


@contextmanager
def _copied(remote: Remote, *, needed_only: bool) -> Iterator[Path]:
    """Lend a copy of a run; without a run there, the path of none."""
    with tempfile.TemporaryDirectory(prefix="masquerade-run-") as temporary:
        path = Path(temporary) / remote.name
        _fetch(remote, path, needed_only=needed_only)
        yield path


class _Mirror:
    """The folder here that becomes what lies there."""

    def __init__(self, remote: Remote, path: Path, lease: Lease) -> None:
        self.remote, self.path, self._lease = remote, path, lease
        self._sent: dict[str, tuple[int, int]] = {}  # size and time of what lies there
        self._all_sent = False
        self._failed = False

    def begin(self, say: Callable[[str], None]) -> None:
        """Bring the mirror to what lies there, or to what a process here could not send."""
        for name in self.remote.files(but=_NOT_NEEDED):
            if BESIDE in name:
                (self.remote / name).delete()  # of a process that was killed: we hold the lease
        there, here = (self.remote / _CARD).read(), _content(self.path / _CARD)
        if here is None:
            shutil.rmtree(self.path, ignore_errors=True)  # whatever it is, it is no run
        if there is None and here is None:
            if others := [name for name in self.remote.files() if name != _LOCK]:
                raise KnownError(
                    f"{self.remote} holds other files and no run, as {others[0]}: choose an empty "
                    "or new folder."
                )
        elif here is not None and there in (None, here) and self._is_ahead():
            say(f"{self.remote}: going on with what {self.path} kept.")
        elif here is not None and there != here:
            raise KnownError(
                f"{self.path} holds a run that was to lie at {self.remote}, where there is another "
                "one now: move it away or delete it."
            )
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            _fetch(self.remote, self.path, needed_only=True)
            self._sent = {name: _stamp(self.path / name) for name in self._files()}
        say(f"{self.remote} is worked on in {self.path}, and sent there at every save.")

    def send(self) -> None:
        """Make the place hold what the mirror holds, if this process may.

        Raises:
            KnownError: it can't be reached, is gone, or was taken over; the mirror stays.
        """
        if self._failed or not (self.path / _CARD).exists():
            return
        self._all_sent, self._failed = False, True
        try:
            self._lease.check()
            names = self._files()
            for name in names:
                stamp = _stamp(self.path / name)
                if self._sent.get(name) != stamp:
                    (self.remote / name).send(self.path / name)
                    self._sent[name] = stamp
            for folder in _CHECKPOINTS:
                there = (self.remote / folder.rstrip("/")).files()
                for name in {folder + name for name in there} - set(names):
                    (self.remote / name).delete()
        except KnownError as error:
            raise KnownError(
                f"{str(error).rstrip('.')}; what was trained is kept in {self.path}, and the same "
                "command goes on from there."
            ) from error
        self._all_sent, self._failed = True, False

    def end(self) -> None:
        """Leave nothing here that also lies there."""
        if self._all_sent or not (self.path / _CARD).exists():
            shutil.rmtree(self.path, ignore_errors=True)

    def _is_ahead(self) -> bool:
        """Whether the mirror, a sound run, is as far as what lies there."""
        content = (self.remote / _STATE).read()
        there = (
            State()
            if content is None
            else parse_json(content, State, name=str(self.remote / _STATE))
        )
        return RunFolder(self.path).state().step >= there.step

    def _files(self) -> list[str]:
        """What belongs there, in the order in which it may be seen there.

        What points at a checkpoint comes after the checkpoint, and the card last of all, since a
        folder with a card is a run.
        """
        names = [
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file() and not path.name.startswith(BESIDE) and path.name != _LOCK
        ]
        last = (*(f"{folder}checkpoint" for folder in _CHECKPOINTS), _STATE, _CARD)
        return sorted(
            filter(_is_whole, names),
            key=lambda name: (last.index(name) if name in last else -1, name),
        )


def _is_whole(name: str) -> bool:
    """Whether this is no file that TensorFlow was still writing when it was killed."""
    folder, _, file = name.rpartition("/")
    if f"{folder}/".startswith(_CHECKPOINTS):
        return f"{folder}/" in _CHECKPOINTS and _OF_CHECKPOINT.fullmatch(file) is not None
    return True


def _fetch(remote: Remote, path: Path, *, needed_only: bool) -> None:
    """Copy a run here, whole or not at all; without a run there, nothing is made."""
    names = remote.files(but=_NOT_NEEDED if needed_only else ())
    names = [name for name in names if name != _LOCK and BESIDE not in name]
    if _CARD not in names:
        return
    beside = path.with_name(f"{BESIDE}{path.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)

    def fetch(name: str) -> None:
        (remote / name).fetch(inside(beside, name))

    with ThreadPoolExecutor(_AT_ONCE) as many:
        for done in [many.submit(fetch, name) for name in names]:
            done.result()
    for folder in _NOT_NEEDED:
        (beside / folder).mkdir(exist_ok=True)
    beside.replace(path)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
