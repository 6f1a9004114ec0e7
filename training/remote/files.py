"""Files that lie elsewhere: `gs://` and whatever else TensorFlow has a file system for.

Nothing is worked on there. What is needed is fetched, and what was made is sent, so that only this
file knows that there are places without append, locks or a rename of folders (docs/adr/0016).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Self
from uuid import uuid4

from explorer.core.errors import KnownError
from explorer.core.files import BESIDE, written_whole
from explorer.core.places import home

# pathlib makes one slash of two. A single letter is a Windows drive.
_ADDRESS = re.compile(r"([a-z][a-z0-9]+):/+([^/].*)")


@dataclass(frozen=True, slots=True)
class Remote:
    """The address of a folder or file, such as ``gs://bucket/masks``."""

    address: str

    @classmethod
    def of(cls, path: PurePath) -> Self | None:
        """The address that ``path`` was made from, None where it is a path of this machine.

        Raises:
            KnownError: nothing here can reach such an address.
        """
        found = _ADDRESS.fullmatch(path.as_posix())
        if found is None:
            return None
        remote = cls(f"{found.group(1)}://{found.group(2)}")
        remote._check_scheme(found.group(1))
        return remote

    def __truediv__(self, name: str) -> "Remote":
        return Remote(f"{self.address}/{name}")

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        return self.address.rpartition("/")[2]

    def read(self) -> bytes | None:
        """What the file holds; None where there is none."""
        with self._reached() as tf:
            try:
                with tf.io.gfile.GFile(self.address, "rb") as file:
                    content: bytes = file.read()
            except tf.errors.NotFoundError:
                return None
            return content

    def write(self, content: bytes) -> None:
        """Make the file hold ``content``, whole or not at all."""
        with self._reached() as tf, self._beside(tf) as beside:
            file = tf.io.gfile.GFile(beside, "wb")
            file.write(content)
            file.close()  # what may fail here is missed by `with`

    def send(self, path: Path) -> None:
        """Make the file a copy of this machine's ``path``, whole or not at all."""
        with self._reached() as tf, self._beside(tf) as beside:
            tf.io.gfile.copy(str(path), beside, overwrite=True)

    def fetch(self, path: Path) -> None:
        """Copy the file to this machine's ``path``, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._reached() as tf, written_whole(path) as beside:
            tf.io.gfile.copy(self.address, str(beside), overwrite=True)

    def delete(self) -> None:
        """Remove the file, if it is there."""
        with self._reached() as tf, suppress(tf.errors.NotFoundError):
            tf.io.gfile.remove(self.address)

    def files(self, *, but: tuple[str, ...] = ()) -> list[str]:
        """The names of all files below this folder, with ``/`` between folders; [] of none.

        Args:
            but: folders that are not looked into, each with its ``/``.
        """
        found, pending = [], [""]
        with self._reached() as tf:
            while pending:
                inner = pending.pop()
                try:
                    entries = tf.io.gfile.listdir(f"{self.address}/{inner}".rstrip("/"))
                except tf.errors.NotFoundError:
                    continue
                for entry in entries:
                    name = inner + entry.rstrip("/")
                    # Each question costs a request, and all our files but two have an ending.
                    plain = "." not in entry and not entry.endswith("/")
                    if entry.endswith("/") or (plain and tf.io.gfile.isdir(str(self / name))):
                        pending.append(f"{name}/")
                    else:
                        found.append(name)
                pending = [folder for folder in pending if folder not in but]
        return sorted(found)

    @contextmanager
    def _beside(self, tf: Any) -> Iterator[str]:
        """Lend an address beside this one to write to, which then becomes this one."""
        folder, _, name = self.address.rpartition("/")
        tf.io.gfile.makedirs(folder)
        beside = f"{folder}/{BESIDE}{uuid4().hex}-{name}"
        try:
            yield beside
            tf.io.gfile.rename(beside, self.address, overwrite=True)
        except BaseException:
            with suppress(tf.errors.OpError):
                tf.io.gfile.remove(beside)
            raise

    @contextmanager
    def _reached(self) -> Iterator[Any]:
        """Lend TensorFlow; what it says of an address becomes a sentence."""
        import tensorflow as tf

        try:
            yield tf
        except tf.errors.OpError as error:
            reason = (str(error.message).strip().splitlines() or [type(error).__name__])[0]
            raise KnownError(
                f"{self} can't be reached or written ({reason[:200].rstrip('.')}): look at the "
                "address, the network and your credentials."
            ) from error

    def _check_scheme(self, scheme: str) -> None:
        import tensorflow as tf

        known = sorted({name for name in tf.io.gfile.get_registered_schemes() if name})
        if scheme in known:
            return
        way_out = f"it knows {', '.join(f'{name}://' for name in known)}"
        if scheme == "gs":
            # `tensorflow[gcs-filesystem]` is no way out: it can't be loaded (docs/adr/0016).
            way_out = "the wheels for Linux have it: pip install 'masquerade[train]' there"
        raise KnownError(f"{self} can't be reached: TensorFlow here has no {scheme}://; {way_out}.")


def kept_here(what: str) -> Path:
    """Where ``what`` of other places, "datasets" or "runs", is kept on this machine."""
    return home() / "fetched" / what
