"""A run's saves on disk: the newest whole one, whatever a kill or a full disk left beside it."""

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from explorer.core.errors import KnownError

log = logging.getLogger(__name__)

_FILE = re.compile(r"(ckpt-(\d+))\.(index|data-\d+-of-\d+)")
_HALF = re.compile(r"ckpt-\d+_temp")  # where TensorFlow writes before it renames


@dataclass(frozen=True, slots=True)
class Restored:
    """The save that was brought back, and newer ones that could not be."""

    path: Path  # without the endings of its files
    torn: tuple[Path, ...] = ()


def saved(folder: Path) -> Sequence[Path]:
    """What was saved, newest first, as paths without endings; whole or not.

    By its files, because TensorFlow's list of them (``checkpoint``) may be torn as well.
    """
    if not folder.is_dir():
        return ()
    found = {m[1]: int(m[2]) for path in folder.iterdir() if (m := _FILE.fullmatch(path.name))}
    return [folder / name for name in sorted(found, key=found.__getitem__, reverse=True)]


def bring_back(checkpoint: tf.train.Checkpoint, folder: Path) -> Restored | None:
    """Restore the newest save that can be read; None where nothing was saved yet.

    Raises:
        KnownError: something was saved, and none of it can be read.
    """
    torn: list[Path] = []
    for path in saved(folder):
        try:
            # Every tensor is read here, and compared with its checksum.
            checkpoint.restore(str(path)).assert_consumed()
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # torn files are IndexError, DataLossError, ...
            log.warning("checkpoint %s can't be read: %r", path, error)
            torn.append(path)
        else:
            return Restored(path, tuple(torn))
    if torn:
        raise KnownError(
            f"None of the checkpoints in {folder} can be read: begin a new run with another --out."
        )
    return None


def tidy(folder: Path, restored: Restored) -> None:
    """Lay aside what is torn, sweep up halves, and let TensorFlow's list name what is left."""
    for path in list(folder.iterdir()):
        match = _FILE.fullmatch(path.name)
        if match and folder / match[1] in restored.torn:
            path.replace(folder / f"torn-{path.name}")
        elif _HALF.fullmatch(path.name) and path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    kept = [path.name for path in reversed(saved(folder))]
    tf.compat.v1.train.update_checkpoint_state(
        str(folder),
        restored.path.name,
        all_model_checkpoint_paths=kept,
        # Without times a CheckpointManager would keep them for ever.
        all_model_checkpoint_timestamps=[float(n) for n in range(1, len(kept) + 1)],
        last_preserved_timestamp=0.0,
    )
