"""`explorer-train`: pictures, then a model, then a bundle that the studio opens."""

import errno
import logging
import os
import sys

from explorer.core.errors import KnownError
from explorer.core.places import log_file
from explorer.core.words import last_words
from training.cli import (
    adopting,
    crediting,
    curating,
    estimating,
    evaluating,
    models,
    pictures,
    runs,
    seeing,
    studying,
)
from training.cli.command import app, console

__all__ = [
    "adopting",
    "app",
    "crediting",
    "curating",
    "estimating",
    "evaluating",
    "main",
    "models",
    "pictures",
    "runs",
    "seeing",
    "studying",
]

_TRAINS = ("tensorflow", "keras", "tf2onnx", "onnx", "tensorboard")  # the extra `train`

_OF_THE_WORLD = {
    getattr(errno, name, None)  # Windows lacks some
    for name in ["ENAMETOOLONG", "ENOSPC", "EDQUOT", "EROFS", "EIO", "EACCES", "EPERM", "ELOOP"]
}

# TensorFlow's remarks about the processor are of no use to an artist.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
logging.getLogger("tensorflow").setLevel(logging.ERROR)  # nor is what it will rename one day


def main() -> None:
    """Run `explorer-train`. Exits 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C."""
    _hide_native_chatter()
    try:
        app(prog_name="explorer-train")
    except Exception as error:  # noqa: BLE001 - what is our mistake goes to the log, whole
        sentence = last_words(_known(error), "explorer-train")
        console.print(sentence, style="red", markup=False, highlight=False)
        sys.exit(1)


def _known(error: Exception) -> Exception:
    """The error, or what to do about it where no more than the extra ``train`` is missing."""
    if isinstance(error, ModuleNotFoundError):
        package = (error.name or "").partition(".")[0]
        if package in _TRAINS:
            return KnownError(
                f"Training needs {package}, which is not installed: pip install 'masquerade[train]'."
            )
    if isinstance(error, OSError) and error.errno in _OF_THE_WORLD and error.filename:
        return KnownError(
            f"{os.fsdecode(error.filename)} can't be used: {error.strerror}; see to that, or "
            "choose another place."
        )
    return error


def _hide_native_chatter() -> None:
    """Send what TensorFlow's C++ says to the log file, and leave ours on the terminal.

    It greets every start with several lines that no setting silences.
    """
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = path.open("ab")
    except OSError:
        return  # a noisy start is better than none
    with log:
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
        os.dup2(log.fileno(), 2)
