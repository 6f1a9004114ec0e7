"""Opening a graph with ONNX Runtime. The only module that imports it."""

import ctypes
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core.errors import KnownError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Read when the library loads, and its wheels write telemetry files unless it is set.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_OUT_OF_MEMORY = (
    "bad_alloc",
    "bad allocation",
    "Failed to allocate memory",
    "smaller than requested bytes",  # of what is left
)
_INNER = (  # what ONNX Runtime says of itself and not of the graph
    (r"\[ONNXRuntimeError\] : \d+ : \w+ : ", ""),
    (
        r"Non-zero status code returned while running (\w+) node\. Name:'.*?' Status Message: ",
        r"\1: ",
    ),
    (r"Node \(.*?\) Op \((\w+)\) \[\w+\] ", r"\1: "),
    (r"\S*\.(?:h|cc|cpp):\d+ ", ""),
    (r"(?:[\w:*&<>]*[\w*&<>] )?onnxruntime::[\w:]+\([^)]*\)(?: const)? ", ""),
    (r"[^.: ][^.:]* was false\. ", ""),
)
_FATAL = 4  # ONNX Runtime says the rest in the exception too


def open_session(
    model: bytes, *, threads: int | None = None, name: str = "The model"
) -> "InferenceSession":
    """Make a float32 CPU session; ``name`` is what a complaint calls the model.

    Args:
        model: a serialised ONNX graph without external data.
        threads: how many to compute with; as many as there are physical cores if None.

    Raises:
        KnownError: ONNX Runtime refuses the graph.
    """
    import onnxruntime  # 0.3 s; a list of models is shown without it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or physical_cores()
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _FATAL
    # Spinning threads would eat the cores that the window needs between two pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class but this
        raise KnownError(
            f"{name} can't be opened: {first_line(error)[:-1]}; get it again, or export it anew."
        ) from error
    session._model_bytes = None  # kept for changing providers, which nobody does here
    _return_freed_memory()
    return session


def run_session(
    session: "InferenceSession", feeds: dict[str, Any], outputs: list[str], *, name: str
) -> dict[str, Any]:
    """Compute ``outputs`` by name.

    Raises:
        KnownError: the graph fails on inputs that it said it takes, or memory runs out.
    """
    try:
        return dict(zip(outputs, session.run(outputs, feeds), strict=True))
    except Exception as error:  # as above
        raise KnownError(
            f"{name} failed while painting: {first_line(error)[:-1]}; get it again, or export it "
            "anew."
        ) from error


def _return_freed_memory() -> None:
    """Hand back what was only needed to open a session, which glibc would keep: 70 MB and more."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library, which may not keep it
            ctypes.CDLL(None).malloc_trim(0)


def processors() -> list[str]:
    """What ONNX Runtime could compute with here, by its own names; painting takes the CPU."""
    import onnxruntime

    return list(onnxruntime.get_available_providers())


def first_line(error: Exception) -> str:
    """The first line of what a library says, short enough for a sentence; it ends in a dot."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    for inner, word in _INNER:
        line = re.sub(inner, word, line)
    return line[:200].rstrip(".") + "."


def is_out_of_memory(error: Exception) -> bool:
    """Whether a session said that it got no more."""
    return any(word in str(error) for word in _OUT_OF_MEMORY)


def physical_cores() -> int:
    """How many cores this process may use, not counting hyper-threads; at least 1."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:  # macOS and Windows
        return max(1, os.cpu_count() or 1)
    cores = {_siblings(cpu) for cpu in allowed}
    quota = _quota()
    return max(1, len(cores) if quota is None else min(len(cores), quota))


def _siblings(cpu: int) -> str:
    """What names the core that ``cpu`` is a thread of."""
    topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return topology.read_text()
    except OSError:
        return str(cpu)


def _quota() -> int | None:
    """Whole processors that the container's control group grants, None if it sets no limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else max(1, round(int(limit) / int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        return None
