"""What a person is told on a terminal, above all when a command fails."""

import logging
import logging.handlers
import sys

from explorer.core.errors import KnownError
from explorer.core.places import log_file

_log = logging.getLogger(__name__)
_log.propagate = False  # TensorFlow gives the root logger a handler that writes to the terminal


def printable(text: str) -> str:
    """One line without control characters: names in files must not steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.splitlines()))


def last_words(error: Exception, command: str) -> str:
    """The one sentence that ``command`` ends with; what was our mistake goes to the log, whole."""
    if isinstance(error, KnownError):
        return printable(str(error))
    handler, where = _log_to()
    _log.addHandler(handler)
    try:
        _log.error("%s failed", " ".join([command, *sys.argv[1:]]), exc_info=error)
    finally:
        _log.removeHandler(handler)
        handler.close()
    return printable(f"Something is wrong on our side; please send us {where}.")


def _log_to() -> tuple[logging.Handler, str]:
    """Open the log, or write to the terminal where there can be none; and how to call that."""
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=1 << 20, backupCount=1, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        return logging.StreamHandler(), "what stands above"
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler, f"the end of {path}"
