"""Sittings of a run in processes of their own, for tests; each does as a JSON file tells it.

They are forked from a process that has imported TensorFlow and done nothing with it, so that each
may split its processor, be limited or be killed, and starts in no time.
"""

import io
import json
import multiprocessing
import os
import runpy
import time
import traceback
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any


def begin(told: Mapping[str, Any], answer: Path) -> BaseProcess:
    """Start a process that does as it is told, and writes to ``answer`` what came of it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["training.run", "training.judging.judge"])
    process = context.Process(
        target=runpy.run_path,
        args=(__file__,),
        kwargs={
            "init_globals": {"TOLD": json.dumps({**told, "answer": str(answer)})},
            "run_name": "__sitting__",
        },
    )
    process.start()
    return process


def _sit(told: dict[str, Any]) -> dict[str, Any]:
    """Train as ``told`` and give what was said, how far it came, and the error if there was one."""
    from rich.console import Console

    from explorer.core.errors import KnownError
    from training import devices, workers
    from training.config import Settings
    from training.run import Pacing, train

    for name, value in told.get("limits", {}).items():
        import resource

        limit = getattr(resource, name)
        resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))
    if "more_memory" in told:  # bytes, beside what this process has already
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limited = pages * resource.getpagesize() + told["more_memory"]
        resource.setrlimit(resource.RLIMIT_AS, (limited, resource.RLIM_INFINITY))
    if told.get("nobody") and os.geteuid() == 0:
        os.seteuid(65534)  # root may write anywhere
    if told.get("untraced"):
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
    said = io.StringIO()
    answer: dict[str, Any] = {}
    try:
        if told.get("workers"):
            workers.introduce(told["workers"], told["worker"])
        state = train(
            Path(told["dataset"]),
            Path(told["out"]),
            Pacing(**{"score_every": None, "report_every": 1, **told["pacing"]}),
            settings=Settings(**told["settings"]) if "settings" in told else None,
            strategy=devices.strategy(told.get("device", "auto")),
            console=Console(file=said, width=10_000),
        )
        answer["step"] = state.step
    except SystemExit as ended:
        answer["status"] = ended.code
    except KnownError as error:
        answer["known"] = str(error)
    except Exception:  # noqa: BLE001  # the test tells of it
        answer["unknown"] = traceback.format_exc()
    return {**answer, "said": said.getvalue(), "cpu_s": time.process_time()}


if __name__ == "__sitting__":
    _told = json.loads(globals()["TOLD"])
    _answer = json.dumps(_sit(_told))
    if os.getuid() != os.geteuid():
        os.seteuid(os.getuid())
    Path(_told["answer"]).write_text(_answer)
